package main

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

func (a *app) apiSignIn(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		User     string `json:"user"`
		Password string `json:"password"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	status, err := a.signIn(w, r, in.User, in.Password)
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
	var in struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if err := a.changePassword(w, r, in.Old, in.New); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *app) apiAdminReset(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		User   string `json:"user"`
		Reason string `json:"reason"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if err := a.adminReset(r, in.User, in.Reason); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
