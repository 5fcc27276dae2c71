package main

import (
	"errors"
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/lockcode"
)

func (p *phone) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { p.page(w, r, "") })
	mux.HandleFunc("POST /do/{action}", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, "malformed form", http.StatusBadRequest)
			return
		}
		// Browsers send line ends as CR LF.
		r.Form.Set("shown", strings.ReplaceAll(r.Form.Get("shown"), "\r\n", "\n"))
		message, err := p.do(r.Context(), r.PathValue("action"), r.Form)
		if err != nil {
			message = "That didn't work: " + explain(err)
		}
		p.page(w, r, message)
	})
	return mux
}

// explain says what a user can do about it.
func explain(err error) string {
	r, ok := errors.AsType[*lockcode.RefusedError](err)
	switch {
	case !ok:
		return err.Error() + "."
	case r.Reason == lockcode.WrongPIN && r.TriesLeft == 1:
		return "wrong PIN. One more try."
	case r.Reason == lockcode.WrongPIN:
		return "wrong PIN. " + string(rune('0'+r.TriesLeft)) + " more tries."
	case r.Reason == lockcode.AlreadyActivated:
		return "you have an active device here; it can make a Code for this one."
	case !r.Sealed:
		return r.Reason.String() + ", says the cloud."
	}
	return r.Reason.String() + "."
}

func (p *phone) page(w http.ResponseWriter, r *http.Request, message string) {
	type lock struct {
		config
		Text        string
		Status      lockcode.Status
		State       string
		Active      bool
		Fingerprint string
	}
	page := struct {
		Title, Message, User string
		Users                []member
		Locks                []lock
	}{Title: p.name, Message: message, User: r.FormValue("user")}
	if page.User == "" {
		page.User = "olga"
	}
	a, err := p.app(page.User)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, name := range []string{"house", "garden"} {
		c, err := fetchConfig(r.Context(), p.web, p.cloud, name)
		if err != nil {
			http.Error(w, "the cloud doesn't answer", http.StatusBadGateway)
			return
		}
		l := lock{config: c, Text: string(c.text()), State: "activated"}
		page.Users = c.Users
		l.Status, err = a.Status(r.Context(), name)
		l.Active = err == nil
		switch {
		case errors.Is(err, lockcode.ErrNoRecord):
			l.State = "not activated"
		case err != nil:
			l.State = explain(err)
		}
		if rec, err := a.Record(r.Context(), name); err == nil {
			l.Fingerprint = rec.Fingerprint().String()
		}
		page.Locks = append(page.Locks, l)
	}
	render(w, "phone", page)
}
