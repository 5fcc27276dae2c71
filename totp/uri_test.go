package totp_test

import (
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/pquerna/otp"
	"github.com/stretchr/testify/require"
)

type uriVectors struct {
	Build []struct {
		URI, Error, Why string
		Issuer, Account string
		Algorithm, Type string
		Digits, Period  int
		SecretHex       string `json:"secret_hex"`
		OK              bool
		SurvivesTwice   bool `json:"survives_double_decoding"`
	}
	Parse []struct {
		URI, Error, Why string
		OK              bool
		Differs         bool `json:"pquerna_differs"`
		Expect          struct {
			Issuer, Account string
			Algorithm, Type string
			Digits, Period  int
			SecretHex       string `json:"secret_hex"`
			Weak            bool   `json:"weak_secret"`
		}
	}
}

func unhex(t testing.TB, text string) string {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return string(b)
}

func TestURIEncode(t *testing.T) {
	t.Parallel()
	rows := load[uriVectors](t, "otpauth_uris.json").Build
	require.NotEmpty(t, rows)
	for _, row := range rows {
		if row.Type == "hotp" {
			continue // a URI can't say so; TestParseURI has the refusal
		}
		t.Run(row.Why, func(t *testing.T) {
			t.Parallel()
			s, err := totp.SecretFromBytes([]byte(unhex(t, row.SecretHex)))
			if !row.OK && strings.HasPrefix(row.Error, "secret") {
				require.ErrorIs(t, err, totp.ErrShortSecret)
				return
			}
			require.NoError(t, err)
			u := totp.URI{Issuer: row.Issuer, Account: row.Account, Key: totp.Key{
				Secret: s, Algorithm: algorithmNamed(t, row.Algorithm), Digits: row.Digits, Period: row.Period,
			}}
			text, err := u.Encode()
			if !row.OK {
				require.ErrorIs(t, err, totp.ErrURI)
				require.ErrorContains(t, err, row.Error)
				_, err = u.OTP()
				require.ErrorIs(t, err, totp.ErrURI)
				_, err = u.QR()
				require.ErrorIs(t, err, totp.ErrURI)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.URI, text)
			require.Equal(t, row.SurvivesTwice, u.Lint() == nil)
			requireReadByOthers(t, u, text)
		})
	}
}

// requireReadByOthers reads a URI that we wrote with net/url and pquerna/otp.
func requireReadByOthers(t *testing.T, u totp.URI, text string) {
	t.Helper()
	parsed, err := url.Parse(text)
	require.NoError(t, err)
	require.Equal(t, "/"+u.Issuer+":"+u.Account, parsed.Path)
	require.Equal(t, []string{u.Issuer}, parsed.Query()["issuer"])

	k, err := u.OTP()
	require.NoError(t, err)
	require.Equal(t, "totp", k.Type())
	require.Equal(t, u.Issuer, k.Issuer())
	require.Equal(t, u.Account, k.AccountName())
	require.Equal(t, u.Key.Secret.Base32(), k.Secret())
	require.Equal(t, algorithms[u.Key.Algorithm], k.Algorithm())
	require.EqualValues(t, max(u.Key.Digits, 6), k.Digits())
	again, err := totp.KeyFromOTP(k)
	require.NoError(t, err)
	require.Equal(t, u.Key.Secret.Bytes(), again.Secret.Bytes())
}

// TestURIEncodesMore has names that other builders lose.
func TestURIEncodesMore(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"AT&T", "C++", "a=b", "$5", "a@b", "100%", "a b", "~x_y-z.", "\"<'>", "日本語", "é", "a;b", "%41", "[x]", "😀"} {
		u := totp.URI{Issuer: name, Account: name, Key: rfcKey(t)}
		text, err := u.Encode()
		require.NoError(t, err)
		require.NotContains(t, text, "+")
		requireReadByOthers(t, u, text)
		lints := strings.ContainsAny(name, "&%#+?/=")
		require.Equal(t, lints, u.Lint() != nil, name)
		require.Equal(t, lints, totp.URI{Issuer: "A", Account: name}.Lint() != nil, name)
		back, err := totp.ParseURI(text)
		require.NoError(t, err)
		require.Equal(t, name, back.Issuer)
		require.Equal(t, name, back.Account)
	}
}

func TestURINames(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ name, problem string }{
		"newline":   {"a\nb", "control or format character"},
		"override":  {"a\u202eb", "control or format character"},
		"separator": {"a\u2028b", "control or format character"},
		"invalid":   {"a\xff", "not UTF-8"},
		"no XML":    {"a\uffffb", "control or format character"},
		"no-break":  {"a\u00a0", "surrounding space"},
		"blank":     {" ", "surrounding space"},
		"colon":     {"a:b", "colon"},
		"long":      {strings.Repeat("x", 257), "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := totp.URI{Issuer: tt.name, Account: "a", Key: rfcKey(t)}.Encode()
			require.ErrorIs(t, err, totp.ErrURI)
			require.ErrorContains(t, err, "issuer: "+tt.problem)
			_, err = totp.URI{Issuer: "a", Account: tt.name, Key: rfcKey(t)}.Encode()
			require.ErrorIs(t, err, totp.ErrURI)
			require.ErrorContains(t, err, "account: "+tt.problem)
		})
	}
}

func TestParseURI(t *testing.T) {
	t.Parallel()
	rows := load[uriVectors](t, "otpauth_uris.json").Parse
	require.NotEmpty(t, rows)
	for _, row := range rows {
		t.Run(row.Why, func(t *testing.T) {
			t.Parallel()
			u, err := totp.ParseURI(row.URI)
			switch {
			case !row.OK:
				requireRefused(t, err)
				return
			case row.Expect.Type == "hotp":
				requireRefused(t, err)
				require.ErrorContains(t, err, "counter")
				return
			case row.Expect.Weak:
				requireRefused(t, err)
				require.ErrorIs(t, err, totp.ErrShortSecret)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.Expect.Issuer, u.Issuer)
			require.Equal(t, row.Expect.Account, u.Account)
			require.Equal(t, row.Expect.Algorithm, u.Key.Algorithm.String())
			require.Equal(t, row.Expect.Digits, u.Key.Digits)
			require.Equal(t, row.Expect.Period, u.Key.Period)
			require.Equal(t, unhex(t, row.Expect.SecretHex), string(u.Key.Secret.Bytes()))
			require.NoError(t, u.Key.Validate())

			text, err := u.Encode()
			require.NoError(t, err)
			requireReadByOthers(t, u, text)
		})
	}
}

func requireRefused(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, totp.ErrURI)
	for _, part := range []string{"GEZD", "JBSW", "otpauth://", "0189"} {
		require.NotContains(t, err.Error(), part)
	}
}

// TestParseURIRefuses has what the vectors don't, with the reason.
func TestParseURIRefuses(t *testing.T) {
	t.Parallel()
	const secret = "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for name, tt := range map[string]struct{ uri, problem string }{
		"empty":              {"", "scheme"},
		"http":               {"http://totp/a?" + secret, "scheme"},
		"no slashes":         {"otpauth:totp/a?" + secret, "scheme"},
		"export":             {"OTPAUTH-MIGRATION://offline?data=x", "export of many keys"},
		"hotp":               {"otpauth://hotp/a?" + secret + "&counter=1", "counter"},
		"port":               {"otpauth://totp:80/a?" + secret, "type"},
		"user":               {"otpauth://x@totp/a?" + secret, "type"},
		"fragment":           {"otpauth://totp/a?" + secret + "#x", "percent-encoded"},
		"raw space":          {"otpauth://totp/a b?" + secret, "percent-encoded"},
		"raw UTF-8":          {"otpauth://totp/é?" + secret, "percent-encoded"},
		"NUL":                {"otpauth://totp/a\x00?" + secret, "percent-encoded"},
		"bad escape":         {"otpauth://totp/a%4?" + secret, "label: bad percent-encoding"},
		"bad escape in name": {"otpauth://totp/a?%4=1&" + secret, "parameter name: bad"},
		"bad escape in text": {"otpauth://totp/a?" + secret + "%", "parameter: bad"},
		"twice, other case":  {"otpauth://totp/a?" + secret + "&SECRET=GEZDGNBVGY3TQOJQGEZDGNBVGY", "repeated"},
		"twice, escaped":     {"otpauth://totp/a?" + secret + "&%53ecret=GEZDGNBVGY3TQOJQGEZDGNBVGY", "repeated"},
		"long s":             {"otpauth://totp/a?%C5%BFecret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "no secret"},
		"empty secret":       {"otpauth://totp/a?secret=", "shorter"},
		"blank secret":       {"otpauth://totp/a?secret=%20+%20", "shorter"},
		"zero secret":        {"otpauth://totp/a?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "one byte repeated"},
		"steam":              {"otpauth://totp/Steam:a?" + secret + "&encoder=steam", "encoder"},
		"empty algorithm":    {"otpauth://totp/a?" + secret + "&algorithm=", "algorithm"},
		"dashed algorithm":   {"otpauth://totp/a?" + secret + "&algorithm=SHA-1", "algorithm"},
		"nine digits":        {"otpauth://totp/a?" + secret + "&digits=9", "digits"},
		"empty digits":       {"otpauth://totp/a?" + secret + "&digits=", "digits"},
		"leading zero":       {"otpauth://totp/a?" + secret + "&digits=06", "digits"},
		"long period":        {"otpauth://totp/a?" + secret + "&period=121", "period"},
		"hour":               {"otpauth://totp/a?" + secret + "&period=3600", "period"},
		"fraction":           {"otpauth://totp/a?" + secret + "&period=30.5", "period"},
		"empty issuer":       {"otpauth://totp/a?" + secret + "&issuer=", "issuer: empty"},
		"empty prefix":       {"otpauth://totp/:a?" + secret + "&issuer=A", "issuer: empty"},
		"slash at the end":   {"otpauth://totp/?" + secret, "account: empty"},
		"hidden in issuer":   {"otpauth://totp/a?" + secret + "&issuer=A%0A", "issuer: control"},
		"encoded colons":     {"otpauth://totp/A%3AB%3Ac?" + secret, "account: colon"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := totp.ParseURI(tt.uri)
			requireRefused(t, err)
			require.ErrorContains(t, err, tt.problem)
		})
	}
}

func TestParseURIAccepts(t *testing.T) {
	t.Parallel()
	const secret = "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for name, tt := range map[string]struct{ uri, issuer, account string }{
		"no issuer":            {"otpauth://totp/alice?" + secret, "", "alice"},
		"empty parameters":     {"otpauth://totp/A:alice?&" + secret + "&&", "A", "alice"},
		"issuer, but not ours": {"otpauth://totp/A:alice?" + secret + "&%C4%B0ssuer=B", "A", "alice"},
		"slash in the account": {"otpauth://totp/A:alice/b?" + secret, "A", "alice/b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := totp.ParseURI(tt.uri)
			require.NoError(t, err)
			require.Equal(t, tt.issuer, u.Issuer)
			require.Equal(t, tt.account, u.Account)
		})
	}
}

// TestLongestURI builds the longest URI there is, and reads it again.
func TestLongestURI(t *testing.T) {
	t.Parallel()
	s, err := totp.NewSecret(totp.SHA512)
	require.NoError(t, err)
	u := totp.URI{
		Issuer: strings.Repeat("é", 64), Account: strings.Repeat("é", 128),
		Key: totp.Key{Secret: s, Algorithm: totp.SHA512, Digits: 8, Period: 120},
	}
	text, err := u.Encode()
	require.NoError(t, err)
	back, err := totp.ParseURI(text)
	require.NoError(t, err)
	require.Equal(t, u, back)
}

// TestKeyFromOTP takes keys as pquerna/otp makes and accepts them.
func TestKeyFromOTP(t *testing.T) {
	t.Parallel()
	const secret = "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for name, tt := range map[string]struct {
		uri, problem string
		want         totp.Key
	}{
		"plain":          {"otpauth://totp/A:b?" + secret, "", totp.Key{Digits: 6, Period: 30}},
		"issuer cut":     {"otpauth://totp/AT&T:b?" + secret + "&issuer=AT&T", "", totp.Key{Digits: 6, Period: 30}},
		"two colons":     {"otpauth://totp/A:B:c?" + secret, "", totp.Key{Digits: 6, Period: 30}},
		"every setting":  {"otpauth://totp/A:b?" + secret + "&algorithm=SHA512&digits=8&period=60", "", totp.Key{Algorithm: totp.SHA512, Digits: 8, Period: 60}},
		"MD5":            {"otpauth://totp/A:b?" + secret + "&algorithm=MD5", "algorithm", totp.Key{}},
		"no algorithm":   {"otpauth://totp/A:b?" + secret + "&algorithm=HmacSHA1", "algorithm", totp.Key{}},
		"period garbled": {"otpauth://totp/A:b?" + secret + "&period=30s", "period", totp.Key{}},
		"hotp":           {"otpauth://hotp/A:b?" + secret + "&counter=1", "counter", totp.Key{}},
		"steam":          {"otpauth://totp/A:b?" + secret + "&encoder=steam", "encoder", totp.Key{}},
		"short secret":   {"otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQ", "shorter", totp.Key{}},
		"http":           {"http://totp/A:b?" + secret, "scheme", totp.Key{}},
		"empty":          {"", "scheme", totp.Key{}},
		"long":           {"otpauth://totp/A:b?" + secret + "&x=" + strings.Repeat("x", 2048), "longer", totp.Key{}},
		"bad escape":     {"otpauth://totp/A:b?" + secret + "%4", "percent-encoding", totp.Key{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, err := otp.NewKeyFromURL(tt.uri)
			require.NoError(t, err)
			k, err := totp.KeyFromOTP(in)
			if tt.problem != "" {
				requireRefused(t, err)
				require.ErrorContains(t, err, tt.problem)
				return
			}
			require.NoError(t, err)
			tt.want.Secret = rfcKey(t).Secret
			require.Equal(t, tt.want, k)
		})
	}
}

func FuzzParseURI(f *testing.F) {
	for _, row := range load[uriVectors](f, "otpauth_uris.json").Parse {
		f.Add(row.URI)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := totp.ParseURI(text)
		if err != nil {
			require.ErrorIs(t, err, totp.ErrURI)
			require.Empty(t, u)
			return
		}
		require.NoError(t, u.Key.Validate())
		if u.Issuer == "" {
			u.Issuer = "Example"
		}
		encoded, err := u.Encode()
		require.NoError(t, err)
		back, err := totp.ParseURI(encoded)
		require.NoError(t, err)
		require.Equal(t, u, back)
		k, err := u.OTP()
		require.NoError(t, err)
		fromOTP, err := totp.KeyFromOTP(k)
		require.NoError(t, err)
		require.Equal(t, u.Key, fromOTP)
	})
}

func FuzzURI(f *testing.F) {
	f.Add("Example", "alice@example.com", rfcSecret, byte(0), 6, 30)
	f.Add("Müller & Söhne", "50%", "0123456789abcdef", byte(2), 8, 120)
	f.Add("a/b?c#d=e", "+ $", "0123456789abcdef", byte(1), 0, 0)
	f.Fuzz(func(t *testing.T, issuer, account, key string, a byte, digits, period int) {
		s, err := totp.SecretFromBytes([]byte(key))
		if err != nil {
			return
		}
		u := totp.URI{Issuer: issuer, Account: account, Key: totp.Key{Secret: s, Algorithm: totp.Algorithm(a), Digits: digits, Period: period}}
		text, err := u.Encode()
		if err != nil {
			return
		}
		back, err := totp.ParseURI(text)
		require.NoError(t, err)
		again, err := back.Encode()
		require.NoError(t, err)
		require.Equal(t, text, again)
		require.Equal(t, issuer, back.Issuer)
		require.Equal(t, account, back.Account)
		require.Equal(t, s.Bytes(), back.Key.Secret.Bytes())
	})
}
