package twofactorhttp

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// Begin is [twofactor.Service.Begin] for a request: call it when the password
// was right, and only then. It reads the cookies of known browsers and trusted
// devices. A pending login goes into a cookie, and where the policy says so its
// code goes out at once: from then on [twofactor.Service.Login] tells what was
// sent. For anybody else the app's session is started.
//
// Like all that set cookies, it has to be called before anything is written to w.
func (g *Gate) Begin(w http.ResponseWriter, r *http.Request, in twofactor.SignIn) (twofactor.Outcome, error) {
	if err := g.check(r); err != nil {
		return nil, err
	}
	in.KnownBrowser, in.TrustedDevice = g.read(r, browserCookie), g.read(r, deviceCookie)
	outcome, err := g.cfg.Service.Begin(r.Context(), in)
	if err != nil {
		return nil, err
	}
	switch o := outcome.(type) {
	case *twofactor.Pending:
		var c *http.Cookie
		if c, err = g.build(pendingCookie, o.Token(), o.Login().Expires); err == nil {
			http.SetCookie(w, c)
		}
		if method := o.Login().SendNow; method != "" && err == nil {
			// A code that doesn't come can be asked for again: no reason to fail.
			_, _ = g.cfg.Service.Send(r.Context(), o.Token(), method, g.Client(r))
		}
	case *twofactor.Verified:
		err = g.enter(w, r, o, o.Made())
	case *twofactor.EnrollmentOnly:
		err = g.enter(w, r, o, o.Made())
	default:
		err = errors.New("twofactorhttp: unknown outcome")
	}
	if err != nil {
		return nil, err
	}
	return outcome, nil
}

// PendingToken returns the token of the pending login that the browser has, for
// methods of the Service such as [twofactor.Service.Login], or the empty string.
func (g *Gate) PendingToken(r *http.Request) string { return g.read(r, pendingCookie) }

// Verify is [twofactor.Service.Verify] for a request: it judges the answer for
// the pending login that the browser has. If the error is nil, and only then, the
// user is signed in and the app's session is started.
//
// It is started as well, for setting up a second factor and no more, where the
// error has [twofactor.ReasonEnrollmentRequired].
func (g *Gate) Verify(w http.ResponseWriter, r *http.Request, a twofactor.Answer) (*twofactor.Verified, error) {
	if err := g.check(r); err != nil {
		return nil, err
	}
	v, err := g.cfg.Service.Verify(r.Context(), g.PendingToken(r), a)
	if no, ok := errors.AsType[*twofactor.RejectedError](err); ok {
		switch {
		case no.Enrollment != nil:
			if err := g.enter(w, r, no.Enrollment, no.Enrollment.Made()); err != nil {
				return nil, err
			}
		case no.Reason == twofactor.ReasonLoginEnded:
			g.forget(w, r, pendingCookie)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := g.enter(w, r, v, v.Made()); err != nil {
		return nil, err
	}
	return v, nil
}

// Cancel is [twofactor.Service.Cancel] for a request: it ends the pending login
// that the browser has, if any.
func (g *Gate) Cancel(w http.ResponseWriter, r *http.Request) error {
	if err := g.cfg.Service.Cancel(r.Context(), g.PendingToken(r)); err != nil {
		return err
	}
	g.forget(w, r, pendingCookie)
	return nil
}

// SignOut tells the service that the session has ended, and deletes the cookies
// that belong to a sign-in. Where the policy ends the trust in a device with the
// sign-out, that cookie goes too, also on a page that was left open until the
// session had run out. Ending the session is up to the app.
func (g *Gate) SignOut(w http.ResponseWriter, r *http.Request) error {
	g.forget(w, r, pendingCookie)
	g.forget(w, r, grantCookie)
	if g.cfg.Service.EndsTrustAtSignOut() {
		g.forget(w, r, deviceCookie)
	}
	s, err := g.session(r)
	if err != nil {
		return nil // nobody was signed in
	}
	return g.cfg.Service.SignedOut(r.Context(), s, g.read(r, deviceCookie))
}

// DeviceToken returns the token of the trusted device that the browser is, for
// [twofactor.Service.Status], or the empty string.
func (g *Gate) DeviceToken(r *http.Request) string { return g.read(r, deviceCookie) }

// enter starts the app's session and hands out the cookies that go with it. All
// that can fail is done before the session is there.
func (g *Gate) enter(w http.ResponseWriter, r *http.Request, s twofactor.Session, made twofactor.Made) error {
	var cookies []*http.Cookie
	var errs []error
	add := func(c *http.Cookie, err error) {
		cookies, errs = append(cookies, c), append(errs, err)
	}
	if made.KnownBrowser != "" {
		add(g.build(browserCookie, made.KnownBrowser, g.cfg.Now().Add(maxAge)))
	}
	if d := made.Device; d != nil {
		add(g.build(deviceCookie, d.Token, d.Expires))
	}
	if p := made.Grant; p != nil {
		add(g.build(grantCookie, p.Token, p.Expires))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := g.cfg.StartSession(w, r, s); err != nil {
		return fmt.Errorf("twofactorhttp: starting the session: %w", err)
	}
	for _, c := range cookies {
		http.SetCookie(w, c)
	}
	g.forget(w, r, pendingCookie)
	return nil
}
