package otpcode_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
)

var (
	codeKinds   = []otpcode.CodeKind{otpcode.CodeSignIn, otpcode.CodeConfirm, otpcode.CodeLostDevice}
	noticeKinds = []otpcode.NoticeKind{
		otpcode.NoticeFactorAdded, otpcode.NoticeFactorRemoved, otpcode.NoticeDisabled,
		otpcode.NoticeRecoveryUsed, otpcode.NoticeRecoveryNew, otpcode.NoticeReset,
		otpcode.NoticeUnfinished, otpcode.NoticeLostDevice, otpcode.NoticePasswordTries,
		otpcode.NoticeNumberChanged,
	}
	config = otpcode.Config{
		Service: "Example & Söhne",
		Contact: "https://example.com/help",
		Host:    "login.example.com",
	}
	fixed = otpcode.Issued{Code: "000123", Reference: "BXKM", Sent: now, Expires: now.Add(5 * time.Minute)}
)

func renderer(t testing.TB, cfg otpcode.Config) *otpcode.Renderer {
	t.Helper()
	r, err := otpcode.NewRenderer(cfg)
	require.NoError(t, err)
	return r
}

// What every built-in text has to say, in every language.
func TestBuiltInTexts(t *testing.T) {
	t.Parallel()
	r := renderer(t, config)
	for locale, say := range map[string]struct{ life, minute, seconds, sms, mail, contact string }{
		"en": {"5 minutes", "1 minute.", "90 seconds", "Never share", "Never share", "ontact us"},
		"de": {"5 Minuten", "1 Minute.", "90 Sekunden", "Nie weitergeben", "nie weiter", "elden Sie sich bei uns"},
		"es": {"5 minutos", "1 minuto.", "90 segundos", "No la comparta", "No comparta nunca", "contacto con nosotros"},
		"fr": {"5 minutes", "1 minute.", "90 secondes", "Ne le partagez", "Ne partagez jamais", "ontactez-nous"},
		"nl": {"5 minuten", "1 minuut ", "90 seconden", "Deel deze nooit", "Deel deze code met niemand", "eem contact met ons op"},
	} {
		t.Run(locale, func(t *testing.T) {
			t.Parallel()
			subjects := make(map[string]bool)
			for _, kind := range codeKinds {
				sms, err := r.Code(kind, otpcode.SMS, locale, fixed)
				require.NoError(t, err)
				require.Equal(t, otpcode.SMS, sms.Channel)
				require.Equal(t, locale, sms.Locale)
				require.Equal(t, "BXKM", sms.Reference)
				require.Empty(t, sms.Subject+sms.HTML+sms.To+sms.IdempotencyKey)
				for _, part := range []string{config.Service, "BXKM", say.life, say.sms} {
					require.Contains(t, sms.Text, part)
				}
				require.Equal(t, 1, otpcode.Segments(sms.Text))
				bound, err := otpcode.ParseSMS(sms.Text)
				require.NoError(t, err)
				require.Equal(t, otpcode.BoundCode{Code: "000123", Host: "login.example.com"}, bound)
				require.Equal(t, 2, strings.Count(sms.Text, "000123"), "once for people, once for the phone")

				mail, err := r.Code(kind, otpcode.Email, locale, fixed)
				require.NoError(t, err)
				require.Equal(t, otpcode.Email, mail.Channel)
				require.Equal(t, locale, mail.Locale)
				for _, part := range []string{config.Service, "BXKM", say.life, say.mail, say.contact, config.Contact} {
					require.Contains(t, mail.Text, part)
				}
				require.Equal(t, 1, strings.Count(mail.Text, "000123"))
				require.Equal(t, 1, strings.Count(mail.HTML, "000123"))
				require.Contains(t, mail.HTML, `<html lang="`+locale+`">`)
				require.NotContains(t, mail.Subject, "000123")
				require.Contains(t, mail.Subject, "BXKM")
				subjects[mail.Subject] = true

				for life, want := range map[time.Duration]string{time.Minute: say.minute, 90 * time.Second: say.seconds} {
					is := fixed
					is.Expires = now.Add(life)
					sms, err := r.Code(kind, otpcode.SMS, locale, is)
					require.NoError(t, err)
					require.Contains(t, sms.Text, want)
				}
			}
			texts := make(map[string]bool)
			for _, kind := range noticeKinds {
				m, err := r.Notice(locale, otpcode.Notice{Kind: kind, Method: "totp", At: now})
				require.NoError(t, err)
				for _, part := range []string{config.Service, config.Contact, say.contact, "2026-11-21 12:00 UTC"} {
					require.Contains(t, m.Text, part)
				}
				require.Equal(t, otpcode.Email, m.Channel)
				require.Contains(t, m.HTML, config.Contact)
				require.Contains(t, m.HTML, "Example &amp; Söhne")
				require.NotContains(t, m.Text+m.Subject, "&amp;")
				require.Contains(t, m.Subject, config.Service)
				subjects[m.Subject], texts[m.Text] = true, true
			}
			require.Len(t, subjects, len(codeKinds)+len(noticeKinds), "each message is recognized by its subject")
			for _, method := range []string{"sms", "email", "webauthn", "<b>"} {
				m, err := r.Notice(locale, otpcode.Notice{Kind: otpcode.NoticeFactorAdded, Method: method, At: now})
				require.NoError(t, err)
				require.NotContains(t, m.Text, "<b>")
				texts[m.Text] = true
			}
			require.Len(t, texts, len(noticeKinds)+3)
		})
	}
}

// The names and hosts that the documentation promises room for.
func TestSMSHaveRoom(t *testing.T) {
	t.Parallel()
	cfg := config
	cfg.Service = strings.Repeat("S", 25)
	cfg.Host = strings.Repeat("h", 17) + ".example"
	renderer(t, cfg)
	cfg.Service = strings.Repeat("S", 40)
	_, err := otpcode.NewRenderer(cfg)
	require.ErrorContains(t, err, "segments")
	cfg.SMSService = "Short"
	r := renderer(t, cfg)
	sms, err := r.Code(otpcode.CodeSignIn, otpcode.SMS, "en", fixed)
	require.NoError(t, err)
	require.Contains(t, sms.Text, "Short")
	require.NotContains(t, sms.Text, cfg.Service)
	mail, err := r.Code(otpcode.CodeSignIn, otpcode.Email, "en", fixed)
	require.NoError(t, err)
	require.Contains(t, mail.Text, cfg.Service)
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	cfg := config
	cfg.Templates = map[string]string{
		"en-AU": `{{define "sign_in.sms"}}G'day, {{.Service}} code {{.Code}}, ref {{.Reference}}{{end}}`,
	}
	all := renderer(t, cfg)
	cfg.Languages = []string{"nl", "de"}
	two := renderer(t, cfg)
	for _, c := range []struct {
		r            *otpcode.Renderer
		locale, want string
	}{
		{all, "", "en"},
		{all, "en", "en"},
		{all, "en-AU", "en-AU"},
		{all, "de-AT", "de"},
		{all, "es-419", "es"},
		{all, "pt, fr;q=0.8, en;q=0.5", "fr"},
		{all, "tlh", "en"},
		{all, "not a locale\r\nBcc: x", "en"},
		{all, "de, " + strings.Repeat("fr;q=0.1, ", 1000) + "nl", "en"},
		{two, "en-AU", "nl"},
		{two, "de", "de"},
		{two, "", "nl"},
	} {
		m, err := c.r.Code(otpcode.CodeSignIn, otpcode.SMS, c.locale, fixed)
		require.NoError(t, err)
		require.Equal(t, c.want, m.Locale, "%.40q", c.locale)
		require.Equal(t, c.want == "en-AU", strings.HasPrefix(m.Text, "G'day"))
	}
	m, err := all.Code(otpcode.CodeConfirm, otpcode.SMS, "en-AU", fixed)
	require.NoError(t, err)
	require.Contains(t, m.Text, "confirmation code", "what isn't changed stays")
}

func TestNewRendererRefuses(t *testing.T) {
	t.Parallel()
	define := func(name, text string) func(*otpcode.Config) {
		return func(c *otpcode.Config) {
			c.Templates = map[string]string{"en": `{{define "` + name + `"}}` + text + `{{end}}`}
		}
	}
	const good = "{{.Service}} {{.Code}} {{.Reference}}"
	for name, c := range map[string]struct {
		change func(*otpcode.Config)
		want   string
	}{
		"no service":         {func(c *otpcode.Config) { c.Service = "" }, "Service"},
		"blank service":      {func(c *otpcode.Config) { c.Service = " " }, "Service"},
		"long service":       {func(c *otpcode.Config) { c.Service = strings.Repeat("x", 65) }, "Service"},
		"CR LF in service":   {func(c *otpcode.Config) { c.Service = "a\r\nBcc: x@example.com" }, "Service"},
		"LF in SMS service":  {func(c *otpcode.Config) { c.SMSService = "a\n@evil.example #1" }, "Service"},
		"separator":          {func(c *otpcode.Config) { c.Service = "a\u2028b" }, "Service"},
		"turned around":      {func(c *otpcode.Config) { c.Service = "a\u202eb" }, "Service"},
		"not UTF-8":          {func(c *otpcode.Config) { c.Service = "a\xff" }, "Service"},
		"letters not in GSM": {func(c *otpcode.Config) { c.Service = "Łódź" }, "segments"},
		"no contact":         {func(c *otpcode.Config) { c.Contact = "" }, "Contact"},
		"CR in contact":      {func(c *otpcode.Config) { c.Contact = "a\rb" }, "Contact"},
		"host with scheme":   {func(c *otpcode.Config) { c.Host = "https://example.com" }, "host"},
		"unknown language":   {func(c *otpcode.Config) { c.Languages = []string{"pt"} }, "pt"},
		"not a language":     {func(c *otpcode.Config) { c.Languages = []string{"?"} }, "?"},
		"not a tag":          {func(c *otpcode.Config) { c.Templates = map[string]string{"?": ""} }, "?"},
		"empty language":     {func(c *otpcode.Config) { c.Templates = map[string]string{"pt": ""} }, "missing"},
		"does not parse":     {define("sign_in.sms", "{{.Code"), "templates"},
		"unknown field":      {define("sign_in.sms", good+"{{.Password}}"), "sign_in.sms"},
		"misspelled name":    {define("signin.sms", good), "signin.sms"},
		"SMS without code":   {define("sign_in.sms", "{{.Service}} {{.Reference}}"), "code once"},
		"SMS with two codes": {define("sign_in.sms", good+" {{.Code}}"), "code once"},
		"no reference":       {define("confirm.sms", "{{.Service}} {{.Code}}"), "Reference"},
		"no service in SMS":  {define("confirm.sms", "{{.Code}} {{.Reference}}"), "Service"},
		"SMS too long":       {define("lost_device.sms", good+strings.Repeat("x", 120)), "segments"},
		"one letter too odd": {define("lost_device.sms", good+" código para acceder"), "segments"},
		"mail without code":  {define("sign_in.text", "{{.Service}} {{.Reference}}"), "code once"},
		"code in subject":    {define("sign_in.subject", "{{.Code}}"), "subject with the code"},
		"subject of 2 lines": {define("sign_in.subject", "a\nb"), "one line"},
		"empty subject":      {define("sign_in.subject", `{{""}}`), "one line"},
		"notice subject":     {define("reset.subject", "a\nb"), "one line"},
		"no contact line":    {define("reset.text", "{{.Service}}"), "Contact"},
		"layout forgets":     {func(c *otpcode.Config) { c.Layout = "<p>Hello" }, "layout"},
		"layout is broken":   {func(c *otpcode.Config) { c.Layout = "{{.Nothing}}" }, "layout"},
		"layout of nothing":  {func(c *otpcode.Config) { c.Layout = "{{" }, "layout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config
			c.change(&cfg)
			r, err := otpcode.NewRenderer(cfg)
			require.ErrorContains(t, err, c.want)
			require.Nil(t, r)
		})
	}
	cfg := config
	define("sign_in.subject", "{{.Code}}")(&cfg)
	cfg.InsecureCodeInSubject = true
	m, err := renderer(t, cfg).Code(otpcode.CodeSignIn, otpcode.Email, "en", fixed)
	require.NoError(t, err)
	require.Equal(t, "000123", m.Subject)
}

func TestWithoutHost(t *testing.T) {
	t.Parallel()
	cfg := config
	cfg.Host = ""
	m, err := renderer(t, cfg).Code(otpcode.CodeSignIn, otpcode.SMS, "en", fixed)
	require.NoError(t, err)
	require.Equal(t, "000123 is your Example & Söhne sign-in code. Ref BXKM, valid 5 minutes. Never share it.", m.Text)
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	r := renderer(t, config)
	late := fixed
	late.Expires = now.Add(11 * time.Minute)
	spaced := fixed
	spaced.Code = "000 123"
	for name, call := range map[string]func() (otpcode.Message, error){
		"unknown code":    func() (otpcode.Message, error) { return r.Code("reset", otpcode.SMS, "en", fixed) },
		"unknown channel": func() (otpcode.Message, error) { return r.Code(otpcode.CodeSignIn, "fax", "en", fixed) },
		"zero code": func() (otpcode.Message, error) {
			return r.Code(otpcode.CodeSignIn, otpcode.SMS, "en", otpcode.Issued{})
		},
		"long life":      func() (otpcode.Message, error) { return r.Code(otpcode.CodeSignIn, otpcode.SMS, "en", late) },
		"spaced code":    func() (otpcode.Message, error) { return r.Code(otpcode.CodeSignIn, otpcode.SMS, "en", spaced) },
		"unknown notice": func() (otpcode.Message, error) { return r.Notice("en", otpcode.Notice{Kind: "sign_in", At: now}) },
		"no time":        func() (otpcode.Message, error) { return r.Notice("en", otpcode.Notice{Kind: otpcode.NoticeReset}) },
	} {
		m, err := call()
		require.Error(t, err, name)
		require.Zero(t, m, name)
		require.NotContains(t, err.Error(), "123")
	}
}

// A subject is looked at each time: templates may put values into it that are
// not the renderer's own.
func TestSubjectIsOneLine(t *testing.T) {
	t.Parallel()
	cfg := config
	cfg.Templates = map[string]string{"en": `{{define "reset.subject"}}{{.Method}} reset{{end}}`}
	r := renderer(t, cfg)
	m, err := r.Notice("en", otpcode.Notice{Kind: otpcode.NoticeReset, Method: "sms", At: now})
	require.NoError(t, err)
	require.Equal(t, "sms reset", m.Subject)
	for _, method := range []string{"a\r\nBcc: b@example.com", "a\nb", "a\rb", "a\x00", strings.Repeat("x", 200)} {
		m, err := r.Notice("en", otpcode.Notice{Kind: otpcode.NoticeReset, Method: method, At: now})
		require.Error(t, err)
		require.Zero(t, m)
	}
}

func TestTemplatesWithCRLF(t *testing.T) {
	t.Parallel()
	cfg := config
	cfg.Templates = map[string]string{
		"en": "{{define \"sign_in.text\"}}{{.Service}}\r\n\r\n{{.Code}}\r\n\r\n{{.Reference}}\r\n{{end}}",
	}
	m, err := renderer(t, cfg).Code(otpcode.CodeSignIn, otpcode.Email, "en", fixed)
	require.NoError(t, err)
	require.Equal(t, config.Service+"\n\n000123\n\nBXKM", m.Text)
	require.Equal(t, 3, strings.Count(m.HTML, "<p"))
}

// W49: a template that fails while it is rendered doesn't tell the code.
func TestBypass_W49_RenderErrors(t *testing.T) {
	t.Parallel()
	cfg := config
	cfg.Templates = map[string]string{
		"en": `{{define "sign_in.sms"}}{{.Service}} {{.Code}} {{.Reference}}{{if eq .Minutes 5}}{{index .Code 99}}{{end}}{{end}}`,
	}
	m, err := renderer(t, cfg).Code(otpcode.CodeSignIn, otpcode.SMS, "en", fixed)
	require.ErrorContains(t, err, "sign_in.sms")
	require.NotContains(t, err.Error(), "000123")
	require.Zero(t, m)
}

func TestRendererKeepsItsOwnConfig(t *testing.T) {
	t.Parallel()
	cfg := config
	cfg.Languages = []string{"de"}
	cfg.Templates = map[string]string{"de": ""}
	r := renderer(t, cfg)
	cfg.Languages[0] = "en"
	cfg.Templates["de"] = "{{define"
	m, err := r.Code(otpcode.CodeSignIn, otpcode.SMS, "en", fixed)
	require.NoError(t, err)
	require.Equal(t, "de", m.Locale)
}

// Whatever name gets through NewRenderer, no message is torn open by it.
func FuzzRender(f *testing.F) {
	for _, s := range []string{
		"Example", "<script>alert(1)</script>", `"><img src=x>`, "a\r\nBcc: b@example.com",
		"{{.Code}}", "&amp;", "@evil.example #999999", "\u202e", "\x00", "' onload='x",
	} {
		f.Add(s, s, "en")
	}
	f.Fuzz(func(t *testing.T, service, contact, locale string) {
		cfg := otpcode.Config{Service: service, SMSService: "Example", Contact: contact, Host: "example.com"}
		r, err := otpcode.NewRenderer(cfg)
		if err != nil {
			return
		}
		mail, err := r.Code(otpcode.CodeSignIn, otpcode.Email, locale, fixed)
		require.NoError(t, err)
		require.False(t, strings.ContainsAny(mail.Subject, "\r\n"))
		// The tags are those of the layout, in number and name.
		var tags strings.Builder
		d := xml.NewDecoder(strings.NewReader(mail.HTML))
		d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
		for {
			tok, err := d.Token()
			if err != nil {
				break
			}
			if s, ok := tok.(xml.StartElement); ok {
				tags.WriteString(s.Name.Local + " ")
			}
		}
		require.Regexp(t, `^html head meta meta title body (p ){5}$`, tags.String())
		sms, err := r.Code(otpcode.CodeSignIn, otpcode.SMS, locale, fixed)
		require.NoError(t, err)
		bound, err := otpcode.ParseSMS(sms.Text)
		require.NoError(t, err)
		require.Equal(t, otpcode.BoundCode{Code: "000123", Host: "example.com"}, bound)
		notice, err := r.Notice(locale, otpcode.Notice{Kind: otpcode.NoticeReset, At: now})
		require.NoError(t, err)
		require.False(t, strings.ContainsAny(notice.Subject, "\r\n"))
	})
}

func BenchmarkRender(b *testing.B) {
	r := renderer(b, config)
	for _, ch := range []otpcode.Channel{otpcode.SMS, otpcode.Email} {
		b.Run(string(ch), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Code(otpcode.CodeSignIn, ch, "de-AT", fixed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
