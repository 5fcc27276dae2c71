package main

import (
	"context"
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

func main() { serve(handler(time.Now)) }

func handler(now func() time.Time) http.Handler {
	site, keys := newSite(), []twofactor.Key{twofactor.NewKey()}
	service := must(twofactor.New(twofactor.Config{Store: new(memory.Store), Keys: keys, Issuer: "Quickstart", Now: now}))
	gate := must(twofactorhttp.New(twofactorhttp.Config{
		Service: service, SessionToken: site.sessionToken, StartSession: site.startSession, Refuse: site.toSignIn,
		InsecurePlainHTTP: true, Now: now, // plain http on 127.0.0.1, and nowhere else
	}))
	site.signedOut = gate.SignOut

	site.form("/sign-in", anyone, func(w http.ResponseWriter, r *http.Request) (next string, err error) {
		id, err := site.checkPassword(r.FormValue("name"), r.FormValue("password"))
		if err != nil {
			return "", err
		}
		outcome, err := gate.Begin(w, r, twofactor.SignIn{UserID: id})
		if _, pending := outcome.(*twofactor.Pending); pending {
			return "/code", nil
		}
		return "/", err
	})
	site.form("/code", anyone, func(w http.ResponseWriter, r *http.Request) (next string, err error) {
		_, err = gate.Verify(w, r, twofactor.Answer{Code: r.FormValue("code")})
		return "/", err
	})
	site.form("/set-up", gate.RequireVerified, func(w http.ResponseWriter, r *http.Request) (next string, err error) {
		grant, err := gate.GrantWithPassword(w, r, func(context.Context) error { return site.confirmPassword(r) })
		if err != nil {
			return "", err
		}
		app := twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: site.name(r)}
		enrollment, err := service.Enroll(r.Context(), twofactorhttp.Verified(r), grant.Token, app)
		if err != nil {
			return "", err
		}
		return "/set-up/" + enrollment.ID, nil
	})
	site.page("GET /set-up/{id}", "scan", gate.RequireVerified, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return service.Enrollment(r.Context(), twofactorhttp.Verified(r), gate.GrantToken(r), r.PathValue("id"))
	})
	site.page("POST /set-up/{id}", "recovery-codes", gate.RequireVerified, func(w http.ResponseWriter, r *http.Request) (any, error) {
		return gate.Confirm(w, r, r.PathValue("id"), r.FormValue("code"))
	})
	site.page("GET /{$}", "home", gate.RequireVerified, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return service.Status(r.Context(), twofactorhttp.Verified(r).UserID(), gate.DeviceToken(r))
	})
	return site
}
