package gatewaytest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// AssertSigV4 computes an AWS Signature Version 4 for a request without a
// query, and compares it with the one that the request carries.
func AssertSigV4(t testing.TB, r *http.Request, body []byte, keyID, secret, region, service string) {
	t.Helper()
	authorization, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	assert.True(t, ok, "the request is not signed")
	fields := make(map[string]string)
	for field := range strings.SplitSeq(authorization, ", ") {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	date := r.Header.Get("X-Amz-Date")
	day, _, _ := strings.Cut(date, "T")
	scope := day + "/" + region + "/" + service + "/aws4_request"
	assert.Equal(t, keyID+"/"+scope, fields["Credential"])

	canonical := r.Method + "\n" + r.URL.EscapedPath() + "\n\n"
	for name := range strings.SplitSeq(fields["SignedHeaders"], ";") {
		value := strings.TrimSpace(r.Header.Get(name))
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
		}
		canonical += name + ":" + value + "\n"
	}
	for _, name := range []string{"host", "x-amz-date"} {
		assert.Contains(t, strings.Split(fields["SignedHeaders"], ";"), name)
	}
	canonical += "\n" + fields["SignedHeaders"] + "\n" + hexHash(body)

	key := []byte("AWS4" + secret)
	for _, part := range []string{day, region, service, "aws4_request"} {
		key = mac(key, part)
	}
	signature := mac(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+hexHash([]byte(canonical)))
	assert.Equal(t, hex.EncodeToString(signature), fields["Signature"])
}

func mac(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}

func hexHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
