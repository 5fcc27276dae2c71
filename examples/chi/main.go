// Chi is an app on the router github.com/go-chi/chi with two-factor sign-in, for
// any front end that speaks JSON.
//
//	go run ./examples/chi
//
// It has one user, forgets everything when it ends, and speaks plain http on this
// machine alone.
package main

import (
	"context"
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
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
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

func main() {
	h, err := handler(time.Now, bcrypt.DefaultCost)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s  POST /sign-in {\"name\":%q,\"password\":%q}\n", address, userName, password)
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
		Store: new(memory.Store), Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: "Chi", Now: now,
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

	r := chi.NewRouter()
	r.Use(http.NewCrossOriginProtection().Handler, middleware.RequestSize(64<<10), sessions.LoadAndSave)
	r.Post("/sign-in", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Name, Password string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, "a name and a password are needed", http.StatusBadRequest)
			return
		}
		if check(r.Context(), userID, in.Password) != nil || in.Name != userName {
			http.Error(w, "the name or the password is wrong", http.StatusForbidden)
			return
		}
		outcome, err := gate.Begin(w, r, twofactor.SignIn{UserID: userID})
		if err != nil {
			gate.WriteError(w, r, err)
			return
		}
		_, pending := outcome.(*twofactor.Pending)
		answer(w, map[string]bool{"second_step": pending})
	})
	r.Handle("/2fa/*", api)
	r.Group(func(r chi.Router) { // all that isn't for everybody
		r.Use(gate.RequireVerified)
		r.Get("/me", func(w http.ResponseWriter, r *http.Request) {
			v := twofactorhttp.Verified(r)
			answer(w, map[string]any{"user": v.UserID(), "amr": v.AMR()})
		})
		r.Post("/sign-out", func(w http.ResponseWriter, r *http.Request) {
			if err := errors.Join(gate.SignOut(w, r), sessions.Destroy(r.Context())); err != nil {
				gate.WriteError(w, r, err)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		})
	})
	return r, nil
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Print(err)
	}
}
