// Spa is a single-page app with two-factor sign-in: a page (index.html), a script
// that knows nothing but the JSON contract (app.js), and this server.
//
//	go run ./examples/spa
//
// It has one user, forgets everything when it ends, and speaks plain http on this
// machine alone.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"golang.org/x/crypto/bcrypt"
)

const (
	address  = "127.0.0.1:8080"
	userID   = "user-1" // never changes, unlike the name
	userName = "alice@example.com"
	password = "alice-demo-password"
)

// policy lets no script run but the one that this server has, and nobody put the
// page into a frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

//go:embed index.html app.js style.css icon.svg
var files embed.FS

func main() {
	h, err := handler(time.Now, bcrypt.DefaultCost)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s  sign in as %s with %s\n", address, userName, password)
	server := &http.Server{
		Addr: address, Handler: h,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	stopping, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	done := make(chan error, 1)
	// What is under way is finished first; the timeouts above bound that.
	context.AfterFunc(stopping, func() { done <- server.Shutdown(context.Background()) })
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	if err := <-done; err != nil {
		log.Fatal(err)
	}
}

func handler(now func() time.Time, passwordCost int) (http.Handler, error) {
	service, err := twofactor.New(twofactor.Config{
		Store: new(memory.Store), Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: "Single page", Now: now,
	})
	if err != nil {
		return nil, err
	}
	sessions := scs.New() // with https: Cookie.Secure, and the name __Host-session
	gate, err := twofactorhttp.New(twofactorhttp.Config{
		Service: service, Now: now,
		InsecurePlainHTTP: true, // on 127.0.0.1, and nowhere else
		SessionToken:      func(r *http.Request) string { return sessions.GetString(r.Context(), "2fa") },
		StartSession: func(_ http.ResponseWriter, r *http.Request, s twofactor.Session) error {
			if err := errors.Join(sessions.Clear(r.Context()), sessions.RenewToken(r.Context())); err != nil {
				return err // with nothing in it: the id may be one that somebody planted
			}
			sessions.Put(r.Context(), "2fa", s.Token())
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), passwordCost)
	if err != nil {
		return nil, err
	}
	check := func(_ context.Context, _, password string) error {
		if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil {
			return twofactor.ErrWrongPassword
		}
		return nil
	}
	api, err := gate.API(twofactorhttp.APIConfig{
		Path: "/2fa/", CheckPassword: check,
		Account: func(context.Context, string) (string, error) { return userName, nil },
	})
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	for _, path := range []string{"/{$}", "/app.js", "/style.css", "/icon.svg"} {
		mux.Handle("GET "+path, static())
	}
	mux.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Name, Password string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			problem(w, http.StatusBadRequest, "A name and a password are needed")
			return
		}
		if check(r.Context(), userID, in.Password) != nil || in.Name != userName {
			problem(w, http.StatusForbidden, "The name or the password is wrong")
			return
		}
		outcome, err := gate.Begin(w, r, twofactor.SignIn{UserID: userID})
		if err != nil {
			gate.WriteError(w, r, err)
			return
		}
		_, pending := outcome.(*twofactor.Pending)
		answer(w, "application/json", http.StatusOK, map[string]bool{"second_step": pending})
	})
	mux.HandleFunc("POST /sign-out", func(w http.ResponseWriter, r *http.Request) {
		if err := errors.Join(gate.SignOut(w, r), sessions.Destroy(r.Context())); err != nil {
			gate.WriteError(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/2fa/", api)
	small := http.MaxBytesHandler(mux, 64<<10)
	return http.NewCrossOriginProtection().Handler(sessions.LoadAndSave(small)), nil
}

func static() http.Handler {
	serve := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		serve.ServeHTTP(w, r)
	})
}

func problem(w http.ResponseWriter, status int, title string) {
	answer(w, "application/problem+json", status, map[string]any{"title": title, "status": status})
}

func answer(w http.ResponseWriter, kind string, status int, v any) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Print(err)
	}
}
