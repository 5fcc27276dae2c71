package twofactorhttp

import (
	"errors"
	"net/http"
	"slices"
	"strings"
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
	name string // with the prefix __Host-, see Gate.name
	site http.SameSite
}

const hostPrefix = "__Host-"

var (
	// Nobody has a reason to arrive from another site in the middle of a
	// sign-in, or with the permission to change factors.
	pendingCookie = cookie{hostPrefix + "2fa-pending", http.SameSiteStrictMode}
	grantCookie   = cookie{hostPrefix + "2fa-grant", http.SameSiteStrictMode}

	// These two are read when the password was right, which may be on the way
	// back from another site.
	browserCookie = cookie{hostPrefix + "2fa-browser", http.SameSiteLaxMode}
	deviceCookie  = cookie{hostPrefix + "2fa-device", http.SameSiteLaxMode}
)

// build returns a cookie that ends at a time. The end is relative in what is
// sent, so that a wrong clock in the browser changes nothing.
func (g *Gate) build(c cookie, value string, ends time.Time) (*http.Cookie, error) {
	life := min(ends.Sub(g.cfg.Now()), maxAge)
	if life <= 0 {
		// Max-Age zero means none at all to net/http, and the cookie would live
		// until the browser is closed.
		return nil, errors.New("twofactorhttp: a cookie would be over already: is Config.Now the clock of the Service?")
	}
	out := g.shape(c, value, int((life+time.Second-1)/time.Second))
	if len(out.Name)+len(out.Value) > maxCookie {
		return nil, errors.New("twofactorhttp: a cookie would be too long")
	}
	if err := out.Valid(); err != nil {
		return nil, errors.New("twofactorhttp: a cookie has invalid characters") // the error has the value
	}
	return out, nil
}

// shape is what the cookie looks like whenever it is set, also when it is
// deleted: without the same attributes, browsers ignore that.
func (g *Gate) shape(c cookie, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: g.name(c), Value: value, Path: "/", MaxAge: seconds,
		Secure: !g.cfg.InsecurePlainHTTP, HttpOnly: true, SameSite: c.site,
	}
}

// name is the cookie's name. Browsers take the prefix to mean: from https, from
// this host and no subdomain, for all of it (section 4.1.3.2). Where that can't
// be had, the name must differ: what was planted there never passes for this.
func (g *Gate) name(c cookie) string {
	if g.cfg.InsecurePlainHTTP {
		return c.name[len(hostPrefix):]
	}
	return c.name
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

// forget deletes the cookie if the browser has it. Anything that mentions it will
// do: deleting what isn't there costs nothing, and so goes one that is malformed.
func (g *Gate) forget(w http.ResponseWriter, r *http.Request, c cookie) {
	mentioned := func(line string) bool { return strings.Contains(line, g.name(c)) }
	if slices.ContainsFunc(r.Header["Cookie"], mentioned) {
		http.SetCookie(w, g.shape(c, "", -1))
	}
}
