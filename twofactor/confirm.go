package twofactor

import (
	"context"
	"errors"
	"slices"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// Confirm proves an enrollment with its first code, which is spent with it. The
// factor counts from then on, and the one that it replaces no more.
func (s *Service) Confirm(ctx context.Context, ses Session, grant, id, code string) (*Confirmation, error) {
	digits, err := totp.Normalize(code)
	if err != nil {
		return nil, reject(ReasonMalformedCode)
	}
	var out *Confirmation
	var to string
	err = s.change(ctx, ses, grant, func(t *tx) error {
		i := t.enrollment(id)
		if i < 0 {
			return t.refuse(reject(ReasonExpired))
		}
		e := &t.rec.Enrollments[i]
		if no := t.enrollable(EnrollRequest{Kind: Kind(e.Factor.Kind), Replaces: e.Replaces}); no != nil {
			return t.refuse(no) // as things are now, not as they were at the start
		}
		m := s.enrolls(Kind(e.Factor.Kind))
		if m == nil {
			return t.refuse(reject(ReasonPolicy))
		}
		if err := t.confirm(ses, m, e, digits); err != nil {
			return err
		}
		f, replaces := e.Factor, e.Replaces
		if f.Address != nil {
			to = f.Address.To
		}
		t.rec.Enrollments = slices.Delete(t.rec.Enrollments, i, i+1)
		var err error
		out, err = t.complete(ses, grant, m, f, replaces, true)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.entered(ctx, ses.UserID(), out.Method.Kind, to, false)
	return out, s.reissue(out)
}

// complete makes a factor count. If it was proven just now, the session rests on
// it, and the grant lives on after the end of trust that its change brings about;
// or else both are what they were before.
func (t *tx) complete(ses Session, grant string, m method, f record.Factor, replaces string, proven bool) (*Confirmation, error) {
	held := t.held(ses, grant)
	out, err := t.enroll(f, replaces)
	if err != nil {
		return nil, err
	}
	out.Grant.Token = grant
	if proven {
		t.addGrant(ses.state().ID, &out.Grant)
	} else {
		t.hold(held, &out.Grant)
	}
	if proven && !t.s.forRecovery(m.kind()) {
		out.Session = &Verified{s: t.proven(ses, m)}
	} else if v, full := ses.(*Verified); full && !proven {
		out.Session = &Verified{s: v.s} // rests on what it rested on before
		out.Session.s.Enrolled = true
	}
	return out, nil
}

// reissue seals the session of a confirmation.
func (s *Service) reissue(c *Confirmation) (err error) {
	if c.Session == nil {
		return nil
	}
	c.Session.token, err = s.sealToken(sessionToken, &c.Session.s)
	return err
}

// confirm judges the first code of an unproven factor. It is paid for like any
// other, and five wrong ones end the enrollment.
func (t *tx) confirm(ses Session, m method, e *record.Enrollment, digits string) error {
	p := t.purse(ses.state().Known)
	if no := p.pay(t.now, 1); no != nil {
		return t.refuse(no)
	}
	err := m.check(t, &e.Factor, e.Code, bind(t.user, "enroll", e.ID, &e.Factor), digits)
	if err == nil {
		p.back(t.now, 1)
		return nil
	}
	no, ok := errors.AsType[*RejectedError](err)
	if !ok {
		return err
	}
	if no.Reason == ReasonMalformedCode || no.Reason == ReasonNotUsable {
		return t.refuse(no)
	}
	t.rejected(no, &e.Factor)
	e.Wrong++
	no.Remaining = max(0, min(triesPerLogin-e.Wrong, p.level(t.now)))
	if e.Wrong >= triesPerLogin {
		i := t.enrollment(e.ID)
		t.rec.Enrollments = slices.Delete(t.rec.Enrollments, i, i+1)
	}
	return no
}

// enroll makes a proven factor count.
func (t *tx) enroll(f record.Factor, replaces string) (*Confirmation, error) {
	f.Added = t.now.Unix()
	if old := t.rec.Factor(replaces); old != nil {
		t.event(Event{Type: EventRemoved, Kind: Kind(old.Kind), Method: old.ID})
		*old = f
	} else {
		t.rec.Factors = append(t.rec.Factors, f)
	}
	if !t.s.forRecovery(Kind(f.Kind)) {
		t.rec.Preferred = f.ID
	}
	t.endDraft(&f)
	t.event(Event{Type: EventEnrolled, Kind: Kind(f.Kind), Method: f.ID})
	out := &Confirmation{Next: t.next()}
	if out.Next == "" && t.rec.Recovery.Left == 0 {
		var err error
		if out.RecoveryCodes, err = t.newCodes(); err != nil {
			return nil, err
		}
	}
	t.endTrust()
	out.Method = t.s.status(t.rec, t.rec.Factor(f.ID), t.now)
	return out, nil
}

// next is the kind that the policy still asks for.
func (t *tx) next() Kind {
	b := t.s.policy.Backup
	if b == "" || slices.ContainsFunc(t.rec.Factors, func(f record.Factor) bool { return Kind(f.Kind) == b }) {
		return ""
	}
	return b
}

// proven is the session after its user proved a new factor: the same one, now
// resting on that proof.
func (t *tx) proven(ses Session, m method) session {
	st := *ses.state()
	st.Basis, st.AMR = string(Proved), slices.Concat([]string{"pwd"}, m.amr())
	st.At, st.Enrolled, st.Limited, st.Recovered = t.now.Unix(), true, false, false
	return st
}
