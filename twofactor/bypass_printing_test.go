package twofactor_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Whatever an app logs by mistake of what it was given or has been told, no token
// and no code can be read in it.
func TestBypass_W49_TokensThatPrint(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		p := w.newcomer("alice")
		e, phone := p.enroll(twofactor.EnrollRequest{})
		c, err := p.confirm(e, phone.Code(w.clock.Now()))
		require.NoError(t, err)
		p.phone, p.codes, p.session = phone, c.RecoveryCodes, c.Session
		in := twofactor.SignIn{UserID: "alice", CredentialVersion: "hash of a password", KnownBrowser: "browser's token", TrustedDevice: "device's token"}
		pending := w.begin("alice").(*twofactor.Pending)
		answer := twofactor.Answer{Code: p.newCode(), RememberDevice: true}
		v, err := w.a.Verify(t.Context(), pending.Token(), answer)
		require.NoError(t, err)
		recovered, err := p.recover(p.codes[0])
		require.NoError(t, err)
		required := w.node(w.tap, func(c *twofactor.Config) { c.Policy.Required = true })
		o, err := required.Begin(t.Context(), twofactor.SignIn{UserID: "bob"})
		require.NoError(t, err)
		limited := o.(*twofactor.EnrollmentOnly)

		seen := secrets{
			"credential": in.CredentialVersion, "known browser": in.KnownBrowser, "device": in.TrustedDevice, "code": answer.Code,
			"device made": v.Made().Device.Token, "grant": p.grant, "recovery grant": recovered.Made().Grant.Token,
		}
		for _, token := range []string{
			pending.Token(), v.Token(), v.Made().KnownBrowser, recovered.Token(), recovered.Made().KnownBrowser, limited.Token(),
		} {
			seen.token("token", token)
		}
		for _, code := range append(p.codes, recovered.Made().Recovery.Codes...) {
			seen["recovery code "+code] = code
		}
		require.Len(t, recovered.Made().Recovery.Codes, 10)
		values := []any{
			in, answer, pending, v, recovered, limited, *c, c, c.Grant, &c.Grant, v.Made(), *v.Made().Device, v.Made().Device,
			recovered.Made(), *recovered.Made().Grant, *recovered.Made().Recovery, recovered.Made().Recovery,
		}
		var out bytes.Buffer
		for _, value := range values {
			for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
				fmt.Fprintf(&out, format+"\n", value)
			}
			fmt.Fprintln(&out, errors.New(fmt.Sprint(value)))
			for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
				slog.New(h).Info("x", "value", value)
			}
		}
		seen.absent(t, "what was printed", out.String())
	}, with(twofactor.Policy{
		Kinds: []twofactor.Kind{twofactor.TOTP}, Recovery: twofactor.RecoveryPolicy{OnUse: twofactor.Replace},
		Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}},
	}))
}
