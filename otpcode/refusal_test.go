package otpcode_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// A message is made of a code that is one, of a kind that there is, and of no
// other.
func TestCodeThatIsNone(t *testing.T) {
	t.Parallel()
	r := renderer(t, config)
	for name, change := range map[string]func(is *otpcode.Issued, kind *otpcode.CodeKind){
		"no code":         func(is *otpcode.Issued, _ *otpcode.CodeKind) { is.Code = "" },
		"five digits":     func(is *otpcode.Issued, _ *otpcode.CodeKind) { is.Code = "12345" },
		"letters":         func(is *otpcode.Issued, _ *otpcode.CodeKind) { is.Code = "12345a" },
		"no reference":    func(is *otpcode.Issued, _ *otpcode.CodeKind) { is.Reference = "" },
		"no life":         func(is *otpcode.Issued, _ *otpcode.CodeKind) { is.Expires = is.Sent },
		"a life too long": func(is *otpcode.Issued, _ *otpcode.CodeKind) { is.Expires = is.Sent.Add(10*time.Minute + time.Second) },
		"another kind":    func(_ *otpcode.Issued, kind *otpcode.CodeKind) { *kind = "factor_added" },
		"no kind":         func(_ *otpcode.Issued, kind *otpcode.CodeKind) { *kind = "" },
	} {
		for _, ch := range []otpcode.Channel{otpcode.SMS, otpcode.Email} {
			is, kind := fixed, otpcode.CodeSignIn
			change(&is, &kind)
			m, err := r.Code(kind, ch, "en", is)
			require.Error(t, err, "%s by %s", name, ch)
			require.NotContains(t, err.Error(), fixed.Code)
			require.Zero(t, m, "%s by %s", name, ch)
		}
	}
	_, err := r.Notice("en", otpcode.Notice{Kind: "sign_in", At: now})
	require.Error(t, err)
}

// A name that is no text, or a notice that doesn't say whose it is, is refused at
// the start.
func TestRendererThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(c *otpcode.Config){
		"a name that is no UTF-8": func(c *otpcode.Config) { c.Service = "Ex\xffample" },
		"a contact that is none":  func(c *otpcode.Config) { c.Contact = "help\xff" },
		"a host that is none":     func(c *otpcode.Config) { c.Host = "exa mple.com" },
		"a notice without the name": func(c *otpcode.Config) {
			c.Templates = map[string]string{"en": `{{define "reset.text"}}Reset. {{.Contact}}{{end}}`}
		},
		"one without the contact": func(c *otpcode.Config) {
			c.Templates = map[string]string{"en": `{{define "reset.text"}}{{.Service}} was reset.{{end}}`}
		},
	} {
		c := config
		change(&c)
		_, err := otpcode.NewRenderer(c)
		require.Error(t, err, name)
	}
}
