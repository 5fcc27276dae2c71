package twofactor_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// A story takes one person through everything, while the store of node a fails
// at one call. Whoever is told of a fault does the same again, as people do.
type story struct {
	*person
	ctx    context.Context
	cancel context.CancelFunc
	code   string // what is typed in this scene
	login  string // where

	after func(error) // each answer of the service
}

// A scene is one thing that the person does.
type scene struct {
	name    string
	prepare func(s *story) // once
	act     func(s *story) error
	check   func(s *story, t testing.TB) // that it really came to be
}

var scenes = []scene{
	{"password", nil, func(s *story) error {
		g, err := s.w.a.GrantWithPassword(s.ctx, s.session, rightPassword)
		return s.granted(g, err)
	}, (*story).checkGrant},
	{"enroll", nil, (*story).enrollOne, (*story).checkEnrollment},
	{"confirm", (*story).typeNewApp, (*story).confirmOne, func(s *story, t testing.TB) {
		require.Len(t, s.settings().Methods, 1)
		s.checkCodes(t)
		s.checkGrant(t)
	}},
	{"sign in", (*story).typeCode, (*story).verify, nil},
	{"fresh proof", func(s *story) { s.code = s.newCode() }, func(s *story) error {
		g, err := s.w.a.Grant(s.ctx, s.session, twofactor.Answer{Code: s.code})
		return s.granted(g, err)
	}, (*story).checkGrant},
	{"enroll another", nil, (*story).enrollOne, (*story).checkEnrollment},
	{"confirm another", (*story).typeNewApp, (*story).confirmOne, func(s *story, t testing.TB) {
		require.Len(t, s.settings().Methods, 2)
		s.checkGrant(t)
	}},
	{"new recovery codes", nil, func(s *story) (err error) {
		codes, err := s.w.a.NewRecoveryCodes(s.ctx, s.in(), s.grant)
		if err == nil {
			s.codes = codes
		}
		return err
	}, (*story).checkCodes},
	{"switch off", nil, func(s *story) error { return s.w.a.SwitchOff(s.ctx, s.in(), s.grant) }, func(s *story, t testing.TB) {
		require.False(t, s.settings().Enabled)
	}},
	{"switch on", nil, func(s *story) error { return s.w.a.SwitchOn(s.ctx, s.in(), s.grant) }, func(s *story, t testing.TB) {
		require.True(t, s.settings().Enabled)
	}},
	{"remove one", nil, func(s *story) error {
		return s.w.a.Remove(s.ctx, s.in(), s.grant, s.settings().Methods[0].ID)
	}, func(s *story, t testing.TB) {
		require.Len(t, s.settings().Methods, 1)
	}},
	{"a wrong code", func(s *story) { s.typeCode(); s.code = s.wrongCode(1) }, func(s *story) error {
		if err := s.verify(); reason(err) != "wrong_code" {
			return err
		}
		return nil
	}, func(s *story, t testing.TB) { require.Equal(t, 1, s.w.record(s.id).Factors[0].Fails) }},
	{"recovery", func(s *story) { s.typeCode(); s.code = s.codes[0] }, (*story).verify, func(s *story, t testing.TB) {
		require.Equal(t, 9, s.settings().RecoveryLeft)
	}},
	{"sign in with three", (*story).typeCode, func(s *story) error {
		v, err := s.w.a.Verify(s.ctx, s.login, twofactor.Answer{Codes: s.phone.Codes(3, s.w.clock.Now())})
		return s.signedIn(v, err)
	}, nil},
	{"a new password", nil, func(s *story) error { return s.w.a.PasswordChanged(s.ctx, s.id) }, nil},
	{"sign in at last", (*story).typeCode, (*story).verify, nil},
}

func (s *story) granted(g *twofactor.Grant, err error) error {
	if err == nil {
		s.grant = g.Token
	}
	return err
}

func (s *story) signedIn(v *twofactor.Verified, err error) error {
	if err == nil {
		s.session = v
	}
	return err
}

func (s *story) enrollOne() error {
	e, err := s.w.a.Enroll(s.ctx, s.session, s.grant, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: s.id})
	if err == nil {
		s.begun, s.second = e, scan(s.w, e.URI)
	}
	return err
}

func (s *story) typeNewApp() { s.code = s.second.Code(s.w.clock.Now()) }

func (s *story) confirmOne() error {
	c, err := s.w.a.Confirm(s.ctx, s.session, s.grant, s.begun.ID, s.code)
	if err != nil {
		return err
	}
	s.session, s.phone, s.factor = c.Session, s.second, c.Method.ID
	if len(c.RecoveryCodes) > 0 {
		s.codes = c.RecoveryCodes
	}
	return nil
}

// typeCode opens a login on the node that is well, and waits for a code.
func (s *story) typeCode() {
	o, err := s.w.b.Begin(s.ctx, twofactor.SignIn{UserID: s.id, Enrolled: true})
	require.NoError(s.w.t, err)
	s.w.clock.Advance(3 * step)
	s.login, s.code = o.(*twofactor.Pending).Token(), s.phone.Code(s.w.clock.Now())
}

func (s *story) verify() error {
	v, err := s.w.a.Verify(s.ctx, s.login, twofactor.Answer{Code: s.code})
	return s.signedIn(v, err)
}

// settings is the settings page of the node that is well.
func (s *story) settings() *twofactor.Status {
	s.w.t.Helper()
	st, err := s.w.b.Status(s.w.ctx(), s.id, "")
	require.NoError(s.w.t, err)
	return st
}

// checkGrant requires the grant that was handed out to be the one that is kept.
func (s *story) checkGrant(t testing.TB) {
	t.Helper()
	_, err := s.w.b.Enrollment(s.w.ctx(), s.session, s.grant, "none")
	refused(t, err, twofactor.ReasonExpired)
}

// checkEnrollment requires the secret that was shown to be the one that is kept.
func (s *story) checkEnrollment(t testing.TB) {
	t.Helper()
	e, err := s.w.b.Enrollment(s.w.ctx(), s.session, s.grant, s.begun.ID)
	require.NoError(t, err)
	require.Equal(t, s.begun.URI.Key.Secret.Base32(), e.URI.Key.Secret.Base32())
}

// checkCodes requires the recovery codes that were shown to be those that are kept.
func (s *story) checkCodes(t testing.TB) {
	t.Helper()
	r := s.w.record(s.id)
	set, err := r.Recovery.Set()
	require.NoError(t, err)
	for _, text := range s.codes {
		code, err := recovery.Parse(text)
		require.NoError(t, err)
		_, err = set.Spend(r.Key[:], code, s.w.clock.Now())
		require.NoError(t, err)
	}
	require.Len(t, s.codes, 10)
}

// kept is all that a fault must not cost anybody: their factors, the codes of
// those that were not used, and the recovery codes.
func (s *story) kept() string {
	r := new(record.Record)
	if _, err := s.w.tap.Store.Load(s.w.ctx(), storeKey(s.id)); err == nil {
		r = s.w.record(s.id)
	}
	var b strings.Builder
	for _, f := range r.Factors {
		fmt.Fprint(&b, f.ID, " ", f.TOTP.Last, " ", f.Disabled, ", ")
	}
	fmt.Fprint(&b, r.Off, " ", r.Recovery.Left)
	return b.String()
}

// newStory is about someone who has nothing yet.
func newStory(w *world) *story {
	w.t.Helper()
	return &story{
		person: &person{w: w, id: "alice", phone: new(twofactortest.Phone), session: w.begin("alice").(twofactor.Session)},
		after:  func(error) {},
	}
}

// tell plays the whole story with a fault at one call to the store, and reports
// whether it got that far.
func (s *story) tell(t testing.TB, at int, f fail) (reached bool) {
	w, calls := s.w, 0
	f(w.tap, func() bool {
		calls++
		reached = reached || calls == at
		return calls == at
	}, func() { s.cancel() })
	for _, scene := range scenes {
		s.ctx, s.cancel = context.WithCancel(t.Context())
		if scene.prepare != nil {
			scene.prepare(s)
		}
		err := s.again(t, scene)
		require.NoErrorf(t, err, "scene %q, fault at call %d: the person gave up", scene.name, at)
		if scene.check != nil {
			scene.check(s, t)
		}
		s.cancel()
		w.clock.Advance(time.Second)
	}
	return reached
}

// again acts until it is told yes, three times at most.
func (s *story) again(t testing.TB, scene scene) (err error) {
	for range 3 {
		before := s.kept()
		err = scene.act(s)
		s.after(err)
		if err == nil {
			return nil
		}
		require.Equalf(t, before, s.kept(), "scene %q cost something, though all that was said is %q", scene.name, err)
		if s.factor != "" || reason(err) != string(twofactor.ReasonGrantRequired) {
			// Of someone who never had a factor, a record that isn't found may just
			// not be there, and so there is no grant.
			require.NotErrorIsf(t, err, twofactor.ErrRejected, "scene %q", scene.name)
		}
		s.cancel()
		s.ctx, s.cancel = context.WithCancel(t.Context())
	}
	return err
}
