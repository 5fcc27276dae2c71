package main

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A step is the page on which the second factor is asked for.
type step struct {
	Login   *twofactor.Login
	Choice  string            // the id of a method, or one of the other two ways
	Method  *twofactor.Method // the chosen one, where it is a method
	Sent    *sent             // the code that is on its way to it
	Waiting bool              // a code may have been sent
	Others  []twofactor.Method
	Days    int // for which a device can be trusted
}

// sent is what a page tells about a code on its way.
type sent struct {
	twofactor.Sent
	Lost bool // by the lost-device way, of which nothing else is known
}

func secondStep(method string) string {
	if method == "" {
		return "/second-step"
	}
	return "/second-step?" + url.Values{"method": {method}}.Encode()
}

// showSecondStep sends nothing, however often it is reloaded.
func (a *app) showSecondStep(w http.ResponseWriter, r *http.Request) error {
	l, err := a.service.Login(r.Context(), a.gate.PendingToken(r))
	if err != nil {
		return err
	}
	s := step{Login: l, Choice: choose(l, r.URL.Query().Get("method")), Days: int(a.policy.Trust.Life.Hours() / 24)}
	for _, m := range l.Methods {
		if m.ID == s.Choice {
			s.Method = &m
		} else {
			s.Others = append(s.Others, m)
		}
	}
	if sent := decode[sent](a.sessions.GetString(r.Context(), sentKey)); sent != nil && sent.Method == s.Choice {
		s.Sent = sent
	}
	// Where codes go out unasked, SendNow is empty again once one has.
	unasked := a.policy.SendUnasked && len(l.Methods) == 1 && l.SendNow == ""
	s.Waiting = s.Sent != nil || unasked && s.Method != nil
	return a.render(w, r, http.StatusOK, "second-step", "One more step", s)
}

// choose is the way to show: what was asked for, or else what was used last.
func choose(l *twofactor.Login, asked string) string {
	find := func(ok func(twofactor.Method) bool) string {
		if i := slices.IndexFunc(l.Methods, ok); i >= 0 {
			return l.Methods[i].ID
		}
		return ""
	}
	switch {
	case asked == twofactor.MethodRecovery && l.Recovery, asked == twofactor.MethodLostDevice && l.LostDevice:
		return asked
	}
	for _, id := range []string{asked, l.Preferred} {
		if found := find(func(m twofactor.Method) bool { return m.ID == id && m.Usable }); found != "" {
			return found
		}
	}
	if found := find(func(m twofactor.Method) bool { return m.Usable }); found != "" {
		return found
	}
	if l.Recovery && l.Codes == 1 {
		return twofactor.MethodRecovery
	}
	return l.Preferred
}

func (a *app) postSecondStep(w http.ResponseWriter, r *http.Request) error {
	v, err := a.gate.Verify(w, r, twofactor.Answer{
		Method: r.PostFormValue("method"), Code: r.PostFormValue("code"), Codes: r.PostForm["codes"],
		RememberDevice: r.PostFormValue("remember") != "", DeviceName: deviceName(r.UserAgent()),
	})
	to, made := "/", twofactor.Made{}
	if no, ok := errors.AsType[*twofactor.RejectedError](err); ok && no.Enrollment != nil {
		to, made = "/settings", no.Enrollment.Made()
	} else if err != nil {
		return err
	} else {
		made = v.Made()
	}
	if use := made.Recovery; use != nil {
		switch {
		case v != nil && v.Recovered() && !use.Spent:
			to = "/settings"
			a.flash(r, flash{Text: "You are signed in without your second factor. If it is lost, remove it here and set up a new one."})
		case len(use.Codes) > 0:
			return a.render(w, r, http.StatusOK, "codes", "Your new recovery codes", codes{
				Intro: "You are signed in. Your recovery code is used up, and so are all the others of its set. These take their place.",
				Codes: use.Codes, Next: to,
			})
		case use.Reset:
			to = "/settings"
			a.flash(r, flash{Text: "You are signed in. The recovery code has switched two-factor sign-in off and removed all methods. You can set it up again here."})
		case use.Spent:
			a.flash(r, flash{Text: sayLeft(use.Left)})
		case use.Low:
			a.flash(r, flash{Text: sayLow(use.Left)})
		}
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (a *app) postSend(w http.ResponseWriter, r *http.Request) error {
	method := r.PostFormValue("method")
	s, err := a.service.Send(r.Context(), a.gate.PendingToken(r), method, a.gate.Client(r))
	if err != nil {
		return err
	}
	a.remember(r.Context(), sentKey, sent{Sent: *s})
	http.Redirect(w, r, secondStep(method), http.StatusSeeOther)
	return nil
}

// postLostDevice says the same for right and wrong digits.
func (a *app) postLostDevice(w http.ResponseWriter, r *http.Request) error {
	err := a.service.LostDevice(r.Context(), a.gate.PendingToken(r), r.PostFormValue("last_digits"), a.gate.Client(r))
	if err != nil {
		return err
	}
	a.remember(r.Context(), sentKey, sent{Sent: twofactor.Sent{Method: twofactor.MethodLostDevice}, Lost: true})
	http.Redirect(w, r, secondStep(twofactor.MethodLostDevice), http.StatusSeeOther)
	return nil
}

func (a *app) postCancel(w http.ResponseWriter, r *http.Request) error {
	if err := a.gate.Cancel(w, r); err != nil {
		return err
	}
	a.sessions.Remove(r.Context(), sentKey)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}
