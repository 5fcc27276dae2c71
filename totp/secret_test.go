package totp_test

import (
	"bytes"
	"crypto/rand"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/stretchr/testify/require"
)

type base32Vectors struct {
	Edge []struct {
		Hex, Input, Why string
		OK              bool
	}
	Lengths []struct {
		Bytes int
		OK    bool
	} `json:"imported_secret_length_policy"`
	Vectors []struct {
		ASCII    string
		Padded   string `json:"base32_padded"`
		Unpadded string `json:"base32_unpadded"`
	}
}

// TestBase32 runs the rows of RFC 4648 and the edge cases. Most are shorter than
// a secret may be, which is then all that is wrong with them.
func TestBase32(t *testing.T) {
	t.Parallel()
	v := load[base32Vectors](t, "base32_edge.json")
	require.NotEmpty(t, v.Vectors)
	for _, row := range v.Vectors {
		for _, text := range []string{row.Padded, row.Unpadded, strings.ToLower(row.Padded)} {
			requireDecoded(t, text, row.ASCII)
		}
	}
	require.NotEmpty(t, v.Edge)
	for _, row := range v.Edge {
		if row.OK {
			want, err := hex.DecodeString(row.Hex)
			require.NoError(t, err)
			requireDecoded(t, row.Input, string(want))
			continue
		}
		_, err := totp.ParseSecret(row.Input)
		require.ErrorIs(t, err, totp.ErrSecret, row.Why)
		require.NotErrorIs(t, err, totp.ErrShortSecret, row.Why)
	}
}

func requireDecoded(t *testing.T, text, want string) {
	t.Helper()
	b, err := totp.DecodeBase32(text)
	require.NoError(t, err)
	require.Equal(t, want, string(b))
	s, err := totp.ParseSecret(text)
	if len(want) < 16 {
		require.ErrorIs(t, err, totp.ErrShortSecret)
		require.ErrorIs(t, err, totp.ErrSecret)
		require.Empty(t, s.Bytes())
		return
	}
	require.NoError(t, err)
	require.Equal(t, want, string(s.Bytes()))
}

func TestParseSecret(t *testing.T) {
	t.Parallel()
	const text = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for name, spelling := range map[string]string{
		"groups":       "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
		"no-break":     "GEZD\u00a0GNBV\u202fGY3T\u2009QOJQGEZDGNBVGY3TQOJQ",
		"en dash":      "GEZD–GNBV–GY3T–QOJQ–GEZD–GNBV–GY3T–QOJQ",
		"pasted lines": "\tGEZDGNBVGY3TQOJQ\r\nGEZDGNBVGY3TQOJQ\n",
	} {
		s, err := totp.ParseSecret(spelling)
		require.NoError(t, err, name)
		require.Equal(t, text, s.Base32())
		require.Equal(t, rfcSecret, string(s.Bytes()))
	}
	for name, tt := range map[string]struct{ text, problem string }{
		"empty":      {"", "shorter than 16 bytes"},
		"blank":      {" \t\u00a0 ", "shorter than 16 bytes"},
		"zero":       {"GEZD0NBVGY3TQOJQGEZDGNBVGY3TQOJQ", "character 5, '0', is not Base32"},
		"position":   {"GEZD GNBé", "character 9, 'é', is not Base32"},
		"pad bits":   {"GEZDGNBVGY3TQOJQGEZDGNBVGB", "not whole bytes"},
		"no padding": {text + "========", "wrong padding"},
		"long":       {strings.Repeat("AB", 52), "longer than 64 bytes"},
		"very long":  {strings.Repeat(" ", 300) + text, "text longer than 256 bytes"},
		"all zero":   {strings.Repeat("A", 32), "one byte repeated"},
	} {
		_, err := totp.ParseSecret(tt.text)
		require.ErrorIs(t, err, totp.ErrSecret, name)
		require.ErrorContains(t, err, tt.problem, name)
		require.NotContains(t, err.Error(), "GEZD")
	}
}

func TestW05SecretLengths(t *testing.T) {
	t.Parallel()
	rows := load[base32Vectors](t, "base32_edge.json").Lengths
	require.NotEmpty(t, rows)
	for _, row := range rows {
		b := []byte(strings.Repeat("12345678", 8)[:row.Bytes])
		_, err := totp.SecretFromBytes(b)
		if row.OK {
			require.NoError(t, err, "%d bytes", row.Bytes)
		} else {
			require.ErrorIs(t, err, totp.ErrShortSecret, "%d bytes", row.Bytes)
		}
	}
	_, err := totp.SecretFromBytes([]byte(strings.Repeat("12345", 13)))
	require.ErrorIs(t, err, totp.ErrSecret)
	for _, same := range []byte{0, ' ', 0xff} {
		_, err := totp.SecretFromBytes(bytes.Repeat([]byte{same}, 20))
		require.ErrorIs(t, err, totp.ErrSecret)
	}
	_, err = totp.Key{}.Match("755224", unix(0), none, totp.Window{})
	require.ErrorIs(t, err, totp.ErrKey)
	_, err = totp.URI{Issuer: "Example", Account: "a"}.Encode()
	require.ErrorIs(t, err, totp.ErrKey)
}

func TestNewSecret(t *testing.T) {
	for a, size := range map[totp.Algorithm]int{totp.SHA1: 20, totp.SHA256: 32, totp.SHA512: 64} {
		seen := map[string]bool{}
		for range 1000 {
			s, err := totp.NewSecret(a)
			require.NoError(t, err)
			require.Len(t, s.Bytes(), size)
			seen[s.Base32()] = true
		}
		require.Len(t, seen, 1000)
	}
	_, err := totp.NewSecret(3)
	require.ErrorIs(t, err, totp.ErrKey)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestW54FailedRandomSource is not parallel: it replaces the process's source.
func TestW54FailedRandomSource(t *testing.T) {
	defer func(r any) { rand.Reader = r.(interface{ Read([]byte) (int, error) }) }(rand.Reader)
	rand.Reader = zeros{}
	_, err := totp.NewSecret(totp.SHA1)
	require.ErrorIs(t, err, totp.ErrSecret)
}

func TestSecretIsCopied(t *testing.T) {
	t.Parallel()
	in := []byte(rfcSecret)
	s, err := totp.SecretFromBytes(in)
	require.NoError(t, err)
	clear(in)
	clear(s.Bytes())
	require.Equal(t, rfcSecret, string(s.Bytes()))
}

func TestGroups(t *testing.T) {
	t.Parallel()
	require.Equal(t, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", secret(t, rfcSecret).Groups())
	require.Equal(t, "GEZD GNBV GY3T QOJQ GEZD GNBV GY", secret(t, rfcSecret[:16]).Groups())
	require.Empty(t, totp.Secret{}.Groups())
	again, err := totp.ParseSecret(secret(t, rfcSecret[:17]).Groups())
	require.NoError(t, err)
	require.Equal(t, rfcSecret[:17], string(again.Bytes()))
}

// TestSecretIsRedacted prints, logs and marshals everything that holds a secret,
// in all the ways that show what is inside.
func TestSecretIsRedacted(t *testing.T) {
	t.Parallel()
	key := rfcKey(t)
	uri := totp.URI{Issuer: "Example", Account: "alice", Key: key}
	code, err := uri.QR()
	require.NoError(t, err)
	type hidden struct{ secret totp.Secret }
	type hiddenKey struct{ key totp.Key }
	for _, v := range []any{
		key.Secret, &key.Secret, key, &key, uri, &uri, *code, code,
		hidden{key.Secret}, &hidden{key.Secret}, hiddenKey{key}, []totp.Secret{key.Secret}, map[string]totp.Key{"k": key},
	} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%c", "%U", "%b", "%o", "%t", "%p"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
		_ = json.NewEncoder(&out).Encode(v)
		_ = xml.NewEncoder(&out).Encode(v)
		_ = gob.NewEncoder(&out).Encode(v)
		requireNoSecret(t, out.String())
		require.NotContains(t, out.String(), "true true true true true true true", "%T", v) // the corner of a QR code
	}
	require.Equal(t, "[redacted]", key.Secret.String())
	require.Equal(t, "[redacted]", fmt.Sprintf("%#v", key.Secret))
	text, err := json.Marshal(key)
	require.NoError(t, err)
	require.JSONEq(t, `{"Secret":"[redacted]","Algorithm":0,"Digits":0,"Period":0}`, string(text))
	require.Error(t, json.Unmarshal(text, &key), "a redacted secret must not be read back")
}

// requireNoSecret fails if text has a part of the RFC secret in any spelling.
func requireNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, part := range []string{"GEZDGNBV", "GEZD GNBV", "12345678", "49 50 51", "0x31, 0x32", "0x31 0x32", "31323334", "MTIzNDU2", "U+0031", "110001 110010", "61 62 63", "1 2 3 4"} {
		require.NotContains(t, strings.ToUpper(text), strings.ToUpper(part))
	}
}

func TestAlgorithmString(t *testing.T) {
	t.Parallel()
	require.Equal(t, "SHA1 SHA256 SHA512 Algorithm(3)", fmt.Sprint(totp.SHA1, totp.SHA256, totp.SHA512, totp.Algorithm(3)))
}

func FuzzParseSecret(f *testing.F) {
	for _, s := range []string{"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "mzxw 6ytb-oi======", "========", "\x00", "\u212a\uff21", "MZXW7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := totp.ParseSecret(text)
		if err != nil {
			require.ErrorIs(t, err, totp.ErrSecret)
			require.Empty(t, s.Bytes())
			return
		}
		n := len(s.Bytes())
		require.True(t, 16 <= n && n <= 64, "%d bytes", n)
		for _, spelling := range []string{s.Base32(), s.Groups(), strings.ToLower(s.Groups())} {
			again, err := totp.ParseSecret(spelling)
			require.NoError(t, err)
			require.Equal(t, s.Bytes(), again.Bytes())
		}
	})
}
