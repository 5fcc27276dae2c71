package devicetrust_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/devicetrust"
)

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

var (
	now   = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	month = 30 * 24 * time.Hour
	alice = devicetrust.Binding{User: "alice", Audience: "example.com", Epoch: 3, Credential: "password 7"}
	bob   = devicetrust.Binding{User: "bob", Audience: "example.com", Epoch: 3, Credential: "password 7"}
)

func mint(t testing.TB, b devicetrust.Binding) (devicetrust.Device, string) {
	t.Helper()
	d, token, err := devicetrust.Mint(b, devicetrust.Grant{Life: month, Name: "Firefox on Linux", Methods: []string{"totp"}}, now)
	require.NoError(t, err)
	return d, token
}

func TestTokenForm(t *testing.T) {
	t.Parallel()
	d, token := mint(t, alice)
	require.Regexp(t, `^d1\.[0-9A-Za-z_-]{64}$`, token)
	require.Len(t, token, 67)
	require.NotContains(t, token, "alice")
	raw, err := base64.RawURLEncoding.DecodeString(token[3:])
	require.NoError(t, err)
	require.NotContains(t, string(raw), "alice")
	require.Contains(t, token, d.ID[:21], "the id is the token's beginning")

	other, otherToken := mint(t, alice)
	require.NotEqual(t, token, otherToken)
	require.NotEqual(t, d.ID, other.ID)
	require.NotEqual(t, d.Hash, other.Hash)
}

// W41: every character changed to every other one, every truncation, every
// character doubled or swapped with its neighbor.
func TestBypass_W41_ForgedToken(t *testing.T) {
	t.Parallel()
	d, token := mint(t, alice)
	other, _ := mint(t, alice)
	list := devicetrust.List{other, d}
	refused := func(forged string) {
		t.Helper()
		if forged == token {
			return
		}
		got, err := list.Check(forged, alice, now)
		require.ErrorIs(t, err, devicetrust.ErrUnknown, forged)
		require.Zero(t, got)
	}
	for i := range len(token) {
		for _, c := range []byte(base64url + "+/=. \n\x00\xff") {
			refused(token[:i] + string([]byte{c}) + token[i+1:])
			refused(token[:i] + string([]byte{c}) + token[i:])
		}
		refused(token[:i])
		refused(token[i+1:])
		refused(token[:i] + token[i+1:])
	}
	for _, forged := range []string{
		"", " ", "d1.", token + " ", " " + token, token + "=", token + "\n", token + token,
		strings.ToLower(token), strings.ToUpper(token), "d2." + token[3:], token[3:],
		"d1." + strings.Repeat("A", 64), "d1." + d.ID + token[3+22:], strings.Repeat("A", 1<<20),
		token[:63] + "\n\r\n\r", token[:3] + "\n\n\n\n" + token[7:],
		token[:3+22] + strings.Repeat("A", 42),
	} {
		refused(forged)
	}
	_, err := list.Check(token, alice, now)
	require.NoError(t, err)
}

// W41, W43: another user or audience, also where the parts run together
// to the same bytes.
func TestBypass_W41_OtherBinding(t *testing.T) {
	t.Parallel()
	d, token := mint(t, alice)
	for name, c := range map[string]struct {
		change func(*devicetrust.Binding)
		want   error
	}{
		"other user":       {func(b *devicetrust.Binding) { b.User = "bob" }, devicetrust.ErrUnknown},
		"no user":          {func(b *devicetrust.Binding) { b.User = "" }, devicetrust.ErrUnknown},
		"other case":       {func(b *devicetrust.Binding) { b.User = "Alice" }, devicetrust.ErrUnknown},
		"shifted boundary": {func(b *devicetrust.Binding) { b.User, b.Audience = "aliceexample", ".com" }, devicetrust.ErrUnknown},
		"other audience":   {func(b *devicetrust.Binding) { b.Audience = "example.org" }, devicetrust.ErrAudience},
		"no audience":      {func(b *devicetrust.Binding) { b.Audience = "" }, devicetrust.ErrAudience},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := alice
			c.change(&b)
			_, err := devicetrust.List{d}.Check(token, b, now)
			require.ErrorIs(t, err, c.want)
		})
	}
	// A device whose stored audience was changed proves nothing.
	moved := d
	moved.Audience = "example.org"
	b := alice
	b.Audience = "example.org"
	_, err := devicetrust.List{moved}.Check(token, b, now)
	require.ErrorIs(t, err, devicetrust.ErrUnknown)
	moved.Audience, b.Audience, b.User = ".com", ".com", "aliceexample"
	_, err = devicetrust.List{moved}.Check(token, b, now)
	require.ErrorIs(t, err, devicetrust.ErrUnknown)
}

func FuzzCheck(f *testing.F) {
	d, token := mint(f, alice)
	for _, s := range []string{"", token, "d1." + strings.Repeat("A", 64), "d1." + strings.Repeat("\n", 64), token[:66] + "\n", "d1." + d.ID} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := devicetrust.List{d}.Check(text, alice, now)
		if text == token {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, devicetrust.ErrUnknown)
		require.Zero(t, got)
	})
}
