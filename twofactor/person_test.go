package twofactor_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// A person has an account, and what they hold of its second factor.
type person struct {
	w       *world
	id      string
	session twofactor.Session
	grant   string // of the session
	phone   *twofactortest.Phone
	factor  string   // the id of the phone's app
	codes   []string // recovery codes

	begun  *twofactor.Enrollment // another app that is not proven yet
	second *twofactortest.Phone  // and the phone that has scanned it
}

// newcomer is a user without a second factor, signed in, with a fresh password.
func (w *world) newcomer(id string) *person {
	w.t.Helper()
	p := &person{w: w, id: id}
	p.session = w.begin(id).(twofactor.Session)
	g, err := w.a.GrantWithPassword(w.ctx(), p.session, rightPassword)
	require.NoError(w.t, err)
	p.grant = g.Token
	return p
}

// enrolled is a user with an authenticator app.
func (w *world) enrolled(id string) *person {
	w.t.Helper()
	p := w.newcomer(id)
	e, phone := p.enroll(twofactor.EnrollRequest{})
	c, err := p.confirm(e, phone.Code(w.clock.Now()))
	require.NoError(w.t, err)
	p.phone, p.factor, p.codes = phone, c.Method.ID, c.RecoveryCodes
	p.session = c.Session
	return p
}

// in is the person's session, which is a full one.
func (p *person) in() *twofactor.Verified {
	p.w.t.Helper()
	require.IsType(p.w.t, (*twofactor.Verified)(nil), p.session)
	return p.session.(*twofactor.Verified)
}

func rightPassword(context.Context) error { return nil }
func wrongPassword(context.Context) error { return twofactor.ErrWrongPassword }

// enroll begins to set up an authenticator app, and lets a phone scan it.
func (p *person) enroll(req twofactor.EnrollRequest) (*twofactor.Enrollment, *twofactortest.Phone) {
	p.w.t.Helper()
	req.Kind = twofactor.TOTP
	if req.Account == "" {
		req.Account = p.id
	}
	e, err := p.w.a.Enroll(p.w.ctx(), p.session, p.grant, req)
	require.NoError(p.w.t, err)
	return e, scan(p.w, e.URI)
}

func scan(w *world, u totp.URI) *twofactortest.Phone {
	w.t.Helper()
	text, err := u.Encode()
	require.NoError(w.t, err)
	phone, err := twofactortest.NewPhone(text)
	require.NoError(w.t, err)
	return phone
}

func (p *person) confirm(e *twofactor.Enrollment, code string) (*twofactor.Confirmation, error) {
	return p.w.a.Confirm(p.w.ctx(), p.session, p.grant, e.ID, code)
}

// newCode waits until the phone shows another code.
func (p *person) newCode() string {
	p.w.clock.Advance(step)
	return p.phone.Code(p.w.clock.Now())
}

// wrongCode is a code that is wrong now and for the next minutes. Different n
// give different codes.
func (p *person) wrongCode(n int) string {
	near := p.phone.Codes(20, p.w.clock.Now().Add(10*step))
	for i := range 1_000_000 {
		code := fmt.Sprintf("%06d", (i+n*7919)%1_000_000)
		if !slices.Contains(near, code) {
			return code
		}
	}
	panic("unreachable")
}

// login enters the right password and returns the pending login.
func (p *person) login() string { return p.loginFrom("") }

// loginFrom is login from a browser with a known-browser cookie.
func (p *person) loginFrom(browser string) string {
	p.w.t.Helper()
	o, err := p.w.a.Begin(p.w.ctx(), twofactor.SignIn{UserID: p.id, Enrolled: true, KnownBrowser: browser})
	require.NoError(p.w.t, err)
	require.IsType(p.w.t, (*twofactor.Pending)(nil), o)
	return o.(*twofactor.Pending).Token()
}

// answer types a code into a pending login on node a.
func (p *person) answer(login, code string) (*twofactor.Verified, error) {
	return p.w.a.Verify(p.w.ctx(), login, twofactor.Answer{Code: code})
}

// try opens a login and types a code into it.
func (p *person) try(code string) error {
	p.w.t.Helper()
	_, err := p.answer(p.login(), code)
	return err
}

// signIn goes all the way in with a new code, and keeps the session.
func (p *person) signIn() *twofactor.Verified {
	p.w.t.Helper()
	v, err := p.answer(p.login(), p.newCode())
	require.NoError(p.w.t, err)
	p.session = v
	return v
}

// prove gets the session a fresh grant.
func (p *person) prove() {
	p.w.t.Helper()
	g, err := p.w.a.Grant(p.w.ctx(), p.session, twofactor.Answer{Code: p.newCode()})
	require.NoError(p.w.t, err)
	p.grant = g.Token
}

// status is what the settings page shows.
func (p *person) status() *twofactor.Status {
	p.w.t.Helper()
	s, err := p.w.a.Status(p.w.ctx(), p.id, "")
	require.NoError(p.w.t, err)
	return s
}

// emptyBudget uses up the tries of everybody who comes from no known browser.
func (p *person) emptyBudget() {
	p.w.t.Helper()
	for n := range 10 {
		refused(p.w.t, p.try(p.wrongCode(n)), twofactor.ReasonWrongCode)
	}
	// Ten in a row have paused the app as well. Only the budget is meant.
	p.w.clock.Advance(31 * time.Minute)
}
