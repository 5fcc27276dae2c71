package twofactorhttp

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// problemType begins the type of each problem. It is a name and not an address
// (RFC 4151): there is nothing to fetch.
const problemType = "tag:latchkey-auth.github.io,2026:"

// A problem is an error as JSON (RFC 9457).
type problem struct {
	Type      string           `json:"type"`
	Title     string           `json:"title"`
	Status    int              `json:"status"`
	Detail    string           `json:"detail,omitempty"`
	Reason    twofactor.Reason `json:"reason,omitempty"`
	Remaining *int             `json:"remaining,omitempty"`
	RetryAt   time.Time        `json:"retry_at,omitzero"`
	SentAt    time.Time        `json:"sent_at,omitzero"`
}

// unauthorized is a refusal for want of a session, whatever its reason.
type unauthorized struct{ *twofactor.RejectedError }

func (u unauthorized) Unwrap() error { return u.RejectedError }

// WriteError answers a request with an error as application/problem+json: a
// refusal with its reason, and anything else with status 500 and no word about
// the cause, which goes to the Logger.
//
// A refusal's status is 400 for what can't be a code, 401 where nobody is signed
// in, 409 for what the policy forbids or a conflict, 429 where only waiting
// helps, and 403 for the rest.
func (g *Gate) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	p := describe(err)
	if p.Status == http.StatusInternalServerError {
		g.cfg.Logger.ErrorContext(r.Context(), "twofactorhttp", "error", err)
	}
	g.writeProblem(w, p)
}

func (g *Gate) writeProblem(w http.ResponseWriter, p problem) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Del("Content-Length")
	if p.Status == http.StatusUnauthorized {
		// RFC 9110, section 15.5.2, wants a challenge. Browsers know no scheme
		// for a form on a page, and leave an unknown one alone.
		h.Set("WWW-Authenticate", "Cookie")
	}
	if p.Status == http.StatusTooManyRequests && !p.RetryAt.IsZero() {
		// Rounded up: whoever comes back in time must not be too early
		// (RFC 9110, section 10.2.3, has whole seconds only).
		wait := max(0, p.RetryAt.Sub(g.cfg.Now()))
		h.Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	}
	w.WriteHeader(p.Status)
	// An error means that the client is gone.
	_ = json.NewEncoder(w).Encode(p)
}

// describe tells a client what it may know of an error.
func describe(err error) problem {
	if errors.Is(err, ErrPlainHTTP) {
		// As net/http itself answers http on a port for https.
		return problem{Type: problemType + "plain_http", Title: "Signing in needs https", Status: http.StatusBadRequest}
	}
	if in, ok := errors.AsType[inputError](err); ok {
		return problem{Type: problemType + "malformed", Title: "The request is malformed", Status: http.StatusBadRequest, Detail: in.detail}
	}
	if in, ok := errors.AsType[*twofactor.InputError](err); ok {
		return problem{
			Type: problemType + "input", Title: "That can't be understood", Status: http.StatusBadRequest,
			Detail: in.Field + ": " + in.Err.Error(),
		}
	}
	no, ok := errors.AsType[*twofactor.RejectedError](err)
	if !ok {
		status := http.StatusInternalServerError
		return problem{Type: "about:blank", Title: http.StatusText(status), Status: status}
	}
	p := problem{
		Type: problemType + string(no.Reason), Title: "Refused", Status: http.StatusForbidden, Reason: no.Reason,
		RetryAt: no.RetryAt.UTC(), SentAt: no.SentAt.UTC(),
	}
	if known, ok := refusals[no.Reason]; ok {
		p.Status, p.Title = known.status, known.title
		if known.counted || no.Remaining > 0 {
			p.Remaining = new(no.Remaining)
		}
	}
	if _, ok := errors.AsType[unauthorized](err); ok {
		p.Status = http.StatusUnauthorized
	}
	return p
}

// refusals says how each reason is told. A reason that isn't here is a refusal
// like any other.
var refusals = map[twofactor.Reason]struct {
	status  int
	title   string
	counted bool // it cost a try, and tells how many are left
}{
	twofactor.ReasonWrongCode:          {http.StatusForbidden, "The code is wrong", true},
	twofactor.ReasonAlreadyUsed:        {http.StatusForbidden, "The code was used already", true},
	twofactor.ReasonExpired:            {http.StatusForbidden, "The code has expired", false},
	twofactor.ReasonSuperseded:         {http.StatusForbidden, "A newer code was sent", true},
	twofactor.ReasonMalformedCode:      {http.StatusBadRequest, "That is no code", false},
	twofactor.ReasonPaused:             {http.StatusTooManyRequests, "Too many wrong codes", false},
	twofactor.ReasonLoginEnded:         {http.StatusUnauthorized, "Sign in again", false},
	twofactor.ReasonSendLimited:        {http.StatusTooManyRequests, "Too many messages", false},
	twofactor.ReasonSendFailed:         {http.StatusForbidden, "The message could not be sent", false},
	twofactor.ReasonNotUsable:          {http.StatusForbidden, "The method can't be used now", false},
	twofactor.ReasonGrantRequired:      {http.StatusForbidden, "A fresh proof is needed", false},
	twofactor.ReasonPolicy:             {http.StatusConflict, "The policy doesn't allow it", false},
	twofactor.ReasonEnrollmentRequired: {http.StatusForbidden, "A second factor has to be set up first", false},
	twofactor.ReasonConflict:           {http.StatusConflict, "Other requests came in between", false},
}
