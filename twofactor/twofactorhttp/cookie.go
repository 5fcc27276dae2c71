package twofactorhttp

import (
	"errors"
	"net/http"
	"time"
)

const (
	// maxAge is what browsers shorten every cookie's life to
	// (draft-ietf-httpbis-rfc6265bis, section 5.5).
	maxAge = 400 * 24 * time.Hour

	// maxCookie is how many octets of name and value browsers take (section 5.6).
	maxCookie = 4096
)

// A cookie is one of those that a Gate sets. All of them are built, read and
// deleted here and nowhere else.
type cookie struct {
	name string
	site http.SameSite
}

var (
	// Nobody has a reason to arrive from another site in the middle of a
	// sign-in, or with the permission to change factors.
	pendingCookie = cookie{"2fa-pending", http.SameSiteStrictMode}
	grantCookie   = cookie{"2fa-grant", http.SameSiteStrictMode}

	// These two are read when the password was right, which may be on the way
	// back from another site.
	browserCookie = cookie{"2fa-browser", http.SameSiteLaxMode}
	deviceCookie  = cookie{"2fa-device", http.SameSiteLaxMode}
)

// build returns a cookie that ends at a time. The end is relative in what is
// sent, so that a wrong clock in the browser changes nothing.
func (g *Gate) build(c cookie, value string, ends time.Time) (*http.Cookie, error) {
	life := min(ends.Sub(g.cfg.Now()), maxAge)
	out := &http.Cookie{
		Name: g.name(c), Value: value, Path: "/", HttpOnly: true,
		Secure: !g.cfg.InsecurePlainHTTP, SameSite: c.site,
		MaxAge: int((life + time.Second - 1) / time.Second),
	}
	if life <= 0 {
		// Zero would leave Max-Age out, and the cookie alive until the browser
		// is closed.
		out.Value, out.MaxAge = "", -1
	}
	if len(out.Name)+len(out.Value) > maxCookie {
		return nil, errors.New("twofactorhttp: a cookie would be too long")
	}
	if err := out.Valid(); err != nil {
		return nil, errors.New("twofactorhttp: a cookie has invalid characters") // the error has the value
	}
	return out, nil
}

// name is the cookie's name. Browsers take the prefix to mean: from https, from
// this host and no subdomain, for all of it (section 4.1.3.2). Where that can't
// be had, the name must differ: what was planted there never passes for this.
func (g *Gate) name(c cookie) string {
	if g.cfg.InsecurePlainHTTP {
		return c.name
	}
	return "__Host-" + c.name
}

// read returns the cookie's value, or the empty string. Of two cookies with the
// same name one was planted, and nothing tells which: that counts as none.
func (g *Gate) read(r *http.Request, c cookie) string {
	found := r.CookiesNamed(g.name(c))
	if len(found) != 1 || len(found[0].Name)+len(found[0].Value) > maxCookie {
		return ""
	}
	return found[0].Value
}

// forget deletes the cookie if the browser has it. It takes the same attributes
// as setting it, or the browser ignores it.
func (g *Gate) forget(w http.ResponseWriter, r *http.Request, c cookie) {
	if len(r.CookiesNamed(g.name(c))) == 0 {
		return
	}
	if gone, err := g.build(c, "", time.Time{}); err == nil {
		http.SetCookie(w, gone)
	}
}
