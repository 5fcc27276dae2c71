package main

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// What a right password leads to.
const (
	statusSignedIn           = "signed_in"
	statusSecondFactor       = "second_factor"
	statusEnrollmentRequired = "enrollment_required"
)

// signIn checks the password and lets the gate decide what comes next. It is the
// one place where a sign-in begins, for pages and apps alike.
func (a *app) signIn(w http.ResponseWriter, r *http.Request, email, password string) (status string, err error) {
	addr := a.clientAddr(r)
	if err := a.tries.take(addr); err != nil {
		return "", err
	}
	u, err := a.users.check(email, password)
	if err != nil {
		return "", err
	}
	a.tries.back(addr)
	enrolled, err := a.notes.enrolled(r.Context(), u.id)
	if err != nil {
		return "", err
	}
	a.endSession(r) // whoever was signed in here isn't any more
	outcome, err := a.gate.Begin(w, r, twofactor.SignIn{
		UserID: u.id, Enrolled: enrolled, CredentialVersion: u.credential(),
	})
	if err != nil {
		return "", err
	}
	if now, err := a.users.byUserID(u.id); err != nil || now.version != u.version {
		a.endSession(r) // the pending login rests on a password that was changed in between
		w.Header().Del("Set-Cookie")
		return "", twofactor.ErrWrongPassword
	}
	switch outcome.(type) {
	case *twofactor.Verified:
		return statusSignedIn, nil
	case *twofactor.Pending:
		return statusSecondFactor, nil
	case *twofactor.EnrollmentOnly:
		return statusEnrollmentRequired, nil
	}
	return "", errors.New("an outcome that is none")
}

// signOut ends the session and tells the second factor, which may end the trust
// in this device.
func (a *app) signOut(w http.ResponseWriter, r *http.Request) error {
	err := a.gate.SignOut(w, r) // needs the session
	a.endSession(r)
	return errors.Join(err, a.sessions.Destroy(r.Context()))
}

func (a *app) showSignIn(w http.ResponseWriter, r *http.Request) error {
	return a.renderSignIn(w, r, http.StatusOK, "", signInNotes[r.URL.Query().Get("note")])
}

// signInNotes are what can be said above the form. The address of the page says
// which: those who get there have no session to keep it in.
var signInNotes = map[string]flash{
	"ended":    {Text: "Please sign in."},
	"password": {Text: "Your password was changed. Sign in with the new one."},
	"out":      {Text: "You are signed out."},
}

func (a *app) renderSignIn(w http.ResponseWriter, r *http.Request, status int, email string, f flash) error {
	p := a.page(r, "Sign in", email)
	p.Flash = &f
	return a.pages.write(w, status, "sign-in", p)
}

func (a *app) postSignIn(w http.ResponseWriter, r *http.Request) error {
	status, err := a.signIn(w, r, r.PostFormValue("user"), r.PostFormValue("password"))
	if err == nil {
		to := map[string]string{statusSignedIn: "/", statusSecondFactor: "/second-step", statusEnrollmentRequired: "/settings"}[status]
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	no, refused := errors.AsType[*twofactor.RejectedError](err)
	switch {
	case errors.Is(err, twofactor.ErrWrongPassword):
		return a.renderSignIn(w, r, http.StatusUnauthorized, r.PostFormValue("user"),
			flash{Text: "The mail address or the password is wrong.", Field: "password", Bad: true})
	case refused && no.Reason == twofactor.ReasonPaused:
		wait := no.RetryAt.Sub(a.now()) // rounded up: whoever comes back in time must not be too early
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		return a.renderSignIn(w, r, http.StatusTooManyRequests, r.PostFormValue("user"), flash{
			Text: "There were too many wrong passwords. Please try again " + a.pages.in(no.RetryAt) + ".", Field: "password", Bad: true,
		})
	}
	return err
}

func (a *app) postSignOut(w http.ResponseWriter, r *http.Request) error {
	if err := a.signOut(w, r); err != nil {
		return err
	}
	http.Redirect(w, r, "/sign-in?note=out", http.StatusSeeOther)
	return nil
}
