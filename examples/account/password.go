package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

// changePassword gives the user who is signed in another password.
func (a *app) changePassword(w http.ResponseWriter, r *http.Request, old, new string) error {
	v, addr := twofactorhttp.Verified(r), a.clientAddr(r)
	if err := a.tries.take(addr); err != nil {
		return err
	}
	if err := a.users.checkID(r.Context(), v.UserID(), old); errors.Is(err, twofactor.ErrWrongPassword) {
		return userError{Field: "old", Text: "That is not your password."}
	} else if err != nil {
		return err
	}
	a.tries.back(addr)
	if err := a.passwordChanged(r.Context(), v.UserID(), new); err != nil {
		return err
	}
	return a.startSession(w, r, v) // this one goes on, with another id
}

// passwordChanged sets a password and ends all that rested on the one before:
// codes for another one, pending logins, the trust in devices, sessions. The
// second factor stays.
func (a *app) passwordChanged(ctx context.Context, id, password string) error {
	if err := a.users.setPassword(id, password); err != nil {
		return err
	}
	a.resets.forget(id)
	err := a.service.PasswordChanged(ctx, id)
	a.live.endAll(ctx, id) // last, for the logins that came in before that; and in any case
	return err
}

func (a *app) showPassword(w http.ResponseWriter, r *http.Request) error {
	return a.render(w, r, http.StatusOK, "password", "Change your password", nil)
}

func (a *app) postPassword(w http.ResponseWriter, r *http.Request) error {
	if err := a.changePassword(w, r, r.PostFormValue("old"), r.PostFormValue("new")); err != nil {
		return err
	}
	a.flash(r, flash{Text: "Your password was changed. All other devices are signed out."})
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
