package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

// settings is the page on which users look after their second factor.
type settings struct {
	*twofactor.Status
	Limited bool // a second factor has to be set up before anything else
	Granted bool // there is a fresh proof, so that things can be changed
	Usable  []twofactor.Method
	Sent    *sent                            // the code on its way for the fresh proof
	Why     map[twofactor.Kind]twofactor.Why // why a kind can't be added
	Form    bool                             // numbers come from the form
	Managed bool                             // the user looks after the number
	NoCodes bool                             // there are no recovery codes
	Has     map[twofactor.Kind]bool          // kinds that make no sense twice
}

func (a *app) showSettings(w http.ResponseWriter, r *http.Request) error {
	s := twofactorhttp.Session(r)
	st, err := a.service.Status(r.Context(), s.UserID(), a.gate.DeviceToken(r))
	if err != nil {
		return err
	}
	why, err := a.service.Explain(r.Context(), twofactor.SignIn{UserID: s.UserID()})
	if err != nil {
		return err
	}
	err = a.service.Granted(r.Context(), s, a.gate.GrantToken(r))
	if err != nil && !errors.Is(err, twofactor.ErrRejected) {
		return err
	}
	out := settings{
		Status: st, Granted: err == nil, Why: why.Kinds,
		Form: a.policy.Numbers == twofactor.NumbersFromForm, Managed: a.policy.Numbers == twofactor.NumbersManaged,
		NoCodes: a.policy.Recovery.None, Has: make(map[twofactor.Kind]bool),
	}
	_, out.Limited = s.(*twofactor.EnrollmentOnly)
	for _, m := range st.Methods {
		// There is one address in the profile, and as a rule one number.
		out.Has[m.Kind] = m.Kind == twofactor.Email || m.Kind == twofactor.SMS && !out.Form
		if m.Usable {
			out.Usable = append(out.Usable, m)
		}
	}
	if !out.Granted {
		out.Sent = decode[sent](a.sessions.GetString(r.Context(), sentKey))
	}
	return a.render(w, r, http.StatusOK, "settings", "Two-factor sign-in", out)
}

// postGrant takes the fresh proof: a code, or the password of a user who has no
// second factor yet. Which of them counts is not the form's choice.
func (a *app) postGrant(w http.ResponseWriter, r *http.Request) error {
	var err error
	if password := r.PostFormValue("password"); password != "" {
		user := twofactorhttp.Session(r).UserID()
		_, err = a.gate.GrantWithPassword(w, r, func(ctx context.Context) error {
			return a.users.checkID(ctx, user, password)
		})
		if no, ok := errors.AsType[*twofactor.RejectedError](err); ok && no.Reason == twofactor.ReasonWrongCode {
			err = userError{Field: "password", Text: "That is not your password."}
		}
	} else {
		_, err = a.gate.Grant(w, r, twofactor.Answer{
			Method: r.PostFormValue("method"), Code: r.PostFormValue("code"), Codes: r.PostForm["codes"],
		})
	}
	if err != nil {
		return err
	}
	a.sessions.Remove(r.Context(), sentKey)
	return a.done(w, r, "Thank you. For five minutes you can change things here.", nil)
}

func (a *app) postGrantSend(w http.ResponseWriter, r *http.Request) error {
	s, err := a.service.SendForGrant(r.Context(), twofactorhttp.Session(r), r.PostFormValue("method"), a.gate.Client(r))
	if err != nil {
		return err
	}
	a.remember(r.Context(), sentKey, sent{Sent: *s})
	http.Redirect(w, r, "/settings#proof", http.StatusSeeOther)
	return nil
}

// done leads back to the settings, and says what was done there.
func (a *app) done(w http.ResponseWriter, r *http.Request, text string, err error) error {
	if err != nil {
		return err
	}
	a.flash(r, flash{Text: text})
	http.Redirect(w, r, "/settings", http.StatusSeeOther)
	return nil
}

func (a *app) postRename(w http.ResponseWriter, r *http.Request) error {
	return a.done(w, r, "The method has a new name.", a.service.Rename(
		r.Context(), twofactorhttp.Verified(r), a.gate.GrantToken(r), r.PathValue("id"), r.PostFormValue("name")))
}

func (a *app) postRemove(w http.ResponseWriter, r *http.Request) error {
	return a.done(w, r, "The method was removed.",
		a.service.Remove(r.Context(), twofactorhttp.Verified(r), a.gate.GrantToken(r), r.PathValue("id")))
}

func (a *app) postEnabled(w http.ResponseWriter, r *http.Request) error {
	change, text := a.service.SwitchOff, "Two-factor sign-in is switched off. Your methods are kept."
	if r.PostFormValue("enabled") == "true" {
		change, text = a.service.SwitchOn, "Two-factor sign-in is switched on."
	}
	return a.done(w, r, text, change(r.Context(), twofactorhttp.Verified(r), a.gate.GrantToken(r)))
}

func (a *app) postRevoke(w http.ResponseWriter, r *http.Request) error {
	return a.done(w, r, "That device will be asked for a code again.",
		a.service.RevokeDevice(r.Context(), twofactorhttp.Verified(r), a.gate.GrantToken(r), r.PathValue("id")))
}

func (a *app) postRevokeAll(w http.ResponseWriter, r *http.Request) error {
	return a.done(w, r, "All devices will be asked for a code again.",
		a.service.RevokeDevices(r.Context(), twofactorhttp.Verified(r), a.gate.GrantToken(r)))
}
