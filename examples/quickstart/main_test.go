package main

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// A person has a browser at the site, and looks at one page at a time.
type person struct {
	t      *testing.T
	client *http.Client
	site   string

	path   string
	status int
	header http.Header
	html   string
	forms  []form // of the page
	labels map[string]string
	codes  []string // the texts set as code
}

// A form is what a person sees of it: inputs by their label.
type form struct {
	action string
	inputs []map[string]string // attributes
}

func newPerson(t *testing.T, site string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &person{t: t, site: site, client: &http.Client{Jar: jar}}
}

func (p *person) visit(path string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.site+path, nil)
	require.NoError(p.t, err)
	p.look(req)
}

// submit fills the inputs with these labels and sends the form that has them.
func (p *person) submit(fields map[string]string) {
	p.t.Helper()
	for _, f := range p.forms {
		values, filled := url.Values{}, 0
		for _, in := range f.inputs {
			text, ok := fields[p.labels[in["id"]]]
			if ok && in["type"] != "hidden" {
				values.Set(in["name"], text)
				filled++
			} else {
				values.Set(in["name"], in["value"])
			}
		}
		if filled == len(fields) {
			p.post(f.action, values)
			return
		}
	}
	p.t.Fatalf("%s has no form with all of %v", p.path, fields)
}

func (p *person) post(path string, values url.Values) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.site+path, strings.NewReader(values.Encode()))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	p.look(req)
}

func (p *person) look(req *http.Request) {
	p.t.Helper()
	resp, err := p.client.Do(req)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	p.path, p.status, p.header, p.html = resp.Request.URL.Path, resp.StatusCode, resp.Header, string(body)
	p.read()
}

// read finds the forms of the page, and checks what every page has to keep to.
func (p *person) read() {
	p.t.Helper()
	p.forms, p.codes, p.labels = nil, nil, map[string]string{}
	if !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") {
		return
	}
	require.Equal(p.t, "no-store", p.header.Get("Cache-Control"), p.path)
	require.Contains(p.t, p.header.Get("Content-Security-Policy"), "default-src 'none'", p.path)
	d := xml.NewDecoder(strings.NewReader(p.html))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var text *string
	label, code := "", ""
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(p.t, err, p.html)
		switch e := token.(type) {
		case xml.StartElement:
			attrs := map[string]string{}
			for _, a := range e.Attr {
				attrs[a.Name.Local] = a.Value
				require.False(p.t, strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "style", "%s: %v", p.path, a)
			}
			require.NotEqual(p.t, "script", e.Name.Local, p.path)
			switch e.Name.Local {
			case "form":
				require.Equal(p.t, "post", attrs["method"], p.path)
				p.forms = append(p.forms, form{action: attrs["action"]})
			case "input":
				f := &p.forms[len(p.forms)-1]
				f.inputs = append(f.inputs, attrs)
			case "label":
				label, text = attrs["for"], new(string)
			case "code":
				text = &code
			}
		case xml.CharData:
			if text != nil {
				*text += string(e)
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "label":
				p.labels[label] = *text
			case "code":
				p.codes = append(p.codes, code)
				code = ""
			}
			text = nil
		}
	}
}

func (p *person) signIn() {
	p.t.Helper()
	p.visit("/sign-in")
	p.submit(map[string]string{"Email address": userName, "Password": password})
}

func (p *person) signOut() {
	p.t.Helper()
	p.post("/sign-out", nil)
	require.Equal(p.t, "/sign-in", p.path)
}

const (
	appLabel      = "6 digits from your authenticator app"
	confirmLabel  = "6 digits that the app shows now"
	recoveryLabel = "One of your recovery codes"
)

func newSiteServer(t *testing.T) (string, *twofactortest.Clock) {
	t.Helper()
	clock := twofactortest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	server := httptest.NewServer(handler(clock.Now))
	t.Cleanup(server.Close)
	return server.URL, clock
}

// setUp signs a person in and sets up an authenticator app.
func (p *person) setUp(clock *twofactortest.Clock) (phone *twofactortest.Phone, recovery []string) {
	p.t.Helper()
	p.signIn()
	require.Equal(p.t, "/", p.path)
	require.Contains(p.t, p.html, "Two-factor sign-in is off")
	p.visit("/set-up")
	p.submit(map[string]string{"Password": password})
	require.Equal(p.t, http.StatusOK, p.status)

	_, svg, _ := strings.Cut(p.html, "<svg")
	svg, _, _ = strings.Cut(svg, "</svg>")
	phone, err := twofactortest.ScanPhone([]byte("<svg" + svg + "</svg>"))
	require.NoError(p.t, err)
	require.Equal(p.t, "Quickstart", phone.Issuer())
	require.Equal(p.t, userName, phone.Account())
	require.Len(p.t, p.codes, 1, "the key, to be typed")
	typed, err := twofactortest.NewPhone("otpauth://totp/x?secret=" + strings.ReplaceAll(p.codes[0], " ", ""))
	require.NoError(p.t, err)
	require.Equal(p.t, phone.Code(clock.Now()), typed.Code(clock.Now()), "the key is that of the QR code")

	scan := p.path
	p.submit(map[string]string{confirmLabel: "000000"})
	require.Equal(p.t, scan, p.path)
	require.Contains(p.t, p.html, `role="alert"`)
	code := phone.Code(clock.Now())
	p.submit(map[string]string{confirmLabel: code[:3] + " " + code[3:]}) // as the app shows it
	require.Equal(p.t, http.StatusOK, p.status)
	require.Len(p.t, p.codes, 10)
	recovery = p.codes

	p.visit(scan)
	require.Equal(p.t, "/", p.path, "the key is never shown again")
	require.Contains(p.t, p.html, "Two-factor sign-in is on. Recovery codes left: 10.")
	require.NotContains(p.t, p.html, recovery[0], "nor are the recovery codes")
	clock.Advance(30 * time.Second)
	return phone, recovery
}

func TestAPersonSetsUpAnAppAndSignsInWithIt(t *testing.T) {
	t.Parallel()
	site, clock := newSiteServer(t)
	p := newPerson(t, site)
	p.visit("/")
	require.Equal(t, "/sign-in", p.path)
	p.submit(map[string]string{"Email address": userName, "Password": "wrong"})
	require.Contains(t, p.html, "The name or the password is wrong.")
	phone, recovery := p.setUp(clock)
	p.signOut()
	p.visit("/")
	require.Equal(t, "/sign-in", p.path)

	p.signIn()
	require.Equal(t, "/code", p.path)
	p.visit("/")
	require.Equal(t, "/sign-in", p.path, "the password alone opens nothing")
	p.visit("/set-up")
	require.Equal(t, "/sign-in", p.path)
	p.visit("/code")
	code := phone.Code(clock.Now())
	p.submit(map[string]string{appLabel: code})
	require.Equal(t, "/", p.path)
	p.signOut()

	p.signIn()
	p.submit(map[string]string{appLabel: code})
	require.Equal(t, "/code", p.path)
	require.Contains(t, p.html, "This code was used before.")
	p.submit(map[string]string{recoveryLabel: strings.ToLower(recovery[3])})
	require.Equal(t, "/", p.path)
	require.Contains(t, p.html, "Recovery codes left: 9.")
	p.signOut()

	p.signIn()
	p.submit(map[string]string{recoveryLabel: recovery[3]})
	require.Equal(t, "/code", p.path)
	require.Contains(t, p.html, "This code was used before.")
	p.submit(map[string]string{appLabel: "hello"})
	require.Contains(t, p.html, "this cost no try")
	clock.Advance(30 * time.Second)
	p.submit(map[string]string{appLabel: phone.Code(clock.Now())})
	require.Equal(t, "/", p.path)

	p.visit("/set-up")
	p.submit(map[string]string{"Password": password})
	require.Equal(t, "/set-up", p.path, "a password is not enough to change a protected account")
	require.Contains(t, p.html, `role="alert"`)
}

func TestThePasswordEndsWithItsTries(t *testing.T) {
	t.Parallel()
	site, clock := newSiteServer(t)
	newPerson(t, site).setUp(clock)
	guesser := newPerson(t, site)
	guesser.signIn()
	for range 5 {
		guesser.submit(map[string]string{appLabel: "000000"})
		require.Equal(t, "/code", guesser.path)
	}
	guesser.submit(map[string]string{appLabel: "000000"})
	require.Equal(t, "/sign-in", guesser.path)
	require.Contains(t, guesser.html, "Please enter your password again.")
}

// W32: every path, with the password right and the code still owed.
func TestBypass_W32_NoPageIsOpenHalfWay(t *testing.T) {
	t.Parallel()
	site, clock := newSiteServer(t)
	newPerson(t, site).setUp(clock)
	p := newPerson(t, site)
	p.signIn()
	require.Equal(t, "/code", p.path)
	open := map[string]bool{"/sign-in": true, "/code": true, "/style.css": true}
	for _, path := range []string{"/", "/sign-in", "/code", "/set-up", "/set-up/x", "/style.css"} {
		p.visit(path)
		if !open[path] {
			require.Equal(t, "/sign-in", p.path, path)
		}
		if path != "/style.css" {
			p.post(path, url.Values{"password": {password}, "code": {"000000"}})
			require.Contains(t, []string{"/sign-in", "/code", "/"}, p.path, path)
			require.NotContains(t, p.html, "signed in as", path)
		}
	}
	p.post("/sign-out", nil)
	require.NotContains(t, p.html, "signed in as")
}

// W38: what somebody planted before the sign-in is worth nothing after it.
func TestBypass_W38_TheSessionIDChanges(t *testing.T) {
	t.Parallel()
	site, clock := newSiteServer(t)
	p := newPerson(t, site)
	at, err := url.Parse(site)
	require.NoError(t, err)
	id := func() string {
		for _, c := range p.client.Jar.Cookies(at) {
			if c.Name == "session" {
				return c.Value
			}
		}
		return ""
	}
	p.signIn()
	first := id()
	require.NotEmpty(t, first)
	_, _ = p.setUp(clock)
	require.NotEqual(t, first, id())
	planted := newPerson(t, site)
	planted.client.Jar.SetCookies(at, []*http.Cookie{{Name: "session", Value: first}})
	planted.visit("/")
	require.Equal(t, "/sign-in", planted.path)
}

func TestAnotherSiteCanSendNothing(t *testing.T) {
	t.Parallel()
	site, _ := newSiteServer(t)
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site+"/sign-in", nil)
		require.NoError(t, err)
		req.Header.Set(header, value)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusForbidden, resp.StatusCode, header)
	}
}

// Standards for pages: WHATWG HTML on one-time-code, WCAG 2.2 1.1.1, 1.3.5, 3.3.1,
// 3.3.2 and 3.3.8.
func TestPagesAreForEverybody(t *testing.T) {
	t.Parallel()
	site, clock := newSiteServer(t)
	p := newPerson(t, site)
	check := func(codeInputs int) {
		t.Helper()
		require.Contains(t, p.html, `<html lang="en">`)
		require.Contains(t, p.html, "<h1>")
		found := 0
		for _, f := range p.forms {
			for _, in := range f.inputs {
				if in["type"] == "hidden" {
					continue
				}
				require.NotEmpty(t, p.labels[in["id"]], "%s: %v has no label", p.path, in)
				require.NotEmpty(t, in["autocomplete"], "%s: %v", p.path, in)
				if in["autocomplete"] != "one-time-code" {
					continue
				}
				found++
				require.Equal(t, "numeric", in["inputmode"])
				require.Equal(t, "text", in["type"], "a number loses its zeros")
				require.GreaterOrEqual(t, len(in["maxlength"]), 2, "room for pasted spaces")
			}
		}
		require.Equal(t, codeInputs, found, "one field for the whole code")
		require.Equal(t, strings.Contains(p.html, `id="problem"`), strings.Contains(p.html, `aria-describedby="problem"`), p.path)
	}
	p.visit("/sign-in")
	check(0)
	p.submit(map[string]string{"Email address": userName, "Password": "wrong"})
	check(0)
	p.signIn()
	p.visit("/set-up")
	check(0)
	p.submit(map[string]string{"Password": password})
	check(1)
	secret := strings.ReplaceAll(p.codes[0], " ", "")
	_, alt, _ := strings.Cut(p.html, `role="img" aria-label="`)
	alt, _, _ = strings.Cut(alt, `"`)
	require.Contains(t, alt, userName)
	require.NotContains(t, alt, secret)
	require.Contains(t, p.html, `<a href="otpauth://totp/Quickstart:alice%40example.com?secret=`+secret)
	p.submit(map[string]string{confirmLabel: "000000"})
	check(1)

	newPerson(t, site).setUp(clock)
	p = newPerson(t, site)
	p.signIn()
	check(1)
	p.submit(map[string]string{appLabel: "000000"})
	check(1)
}

// The permission to change factors ends with the sign-out.
func TestSignOutEndsThePermission(t *testing.T) {
	t.Parallel()
	site, clock := newSiteServer(t)
	p := newPerson(t, site)
	p.signIn()
	p.setUp(clock)
	at, err := url.Parse(site)
	require.NoError(t, err)
	granted := func() bool {
		return slices.ContainsFunc(p.client.Jar.Cookies(at), func(c *http.Cookie) bool { return c.Name == "2fa-grant" })
	}
	require.True(t, granted())
	p.signOut()
	require.False(t, granted())
}
