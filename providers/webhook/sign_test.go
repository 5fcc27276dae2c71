package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/providers/webhook"
)

var signedAt = time.Unix(1793620800, 0)

// signed returns the headers for body, made without the package's own code.
func signed(stamp, body string) http.Header {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(stamp + "." + body))
	return http.Header{
		"Latchkey-Timestamp": {stamp},
		"Latchkey-Signature": {"v1=" + hex.EncodeToString(mac.Sum(nil))},
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const stamp, body = "1793620800", `{"to":"x"}`
	good := signed(stamp, body).Get("Latchkey-Signature")
	with := func(name string, values ...string) func(http.Header) {
		return func(h http.Header) { h[name] = values }
	}
	same := func(http.Header) {}
	for _, test := range []struct {
		name      string
		change    func(h http.Header)
		body      string
		secret    []byte
		now       time.Time
		tolerance time.Duration
		want      error
	}{
		{"right", same, body, secret, signedAt, 0, nil},
		{"late", same, body, secret, signedAt.Add(5 * time.Minute), 0, nil},
		{"early", same, body, secret, signedAt.Add(-5 * time.Minute), 0, nil},
		{"too late", same, body, secret, signedAt.Add(5*time.Minute + 1), 0, webhook.ErrTimestamp},
		{"too early", same, body, secret, signedAt.Add(-5*time.Minute - 1), 0, webhook.ErrTimestamp},
		{"own tolerance", same, body, secret, signedAt.Add(time.Minute + 1), time.Minute, webhook.ErrTimestamp},
		{"negative tolerance", same, body, secret, signedAt.Add(time.Minute), -1, nil},
		{"ages later", same, body, secret, signedAt.AddDate(400, 0, 0), 0, webhook.ErrTimestamp},
		{"among other versions", with("Latchkey-Signature", "v2=00, "+good), body, secret, signedAt, 0, nil},
		{"in a second header", with("Latchkey-Signature", "v1=00", good), body, secret, signedAt, 0, nil},
		{"other body", same, body + " ", secret, signedAt, 0, webhook.ErrSignature},
		{"other secret", same, body, []byte("another secret of at least 32 bytes"), signedAt, 0, webhook.ErrSignature},
		{"other timestamp", with("Latchkey-Timestamp", "1793620801"), body, secret, signedAt, 0, webhook.ErrSignature},
		{"leading zero", with("Latchkey-Timestamp", "01793620800"), body, secret, signedAt, 0, webhook.ErrSignature},
		{"two timestamps", with("Latchkey-Timestamp", stamp, stamp), body, secret, signedAt, 0, webhook.ErrSignature},
		{"no timestamp", with("Latchkey-Timestamp"), body, secret, signedAt, 0, webhook.ErrSignature},
		{"no signature", with("Latchkey-Signature"), body, secret, signedAt, 0, webhook.ErrSignature},
		{"empty signature", with("Latchkey-Signature", "v1="), body, secret, signedAt, 0, webhook.ErrSignature},
		{"shortened signature", with("Latchkey-Signature", good[:len(good)-2]), body, secret, signedAt, 0, webhook.ErrSignature},
		{"without version", with("Latchkey-Signature", good[3:]), body, secret, signedAt, 0, webhook.ErrSignature},
		{"wrong version", with("Latchkey-Signature", "v0"+good[2:]), body, secret, signedAt, 0, webhook.ErrSignature},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := signed(stamp, body)
			test.change(h)
			require.ErrorIs(t, webhook.Verify(test.secret, h, []byte(test.body), test.now, test.tolerance), test.want)
		})
	}
}

// A digit must not move between timestamp and body, whatever was signed.
func TestVerifyRefusesOddTimestamps(t *testing.T) {
	t.Parallel()
	for _, stamp := range []string{"", " 1793620800", "+1793620800", "-1", "1793620800.1", "0x6ae80000", "1793620800000", "٣"} {
		h := signed(stamp, "{}")
		require.ErrorIs(t, webhook.Verify(secret, h, []byte("{}"), signedAt, 0), webhook.ErrSignature, "%q", stamp)
	}
}

func TestVerifyRefusesShortSecrets(t *testing.T) {
	t.Parallel()
	for _, short := range [][]byte{nil, {}, secret[:31]} {
		mac := hmac.New(sha256.New, short)
		mac.Write([]byte("1793620800.{}"))
		h := http.Header{
			"Latchkey-Timestamp": {"1793620800"},
			"Latchkey-Signature": {"v1=" + hex.EncodeToString(mac.Sum(nil))},
		}
		require.ErrorContains(t, webhook.Verify(short, h, []byte("{}"), signedAt, 0), "shorter than 32 bytes")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("1793620800", "v1=00", []byte("{}"))
	f.Add("", "v1=,v1=,,", []byte(nil))
	f.Add("99999999999999999999", "v1=zz", []byte("."))
	f.Fuzz(func(t *testing.T, stamp, signature string, body []byte) {
		h := http.Header{"Latchkey-Timestamp": {stamp}, "Latchkey-Signature": {signature}}
		if webhook.Verify(secret, h, body, signedAt, 0) == nil {
			t.Fatal("verified without the secret")
		}
	})
}
