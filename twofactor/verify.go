package twofactor

import (
	"context"
	"slices"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// Verify judges what the user typed for a pending login. A nil error, and
// nothing else, means that the user is signed in: start a new session, with an
// id of its own, and put the token of the result into it.
//
// A refusal matches [ErrRejected] and says why. Any other error is a fault, and
// the user is not signed in either. With [ReasonEnrollmentRequired] the answer
// was right, and the refusal holds the session in which the user has to set up
// a second factor.
func (s *Service) Verify(ctx context.Context, token string, a Answer) (*Verified, error) {
	p, err := s.openPending(token)
	if err != nil {
		return nil, err
	}
	var won session
	var made Made
	err = s.prove(ctx, p, a, func(t *tx, at *attempt, pr *proof) error {
		won, made = t.signIn(p, pr)
		var err error
		if made.Device, err = t.trust(p, pr, a); err != nil {
			return err
		}
		at.Ended = true
		if p.Epoch != t.rec.Epoch {
			return nil // the attempt went with its epoch
		}
		return t.keep(at)
	})
	if err != nil {
		return nil, err
	}
	return s.admit(won, made)
}

// prove judges an answer, and lets won do, in the same write, what it is good for.
func (s *Service) prove(ctx context.Context, p *pending, a Answer, won func(*tx, *attempt, *proof) error) error {
	in, err := read(a)
	if err != nil {
		return err
	}
	if in.method == MethodRecovery && in.recovery == nil {
		return s.proveImported(ctx, p, in, won)
	}
	var profile Profile
	if in.method == MethodLostDevice {
		if profile, err = s.profile(ctx, p.User); err != nil {
			return err
		}
	}
	var pr *proof
	err = s.update(ctx, p.User, true, func(t *tx) error {
		at, over := t.attempt(p, 0)
		if over != nil {
			return t.refuse(over)
		}
		t.profile = profile
		var err error
		if pr, err = t.judge(at, in); err != nil {
			return err
		}
		t.event(Event{Type: EventVerified, Kind: pr.kind, Method: pr.method})
		return won(t, at, pr)
	})
	if err == nil {
		s.entered(ctx, p.User, pr.kind, pr.to, true)
	}
	return err
}

// signIn makes the session that a proof is good for.
func (t *tx) signIn(p *pending, pr *proof) (session, Made) {
	st := session{record: t.rec.ID, Session: record.Session{
		ID: p.ID, User: t.user, Basis: string(Proved), AMR: slices.Concat([]string{"pwd"}, pr.amr),
		At: t.now.Unix(), Enrolled: len(t.rec.Factors) > 0, Credential: p.Credential, Known: true,
	}}
	var made Made
	if made.Recovery = pr.recovery; made.Recovery == nil {
		left := t.rec.Recovery.Left
		made.Recovery = &RecoveryUse{Left: left, Low: !t.s.policy.Recovery.None && left <= t.s.policy.Recovery.Low}
	}
	if pr.recovered {
		st.Recovered = true
		made.Grant = t.grant(st.ID)
	}
	st.Limited = t.s.outdated(t.rec) || t.s.policy.Required && len(t.rec.Factors) == 0 ||
		pr.recovered && t.s.policy.RecoveredEnrollOnly
	return st, made
}

// admit hands out the session that was won.
func (s *Service) admit(st session, made Made) (*Verified, error) {
	token, err := s.sealToken(sessionToken, &st)
	if err != nil {
		return nil, err
	}
	if made.KnownBrowser, err = s.knowBrowser(st); err != nil {
		return nil, err
	}
	if st.Limited {
		return nil, &RejectedError{
			Reason:     ReasonEnrollmentRequired,
			Enrollment: &EnrollmentOnly{s: st, token: token, made: made},
		}
	}
	return &Verified{s: st, token: token, made: made}, nil
}
