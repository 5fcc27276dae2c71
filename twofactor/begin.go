package twofactor

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

const (
	loginLife        = 10 * time.Minute
	knownBrowserLife = 400 * 24 * time.Hour // what browsers keep a cookie for (RFC 6265bis, section 5.5)
)

// SignIn is what the app knows when the password was right.
type SignIn struct {
	// UserID never changes hands: not a name, not a mail address. Required.
	UserID string

	// Enrolled is the app's own note that this user has a second factor, where
	// it keeps one. A record that is missing is then a fault and not a user
	// without a second factor.
	Enrolled bool

	// CredentialVersion is anything that changes when the password does: a
	// counter, the time of its last change, its stored hash. Trust in a device
	// ends with it even where the app forgets [Service.PasswordChanged].
	CredentialVersion string

	// KnownBrowser is the value of the known-browser cookie, or empty.
	KnownBrowser string

	// TrustedDevice is the value of the trusted-device cookie, or empty.
	// Another user's is no harm, and should be left where it is.
	TrustedDevice string

	// Audience is the site or app that the user signs in to, where there are
	// several: trust in a device is for one of them. The default is "web".
	Audience string
}

// An Outcome is what [Service.Begin] answers: [*Pending], [*Verified] or
// [*EnrollmentOnly].
//
//	switch o := outcome.(type) {
//	case *twofactor.Verified:       // start the session with o.Token()
//	case *twofactor.Pending:        // keep o.Token() in a cookie, ask for a code
//	case *twofactor.EnrollmentOnly: // start a session that can only enroll
//	}
type Outcome interface{ outcome() }

func (*Pending) outcome()        {}
func (*Verified) outcome()       {}
func (*EnrollmentOnly) outcome() {}

// Pending is a user whose password was right and who still owes a second
// factor. It is not signed in anywhere.
type Pending struct {
	token string
	login Login
}

// Token is the pending login, to be kept by the browser that has it. It is
// sealed, and holds neither the password nor anything made from it but a
// digest of the credential version.
func (p *Pending) Token() string { return p.token }

// Login tells what can be asked of the user.
func (p *Pending) Login() Login { return p.login }

// pending is a pending login, as what opens its token knows it.
type pending struct {
	record.Pending
	purpose uint8
}

// Begin is the only way in. Call it when the password was right, and only then.
// It writes nothing, so that opening logins costs the account's owner nothing.
//
// An error is a fault: the user is not signed in.
func (s *Service) Begin(ctx context.Context, in SignIn) (Outcome, error) {
	now, err := s.now()
	if err != nil {
		return nil, err
	}
	rec, _, err := s.load(ctx, in.UserID, in.Enrolled)
	if err != nil {
		s.emit(ctx, Event{Type: EventFault, UserID: in.UserID, At: now})
		return nil, err
	}
	s.remind(ctx, in.UserID, rec, now)
	switch {
	case len(rec.Factors) == 0:
		return s.unasked(in, NotEnrolled, []string{"pwd"}, s.policy.Required, now)
	case !s.asked(rec):
		return s.unasked(in, SwitchedOff, []string{"pwd"}, false, now)
	case in.TrustedDevice == "" || s.outdated(rec):
		return s.pend(in, rec, now)
	}
	d, err := s.trusted(in, rec, now)
	if err != nil {
		s.emit(ctx, Event{Type: EventTrustRefused, UserID: in.UserID, At: now})
		return s.pend(in, rec, now)
	}
	s.touch(ctx, in.UserID, d, now)
	s.emit(ctx, Event{Type: EventTrustUsed, UserID: in.UserID, At: now})
	return s.unasked(in, TrustedDevice, []string{"pwd", "trusted_device"}, false, now)
}

// unasked signs a user in who need not show a second factor now.
func (s *Service) unasked(in SignIn, basis Basis, amr []string, limited bool, now time.Time) (Outcome, error) {
	st := session{Session: record.Session{
		User: in.UserID, Basis: string(basis), AMR: amr, At: now.Unix(),
		Enrolled: basis != NotEnrolled, Credential: digest(in.CredentialVersion), Limited: limited,
		Known: basis == TrustedDevice,
	}}
	rand.Read(st.ID[:])
	token, err := s.sealToken(sessionToken, &st)
	if err != nil {
		return nil, err
	}
	if st.Limited {
		return &EnrollmentOnly{s: st, token: token}, nil
	}
	return &Verified{s: st, token: token}, nil
}

// pend opens a login that waits for a second factor.
func (s *Service) pend(in SignIn, rec *record.Record, now time.Time) (Outcome, error) {
	p := pending{Pending: record.Pending{
		User: in.UserID, Epoch: rec.Epoch, Credential: digest(in.CredentialVersion),
		Expires: now.Add(loginLife).Unix(), Known: s.known(in, rec, now), Audience: in.Audience,
	}}
	rand.Read(p.ID[:])
	token, err := s.sealToken(pendingToken, &p)
	if err != nil {
		return nil, err
	}
	t := &tx{s: s, user: in.UserID, rec: rec, now: now}
	a, over := t.attempt(&p, 0)
	if over != nil {
		return nil, over
	}
	return &Pending{token: token, login: t.describe(&p, a)}, nil
}

// known reports whether the sign-in comes from a browser that once passed.
func (s *Service) known(in SignIn, rec *record.Record, now time.Time) bool {
	var b record.Browser
	return s.openToken(browserToken, in.KnownBrowser, &b) == nil &&
		b.User == in.UserID && b.Record == rec.ID && b.Expires > now.Unix()
}

// knowBrowser makes the token of a browser that passed.
func (s *Service) knowBrowser(st session) (string, error) {
	expires := time.Unix(st.At, 0).Add(knownBrowserLife).Unix()
	return s.sealToken(browserToken, &record.Browser{User: st.User, Record: st.record, Expires: expires})
}

// openPending returns the pending login in a token.
func (s *Service) openPending(token string) (*pending, error) {
	now, err := s.now()
	if err != nil {
		return nil, err
	}
	p := new(pending)
	if s.openToken(pendingToken, token, p) != nil || p.Expires <= now.Unix() {
		return nil, reject(ReasonLoginEnded)
	}
	p.purpose = forLogin
	return p, nil
}

// Cancel ends a pending login before its time. One that has cost nothing yet is
// not in the record, and ends when the browser forgets its token.
func (s *Service) Cancel(ctx context.Context, token string) error {
	p, err := s.openPending(token)
	if err != nil {
		return unlessRejected(err) // over already
	}
	return unlessRejected(s.update(ctx, p.User, true, func(t *tx) error {
		a, over := t.attempt(p, 0)
		if over != nil || !a.stored {
			return t.refuse(reject(ReasonLoginEnded))
		}
		a.Ended = true
		return t.keep(a)
	}))
}

func unlessRejected(err error) error {
	if no, ok := errors.AsType[*RejectedError](err); ok && no.Reason != ReasonConflict {
		return nil // a conflict left it undone
	}
	return err
}

func digest(text string) [16]byte {
	sum := sha256.Sum256([]byte("latchkey/v1 credential version\x00" + text))
	return [16]byte(sum[:16])
}
