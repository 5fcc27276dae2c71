package twofactor

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// An EnrollRequest says which second factor a user wants to set up.
type EnrollRequest struct {
	Kind Kind

	// Name is what the user calls the factor, to tell it from others. Optional.
	Name string

	// Account is the name under which the authenticator app lists the codes,
	// usually what the user signs in with. Required for [TOTP].
	Account string

	// Replaces is the id of a factor of the same kind that ends when the new one
	// is proven, and not before. Optional.
	Replaces string

	// Phone is the number that the user typed, for [SMS] under a policy with
	// NumbersFromForm. Under any other it is refused.
	Phone string

	// From is where the request comes from, for the code that it may send.
	From Client

	to       string // where codes go, as the service found it
	verified bool   // the app knows that it is the user's
}

// An Enrollment is a second factor that still has to be proven. It plays no
// part in a sign-in, and is gone after its time.
type Enrollment struct {
	ID      string
	Kind    Kind
	Name    string
	Expires time.Time

	// URI is, for [TOTP], what the authenticator app has to learn: as a QR code,
	// as a link, or typed from its secret. It is shown while the enrollment is
	// unproven and never again.
	URI totp.URI

	// Sent is, for [SMS] and [Email], the code that is on its way.
	Sent *Sent

	// Hint is the masked number or address.
	Hint string

	// Done is there if the factor needed no code, and counts already.
	Done *Confirmation
}

// A Confirmation is an enrollment that was proven.
type Confirmation struct {
	// Method is the new factor.
	Method Method

	// RecoveryCodes are there with the last step of a first set-up. They are
	// shown once; nothing can bring them back.
	RecoveryCodes []string

	// Next is the kind that the policy still asks for, or empty.
	Next Kind

	// Grant is the grant that was used, good for another five minutes, or for as
	// long as before if nothing was proven.
	Grant Grant

	// Session replaces the one that the user had: it now rests on the new
	// factor. Where an [*EnrollmentOnly] came in, this is the sign-in. It is nil
	// if the session stays as it is: for an address that is for recovery only, or
	// a number that was verified before, by which nothing was proven now.
	Session *Verified
}

// Enroll begins to set up a second factor. For [SMS] and [Email] it sends the
// first code; if only that is refused, the enrollment is returned beside the
// refusal, and [Service.Resend] tries again.
func (s *Service) Enroll(ctx context.Context, ses Session, grant string, req EnrollRequest) (*Enrollment, error) {
	m := s.enrolls(req.Kind)
	if m == nil {
		return nil, reject(ReasonPolicy)
	}
	if !utf8Name(req.Name) {
		return nil, errName()
	}
	p, err := s.profile(ctx, ses.UserID())
	if err != nil {
		return nil, err
	}
	var out *Enrollment
	err = s.change(ctx, ses, grant, func(t *tx) error {
		if no := t.enrollable(req); no != nil {
			return t.refuse(no)
		}
		if err := t.destination(ses, &req, p); err != nil {
			return t.refuseErr(err)
		}
		e := record.Enrollment{
			ID:       rand.Text(),
			Factor:   record.Factor{ID: rand.Text(), Kind: string(req.Kind), Name: req.Name},
			Replaces: req.Replaces,
			Expires:  t.now.Add(s.policy.EnrollmentLife).Unix(),
		}
		if err := m.enroll(t, &e, req); err != nil {
			return err
		}
		if req.verified {
			done, err := t.complete(ses, grant, m, e.Factor, e.Replaces, false)
			out = &Enrollment{Kind: req.Kind, Name: req.Name, Done: done}
			return err
		}
		if len(t.rec.Enrollments) >= record.MaxEnrollments {
			t.rec.Enrollments = slices.Delete(t.rec.Enrollments, 0, 1) // the user's own
		}
		t.rec.Enrollments = append(t.rec.Enrollments, e)
		var err error
		out, err = s.enrollment(&e)
		return err
	})
	if err != nil {
		return nil, err
	}
	if out.Done != nil {
		return out, s.reissue(out.Done)
	}
	if req.to != "" {
		out.Sent, err = s.Resend(ctx, ses, grant, out.ID, req.From)
	}
	return out, err
}

// enrollable returns nil if the policy lets the user set up such a factor now.
func (t *tx) enrollable(req EnrollRequest) *RejectedError {
	if req.Replaces != "" {
		if f := t.rec.Factor(req.Replaces); f == nil || f.Kind != string(req.Kind) {
			return reject(ReasonNotUsable)
		}
		return nil
	}
	second := t.second()
	if t.s.forRecovery(req.Kind) && second == 0 {
		return reject(ReasonPolicy) // a way back in is none before there is something to come back to
	}
	if len(t.rec.Factors) >= record.MaxFactors ||
		t.s.policy.OneAtATime && second > 0 && !t.s.outdated(t.rec) && !t.s.forRecovery(req.Kind) {
		return reject(ReasonPolicy)
	}
	return nil
}

// second is how many of the user's factors are second factors.
func (t *tx) second() int {
	n := 0
	for i := range t.rec.Factors {
		if !t.s.forRecovery(Kind(t.rec.Factors[i].Kind)) {
			n++
		}
	}
	return n
}

// Enrollment returns an enrollment that is still unproven, to show it again.
func (s *Service) Enrollment(ctx context.Context, ses Session, grant, id string) (*Enrollment, error) {
	t, err := s.view(ctx, ses.UserID(), ses.state().Enrolled)
	if err != nil {
		return nil, err
	}
	if no := t.granted(ses, grant); no != nil {
		return nil, no
	}
	i := t.enrollment(id)
	if i < 0 {
		return nil, reject(ReasonExpired)
	}
	return s.enrollment(&t.rec.Enrollments[i])
}

// enrollment is the view of an unproven factor.
func (s *Service) enrollment(e *record.Enrollment) (*Enrollment, error) {
	out := &Enrollment{
		ID: e.ID, Kind: Kind(e.Factor.Kind), Name: e.Factor.Name, Expires: time.Unix(e.Expires, 0),
	}
	switch m := s.enrolls(out.Kind).(type) {
	case nil:
		return nil, reject(ReasonPolicy) // not any more
	case totpMethod:
		var err error
		out.URI, err = m.uri(e)
		return out, err
	default:
		out.Hint = m.hint(&e.Factor)
		return out, nil
	}
}

func (t *tx) enrollment(id string) int {
	return slices.IndexFunc(t.rec.Enrollments, func(e record.Enrollment) bool { return e.ID == id })
}

// errName is for what a user typed as a name.
func errName() error {
	return &InputError{Field: "name", Err: errors.New("at most 64 bytes and no control characters")}
}

// utf8Name reports whether a factor can have that name. One that is not UTF-8
// could be saved, but no record that holds it could be read again.
func utf8Name(name string) bool {
	return len(name) <= 64 && utf8.ValidString(name) && !slices.ContainsFunc([]byte(name), func(b byte) bool { return b < 0x20 || b == 0x7f })
}
