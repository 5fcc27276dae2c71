package twofactor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/devicetrust"
	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// complete returns p with its defaults filled in, or what contradicts itself.
func (p Policy) complete() (Policy, error) {
	p.Kinds = slices.Clone(p.Kinds)
	if len(p.Kinds) == 0 {
		p.Kinds = []Kind{TOTP}
	}
	for i, k := range p.Kinds {
		if k != TOTP && k != SMS && k != Email {
			return p, fmt.Errorf("%q is no kind of second factor", k)
		}
		if slices.Contains(p.Kinds[:i], k) {
			return p, fmt.Errorf("kind %q is there twice", k)
		}
	}
	if p.Backup != "" && !slices.Contains(p.Kinds, p.Backup) {
		return p, fmt.Errorf("%s must stay as backup, but %s is not an allowed kind", p.Backup, p.Backup)
	}
	if p.Backup != "" && p.OneAtATime {
		return p, fmt.Errorf("%s must stay as backup, but only one method is allowed at a time", p.Backup)
	}
	window := totp.Window{Back: 1, Ahead: 1}
	if p.TOTPWindow != nil {
		window = *p.TOTPWindow
	}
	if err := window.Validate(); err != nil {
		return p, err
	}
	if p.TOTPWindow != nil && !slices.Contains(p.Kinds, TOTP) {
		return p, errors.New("a window is set for totp, but totp is not an allowed kind")
	}
	p.TOTPWindow = &window
	if err := p.completeMessages(); err != nil {
		return p, err
	}
	if err := p.completeTrust(); err != nil {
		return p, err
	}
	if err := p.completeRecovery(); err != nil {
		return p, err
	}
	if p.MaxFailures < 0 {
		return p, errors.New("MaxFailures is negative")
	}
	if p.EnrollmentLife == 0 {
		p.EnrollmentLife = 15 * time.Minute
	}
	if p.EnrollmentLife < time.Minute || p.EnrollmentLife > 15*time.Minute {
		return p, errors.New("EnrollmentLife is not between 1 and 15 minutes")
	}
	return p, nil
}

// completeRecovery looks at the ways back in.
func (p *Policy) completeRecovery() error {
	if err := p.Recovery.complete(); err != nil {
		return err
	}
	switch p.EmailPurpose {
	case "":
		p.EmailPurpose = EmailFactor
	case EmailFactor:
	case EmailRecoveryOnly:
		switch {
		case !slices.Contains(p.Kinds, Email):
			return errors.New("email is for recovery only, but email is not an allowed kind")
		case len(p.Kinds) == 1:
			return errors.New("email is for recovery only, but no other kind is allowed")
		case slices.Contains(p.Trust.Kinds, Email):
			return errors.New("email is for recovery only, but may make a device trusted")
		}
	default:
		return fmt.Errorf("%q is nothing that email can be for", p.EmailPurpose)
	}
	if p.RecoveredEnrollOnly && p.Recovery.None && !p.LostDevice && p.EmailPurpose != EmailRecoveryOnly {
		return errors.New("a recovered session can only enroll, but there is no way of recovery")
	}
	return nil
}

func (r *RecoveryPolicy) complete() error {
	if r.None {
		if *r != (RecoveryPolicy{None: true}) {
			return errors.New("there are no recovery codes, but something is said about them")
		}
		return nil
	}
	if r.Codes == 0 {
		r.Codes = 10
	}
	if r.Codes < 1 || r.Codes > 16 {
		return errors.New("a set has 1 to 16 recovery codes")
	}
	if r.OnUse == "" {
		r.OnUse = Spend
	}
	if r.OnUse != Spend && r.OnUse != Replace && r.OnUse != ResetFactors {
		return fmt.Errorf("%q is nothing that using a recovery code can do", r.OnUse)
	}
	if r.Low == 0 && r.Codes > 1 {
		r.Low = min(3, r.Codes-1)
	}
	if r.Low < 0 || r.Low > r.Codes {
		return errors.New("the low-water mark is not within the set")
	}
	return nil
}

func (p *Policy) completeMessages() error {
	switch p.Numbers {
	case "":
		p.Numbers = NumbersFromProfile
	case NumbersFromProfile, NumbersFromForm, NumbersManaged:
	default:
		return fmt.Errorf("%q is no source of numbers", p.Numbers)
	}
	sms := slices.Contains(p.Kinds, SMS)
	mail := slices.Contains(p.Kinds, Email)
	switch {
	case p.VerifiedNumbersSuffice && !sms:
		return errors.New("verified numbers suffice, but sms is not an allowed kind")
	case p.Numbers == NumbersFromForm && !sms, p.Numbers == NumbersManaged && !sms && !p.LostDevice:
		return errors.New("numbers come from somewhere, but nothing is sent by sms")
	case p.LostDevice && p.Numbers == NumbersFromForm:
		return errors.New("a lost device needs the number of the profile, but numbers come from the form")
	case p.SMSLife != 0 && !sms && !p.LostDevice:
		return errors.New("codes by sms have a life, but none are sent")
	case p.EmailLife != 0 && !mail:
		return errors.New("codes by mail have a life, but none are sent")
	case p.Digits != 0 && !sms && !mail && !p.LostDevice:
		return errors.New("codes have a length, but none are sent")
	case p.SendUnasked && !sms && !mail:
		return errors.New("codes are sent unasked, but no kind is one by message")
	}
	if p.VerifiedNumbersSuffice && p.Numbers == NumbersFromForm {
		return errors.New("verified numbers suffice, but numbers come from the form")
	}
	if p.Digits == 0 {
		p.Digits = 6
	}
	if p.Digits < 6 || p.Digits > longCode {
		return fmt.Errorf("codes by message have 6 to %d digits", longCode)
	}
	for _, life := range []*time.Duration{&p.SMSLife, &p.EmailLife} {
		if *life == 0 {
			*life = 5 * time.Minute
		}
		if *life < 30*time.Second || *life > otpcode.MaxLife {
			return fmt.Errorf("a code by message is good for 30 seconds to %v", otpcode.MaxLife)
		}
	}
	return nil
}

func (p *Policy) completeTrust() error {
	t := &p.Trust
	t.Kinds = slices.Clone(t.Kinds)
	if len(t.Kinds) == 0 {
		if t.Automatic || t.Life != 0 || t.EndsAtSignOut || t.Max != 0 {
			return errors.New("no kind may make a device trusted, but something is said about trusted devices")
		}
		return nil
	}
	for i, k := range t.Kinds {
		if slices.Contains(t.Kinds[:i], k) {
			return fmt.Errorf("%s is there twice among the kinds that make a device trusted", k)
		}
		if !slices.Contains(p.Kinds, k) {
			return fmt.Errorf("%s may make a device trusted, but %s is not an allowed kind", k, k)
		}
	}
	if t.Life == 0 {
		t.Life = 30 * 24 * time.Hour
	}
	if t.Life < time.Minute || t.Life > devicetrust.MaxLife {
		return fmt.Errorf("trust in a device lasts from a minute to %v", devicetrust.MaxLife)
	}
	if t.Max == 0 {
		t.Max = 10
	}
	if t.Max < 1 || t.Max > record.MaxDevices {
		return fmt.Errorf("a user has 1 to %d trusted devices", record.MaxDevices)
	}
	return nil
}

// codeLife is how long a code by message is good for.
func (p *Policy) codeLife(k Kind) time.Duration {
	if k == SMS {
		return p.SMSLife
	}
	return p.EmailLife
}
