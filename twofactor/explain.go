package twofactor

import (
	"context"
	"errors"
	"slices"

	"github.com/latchkey-auth/latchkey/devicetrust"
)

// An Explanation says why a user's sign-in would go as it would.
type Explanation struct {
	// Asked says that a second factor would be asked for, and Why, why or why
	// not.
	Asked bool
	Why   Why

	// Trust is why the device isn't trusted, or empty if it is or holds no token.
	Trust Why

	// Methods are the user's factors, each with the reason if it can't be used.
	Methods []Method

	// Kinds says for every kind why it can't be set up now, or WhyNone if it
	// can.
	Kinds map[Kind]Why

	// Missing are the kinds that the policy asks for and the user hasn't set up.
	Missing []Kind
}

// Why is a stable word that explains something to an operator.
type Why string

// The explanations there are.
const (
	WhyNone          Why = ""
	WhyProve         Why = "second_factor_needed"
	WhyNotEnrolled   Why = "not_enrolled"
	WhyEnrollFirst   Why = "not_enrolled_but_required"
	WhySwitchedOff   Why = "switched_off"
	WhyTrusted       Why = "trusted_device"
	WhyOutdated      Why = "no_factor_is_of_an_allowed_kind"
	WhyUnknownDevice Why = "device_unknown"
	WhyOtherAudience Why = "device_of_other_audience"
	WhyTrustExpired  Why = "trust_expired"
	WhyTrustEnded    Why = "trust_ended"
	WhyNotAllowed    Why = "kind_not_allowed"
	WhyOneAtATime    Why = "one_at_a_time"
	WhyNoEmail       Why = "no_email_in_profile"
	WhyNoPhone       Why = "no_phone_in_profile"
	WhyUnverified    Why = "phone_not_verified"
)

// Explain tells what a sign-in would do, and why, without doing it. It is for
// support and for tests of a policy; in.KnownBrowser is not looked at.
func (s *Service) Explain(ctx context.Context, in SignIn) (*Explanation, error) {
	now, err := s.now()
	if err != nil {
		return nil, err
	}
	rec, _, err := s.load(ctx, in.UserID, in.Enrolled)
	if err != nil {
		return nil, err
	}
	p, err := s.profile(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	t := &tx{s: s, user: in.UserID, rec: rec, now: now}
	out := &Explanation{Kinds: make(map[Kind]Why)}
	for i := range rec.Factors {
		out.Methods = append(out.Methods, s.status(rec, &rec.Factors[i], now))
	}
	for _, k := range []Kind{TOTP, SMS, Email} {
		out.Kinds[k] = t.whyNot(k, p)
	}
	if next := t.next(); next != "" && len(rec.Factors) > 0 {
		out.Missing = append(out.Missing, next)
	}
	switch {
	case len(rec.Factors) == 0 && s.policy.Required:
		out.Why = WhyEnrollFirst
		out.Missing = append(out.Missing, s.policy.Kinds...)
	case len(rec.Factors) == 0:
		out.Why = WhyNotEnrolled
	case !s.asked(rec):
		out.Why = WhySwitchedOff
	default:
		out.Asked, out.Why = true, WhyProve
		t.explainTrust(in, out)
	}
	return out, nil
}

func (t *tx) explainTrust(in SignIn, out *Explanation) {
	if t.s.outdated(t.rec) {
		out.Why = WhyOutdated
		out.Missing = append(out.Missing, t.s.policy.Kinds...)
		return
	}
	if in.TrustedDevice == "" {
		return
	}
	_, err := t.s.trusted(in, t.rec, t.now)
	switch {
	case err == nil:
		out.Asked, out.Why = false, WhyTrusted
	case errors.Is(err, devicetrust.ErrAudience):
		out.Trust = WhyOtherAudience
	case errors.Is(err, devicetrust.ErrExpired):
		out.Trust = WhyTrustExpired
	case errors.Is(err, devicetrust.ErrStale):
		out.Trust = WhyTrustEnded
	default:
		out.Trust = WhyUnknownDevice
	}
}

// whyNot says why a kind can't be set up now.
func (t *tx) whyNot(k Kind, p Profile) Why {
	if !slices.Contains(t.s.policy.Kinds, k) {
		return WhyNotAllowed
	}
	switch {
	case t.s.forRecovery(k) && t.second() == 0:
		return WhyNotEnrolled
	case t.s.policy.OneAtATime && t.second() > 0 && !t.s.outdated(t.rec) && !t.s.forRecovery(k):
		return WhyOneAtATime
	}
	if k == Email && p.Email == "" {
		return WhyNoEmail
	}
	if k != SMS || t.s.policy.Numbers == NumbersFromForm {
		return WhyNone
	}
	phone, err := t.phone(p, t.shown())
	switch {
	case err != nil:
		return WhyNoPhone
	case t.s.policy.VerifiedNumbersSuffice && !phone.Verified:
		return WhyUnverified
	}
	return WhyNone
}
