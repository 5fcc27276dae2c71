package otpcode_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
)

func TestParseSMSVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		Vectors []struct {
			Message      string `json:"message"`
			OK           bool   `json:"ok"`
			Code         string `json:"code"`
			Host         string `json:"top_level_host"`
			EmbeddedHost string `json:"embedded_host"`
			Why          string `json:"why"`
		} `json:"vectors"`
	}
	data, err := os.ReadFile("testdata/sms_origin_bound.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &file))
	require.Len(t, file.Vectors, 16)
	for _, v := range file.Vectors {
		t.Run(v.Why, func(t *testing.T) {
			t.Parallel()
			got, err := otpcode.ParseSMS(v.Message)
			require.Equal(t, v.OK, err == nil)
			require.Equal(t, otpcode.BoundCode{Code: v.Code, Host: v.Host, EmbeddedHost: v.EmbeddedHost}, got)
		})
	}
}

func TestFormatSMS(t *testing.T) {
	t.Parallel()
	text, err := otpcode.FormatSMS("747723 is your code.\n", "example.com", "747723")
	require.NoError(t, err)
	require.Equal(t, "747723 is your code.\n\n@example.com #747723", text)
	for _, host := range []string{"example.com", "login.example.com.au", "localhost", "xn--bcher-kva.example", "a-b.example", "1.example"} {
		text, err := otpcode.FormatSMS("Hello @other.example #1", host, "0012345678")
		require.NoError(t, err, host)
		got, err := otpcode.ParseSMS(text)
		require.NoError(t, err)
		require.Equal(t, otpcode.BoundCode{Code: "0012345678", Host: host}, got)
	}
	for _, host := range []string{
		"", "https://example.com", "example.com:8443", "example.com/", "example.com/path", "Example.com",
		"bücher.example", "example.com.", ".example.com", "a..b", "-a.example", "a-.example", "a_b.example",
		"example.com @evil.example", "example.com\n", "example .com", "192.0.2.1", "[::1]", "@example.com",
		strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 127) + "example", "user@example.com",
	} {
		_, err := otpcode.FormatSMS("Hello", host, "747723")
		require.Error(t, err, host)
	}
	for _, code := range []string{"", "747 723", "747-723", "12345", "12345678901", "ABCDEF", "747723\n"} {
		_, err := otpcode.FormatSMS("Hello", "example.com", code)
		require.ErrorIs(t, err, otpcode.ErrMalformed, code)
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"empty":                   {"", 1},
		"160":                     {strings.Repeat("a", 160), 1},
		"161":                     {strings.Repeat("a", 161), 2},
		"306":                     {strings.Repeat("a", 306), 2},
		"307":                     {strings.Repeat("a", 307), 3},
		"basic beyond ASCII":      {strings.Repeat("@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩÄÖÑÜ§¿äöñüàß¡¤\n\r", 4), 1},
		"80 extended":             {strings.Repeat("€", 80), 1},
		"81 extended":             {strings.Repeat("[", 81), 2},
		"every extended":          {"\f^{}\\[~]|€" + strings.Repeat("a", 140), 1},
		"every extended, 1 more":  {"\f^{}\\[~]|€" + strings.Repeat("a", 141), 2},
		"70 with one not in GSM":  {"ó" + strings.Repeat("a", 69), 1},
		"71 with one not in GSM":  {"ó" + strings.Repeat("a", 70), 2},
		"134 with one not in GSM": {"ç" + strings.Repeat("a", 133), 2},
		"135 with one not in GSM": {"`" + strings.Repeat("a", 134), 3},
		"pairs of units":          {strings.Repeat("😀", 35), 1},
		"one pair too many":       {strings.Repeat("😀", 36), 2},
		"typographic quote":       {"’" + strings.Repeat("a", 70), 2},
		"not UTF-8":               {"\xff" + strings.Repeat("a", 70), 2},
	} {
		require.Equal(t, c.want, otpcode.Segments(c.text), name)
	}
}

func FuzzParseSMS(f *testing.F) {
	for _, s := range []string{"", "@example.com #747723", "a\r\n\r\n@a #1 @b", "@ #", "@a #\t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, message string) {
		got, err := otpcode.ParseSMS(message)
		if err != nil {
			require.Zero(t, got)
			return
		}
		require.NotEmpty(t, got.Host)
		require.NotEmpty(t, got.Code)
		for _, s := range []string{got.Host, got.Code, got.EmbeddedHost} {
			require.False(t, strings.ContainsAny(s, " \t\r\n"))
		}
		line := "@" + got.Host + " #" + got.Code
		again, err := otpcode.ParseSMS(line)
		require.NoError(t, err)
		require.Equal(t, got.Code, again.Code)
		require.Greater(t, otpcode.Segments(message), 0)
	})
}
