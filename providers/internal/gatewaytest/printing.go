package gatewaytest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// AssertHidden prints, logs and encodes values in all ways that apps do, alone
// and inside of something else, and looks for secret in what comes out.
func AssertHidden(t testing.TB, secret string, values ...any) {
	t.Helper()
	var out bytes.Buffer
	for _, v := range values {
		for _, v := range []any{v, struct{ Value any }{v}, []any{v}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
				fmt.Fprintf(&out, verb+"\n", v)
			}
			for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
				slog.New(h).Info("printing", "value", v)
			}
			text, err := json.Marshal(v)
			if err != nil {
				t.Errorf("%T as JSON: %v", v, err)
			}
			out.Write(text)
		}
	}
	printed := strings.ToLower(out.String())
	if printed == "" {
		t.Error("nothing was printed")
	}
	for name, form := range map[string]string{
		"as it is":       secret,
		"in hexadecimal": hex.EncodeToString([]byte(secret)),
		"as bytes":       strings.Trim(fmt.Sprint([]byte(secret)), "[]"),
		"in Go's syntax": strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(secret)), "[]byte{"), "}"),
		"in Base64":      base64.StdEncoding.EncodeToString([]byte(secret)),
	} {
		if strings.Contains(printed, strings.ToLower(form)) {
			t.Errorf("the secret is in what was printed, %s", name)
		}
	}
}
