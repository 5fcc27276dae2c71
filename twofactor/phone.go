package twofactor

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// A Phone is the number of a user's profile.
type Phone struct {
	Number   string // E.164; shown back when it was set, and not again
	Hint     string // masked
	Verified bool
}

// destination finds where the codes of a new factor go. It comes from the app's
// directory or the record; what a request says is used only where the policy
// takes numbers from the form, and is never taken for verified.
func (t *tx) destination(ses Session, req *EnrollRequest, p Profile) error {
	if req.Phone != "" && (req.Kind != SMS || t.s.policy.Numbers != NumbersFromForm) {
		return reject(ReasonPolicy)
	}
	switch req.Kind {
	case Email:
		if p.Email == "" {
			return reject(ReasonNotUsable)
		}
		req.to = p.Email
		return checkMail(p.Email)
	case SMS:
		return t.phoneFor(ses, req, p)
	}
	return nil
}

func (t *tx) phoneFor(ses Session, req *EnrollRequest, p Profile) error {
	if t.s.policy.Numbers == NumbersFromForm {
		number, err := t.s.parsePhone(req.Phone, p)
		req.to = number
		return err
	}
	phone, err := t.phone(p, t.own(ses))
	if err != nil {
		return err
	}
	req.to = phone.Number
	if t.s.policy.VerifiedNumbersSuffice {
		if !phone.Verified {
			return reject(ReasonPolicy) // it has a step of its own
		}
		req.verified = true
	}
	return nil
}

// phone is the number of the profile: the user's own, or else the app's. It is
// verified if the user has proven it here, or as long as the app says that it is.
func (t *tx) phone(p Profile, own *record.Phone) (record.Phone, error) {
	if own != nil {
		out := *own
		out.Verified = out.Verified || slices.Contains(p.VerifiedPhones, out.Number)
		return out, nil
	}
	if p.Phone == "" {
		return record.Phone{}, reject(ReasonNotUsable)
	}
	number, err := t.s.parsePhone(p.Phone, p)
	if err != nil {
		return record.Phone{}, err
	}
	out := record.Phone{Number: number, Verified: slices.Contains(p.VerifiedPhones, number)}
	if !p.PhoneSince.IsZero() {
		out.Since = p.PhoneSince.Unix()
	}
	return out, nil
}

// SetPhone adds or changes the number of the profile. A changed number is not
// verified, unless the app knows that it is; until then, factors keep the old
// one.
//
// A number that is saved before there is a second factor lasts only if the same
// session sets up [SMS] with it within Policy.EnrollmentLife of its last step:
// until then it counts for that session alone, so that whoever knows the password
// has planted nothing when the owner sets up a factor, and it ends with a change of
// the password. Any number set here ends with the last second factor.
func (s *Service) SetPhone(ctx context.Context, ses Session, grant, text string) (*Phone, error) {
	if s.policy.Numbers != NumbersManaged {
		return nil, reject(ReasonPolicy)
	}
	p, err := s.profile(ctx, ses.UserID())
	if err != nil {
		return nil, err
	}
	number, err := s.parsePhone(text, p)
	if err != nil {
		return nil, err
	}
	var out *Phone
	err = s.change(ctx, ses, grant, func(t *tx) error {
		phone, own := record.Phone{Number: number, Since: t.now.Unix()}, t.own(ses)
		old, err := t.phone(p, own)
		switch {
		case err == nil && old.Number == number:
			phone = ownProof(old, own) // nothing changes, its age least of all
		case err == nil && old.Verified:
			phone.Was = old.Number
		case err == nil:
			phone.Was = old.Was
		}
		t.keepPhone(ses, &phone)
		if slices.Contains(p.VerifiedPhones, number) {
			t.phoneProven(ses, grant)
		}
		shown, err := t.phone(p, &phone)
		if err != nil {
			return err
		}
		out = t.s.showPhone(shown, true)
		if old.Number != number {
			t.event(Event{Type: EventDestination, Kind: SMS})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ownProof returns a number as it is kept: what the app says of it is asked for
// each time.
func ownProof(p record.Phone, own *record.Phone) record.Phone {
	p.Verified = own != nil && own.Number == p.Number && own.Verified
	return p
}

// phoneProven brings the factors that used the number before over to the new one.
func (t *tx) phoneProven(ses Session, grant string) {
	moved := false
	for i := range t.rec.Factors {
		f := &t.rec.Factors[i]
		if f.Kind == string(SMS) && t.rec.Phone.Was != "" && f.Address.To == t.rec.Phone.Was {
			f.Address = &record.Address{To: t.rec.Phone.Number, Since: t.now.Unix()}
			t.event(Event{Type: EventRemoved, Kind: SMS, Method: f.ID})
			t.event(Event{Type: EventEnrolled, Kind: SMS, Method: f.ID})
			moved = true
		}
	}
	t.rec.Phone.Was = ""
	if moved {
		t.changed(ses, grant)
	}
}

// DeletePhone takes the number away that the user set here.
func (s *Service) DeletePhone(ctx context.Context, ses Session, grant string) error {
	if s.policy.Numbers != NumbersManaged {
		return reject(ReasonPolicy)
	}
	return s.change(ctx, ses, grant, func(t *tx) error {
		used := slices.ContainsFunc(t.rec.Factors, func(f record.Factor) bool { return f.Kind == string(SMS) })
		if used {
			return t.refuse(reject(ReasonPolicy))
		}
		if t.rec.Phone != nil {
			t.rec.Phone = nil
			t.event(Event{Type: EventDestination, Kind: SMS})
		}
		return nil
	})
}

// SendPhoneCode sends a code to the number of the profile, to verify it.
func (s *Service) SendPhoneCode(ctx context.Context, ses Session, grant string, from Client) (*Sent, error) {
	if s.policy.Numbers != NumbersManaged {
		return nil, reject(ReasonPolicy)
	}
	p, err := s.profile(ctx, ses.UserID())
	if err != nil {
		return nil, err
	}
	return s.send(ctx, ses.UserID(), ses.state().Enrolled, from, func(t *tx) (*target, error) {
		if no := t.granted(ses, grant); no != nil {
			return nil, no
		}
		own := t.own(ses)
		phone, err := t.phone(p, own)
		if err != nil {
			return nil, err
		}
		if phone.Code == nil || t.now.Unix() >= phone.CodeEnds {
			phone.Code, phone.Sends, phone.Wrong = new(otpcode.Challenge), 0, 0
			phone.CodeEnds, phone.CodeID = t.now.Add(loginLife).Unix(), rand.Text()
		}
		phone = ownProof(phone, own)
		t.keepPhone(ses, &phone)
		id := phone.CodeID
		return &target{
			kind: SMS, to: phone.Number, hint: s.showPhone(phone, false).Hint, digits: s.policy.Digits,
			code: otpcode.CodeConfirm, bind: t.bindPhone(), sent: phone.Code, sends: &phone.Sends,
			ends: phone.CodeEnds,
			keep: func() error { return nil },
			undo: func(t *tx, reference string) {
				if p := t.rec.Phone; p != nil && p.Code != nil && p.CodeID == id {
					*p.Code = p.Code.Abandon(reference)
					p.Sends = max(0, p.Sends-1)
				}
			},
		}, nil
	})
}

// VerifyPhone proves that the number of the profile is the user's. It counts as
// [Service.SetPhone] says: before there is a second factor, for this session alone.
func (s *Service) VerifyPhone(ctx context.Context, ses Session, grant, code string) (*Phone, error) {
	if s.policy.Numbers != NumbersManaged {
		return nil, reject(ReasonPolicy)
	}
	digits, err := totp.Normalize(code)
	if err != nil {
		return nil, reject(ReasonMalformedCode)
	}
	var out *Phone
	var to string
	err = s.change(ctx, ses, grant, func(t *tx) error {
		phone := t.own(ses)
		if phone == nil || phone.Code == nil || phone.Wrong >= triesPerLogin {
			return t.refuse(reject(ReasonNotUsable))
		}
		p := t.purse(ses.state().Known)
		if no := p.pay(t.now, 1); no != nil {
			return t.refuse(no)
		}
		m := s.method(SMS)
		err := m.check(t, nil, phone.Code, t.bindPhone(), digits)
		if no, ok := errors.AsType[*RejectedError](err); ok {
			if no.Reason == ReasonMalformedCode || no.Reason == ReasonNotUsable {
				return t.refuse(no)
			}
			phone.Wrong++
			no.Remaining = max(0, min(triesPerLogin-phone.Wrong, p.level(t.now)))
			t.rejected(no, nil)
			return no
		}
		if err != nil {
			return err
		}
		p.back(t.now, 1)
		phone.Verified, phone.Code, to = true, nil, phone.Number
		t.keepPhone(ses, phone)
		t.phoneProven(ses, grant)
		out = s.showPhone(*phone, false)
		t.event(Event{Type: EventPhoneVerified, Kind: SMS})
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.entered(ctx, ses.UserID(), SMS, to, false)
	return out, nil
}

func (t *tx) bindPhone() otpcode.Binding {
	return otpcode.Binding{User: t.user, Purpose: "phone", Login: t.rec.Phone.CodeID, Destination: t.rec.Phone.Number}
}

func (s *Service) showPhone(p record.Phone, whole bool) *Phone {
	out := &Phone{Hint: messageMethod{k: SMS, lostDevice: s.policy.LostDevice}.mask(p.Number), Verified: p.Verified}
	if whole {
		out.Number = p.Number
	}
	return out
}
