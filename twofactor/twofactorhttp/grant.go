package twofactorhttp

import (
	"context"
	"net/http"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// GrantToken returns the token of the grant that the browser has, for the
// methods of the Service that change factors, or the empty string.
func (g *Gate) GrantToken(r *http.Request) string { return g.read(r, grantCookie) }

// Grant is [twofactor.Service.Grant] for a request: it takes a code of a second
// factor for the permission to change factors, and keeps that in a cookie.
func (g *Gate) Grant(w http.ResponseWriter, r *http.Request, a twofactor.Answer) (*twofactor.Grant, error) {
	return g.grant(w, r, func(s twofactor.Session) (*twofactor.Grant, error) {
		return g.cfg.Service.Grant(r.Context(), s, a)
	})
}

// GrantWithPassword is [twofactor.Service.GrantWithPassword] for a request: it
// takes the password of someone without a second factor.
func (g *Gate) GrantWithPassword(w http.ResponseWriter, r *http.Request, check func(context.Context) error) (*twofactor.Grant, error) {
	return g.grant(w, r, func(s twofactor.Session) (*twofactor.Grant, error) {
		return g.cfg.Service.GrantWithPassword(r.Context(), s, check)
	})
}

func (g *Gate) grant(w http.ResponseWriter, r *http.Request, prove func(twofactor.Session) (*twofactor.Grant, error)) (*twofactor.Grant, error) {
	if err := g.check(r); err != nil {
		return nil, err
	}
	s, err := g.session(r)
	if err != nil {
		return nil, err
	}
	p, err := prove(s)
	if err != nil {
		return nil, err
	}
	if err := g.keepGrant(w, p); err != nil {
		return nil, err
	}
	return p, nil
}

// keepGrant hands out the cookie of a grant.
func (g *Gate) keepGrant(w http.ResponseWriter, p *twofactor.Grant) error {
	c, err := g.build(grantCookie, p.Token, p.Expires)
	if err != nil {
		return err
	}
	http.SetCookie(w, c)
	return nil
}

// Enroll is [twofactor.Service.Enroll] for a request. Where the factor needs no
// code and counts at once, it starts the session anew, as [Gate.Confirm] does.
func (g *Gate) Enroll(w http.ResponseWriter, r *http.Request, req twofactor.EnrollRequest) (*twofactor.Enrollment, error) {
	if err := g.check(r); err != nil {
		return nil, err
	}
	s, err := g.session(r)
	if err != nil {
		return nil, err
	}
	e, err := g.cfg.Service.Enroll(r.Context(), s, g.GrantToken(r), req)
	if err != nil || e.Done == nil {
		return e, err
	}
	if e.Done.Session == nil {
		return e, nil // a session that can only enroll stays one: nothing was proven
	}
	return e, g.enter(w, r, e.Done.Session, twofactor.Made{Grant: &e.Done.Grant})
}

// Confirm is [twofactor.Service.Confirm] for a request: it proves an enrollment
// with its first code, starts the app's session anew for what it now rests on,
// and renews the grant. The session goes on as it is where the Confirmation has no
// other: an address that is for recovery only is nothing to rest on.
//
// If only the session can't be started, the factor counts all the same; the
// recovery codes that came with it are lost, and the user can make new ones.
func (g *Gate) Confirm(w http.ResponseWriter, r *http.Request, id, code string) (*twofactor.Confirmation, error) {
	if err := g.check(r); err != nil {
		return nil, err
	}
	s, err := g.session(r)
	if err != nil {
		return nil, err
	}
	c, err := g.cfg.Service.Confirm(r.Context(), s, g.GrantToken(r), id, code)
	if err != nil {
		return nil, err
	}
	if c.Session == nil { // which as a Session would not be nil
		err = g.keepGrant(w, &c.Grant)
	} else {
		err = g.enter(w, r, c.Session, twofactor.Made{Grant: &c.Grant})
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}
