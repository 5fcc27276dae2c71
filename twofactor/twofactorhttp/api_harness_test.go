package twofactorhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/providers/phone"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

const (
	secretPassword = "correct horse"
	mail           = "alice@example.com"
	mobile         = "+61412345678"
)

type fields = map[string]any

// An apiApp is an app with the JSON contract, messages and a store that counts.
type apiApp struct {
	*app
	stranger *browser // of another user, with a grant

	api    http.Handler
	outbox *memory.Outbox
	store  *countingStore
	fail   atomic.Bool // no message goes out
	unsure atomic.Bool // messages go out, and their sender can't tell
}

// everything is the policy that has every line of the contract.
var everything = twofactor.Policy{
	Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email}, Numbers: twofactor.NumbersManaged,
	LostDevice: true, Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}},
}

func newAPI(t testing.TB, policy twofactor.Policy) *apiApp {
	t.Helper()
	a := &apiApp{store: new(countingStore)}
	var err error
	a.outbox, err = memory.NewOutbox(memory.OutboxConfig{Fail: func(context.Context, otpcode.Message) error {
		if a.fail.Load() {
			return otpcode.ErrNotSent
		}
		if a.unsure.Load() {
			return errors.New("no answer")
		}
		return nil
	}})
	require.NoError(t, err)
	texts, err := otpcode.NewRenderer(otpcode.Config{Service: "Example", Contact: "support@example.com"})
	require.NoError(t, err)
	a.app = newAppWith(t, twofactor.Config{
		Store: a.store, Policy: policy, Messaging: twofactor.Messaging{
			SMS: a.outbox, Email: a.outbox, Texts: texts, Directory: directory{},
			Phones: phone.Parser{}, Countries: []string{"AU"},
		},
	}, nil)
	a.api, err = a.gate.API(twofactorhttp.APIConfig{
		Path: "/2fa/",
		CheckPassword: func(_ context.Context, _, password string) error {
			if password != secretPassword {
				return twofactor.ErrWrongPassword
			}
			return nil
		},
		Account: func(context.Context, string) (string, error) { return mail, nil },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.svc.Drain(context.WithoutCancel(t.Context()))) })
	return a
}

// A directory has one person, whose number is old enough for a lost device.
type directory struct{}

func (directory) Profile(context.Context, string) (twofactor.Profile, error) {
	return twofactor.Profile{
		Email: mail, Phone: "0412 345 678", Region: "AU", VerifiedPhones: []string{mobile},
		PhoneSince: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC),
	}, nil
}

// A countingStore knows how often something was written. Once it is frozen, it
// writes beside the records and not over them.
type countingStore struct {
	memory.Store
	saves  atomic.Int64
	frozen bool
	beside twofactor.Version
	down   atomic.Bool
}

func (s *countingStore) Load(ctx context.Context, key string) (twofactor.Record, error) {
	if s.down.Load() {
		return twofactor.Record{}, errors.New("hunter2 is not the store's password")
	}
	return s.Store.Load(ctx, key)
}

func (s *countingStore) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	s.saves.Add(1)
	if !s.frozen {
		return s.Store.Save(ctx, key, old, data)
	}
	var err error
	s.beside, err = s.Store.Save(ctx, key+" beside", s.beside, data)
	return s.beside, err
}

// raw sends a request of the browser as it stands.
func (a *apiApp) raw(b *browser, method, path, kind, body string, header ...string) *httptest.ResponseRecorder {
	a.t.Helper()
	r := b.request(a.t.Context())
	to := httptest.NewRequestWithContext(r.Context(), method, "/2fa/"+path, strings.NewReader(body))
	to.TLS, to.Header = r.TLS, r.Header
	if kind != "" {
		to.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(header); i += 2 {
		to.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.api.ServeHTTP(w, to)
	require.Equal(a.t, []string{"no-store"}, w.Header().Values("Cache-Control"), "%s %s", method, path)
	require.Equal(a.t, []string{"nosniff"}, w.Header().Values("X-Content-Type-Options"), "%s %s", method, path)
	return w
}

// call sends JSON, or nothing, and returns the fields of the answer.
func (a *apiApp) call(b *browser, method, path string, body fields, status int) fields {
	a.t.Helper()
	kind, text := "", ""
	if body != nil {
		data, err := json.Marshal(body)
		require.NoError(a.t, err)
		kind, text = "application/json", string(data)
	}
	w := a.raw(b, method, path, kind, text)
	b.keep(w)
	require.Equal(a.t, status, w.Code, "%s %s: %s", method, path, w.Body)
	if status == http.StatusNoContent {
		require.Empty(a.t, w.Body.String())
		return nil
	}
	if status >= 400 {
		return problemOf(a.t, w)
	}
	require.Equal(a.t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(a.t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	var out fields
	require.NoError(a.t, json.Unmarshal(w.Body.Bytes(), &out))
	return out
}

// refused is a call that ends in a refusal with a reason.
func (a *apiApp) refused(b *browser, method, path string, body fields, status int, reason twofactor.Reason) fields {
	a.t.Helper()
	out := a.call(b, method, path, body, status)
	require.Equal(a.t, string(reason), out["reason"], out)
	return out
}

// problemOf reads a problem document and what always goes with it.
func problemOf(t testing.TB, w *httptest.ResponseRecorder) fields {
	t.Helper()
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	var p fields
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), w.Body)
	require.NotEmpty(t, p["type"])
	require.NotEmpty(t, p["title"])
	require.EqualValues(t, w.Code, p["status"])
	retry := w.Header().Get("Retry-After")
	if at, ok := p["retry_at"]; ok && w.Code == http.StatusTooManyRequests {
		instant(t, at)
		require.Regexp(t, `^[1-9][0-9]*$`, retry)
	} else {
		require.Empty(t, retry)
	}
	return p
}

// has wants exactly these fields in an answer.
func has(t testing.TB, out any, names string) fields {
	t.Helper()
	object, ok := out.(fields)
	require.True(t, ok, out)
	want := strings.Fields(names)
	slices.Sort(want)
	require.Equal(t, want, slices.Sorted(maps.Keys(object)), object)
	return object
}

// instant wants a time in RFC 3339 and UTC.
func instant(t testing.TB, v any) time.Time {
	t.Helper()
	text, _ := v.(string)
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(text, "Z"), text)
	return at
}

var digits = regexp.MustCompile(`\b[0-9]{6,10}\b`)

// code is the code in the newest message to someone that has one: a notice may
// have been sent after it.
func (a *apiApp) code(to string) string {
	a.t.Helper()
	messages := a.outbox.Messages()
	for i := len(messages) - 1; i >= 0; i-- {
		if m := messages[i]; m.To == to && m.Reference != "" {
			code := digits.FindString(m.Text)
			require.NotEmpty(a.t, code, m.Text)
			return code
		}
	}
	require.Fail(a.t, "no code was sent")
	return ""
}

// member is a browser that is signed in without a second factor and may change
// that.
func (a *apiApp) member() *browser {
	a.t.Helper()
	return a.memberAs(user)
}

func (a *apiApp) memberAs(id string) *browser {
	a.t.Helper()
	b := newBrowser()
	a.beginAs(b, id)
	a.call(b, "POST", "grant", fields{"password": secretPassword}, 200)
	return b
}

// scanned sets up an authenticator app and moves the clock to its next code.
func (a *apiApp) scanned(b *browser) (phone *twofactortest.Phone, id string, codes []any) {
	a.t.Helper()
	e := a.call(b, "POST", "enrollments", fields{"kind": "totp", "name": "My phone"}, 201)
	phone, err := twofactortest.NewPhone(e["uri"].(string))
	require.NoError(a.t, err)
	out := a.call(b, "POST", "enrollments/"+e["id"].(string)+"/confirm", fields{"code": phone.Code(a.clock.Now())}, 200)
	a.clock.Advance(30 * time.Second)
	codes, _ = out["recovery_codes"].([]any)
	return phone, out["method"].(fields)["id"].(string), codes
}

// pending is a browser whose password was right.
func (a *apiApp) pending() *browser {
	a.t.Helper()
	b := newBrowser()
	_, ok := a.begin(b).(*twofactor.Pending)
	require.True(a.t, ok)
	return b
}
