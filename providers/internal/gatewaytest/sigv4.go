package gatewaytest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// AssertSigV4 computes an AWS Signature Version 4 for a request without a
// query, and compares it with the one that the request carries.
func AssertSigV4(t testing.TB, r *http.Request, body []byte, keyID, secret, region, service string) {
	t.Helper()
	authorization, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		t.Error("the request is not signed")
	}
	fields := make(map[string]string)
	for field := range strings.SplitSeq(authorization, ", ") {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	date := r.Header.Get("X-Amz-Date")
	day, _, _ := strings.Cut(date, "T")
	scope := day + "/" + region + "/" + service + "/aws4_request"
	if want := keyID + "/" + scope; fields["Credential"] != want {
		t.Errorf("signed with credential %q, want %q", fields["Credential"], want)
	}

	var canonical strings.Builder
	canonical.WriteString(r.Method + "\n" + r.URL.EscapedPath() + "\n\n")
	for name := range strings.SplitSeq(fields["SignedHeaders"], ";") {
		value := strings.TrimSpace(r.Header.Get(name))
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
		}
		canonical.WriteString(name + ":" + value + "\n")
	}
	for _, name := range []string{"host", "x-amz-date"} {
		if !slices.Contains(strings.Split(fields["SignedHeaders"], ";"), name) {
			t.Errorf("header %s is not signed", name)
		}
	}
	canonical.WriteString("\n" + fields["SignedHeaders"] + "\n" + hexHash(body))

	key := []byte("AWS4" + secret)
	for _, part := range []string{day, region, service, "aws4_request"} {
		key = mac(key, part)
	}
	signature := mac(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+hexHash([]byte(canonical.String())))
	if want := hex.EncodeToString(signature); fields["Signature"] != want {
		t.Errorf("signature is %s, want %s", fields["Signature"], want)
	}
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
