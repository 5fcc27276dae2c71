package main

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

func (a *app) apiSignIn(w http.ResponseWriter, r *http.Request) error {
	var user, password string
	if err := readJSON(r, map[string]*string{"user": &user, "password": &password}); err != nil {
		return err
	}
	status, err := a.signIn(w, r, user, password)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": status})
}

func (a *app) apiSignOut(w http.ResponseWriter, r *http.Request) error {
	if err := a.signOut(w, r); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *app) apiMe(w http.ResponseWriter, r *http.Request) error {
	v := twofactorhttp.Verified(r)
	u, err := a.users.byUserID(v.UserID())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		User  string   `json:"user"`
		Admin bool     `json:"admin"`
		AMR   []string `json:"amr"`
		Basis string   `json:"basis"`
	}{u.email, u.admin, v.AMR(), string(v.Basis())})
}

func (a *app) apiPassword(w http.ResponseWriter, r *http.Request) error {
	var old, next string
	if err := readJSON(r, map[string]*string{"old": &old, "new": &next}); err != nil {
		return err
	}
	if err := a.changePassword(w, r, old, next); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *app) apiAdminReset(w http.ResponseWriter, r *http.Request) error {
	var user, reason string
	if err := readJSON(r, map[string]*string{"user": &user, "reason": &reason}); err != nil {
		return err
	}
	if err := a.adminReset(r, user, reason); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
