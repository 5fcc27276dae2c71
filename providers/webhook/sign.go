package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	timestampHeader = "Latchkey-Timestamp"
	signatureHeader = "Latchkey-Signature"

	// minSecret is the length of the hash: a shorter key would be the weakest
	// part (RFC 2104, section 3).
	minSecret = sha256.Size

	defaultTolerance = 5 * time.Minute
)

var (
	// ErrSignature says that a request was not signed under the secret, or
	// that it was changed.
	ErrSignature = errors.New("webhook: signature is missing or wrong")

	// ErrTimestamp says that a request was signed under the secret, but too
	// long ago or by a clock too far ahead.
	ErrTimestamp = errors.New("webhook: timestamp is outside of the tolerance")

	errSecret = errors.New("webhook: secret is shorter than 32 bytes")
)

// Verify is for the receiving end: it checks the signature of a request, and
// that now is no further than tolerance from its timestamp. A tolerance of
// zero or less means five minutes. The body has to be as it came, before any
// decoding. Only a nil error means that the request is genuine; otherwise it
// is [ErrSignature], [ErrTimestamp], or says that the secret is too short.
//
// Within the tolerance, a request that is sent twice verifies twice. The
// receiver finds that out by the idempotency_key in the body.
func Verify(secret []byte, header http.Header, body []byte, now time.Time, tolerance time.Duration) error {
	if len(secret) < minSecret {
		return errSecret
	}
	if tolerance <= 0 {
		tolerance = defaultTolerance
	}
	stamps := header.Values(timestampHeader)
	if len(stamps) != 1 || !isStamp(stamps[0]) {
		return ErrSignature
	}
	want := sign(secret, stamps[0], body)
	if !hasSignature(header.Values(signatureHeader), want) {
		return ErrSignature
	}
	seconds, err := strconv.ParseInt(stamps[0], 10, 64)
	if err != nil {
		return ErrTimestamp
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return ErrTimestamp
	}
	return nil
}

// isStamp says whether s is written as a Sender writes it, so that nothing can
// move from the timestamp to the body or back.
func isStamp(s string) bool {
	return len(s) >= 1 && len(s) <= 12 && strings.Trim(s, "0123456789") == ""
}

// hasSignature looks for want among all v1 signatures.
func hasSignature(headers []string, want []byte) bool {
	for _, list := range headers {
		for entry := range strings.SplitSeq(list, ",") {
			text, ok := strings.CutPrefix(strings.TrimSpace(entry), "v1=")
			if !ok {
				continue
			}
			got, err := hex.DecodeString(text)
			if err == nil && hmac.Equal(got, want) { // takes the same time wherever they differ
				return true
			}
		}
	}
	return false
}

// sign returns the MAC that version 1 asks for.
func sign(secret []byte, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestamp))
	mac.Write([]byte("."))
	mac.Write(body)
	return mac.Sum(nil)
}
