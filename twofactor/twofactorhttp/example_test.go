package twofactorhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

// The handlers of an app. A complete one is in examples/quickstart.
func Example() {
	svc, err := twofactor.New(twofactor.Config{
		Store: new(memory.Store), Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: "Example",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sessions := map[string]string{} // the app's, here without ids
	gate, err := twofactorhttp.New(twofactorhttp.Config{
		Service:      svc,
		SessionToken: func(*http.Request) string { return sessions["token"] },
		StartSession: func(_ http.ResponseWriter, _ *http.Request, s twofactor.Session) error {
			sessions["token"] = s.Token()
			return nil
		},
		InsecurePlainHTTP: true, // this is 127.0.0.1
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	mux := http.NewServeMux()
	mux.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) {
		// The app has checked the password.
		outcome, err := gate.Begin(w, r, twofactor.SignIn{UserID: "user-1"})
		if err != nil {
			gate.WriteError(w, r, err)
			return
		}
		if _, ok := outcome.(*twofactor.Pending); ok {
			http.Redirect(w, r, "/code", http.StatusSeeOther)
			return
		}
		http.Redirect(w, r, "/account", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /code", func(w http.ResponseWriter, r *http.Request) {
		if _, err := gate.Verify(w, r, twofactor.Answer{Code: r.FormValue("code")}); err != nil {
			gate.WriteError(w, r, err)
			return
		}
		http.Redirect(w, r, "/account", http.StatusSeeOther)
	})
	mux.Handle("GET /account", gate.RequireVerified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello,", twofactorhttp.Verified(r).UserID())
	})))
	server := httptest.NewServer(http.NewCrossOriginProtection().Handler(mux))
	defer server.Close()

	show := func(resp *http.Response, err error) {
		if err != nil {
			fmt.Println(err)
			return
		}
		defer resp.Body.Close()
		fmt.Println(resp.Request.Method, resp.Request.URL.Path, resp.StatusCode)
	}
	show(http.Get(server.URL + "/account"))
	show(http.Post(server.URL+"/code", "application/x-www-form-urlencoded", nil))
	show(http.Post(server.URL+"/sign-in", "", nil)) // and on to the account
	// Output:
	// GET /account 401
	// POST /code 401
	// GET /account 200
}

// A page for administrators asks for a second factor that was proven lately.
func ExampleGate_RequireFresh() {
	svc, err := twofactor.New(twofactor.Config{
		Store: new(memory.Store), Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: "Example",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	signedIn, err := svc.Begin(context.Background(), twofactor.SignIn{UserID: "user-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	gate, err := twofactorhttp.New(twofactorhttp.Config{
		Service:      svc,
		SessionToken: func(*http.Request) string { return signedIn.(*twofactor.Verified).Token() },
		StartSession: func(http.ResponseWriter, *http.Request, twofactor.Session) error { return nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "the page") })

	for _, h := range []http.Handler{gate.RequireVerified(page), gate.RequireFresh(5*time.Minute, page)} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/admin", nil))
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 200 the page
	// 403 {"type":"tag:latchkey-auth.github.io,2026:grant_required","title":"A fresh proof is needed","status":403,"reason":"grant_required"}
}

// The JSON contract, for any front end. Complete ones are in examples/spa and
// examples/chi.
func ExampleGate_API() {
	svc, err := twofactor.New(twofactor.Config{
		Store: new(memory.Store), Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: "Example",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	gate, err := twofactorhttp.New(twofactorhttp.Config{
		Service:      svc,
		SessionToken: func(*http.Request) string { return "" }, // nobody is signed in
		StartSession: func(http.ResponseWriter, *http.Request, twofactor.Session) error { return nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	api, err := gate.API(twofactorhttp.APIConfig{
		Path:          "/2fa/",
		CheckPassword: func(context.Context, string, string) error { return twofactor.ErrWrongPassword },
		Account:       func(context.Context, string) (string, error) { return "alice@example.com", nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/2fa/", api)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/2fa/settings", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	fmt.Print(w.Body)
	// Output:
	// 401 application/problem+json
	// {"type":"tag:latchkey-auth.github.io,2026:login_ended","title":"Sign in again","status":401,"reason":"login_ended"}
}
