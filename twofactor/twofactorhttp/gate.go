package twofactorhttp

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// ErrPlainHTTP says that a request came over plain http. Cookies that are safe
// to hand out don't survive that, so nothing is begun: serve https, or say in
// the [Config] who does.
var ErrPlainHTTP = errors.New("twofactorhttp: a sign-in over plain http: " +
	"set Config.BehindTLSProxy if a proxy speaks https with the browser, " +
	"or Config.InsecurePlainHTTP to try things out on this machine")

// Config is what a [Gate] is made of. [New] checks and copies it.
type Config struct {
	// Service decides. Required.
	Service *twofactor.Service

	// SessionToken returns what StartSession kept in the app's own session, or
	// the empty string. Required.
	SessionToken func(*http.Request) string

	// StartSession starts the app's session of someone who got past the
	// sign-in, and keeps s.Token() in it, on the server. The session must get a
	// new id, or whoever planted the old one is signed in too (session
	// fixation), and must hold nothing of another user. It is called again when
	// the user has proven a new factor. Store nothing when you return an error:
	// it means that nobody is signed in, but many session managers save what a
	// session holds whatever was answered. Required.
	StartSession func(w http.ResponseWriter, r *http.Request, s twofactor.Session) error

	// Refuse answers the requests that a Require method turns away, such as by
	// redirecting to the page for signing in. The error is one of
	// [twofactor.RejectedError]: with [twofactor.ReasonLoginEnded] nobody is
	// signed in, with [twofactor.ReasonEnrollmentRequired] a second factor has
	// to be set up first, with [twofactor.ReasonGrantRequired] it has to be
	// proven again. The default is [Gate.WriteError].
	Refuse func(http.ResponseWriter, *http.Request, error)

	// ClientAddr returns where a request comes from, for the limits on what is
	// sent. The default is the peer's address. Behind a proxy that is the
	// proxy's: return what its header says there, and no other's.
	ClientAddr func(*http.Request) netip.Addr

	// BehindTLSProxy says that a proxy before this process speaks https with
	// the browsers and is the only one who can reach it. It is a setting because
	// a header that says so can come from anybody.
	BehindTLSProxy bool

	// InsecurePlainHTTP is for trying things out without https: it takes the
	// protection from all cookies, which then have other names. Only requests
	// from this machine to its own names (localhost, 127.0.0.1, [::1]) are
	// served, and none that a proxy or another site's page has a hand in.
	InsecurePlainHTTP bool

	// Now is the clock, the same as that of the Service. The default is time.Now.
	Now func() time.Time

	// Logger gets the faults that [Gate.WriteError] keeps to itself. The default
	// discards them.
	Logger *slog.Logger
}

// A Gate keeps the tokens of a sign-in in cookies and in the app's session, and
// lets nobody through who isn't done. It is safe for concurrent use.
type Gate struct {
	cfg Config
}

// New returns a Gate, or an error that says what is missing or contradicts
// itself.
func New(cfg Config) (*Gate, error) {
	switch {
	case cfg.Service == nil:
		return nil, errors.New("twofactorhttp: Config.Service is required")
	case cfg.SessionToken == nil:
		return nil, errors.New("twofactorhttp: Config.SessionToken is required")
	case cfg.StartSession == nil:
		return nil, errors.New("twofactorhttp: Config.StartSession is required")
	case cfg.BehindTLSProxy && cfg.InsecurePlainHTTP:
		return nil, errors.New("twofactorhttp: Config.BehindTLSProxy and Config.InsecurePlainHTTP contradict each other")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.ClientAddr == nil {
		cfg.ClientAddr = peer
	}
	g := &Gate{cfg: cfg}
	if g.cfg.Refuse == nil {
		g.cfg.Refuse = g.WriteError
	}
	return g, nil
}

// check returns nil if cookies that are set in answer to r are safe, or at least
// go nowhere. It comes first wherever any are set: a code that was spent for a
// cookie that the browser drops would be lost.
func (g *Gate) check(r *http.Request) error {
	switch {
	case g.cfg.InsecurePlainHTTP && local(r):
		return nil
	case g.cfg.InsecurePlainHTTP:
		return fmt.Errorf("%w: InsecurePlainHTTP serves nothing but this machine", ErrPlainHTTP)
	case r.TLS == nil && !g.cfg.BehindTLSProxy:
		return ErrPlainHTTP
	}
	return nil
}

// local reports whether a request was made on this machine, as far as can be
// seen: a switch that was left on in production shows at the first sign-in. The
// Host header alone says little, since a proxy may send its own name for this
// process there (nginx does by default). Then the peer, or what the proxy or the
// browser adds, speaks of elsewhere.
func local(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if len(r.Header.Values(name)) > 0 {
			return false
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		if u, err := url.Parse(origin); origin != "null" && (err != nil || !loopback(u.Host)) {
			return false
		}
	}
	return loopback(r.Host) && peer(r).Unmap().IsLoopback()
}

// loopback reports whether a host, with a port or without, is this machine.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

// Client is where a request comes from, for the methods of the Service that send.
func (g *Gate) Client(r *http.Request) twofactor.Client {
	return twofactor.Client{Addr: g.cfg.ClientAddr(r), Locale: r.Header.Get("Accept-Language")}
}

func peer(r *http.Request) netip.Addr {
	p, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr()
}

// session returns the app's session of a request.
func (g *Gate) session(r *http.Request) (twofactor.Session, error) {
	return g.cfg.Service.Resume(g.cfg.SessionToken(r))
}
