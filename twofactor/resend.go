package twofactor

import (
	"context"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// Resend sends a code for an unproven factor. [Service.Enroll] has sent the
// first one.
func (s *Service) Resend(ctx context.Context, ses Session, grant, id string, from Client) (*Sent, error) {
	return s.send(ctx, ses.UserID(), ses.state().Enrolled, from, func(t *tx) (*target, error) {
		if no := t.granted(ses, grant); no != nil {
			return nil, no
		}
		i := t.enrollment(id)
		if i < 0 {
			return nil, reject(ReasonExpired)
		}
		e := &t.rec.Enrollments[i]
		m := s.enrolls(Kind(e.Factor.Kind))
		if m == nil {
			return nil, reject(ReasonPolicy)
		}
		if e.Code == nil {
			return nil, reject(ReasonNotUsable)
		}
		return &target{
			method: e.Factor.ID, kind: Kind(e.Factor.Kind), to: e.Factor.Address.To,
			hint: m.hint(&e.Factor), digits: s.policy.Digits,
			code: otpcode.CodeConfirm, bind: bind(t.user, "enroll", e.ID, &e.Factor), sent: e.Code, sends: &e.Sends,
			ends: e.Expires,
			keep: func() error { return nil },
			undo: func(t *tx, reference string) {
				if i := t.enrollment(id); i >= 0 {
					e := &t.rec.Enrollments[i]
					*e.Code = e.Code.Abandon(reference)
					e.Sends = max(0, e.Sends-1)
				}
			},
		}, nil
	})
}
