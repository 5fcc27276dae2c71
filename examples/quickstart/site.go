// Quickstart is a site with two-factor sign-in. What that takes is in main.go;
// this file is what a site has anyway: users, sessions, pages, a server.
package main

import (
	"context"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/latchkey-auth/latchkey/twofactor"
)

const (
	address  = "127.0.0.1:8080"
	userID   = "user-1" // never changes, unlike the name
	userName = "alice@example.com"
	password = "alice-demo-password"
)

//go:embed pages.html style.css
var files embed.FS

type site struct {
	http.Handler
	mux      *http.ServeMux
	sessions *scs.SessionManager
	pages    *template.Template

	signedOut func(http.ResponseWriter, *http.Request) error
}

func newSite() *site {
	s := &site{mux: http.NewServeMux(), sessions: scs.New()}
	s.sessions.Cookie.Name = "session" // with https: Secure, and the name __Host-session
	s.pages = template.Must(template.New("").Funcs(template.FuncMap{"qr": qr, "link": link}).ParseFS(files, "pages.html"))
	s.mux.Handle("GET /style.css", http.FileServerFS(files))
	s.mux.HandleFunc("POST /sign-out", func(w http.ResponseWriter, r *http.Request) {
		// The second factor first, which needs the session.
		if err := errors.Join(s.signedOut(w, r), s.sessions.Destroy(r.Context())); err != nil {
			s.fail(w, r, err)
			return
		}
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	})
	small := http.MaxBytesHandler(s.mux, 64<<10)
	s.Handler = http.NewCrossOriginProtection().Handler(s.sessions.LoadAndSave(small))
	return s
}

// serve runs until it is told to stop, or something goes wrong.
func serve(h http.Handler) {
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

// checkPassword returns the id of the user with a name and password. A site of
// its own would compare with a slow hash in its database.
func (s *site) checkPassword(name, pass string) (id string, err error) {
	if name != userName || subtle.ConstantTimeCompare([]byte(pass), []byte(password)) != 1 {
		return "", twofactor.ErrWrongPassword
	}
	return userID, nil
}

// confirmPassword checks the password of the user who is signed in.
func (s *site) confirmPassword(r *http.Request) error {
	_, err := s.checkPassword(s.name(r), r.FormValue("password"))
	return err
}

// name is what the user who is signed in is called.
func (s *site) name(r *http.Request) string { return s.sessions.GetString(r.Context(), "name") }

// sessionToken returns what startSession kept.
func (s *site) sessionToken(r *http.Request) string {
	return s.sessions.GetString(r.Context(), "2fa")
}

// startSession signs a user in: in a session with a new id, so that nobody can
// have planted it, and with nothing in it that was there before.
func (s *site) startSession(_ http.ResponseWriter, r *http.Request, session twofactor.Session) error {
	if err := s.sessions.Clear(r.Context()); err != nil {
		return err
	}
	if err := s.sessions.RenewToken(r.Context()); err != nil {
		return err
	}
	s.sessions.Put(r.Context(), "2fa", session.Token())
	s.sessions.Put(r.Context(), "name", userName)
	return nil
}

// toSignIn answers whoever isn't signed in.
func (s *site) toSignIn(w http.ResponseWriter, r *http.Request, _ error) {
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

// A guard is a middleware that says who may use a page.
type guard = func(http.Handler) http.Handler

func anyone(h http.Handler) http.Handler { return h }

// form serves a page with a form, and does what the form is for.
func (s *site) form(path string, may guard, do func(http.ResponseWriter, *http.Request) (next string, err error)) {
	s.page("GET "+path, path[1:], may, func(http.ResponseWriter, *http.Request) (any, error) { return nil, nil })
	s.mux.Handle("POST "+path, may(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next, err := do(w, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
	})))
}

// page serves a page with the data that get returns.
func (s *site) page(pattern, name string, may guard, get func(http.ResponseWriter, *http.Request) (any, error)) {
	s.mux.Handle(pattern, may(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := get(w, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		problem := r.URL.Query().Get("problem")
		err = s.pages.ExecuteTemplate(w, name, map[string]any{"Data": data, "Problem": problem, "Name": s.name(r)})
		if err != nil {
			log.Print(err)
		}
	})))
}

// fail leads back to where something can be done about a refusal. The page there
// has a sentence for each problem it knows.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	to, problem := "/", "wrong_password"
	no, refused := errors.AsType[*twofactor.RejectedError](err)
	switch {
	case refused:
		problem = string(no.Reason)
	case !errors.Is(err, twofactor.ErrWrongPassword):
		log.Print(err)
		http.Error(w, "Something went wrong here. Please try again later.", http.StatusInternalServerError)
		return
	}
	if problem == string(twofactor.ReasonLoginEnded) {
		to = "/sign-in"
	} else if r.Method == http.MethodPost {
		to = r.URL.EscapedPath() // or an id with slashes leads to another site
	}
	http.Redirect(w, r, to+"?problem="+problem, http.StatusSeeOther)
}

// qr is the QR code of an enrollment, to stand in the page as it is.
func qr(e *twofactor.Enrollment) (template.HTML, error) {
	code, err := e.URI.QR()
	if err != nil {
		return "", err
	}
	return template.HTML(code.SVG()), nil
}

// link opens the authenticator app on the device that shows the page.
func link(e *twofactor.Enrollment) (template.URL, error) {
	uri, err := e.URI.Encode()
	return template.URL(uri), err
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
