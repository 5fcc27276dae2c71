package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"
	"unicode/utf8"
)

// readJSON reads the body, which is one JSON object of texts: each under a name
// that is known here, and at most once. A proxy that looked at the other of two
// would have seen another request.
func readJSON(r *http.Request, fields map[string]*string) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return errMalformed
	}
	body, err := io.ReadAll(r.Body) // wrap has set a limit
	if err != nil || !utf8.Valid(body) {
		return errMalformed
	}
	d := json.NewDecoder(bytes.NewReader(body)) // whose errors may quote a password
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return errMalformed
	}
	for d.More() {
		name, _ := d.Token()
		value, _ := d.Token() // nil after an error, as the first one is
		key, _ := name.(string)
		text, ok := value.(string)
		if !ok || fields[key] == nil {
			return errMalformed
		}
		*fields[key], fields[key] = text, nil
	}
	if last, err := d.Token(); err != nil || last != json.Delim('}') {
		return errMalformed
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errMalformed
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error means that the client is gone
	return nil
}

// A problem is an error as JSON (RFC 9457).
type problem struct {
	Type    string    `json:"type"`
	Title   string    `json:"title"`
	Status  int       `json:"status"`
	Reason  string    `json:"reason,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	RetryAt time.Time `json:"retry_at,omitzero"`
}

func writeProblem(w http.ResponseWriter, p problem) {
	if p.Type == "" {
		p.Type = "about:blank"
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Cookie") // RFC 9110, section 15.5.2, wants one
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // an error means that the client is gone
}

// encode and decode carry values through the session.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("account: " + err.Error()) // only types of this package get here
	}
	return string(b)
}

func decode[T any](text string) *T {
	v := new(T)
	if text == "" || json.Unmarshal([]byte(text), v) != nil {
		return nil
	}
	return v
}
