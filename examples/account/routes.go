package main

import (
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

// who may use a route.
type who int

const (
	signedIn       who = iota // the zero value: a route that says nothing is closed
	enrolling                 // also those who have to set up a second factor first
	administrators            // signed in, and an administrator
	freshAdmins               // with a second factor proven just now
	anyone                    // also those whose login waits for its code
)

// fresh is how old the proof of a freshAdmin may be.
const fresh = 5 * time.Minute

// A route is one thing that the app answers. There are no others: a handler that
// isn't in this table can't be reached, and one that is has a guard.
type route struct {
	pattern string
	who     who
	handle  func(w http.ResponseWriter, r *http.Request) error
}

func (a *app) routes() []route {
	all := []route{
		{"GET /{$}", signedIn, a.home},
		{"GET /style.css", anyone, a.static},
		{"GET /icon.svg", anyone, a.static},

		{"GET /sign-in", anyone, a.showSignIn},
		{"POST /sign-in", anyone, a.postSignIn},
		{"POST /sign-out", anyone, a.postSignOut},
		{"GET /second-step", anyone, a.showSecondStep},
		{"POST /second-step", anyone, a.postSecondStep},
		{"POST /second-step/send", anyone, a.postSend},
		{"POST /second-step/lost-device", anyone, a.postLostDevice},
		{"POST /second-step/cancel", anyone, a.postCancel},

		{"GET /forgot-password", anyone, a.showForgot},
		{"POST /forgot-password", anyone, a.postForgot},
		{"GET /reset-password", anyone, a.showReset},
		{"POST /reset-password", anyone, a.postReset},
		{"GET /password", signedIn, a.showPassword},
		{"POST /password", signedIn, a.postPassword},

		{"GET /settings", enrolling, a.showSettings},
		{"POST /settings/grant", enrolling, a.postGrant},
		{"POST /settings/grant/send", enrolling, a.postGrantSend},
		{"POST /settings/enrollments", enrolling, a.postEnroll},
		{"GET /settings/enrollments/{id}", enrolling, a.showEnrollment},
		{"POST /settings/enrollments/{id}/send", enrolling, a.postEnrollSend},
		{"POST /settings/enrollments/{id}/confirm", enrolling, a.postConfirm},
		{"POST /settings/phone", enrolling, a.postPhone},
		{"POST /settings/phone/send", enrolling, a.postPhoneSend},
		{"POST /settings/phone/verify", enrolling, a.postPhoneVerify},
		{"POST /settings/phone/delete", enrolling, a.postPhoneDelete},
		{"POST /settings/recovery-codes/text", enrolling, a.postCodesText},
		{"POST /settings/recovery-codes", signedIn, a.postNewCodes},
		{"POST /settings/methods/{id}/rename", signedIn, a.postRename},
		{"POST /settings/methods/{id}/remove", signedIn, a.postRemove},
		{"POST /settings/enabled", signedIn, a.postEnabled},
		{"POST /settings/devices/{id}/revoke", signedIn, a.postRevoke},
		{"POST /settings/devices/revoke", signedIn, a.postRevokeAll},

		{"GET /admin", administrators, a.showAdmin},
		{"POST /admin/reset", freshAdmins, a.postAdminReset},

		{"POST /api/sign-in", anyone, a.apiSignIn},
		{"POST /api/sign-out", anyone, a.apiSignOut},
		{"GET /api/me", signedIn, a.apiMe},
		{"POST /api/password", signedIn, a.apiPassword},
		{"POST /api/admin/reset", freshAdmins, a.apiAdminReset},
		{"/2fa/", anyone, a.contract}, // it has guards of its own
	}
	if a.outbox {
		all = append(all,
			route{"GET /outbox", anyone, here(a.showOutbox)},
			route{"GET /outbox.json", anyone, here(a.outboxJSON)})
	}
	return all
}

func (a *app) mux() http.Handler {
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		mux.Handle(r.pattern, a.guard(r.who, a.answer(r.handle)))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			w = noRoute{w, a, r}
		}
		mux.ServeHTTP(w, r)
	})
}

// noRoute says in the app's own words what the mux says of a request that no
// route is for. The header, with the methods that there are, is the mux's.
type noRoute struct {
	http.ResponseWriter
	a *app
	r *http.Request
}

func (n noRoute) WriteHeader(status int) {
	if status < 400 { // to a cleaner path
		n.ResponseWriter.WriteHeader(status)
		return
	}
	n.a.fail(n.ResponseWriter, n.r, noRouteError(status))
}

func (n noRoute) Write(b []byte) (int, error) { return len(b), nil }

// guard lets those through to a handler who may use it.
func (a *app) guard(who who, next http.Handler) http.Handler {
	switch who {
	case anyone:
		return next
	case enrolling:
		return a.gate.RequireSession(next)
	case administrators:
		return a.gate.RequireVerified(a.requireAdmin(next))
	case freshAdmins:
		return a.gate.RequireVerified(a.requireAdmin(a.gate.RequireFresh(fresh, next)))
	}
	return a.gate.RequireVerified(next)
}

func (a *app) requireAdmin(next http.Handler) http.Handler {
	return a.answer(func(w http.ResponseWriter, r *http.Request) error {
		u, err := a.users.byUserID(twofactorhttp.Verified(r).UserID())
		if err != nil {
			return err
		}
		if !u.admin {
			return errForbidden
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// answer makes a handler of a function, whose error has an answer of its own.
func (a *app) answer(handle func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

func (a *app) contract(w http.ResponseWriter, r *http.Request) error {
	a.api.ServeHTTP(w, r)
	return nil
}
