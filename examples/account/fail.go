package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-auth/latchkey/twofactor"
)

var (
	errForbidden   = errors.New("for administrators only")
	errCrossOrigin = errors.New("the request comes from another site")
	errMalformed   = errors.New("the request is malformed")
)

// A noRouteError is a request that no route is for, by its status.
type noRouteError int

func (e noRouteError) Error() string { return http.StatusText(int(e)) }

// A userError is what someone typed into a field and can mend.
type userError struct{ Field, Text string }

func (e userError) Error() string { return e.Field + ": " + e.Text }

// fail answers a request with an error: apps with a problem, people with a page
// on which they can do something about it. Nobody learns the cause of a fault.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/2fa/") {
		a.failJSON(w, r, err)
		return
	}
	to := back(r)
	no, refused := errors.AsType[*twofactor.RejectedError](err)
	typed, mendable := errors.AsType[userError](err)
	input, unclear := errors.AsType[*twofactor.InputError](err)
	switch {
	case refused && no.Reason == twofactor.ReasonLoginEnded, (refused || mendable || unclear) && !a.known(r):
		to = "/sign-in?note=ended" // strangers get no session to keep a sentence in
	case refused && no.Reason == twofactor.ReasonEnrollmentRequired && !strings.HasPrefix(r.URL.Path, "/settings"):
		to = "/settings"
	case refused && no.Reason == twofactor.ReasonGrantRequired && strings.HasPrefix(r.URL.Path, "/admin"):
		a.flash(r, flash{Text: "Please sign in again with your second factor: this needs one that is fresh.", Bad: true})
	case refused && no.Reason == twofactor.ReasonGrantRequired:
		to = "/settings"
		a.flash(r, flash{Text: a.pages.say(no), Bad: true})
	case refused:
		a.flash(r, flash{Text: a.pages.say(no), Field: "code", Bad: true})
	case mendable:
		a.flash(r, flash{Text: typed.Text, Field: typed.Field, Bad: true})
	case unclear:
		a.flash(r, flash{Text: sayInput(input), Field: input.Field, Bad: true})
	default:
		a.failPage(w, r, err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// back is the page whose form was sent, or where to go from a page that can't be
// shown.
func back(r *http.Request) string {
	switch path := r.URL.Path; {
	case r.Method == http.MethodPost && r.PathValue("id") != "" && strings.HasPrefix(path, "/settings/enrollments/"):
		return "/settings/enrollments/" + url.PathEscape(r.PathValue("id")) // no way to another site
	case strings.HasPrefix(path, "/settings"):
		return "/settings"
	case strings.HasPrefix(path, "/second-step"):
		return secondStep(r.FormValue("method"))
	case strings.HasPrefix(path, "/admin"):
		return "/admin"
	case r.Method == http.MethodPost:
		return path
	}
	return "/"
}

// failPage shows the errors about which a person can do nothing here.
func (a *app) failPage(w http.ResponseWriter, r *http.Request, err error) {
	status, title, text := http.StatusInternalServerError, "Something went wrong here", "Please try again later."
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	nowhere, lost := errors.AsType[noRouteError](err)
	switch {
	case lost && nowhere == http.StatusNotFound:
		status, title, text = http.StatusNotFound, "There is no such page", "It may have moved, or the address has a slip."
	case lost:
		status, title, text = int(nowhere), err.Error(), "Please go back and try again."
	case errors.Is(err, errForbidden):
		status, title, text = http.StatusForbidden, "Not for you", "This page is for administrators."
	case errors.Is(err, errCrossOrigin):
		status, title, text = http.StatusForbidden, "From another site", "The request came from another site and was refused."
	case errors.Is(err, errMalformed), tooLarge:
		status, title, text = http.StatusBadRequest, "That was no request of this site", "Please go back and try again."
	default:
		a.logger.ErrorContext(r.Context(), "account", "path", r.URL.Path, "error", err)
	}
	if err := a.pages.write(w, status, "error", page{Title: title, Data: text}); err != nil {
		a.logger.ErrorContext(r.Context(), "account", "path", r.URL.Path, "error", err)
	}
}

func (a *app) failJSON(w http.ResponseWriter, r *http.Request, err error) {
	typed, mendable := errors.AsType[userError](err)
	nowhere, lost := errors.AsType[noRouteError](err)
	switch {
	case lost:
		writeProblem(w, problem{Title: err.Error(), Status: int(nowhere)})
	case errors.Is(err, twofactor.ErrWrongPassword):
		writeProblem(w, problem{Title: "The user name or the password is wrong", Status: http.StatusUnauthorized, Reason: "wrong_password"})
	case errors.Is(err, errForbidden), errors.Is(err, errCrossOrigin):
		writeProblem(w, problem{Title: "Forbidden", Status: http.StatusForbidden, Detail: err.Error()})
	case errors.Is(err, errMalformed):
		writeProblem(w, problem{Title: "The request is malformed", Status: http.StatusBadRequest})
	case mendable && typed.Field == "old":
		writeProblem(w, problem{Title: typed.Text, Status: http.StatusForbidden, Reason: "wrong_password"})
	case mendable:
		writeProblem(w, problem{Title: "That can't be used", Status: http.StatusBadRequest, Detail: typed.Error()})
	default:
		a.gate.WriteError(w, r, err)
	}
}
