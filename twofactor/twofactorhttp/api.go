package twofactorhttp

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strings"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// APIConfig is what the handler of [Gate.API] needs beside its Gate.
type APIConfig struct {
	// Path is where the handler is mounted, with a slash at both ends, such as
	// "/2fa/". Required.
	Path string

	// CheckPassword returns nil if the password is the user's,
	// [twofactor.ErrWrongPassword] if it isn't, and anything else as a fault.
	// Required.
	CheckPassword func(ctx context.Context, user, password string) error

	// Account returns the name under which an authenticator app lists the
	// user's codes, such as the mail address that the user signs in with.
	// Required.
	Account func(ctx context.Context, user string) (string, error)
}

// api is the handler of the JSON contract.
type api struct {
	g   *Gate
	svc *twofactor.Service
	cfg APIConfig
	mux *http.ServeMux // the routes, and noRoute for everything else

	routed *http.ServeMux // the routes alone, which knows the methods of a path
}

// API returns the handler of the JSON contract: sign-in with a second factor and
// its settings, for any front end. Requests from other origins are refused,
// bodies are limited, and unknown fields are refused.
//
//	api, err := gate.API(twofactorhttp.APIConfig{Path: "/2fa/", …})
//	mux.Handle("/2fa/", api)
//
// The password itself is the app's: it calls [Gate.Begin], and the pending
// cookie leads on to the login routes here.
func (g *Gate) API(cfg APIConfig) (http.Handler, error) {
	switch {
	case !strings.HasPrefix(cfg.Path, "/") || !strings.HasSuffix(cfg.Path, "/"):
		return nil, errors.New("twofactorhttp: APIConfig.Path needs a slash at both ends")
	case !isClean(cfg.Path) || strings.ContainsAny(cfg.Path, "{} \t"):
		return nil, errors.New("twofactorhttp: APIConfig.Path is no plain path")
	case cfg.CheckPassword == nil:
		return nil, errors.New("twofactorhttp: APIConfig.CheckPassword is required")
	case cfg.Account == nil:
		return nil, errors.New("twofactorhttp: APIConfig.Account is required")
	}
	a := &api{g: g, svc: g.cfg.Service, cfg: cfg, mux: http.NewServeMux(), routed: http.NewServeMux()}
	a.mux.HandleFunc("/", a.noRoute)
	for _, r := range a.routes() {
		h := a.answer(r.handle)
		switch r.who {
		case anyone:
		case enrolling:
			h = g.requireOr(g.WriteError, h, func(twofactor.Session) error { return nil })
		case signedIn:
			h = g.requireOr(g.WriteError, h, verified)
		}
		a.mux.Handle(r.method+" "+cfg.Path+r.path, h)
		a.routed.Handle(r.method+" "+cfg.Path+r.path, h)
	}
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.writeProblem(w, problem{Type: problemType + "cross_origin", Title: "From another origin", Status: http.StatusForbidden})
	}))
	return guard.Handler(http.HandlerFunc(a.serve)), nil
}

// who may use a route.
type who int

const (
	anyone    who = iota // the pending cookie decides, where one is needed
	enrolling            // also a session that can only enroll
	signedIn
)

// A route is one line of the contract.
type route struct {
	method, path string
	who          who
	handle       func(w http.ResponseWriter, r *http.Request) error
}

func (a *api) routes() []route {
	return []route{
		{"GET", "login", anyone, a.login},
		{"POST", "login/send", anyone, a.loginSend},
		{"POST", "login/verify", anyone, a.loginVerify},
		{"POST", "login/lost-device", anyone, a.loginLostDevice},
		{"POST", "login/cancel", anyone, a.loginCancel},

		{"GET", "settings", enrolling, a.settings},
		{"POST", "grant", enrolling, a.grant},
		{"POST", "grant/send", enrolling, a.grantSend},

		{"POST", "enrollments", enrolling, a.enroll},
		{"GET", "enrollments/{id}/qr.png", enrolling, a.qrPNG},
		{"GET", "enrollments/{id}/qr.svg", enrolling, a.qrSVG},
		{"POST", "enrollments/{id}/send", enrolling, a.enrollSend},
		{"POST", "enrollments/{id}/confirm", enrolling, a.enrollConfirm},

		{"PUT", "phone", enrolling, a.setPhone},
		{"DELETE", "phone", enrolling, a.deletePhone},
		{"POST", "phone/send", enrolling, a.sendPhone},
		{"POST", "phone/verify", enrolling, a.verifyPhone},

		{"PATCH", "methods/{id}", signedIn, a.rename},
		{"DELETE", "methods/{id}", signedIn, a.remove},
		{"PUT", "enabled", signedIn, a.setEnabled},
		{"POST", "recovery-codes", signedIn, a.newCodes},
		{"DELETE", "devices/{id}", signedIn, a.revokeDevice},
		{"DELETE", "devices", signedIn, a.revokeDevices},
	}
}

// serve answers what no route is for with a problem as well, and not with a
// redirect to a cleaner path, which is no answer of the contract.
func (a *api) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !isClean(r.URL.Path) {
		a.refuse(w, http.StatusNotFound)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// noRoute answers a request that no route is for.
func (a *api) noRoute(w http.ResponseWriter, r *http.Request) {
	probe := &probe{header: make(http.Header), status: http.StatusNotFound}
	h, _ := a.routed.Handler(r)
	h.ServeHTTP(probe, r)
	if probe.status != http.StatusMethodNotAllowed {
		a.refuse(w, http.StatusNotFound)
		return
	}
	w.Header().Set("Allow", probe.header.Get("Allow"))
	a.refuse(w, http.StatusMethodNotAllowed)
}

func (a *api) refuse(w http.ResponseWriter, status int) {
	a.g.writeProblem(w, problem{Type: "about:blank", Title: http.StatusText(status), Status: status})
}

// isClean reports whether a mux would leave a path as it is.
func isClean(p string) bool {
	clean := path.Clean(p)
	return strings.HasPrefix(p, "/") && (p == clean || clean != "/" && p == clean+"/")
}

// A probe hears what the mux says of a request that it has no route for.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }

// answer turns the error of a handler, which has written nothing then, into a
// problem.
func (a *api) answer(handle func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if err := handle(w, r); err != nil {
			a.g.WriteError(w, r, err)
		}
	})
}
