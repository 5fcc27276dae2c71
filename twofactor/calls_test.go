package twofactor_test

import (
	"github.com/latchkey-auth/latchkey/twofactor"
)

// calls are all ways to ask a service for something on behalf of someone who
// has an app, a session with a grant, and a pending login: with a right code,
// each of them says yes.
var calls = map[string]func(p *person, login, code string) error{
	"Begin": func(p *person, _, _ string) error {
		_, err := p.w.a.Begin(p.w.ctx(), twofactor.SignIn{UserID: p.id, Enrolled: true})
		return err
	},
	"Login": func(p *person, login, _ string) error {
		_, err := p.w.a.Login(p.w.ctx(), login)
		return err
	},
	"Verify": func(p *person, login, code string) error {
		_, err := p.answer(login, code)
		return err
	},
	"Verify with three": func(p *person, login, _ string) error {
		_, err := p.w.a.Verify(p.w.ctx(), login, twofactor.Answer{Codes: p.phone.Codes(3, p.w.clock.Now())})
		return err
	},
	"Verify with a recovery code": func(p *person, login, _ string) error {
		_, err := p.answer(login, p.codes[0])
		return err
	},
	"Cancel": func(p *person, login, _ string) error { return p.w.a.Cancel(p.w.ctx(), login) },
	"Grant": func(p *person, _, code string) error {
		_, err := p.w.a.Grant(p.w.ctx(), p.session, twofactor.Answer{Code: code})
		return err
	},
	"Enroll": func(p *person, _, _ string) error {
		_, err := p.w.a.Enroll(p.w.ctx(), p.session, p.grant, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: p.id})
		return err
	},
	"Rename": func(p *person, _, _ string) error {
		return p.w.a.Rename(p.w.ctx(), p.in(), p.grant, p.factor, "Phone")
	},
	"Remove":    func(p *person, _, _ string) error { return p.w.a.Remove(p.w.ctx(), p.in(), p.grant, p.factor) },
	"SwitchOff": func(p *person, _, _ string) error { return p.w.a.SwitchOff(p.w.ctx(), p.in(), p.grant) },
	"SwitchOn":  func(p *person, _, _ string) error { return p.w.a.SwitchOn(p.w.ctx(), p.in(), p.grant) },
	"NewRecoveryCodes": func(p *person, _, _ string) error {
		_, err := p.w.a.NewRecoveryCodes(p.w.ctx(), p.in(), p.grant)
		return err
	},
	"PasswordChanged": func(p *person, _, _ string) error { return p.w.a.PasswordChanged(p.w.ctx(), p.id) },
	"Status": func(p *person, _, _ string) error {
		_, err := p.w.a.Status(p.w.ctx(), p.id, "")
		return err
	},
	"Reset": func(p *person, _, _ string) error {
		return p.w.a.Reset(p.w.ctx(), p.in(), "bob", "lost")
	},
}
