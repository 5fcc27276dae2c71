package main

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

// An enrollment is the page on which a new method is proven.
type enrollment struct {
	*twofactor.Enrollment
	Sent *sent

	// For the authenticator app alone:
	Link template.URL // opens the app on the device that shows the page
	Alt  string       // says what the QR code is for, without the key
	Key  string       // for typing
}

// codes are recovery codes, shown once.
type codes struct {
	Intro string
	Codes []string
	Next  string
}

func (a *app) postEnroll(w http.ResponseWriter, r *http.Request) error {
	account, err := a.users.account(r.Context(), twofactorhttp.Session(r).UserID())
	if err != nil {
		return err
	}
	e, err := a.gate.Enroll(w, r, twofactor.EnrollRequest{
		Kind: twofactor.Kind(r.PostFormValue("kind")), Name: r.PostFormValue("name"), Account: account,
		Replaces: r.PostFormValue("replaces"), Phone: r.PostFormValue("phone"), From: a.gate.Client(r),
	})
	if err != nil {
		return err
	}
	if e.Done != nil {
		return a.confirmed(w, r, e.Done)
	}
	a.rememberSent(r, e.ID, e.Sent)
	http.Redirect(w, r, "/settings/enrollments/"+e.ID, http.StatusSeeOther)
	return nil
}

// rememberSent keeps what was sent for an enrollment, which is not a method yet.
func (a *app) rememberSent(r *http.Request, id string, s *twofactor.Sent) {
	if s == nil {
		return
	}
	kept := sent{Sent: *s}
	kept.Method = id
	a.remember(r.Context(), sentKey, kept)
}

func (a *app) showEnrollment(w http.ResponseWriter, r *http.Request) error {
	e, err := a.service.Enrollment(r.Context(), twofactorhttp.Session(r), a.gate.GrantToken(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	out := enrollment{Enrollment: e}
	if s := decode[sent](a.sessions.GetString(r.Context(), sentKey)); s != nil && s.Method == e.ID {
		out.Sent = s
	}
	if e.Kind == twofactor.TOTP {
		link, err := e.URI.Encode()
		if err != nil {
			return err
		}
		qr, err := e.URI.QR()
		if err != nil {
			return err
		}
		out.Link, out.Alt, out.Key = template.URL(link), qr.AltText(), e.URI.Key.Secret.Groups()
	}
	return a.render(w, r, http.StatusOK, "enroll", "Set up "+kindName(e.Kind), out)
}

func (a *app) postEnrollSend(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	s, err := a.service.Resend(r.Context(), twofactorhttp.Session(r), a.gate.GrantToken(r), id, a.gate.Client(r))
	if err != nil {
		return err
	}
	a.rememberSent(r, id, s)
	http.Redirect(w, r, "/settings/enrollments/"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}

func (a *app) postConfirm(w http.ResponseWriter, r *http.Request) error {
	c, err := a.gate.Confirm(w, r, r.PathValue("id"), r.PostFormValue("code"))
	if no, ok := errors.AsType[*twofactor.RejectedError](err); ok && no.Reason == twofactor.ReasonExpired {
		// A code can be sent again; a set-up that is over can't be shown any more.
		_, gone := a.service.Enrollment(r.Context(), twofactorhttp.Session(r), a.gate.GrantToken(r), r.PathValue("id"))
		if gone != nil {
			return userError{Text: "That set-up took too long. Please start it again."}
		}
	}
	if err != nil {
		return err
	}
	return a.confirmed(w, r, c)
}

// confirmed says which method counts from now on, and shows the recovery codes
// that came with it: here and now, since they are kept nowhere.
func (a *app) confirmed(w http.ResponseWriter, r *http.Request, c *twofactor.Confirmation) error {
	text := "Your second factor is registered: " + kindName(c.Method.Kind) + "."
	switch {
	case len(c.RecoveryCodes) > 0:
		return a.render(w, r, http.StatusOK, "codes", "Your recovery codes", codes{
			Intro: text, Codes: c.RecoveryCodes, Next: "/settings",
		})
	case c.Next != "":
		text += " One thing is left: " + kindName(c.Next) + ", as your backup."
	}
	return a.done(w, r, text, nil)
}

func (a *app) postNewCodes(w http.ResponseWriter, r *http.Request) error {
	fresh, err := a.service.NewRecoveryCodes(r.Context(), twofactorhttp.Verified(r), a.gate.GrantToken(r))
	if err != nil {
		return err
	}
	return a.render(w, r, http.StatusOK, "codes", "Your new recovery codes", codes{
		Intro: "The codes that you had before are no good any more.", Codes: fresh, Next: "/settings",
	})
}

// postCodesText turns the codes of a page into a file. They come with the request,
// since the server has kept nothing that could bring them back.
func (a *app) postCodesText(w http.ResponseWriter, r *http.Request) error {
	account, err := a.users.account(r.Context(), twofactorhttp.Session(r).UserID())
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return errMalformed
	}
	typed := r.PostForm["codes"]
	if len(typed) == 0 || len(typed) > recovery.MaxCodes {
		return errMalformed
	}
	for _, c := range typed {
		if _, err := recovery.Parse(c); err != nil {
			return errMalformed // a file from here says only what is true
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="recovery-codes.txt"`)
	_, err = w.Write([]byte(recovery.Text(serviceName, account, typed, a.now())))
	return err
}
