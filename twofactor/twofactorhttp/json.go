package twofactorhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// maxBody is far more than any request of the contract takes.
const maxBody = 16 << 10

// An inputError says that a request is not of the contract. Its text goes to the
// client, and holds nothing that the client sent.
type inputError struct{ detail string }

func (e inputError) Error() string { return "twofactorhttp: " + e.detail }

// decode reads the body, which is one JSON object with fields that into has and
// no others: a field that is ignored is one that someone believes in.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return inputError{"the body is not application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return inputError{"the body is too large"}
	}
	if err != nil {
		return inputError{"the body could not be read"}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return inputError{"the body is not an object with the fields of this request"} // the error quotes the body
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return inputError{"there is something after the body"}
	}
	return nil
}

// empty refuses a body where the contract has none.
func empty(w http.ResponseWriter, r *http.Request) error {
	n, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || n > int64(len("{}\r\n")) {
		return inputError{"the request has no body"}
	}
	return nil
}

// write answers with JSON.
func write(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error means that the client is gone
	return nil
}

// A methodJSON is a factor in an answer.
type methodJSON struct {
	ID         string           `json:"id"`
	Kind       twofactor.Kind   `json:"kind"`
	Name       string           `json:"name"`
	Hint       string           `json:"hint"`
	AddedAt    time.Time        `json:"added_at,omitzero"`
	LastUsedAt time.Time        `json:"last_used_at,omitzero"`
	Usable     bool             `json:"usable"`
	WhyNot     twofactor.Reason `json:"why_not,omitempty"`
	RetryAt    time.Time        `json:"retry_at,omitzero"`
	Removable  bool             `json:"removable"`
	Digits     int              `json:"digits"`
}

func methodOf(m twofactor.Method) methodJSON {
	return methodJSON{
		ID: m.ID, Kind: m.Kind, Name: m.Name, Hint: m.Hint, AddedAt: utc(m.Added), LastUsedAt: utc(m.LastUsed),
		Usable: m.Usable, WhyNot: m.WhyNot, RetryAt: utc(m.RetryAt), Removable: m.Removable, Digits: m.Digits,
	}
}

// A sentJSON is a code that is on its way, in an answer.
type sentJSON struct {
	Method    string    `json:"method,omitempty"`
	Hint      string    `json:"hint"`
	Reference string    `json:"reference"`
	Digits    int       `json:"digits"`
	ExpiresAt time.Time `json:"expires_at"`
	ResendAt  time.Time `json:"resend_at"`
}

func sentOf(s *twofactor.Sent) sentJSON {
	return sentJSON{
		Method: s.Method, Hint: s.Hint, Reference: s.Reference, Digits: s.Digits,
		ExpiresAt: utc(s.Expires), ResendAt: utc(s.ResendAt),
	}
}

func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
