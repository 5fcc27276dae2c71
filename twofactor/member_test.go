package twofactor_test

import (
	"context"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// A member has an account in a realm, and what they hold of its second factor.
type member struct {
	r       *realm
	id      string
	email   string
	mobile  string
	session twofactor.Session
	grant   string
	app     *twofactortest.Phone
	ids     map[twofactor.Kind]string // of the newest factor of each kind
	codes   []string                  // recovery codes
	browser string                    // the known-browser cookie
	device  string                    // the trusted-device cookie
}

// join makes an account with a mail address and a mobile number, signed in and
// with a fresh password.
func (r *realm) join(id, number string) *member {
	r.t.Helper()
	m := &member{r: r, id: id, email: id + "@example.com", mobile: number, ids: make(map[twofactor.Kind]string)}
	r.setProfile(id, func(p *twofactor.Profile) {
		p.Email, p.Phone, p.Region = m.email, number, "AU"
	})
	m.session = m.begin().(twofactor.Session)
	m.grantByPassword()
	return m
}

func (m *member) grantByPassword() {
	m.r.t.Helper()
	g, err := m.r.a.GrantWithPassword(m.r.ctx(), m.session, func(context.Context) error { return nil })
	require.NoError(m.r.t, err)
	m.grant = g.Token
}

// begin enters the right password, with the cookies that there are.
func (m *member) begin() twofactor.Outcome {
	m.r.t.Helper()
	o, err := m.r.a.Begin(m.r.ctx(), twofactor.SignIn{
		UserID: m.id, CredentialVersion: "1", KnownBrowser: m.browser, TrustedDevice: m.device,
	})
	require.NoError(m.r.t, err)
	return o
}

// login enters the right password and returns the pending login.
func (m *member) login() string {
	m.r.t.Helper()
	o := m.begin()
	require.IsType(m.r.t, (*twofactor.Pending)(nil), o)
	return o.(*twofactor.Pending).Token()
}

// enroll begins to set up a factor.
func (m *member) enroll(req twofactor.EnrollRequest) *twofactor.Enrollment {
	m.r.t.Helper()
	if req.Kind == twofactor.TOTP && req.Account == "" {
		req.Account = m.id
	}
	e, err := m.r.a.Enroll(m.r.ctx(), m.session, m.grant, req)
	require.NoError(m.r.t, err)
	return e
}

// setUp sets up a factor of a kind, to the last step.
func (m *member) setUp(kind twofactor.Kind) *twofactor.Confirmation {
	m.r.t.Helper()
	return m.finish(m.enroll(twofactor.EnrollRequest{Kind: kind}))
}

// finish enters the first code of an enrollment.
func (m *member) finish(e *twofactor.Enrollment) *twofactor.Confirmation {
	m.r.t.Helper()
	var code string
	switch e.Kind {
	case twofactor.TOTP:
		m.app = m.r.scan(e.URI)
		code = m.app.Code(m.r.clock.Now())
	case twofactor.SMS:
		code = m.r.read(m.mobile)
	case twofactor.Email:
		code = m.r.read(m.email)
	}
	c, err := m.r.a.Confirm(m.r.ctx(), m.session, m.grant, e.ID, code)
	require.NoError(m.r.t, err)
	m.took(c)
	return c
}

// took keeps what came of a confirmation.
func (m *member) took(c *twofactor.Confirmation) {
	m.ids[c.Method.Kind] = c.Method.ID
	m.grant = c.Grant.Token
	if c.Session != nil {
		m.session = c.Session
	}
	if c.RecoveryCodes != nil {
		m.codes = c.RecoveryCodes
	}
}

func (r *realm) scan(u totp.URI) *twofactortest.Phone {
	r.t.Helper()
	text, err := u.Encode()
	require.NoError(r.t, err)
	app, err := twofactortest.NewPhone(text)
	require.NoError(r.t, err)
	return app
}

// appCode waits until the app shows another code.
func (m *member) appCode() string {
	m.r.clock.Advance(30e9)
	return m.app.Code(m.r.clock.Now())
}

// send asks for a code in a pending login.
func (m *member) send(login string, kind twofactor.Kind) (*twofactor.Sent, error) {
	return m.r.a.Send(m.r.ctx(), login, m.ids[kind], twofactor.Client{})
}

// sent is send that has to succeed, and the code that arrived.
func (m *member) sent(login string, kind twofactor.Kind) string {
	m.r.t.Helper()
	_, err := m.send(login, kind)
	require.NoError(m.r.t, err)
	return m.r.read(m.to(kind))
}

func (m *member) to(kind twofactor.Kind) string {
	if kind == twofactor.SMS {
		return m.mobile
	}
	return m.email
}

// answer types a code into a pending login.
func (m *member) answer(login, code string) error {
	_, err := m.verify(login, twofactor.Answer{Code: code})
	return err
}

// verify answers a pending login, and keeps the session and its cookies.
func (m *member) verify(login string, a twofactor.Answer) (*twofactor.Verified, error) {
	v, err := m.r.a.Verify(m.r.ctx(), login, a)
	if err != nil {
		return nil, err
	}
	m.session, m.browser = v, v.Made().KnownBrowser
	if d := v.Made().Device; d != nil {
		m.device = d.Token
	}
	if g := v.Made().Grant; g != nil {
		m.grant = g.Token
	}
	return v, nil
}

// signIn goes all the way in with a code of a kind.
func (m *member) signIn(kind twofactor.Kind) *twofactor.Verified {
	m.r.t.Helper()
	login := m.login()
	var code string
	if kind == twofactor.TOTP {
		code = m.appCode()
	} else {
		code = m.sent(login, kind)
	}
	v, err := m.verify(login, twofactor.Answer{Method: m.ids[kind], Code: code})
	require.NoError(m.r.t, err)
	return v
}

// prove gets the session a fresh grant with a code of a kind.
func (m *member) prove(kind twofactor.Kind) {
	m.r.t.Helper()
	a := twofactor.Answer{Method: m.ids[kind]}
	if kind == twofactor.TOTP {
		a.Code = m.appCode()
	} else {
		_, err := m.r.a.SendForGrant(m.r.ctx(), m.session, m.ids[kind], twofactor.Client{})
		require.NoError(m.r.t, err)
		a.Code = m.r.read(m.to(kind))
	}
	g, err := m.r.a.Grant(m.r.ctx(), m.session, a)
	require.NoError(m.r.t, err)
	m.grant = g.Token
}

// status is what the settings page shows.
func (m *member) status() *twofactor.Status {
	m.r.t.Helper()
	s, err := m.r.a.Status(m.r.ctx(), m.id, m.device)
	require.NoError(m.r.t, err)
	return s
}

// page is what the code page shows.
func (m *member) page(login string) *twofactor.Login {
	m.r.t.Helper()
	l, err := m.r.a.Login(m.r.ctx(), login)
	require.NoError(m.r.t, err)
	return l
}

// full is the member's session if it is a sign-in, which managing factors takes.
func (m *member) full() *twofactor.Verified {
	m.r.t.Helper()
	v, ok := m.session.(*twofactor.Verified)
	require.True(m.r.t, ok, "signed in")
	return v
}
