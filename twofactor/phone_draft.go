package twofactor

import "github.com/latchkey-auth/latchkey/twofactor/internal/record"

// A number that is saved before there is a second factor is a draft: whoever has
// the password can save one, and it must not wait for what its owner sets up.

// own is the number that the user set here, if it counts for the session: no
// draft counts for another one, or for none.
func (t *tx) own(ses Session) *record.Phone {
	own := t.shown()
	if own != nil && own.Draft != nil && (ses == nil || own.Draft.Session != ses.state().ID) {
		return nil
	}
	return own
}

// shown is the number that the user set here, as the settings page has it. What
// was typed under another policy is none, and neither is what someone with the
// password saved before there was a factor to prove oneself by.
func (t *tx) shown() *record.Phone {
	own := t.rec.Phone
	if t.s.policy.Numbers != NumbersManaged || own != nil && own.Draft != nil && len(t.rec.Factors) > 0 {
		return nil
	}
	return own
}

// keepPhone puts a number into the record, as a draft if the password alone is
// behind it.
func (t *tx) keepPhone(ses Session, p *record.Phone) {
	p.Draft = nil
	if len(t.rec.Factors) == 0 {
		p.Draft = &record.Draft{Session: ses.state().ID, Ends: t.now.Add(t.s.policy.EnrollmentLife).Unix()}
	}
	t.rec.Phone = p
}

// endDraft ends a draft, now that there is a factor: it was saved for that one, or
// for nothing.
func (t *tx) endDraft(f *record.Factor) {
	p := t.rec.Phone
	switch {
	case p == nil || p.Draft == nil:
	case f.Kind == string(SMS) && f.Address.To == p.Number:
		p.Draft = nil
	default:
		t.rec.Phone = nil
	}
}

// endPhone voids what was begun with a number: a draft, and a code that is on its
// way.
func (t *tx) endPhone() {
	p := t.rec.Phone
	switch {
	case p == nil:
	case p.Draft != nil:
		t.rec.Phone = nil
	default:
		p.Code = nil
	}
}
