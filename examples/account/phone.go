package main

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/providers/phone"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

// postPhone saves the number of the profile. It is shown once in full, as it was
// understood: a slip of the finger is often a number too.
func (a *app) postPhone(w http.ResponseWriter, r *http.Request) error {
	p, err := a.service.SetPhone(r.Context(), twofactorhttp.Session(r), a.gate.GrantToken(r), r.PostFormValue("phone"))
	if err != nil {
		return err
	}
	shown, err := phone.Parser{}.Display(p.Number)
	if err != nil {
		return err
	}
	a.sessions.Remove(r.Context(), sentKey)
	if p.Verified {
		return a.done(w, r, "The number is "+shown+". It is verified already.", nil)
	}
	return a.done(w, r, "The number is "+shown+". Please verify it now.", nil)
}

func (a *app) postPhoneSend(w http.ResponseWriter, r *http.Request) error {
	s, err := a.service.SendPhoneCode(r.Context(), twofactorhttp.Session(r), a.gate.GrantToken(r), a.gate.Client(r))
	if err != nil {
		return err
	}
	return a.done(w, r, "A code is on its way to "+s.Hint+". Its reference is "+s.Reference+".", nil)
}

func (a *app) postPhoneVerify(w http.ResponseWriter, r *http.Request) error {
	_, err := a.service.VerifyPhone(r.Context(), twofactorhttp.Session(r), a.gate.GrantToken(r), r.PostFormValue("phone_code"))
	return a.done(w, r, "The number is verified.", err)
}

func (a *app) postPhoneDelete(w http.ResponseWriter, r *http.Request) error {
	return a.done(w, r, "The number was deleted.",
		a.service.DeletePhone(r.Context(), twofactorhttp.Session(r), a.gate.GrantToken(r)))
}
