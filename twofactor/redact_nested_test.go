package twofactor_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// What an app keeps in values of its own is no more readable than on its own.
func TestBypass_W49_TokensInsideOfOtherValues(t *testing.T) {
	t.Parallel()
	store := new(memory.Store)
	w := newWorld(t, store, store, with(twofactor.Policy{
		Kinds: []twofactor.Kind{twofactor.TOTP}, Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}},
	}))
	p := w.enrolled("alice")
	pending := w.begin("alice").(*twofactor.Pending)
	v := p.signIn()
	o, err := w.node(w.tap, func(c *twofactor.Config) { c.Policy.Required = true }).Begin(w.ctx(), twofactor.SignIn{UserID: "bob"})
	require.NoError(t, err)
	limited := o.(*twofactor.EnrollmentOnly)
	p.prove()
	e, _ := p.enroll(twofactor.EnrollRequest{})

	const hunter = "hunter2"
	grant := twofactor.Grant{Token: hunter, Expires: w.clock.Now()}
	trust := twofactor.DeviceTrust{ID: "id", Token: hunter}
	use := twofactor.RecoveryUse{Codes: []string{hunter}}
	made := twofactor.Made{KnownBrowser: hunter, Device: &trust, Grant: &grant, Recovery: &use}
	confirmed := twofactor.Confirmation{RecoveryCodes: []string{hunter}, Grant: grant, Session: v}
	answer := twofactor.Answer{Code: hunter, Codes: []string{hunter}, DeviceName: hunter}
	in := twofactor.SignIn{CredentialVersion: hunter, KnownBrowser: hunter, TrustedDevice: hunter}

	seen := secrets{"token": hunter}
	for _, token := range []string{pending.Token(), v.Token(), v.Made().KnownBrowser, limited.Token()} {
		require.NotEmpty(t, token)
		seen.token("token", token)
	}
	seen["secret"] = e.URI.Key.Secret.Base32()
	for _, value := range []any{
		grant, &grant, trust, &trust, use, &use, made, &made, confirmed, &confirmed, answer, &answer, in, &in,
		pending, *pending, v, *v, limited, *limited, e, *e,
		twofactor.Import{Keys: []twofactor.ImportedKey{{Key: totp.Key{Secret: e.URI.Key.Secret}}}},
		&twofactor.RejectedError{Reason: twofactor.ReasonEnrollmentRequired, Enrollment: limited},
	} {
		t.Run(fmt.Sprintf("%T", value), func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			for _, outer := range []any{
				value,
				struct{ V any }{value},
				&struct{ V any }{value},
				[]any{value},
				map[string]any{"v": value},
				struct {
					At   time.Time
					List []any
				}{List: []any{value}},
			} {
				for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
					fmt.Fprintf(&out, format+"\n", outer)
				}
				for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
					slog.New(h).Info("x", "value", outer, slog.Group("g", "value", outer))
				}
				text, err := json.Marshal(outer)
				require.NoError(t, err)
				out.Write(text)
			}
			seen.absent(t, "what was printed", out.String())
		})
	}
}

// The same with fields that have a type, of which fmt and encoding/json see more
// than of an interface.
func TestBypass_W49_TokensInTypedFields(t *testing.T) {
	t.Parallel()
	const hunter = "hunter2"
	grant := twofactor.Grant{Token: hunter}
	type outer struct {
		Grant   twofactor.Grant
		List    []twofactor.Grant
		ByName  map[string]twofactor.DeviceTrust
		Answer  twofactor.Answer
		SignIn  twofactor.SignIn
		Made    twofactor.Made
		Use     twofactor.RecoveryUse
		Confirm twofactor.Confirmation
	}
	v := outer{
		grant, []twofactor.Grant{grant}, map[string]twofactor.DeviceTrust{"x": {Token: hunter}}, twofactor.Answer{Code: hunter},
		twofactor.SignIn{KnownBrowser: hunter}, twofactor.Made{KnownBrowser: hunter}, twofactor.RecoveryUse{Codes: []string{hunter}},
		twofactor.Confirmation{RecoveryCodes: []string{hunter}},
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", v)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", v)
	fmt.Fprintf(&out, "%v %+v %#v", v, v, v)
	text, err := json.Marshal(v)
	require.NoError(t, err)
	out.Write(text)
	secrets{"token": hunter}.absent(t, "what was printed", out.String())
	require.Contains(t, string(text), `"Grant":"twofactor.Grant(hidden)"`)
}
