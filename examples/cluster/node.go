package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

// nodeConfig is what a node has to know. It comes by standard input: a command
// line can be read by everybody on the machine.
type nodeConfig struct {
	Database, Name, Key string
}

// runNode serves the app until its input ends, as it does when the program that
// started it is gone. wrap stands between the app and its store.
func runNode(ctx context.Context, in io.Reader, out io.Writer, wrap func(twofactor.Store) twofactor.Store) error {
	var cfg nodeConfig
	if err := json.NewDecoder(in).Decode(&cfg); err != nil {
		return err
	}
	key, err := twofactor.ParseKey(cfg.Key)
	if err != nil {
		return err
	}
	db, err := open(ctx, cfg.Database, cfg.Name)
	if err != nil {
		return err
	}
	defer db.close()
	h, err := app(wrap(db.store), key)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
	}
	go func() {
		io.Copy(io.Discard, in)
		server.Close()
	}()
	fmt.Fprintln(out, "http://"+l.Addr().String())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// app is what every node serves. All that they share is the store and the key.
func app(store twofactor.Store, key twofactor.Key) (http.Handler, error) {
	service, err := twofactor.New(twofactor.Config{Store: store, Keys: []twofactor.Key{key}, Issuer: "Cluster"})
	if err != nil {
		return nil, err
	}
	sessions := scs.New() // with https: Cookie.Secure, and the name __Host-session
	sessions.Store = sessionStore{store}
	gate, err := twofactorhttp.New(twofactorhttp.Config{
		Service: service, Logger: slog.Default(),
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
	// The users of this app have passwords that can be told from their names. A
	// real one compares slow hashes, and they would be all that is seen here.
	check := func(_ context.Context, name, password string) error {
		if subtle.ConstantTimeCompare([]byte(password), []byte(passwordOf(name))) != 1 {
			return twofactor.ErrWrongPassword
		}
		return nil
	}
	api, err := gate.API(twofactorhttp.APIConfig{
		Path: "/2fa/", CheckPassword: check,
		Account: func(_ context.Context, user string) (string, error) { return user + "@example.com", nil },
	})
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.Handle("/2fa/", api)
	mux.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Name, Password string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, "a name and a password are needed", http.StatusBadRequest)
			return
		}
		if check(r.Context(), in.Name, in.Password) != nil {
			http.Error(w, "the name or the password is wrong", http.StatusForbidden)
			return
		}
		if _, err := gate.Begin(w, r, twofactor.SignIn{UserID: in.Name}); err != nil {
			gate.WriteError(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("GET /me", gate.RequireVerified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if err := json.NewEncoder(w).Encode(twofactorhttp.Verified(r).AMR()); err != nil {
			log.Print(err)
		}
	})))
	small := http.MaxBytesHandler(mux, 64<<10)
	return http.NewCrossOriginProtection().Handler(sessions.LoadAndSave(small)), nil
}

func passwordOf(name string) string { return name + "-demo-password" }
