package twofactorhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// maxBody is far more than any request of the contract takes.
const maxBody = 16 << 10

// maxName is how many bytes the name of a factor has, see [twofactor.Service.Rename].
const maxName = 64

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
	body, err := read(w, r)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err = d.Decode(into) // the error would quote the body
	end := d.InputOffset()
	if err != nil || !plain(body[:end]) || len(bytes.Trim(body[end:], space)) > 0 {
		return inputError{"the body is not an object with the fields of this request"}
	}
	return nil
}

// space is what may stand around a JSON value (RFC 8259, section 2).
const space = " \t\r\n"

// plain reports whether a JSON value is an object whose names are there once,
// and in lower case as those of the contract are. To encoding/json "CODE" is
// "code" too, and of two the last one counts: a proxy that looked at the first
// saw another request.
func plain(value []byte) bool {
	value = bytes.TrimLeft(value, space)
	if value[0] != '{' {
		return false
	}
	var seen []string
	depth, isName := 0, false
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '{', '[':
			depth++
			isName = depth == 1
		case ']', '}':
			depth--
		case ',':
			isName = depth == 1
		case '"':
			begin := i + 1
			for i = begin; value[i] != '"'; i++ {
				if value[i] == '\\' {
					i++ // what follows doesn't end the string
				}
			}
			if !isName {
				continue
			}
			isName = false
			name := string(value[begin:i])
			if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" || slices.Contains(seen, name) {
				return false
			}
			seen = append(seen, name)
		}
	}
	return true
}

// empty refuses a body where the contract has none, but for the empty object
// that some clients send with everything.
func empty(w http.ResponseWriter, r *http.Request) error {
	body, err := read(w, r)
	if err != nil {
		return err
	}
	if body = bytes.TrimSpace(body); len(body) > 0 && string(body) != "{}" {
		return inputError{"the request has no body"}
	}
	return nil
}

func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, inputError{"the body is too large"}
	}
	if err != nil {
		return nil, inputError{"the body could not be read"}
	}
	if !utf8.Valid(body) { // which encoding/json would mend, so that two texts are one
		return nil, inputError{"the body is not UTF-8"}
	}
	return body, nil
}

// checkName refuses what the service takes for a mistake of the app's and not of
// its user's.
func checkName(name string) error {
	if len(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return inputError{"a name has at most 64 bytes and no control characters"}
	}
	return nil
}

// write answers with JSON.
func write(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
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
