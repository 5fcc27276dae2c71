package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// walkTwoStep is the story of D1 to D4. Zbarimg reads the picture and oathtool
// makes the codes, so that nothing here is read and made by one and the same.
func walkTwoStep(s *stage) {
	site := s.site("twostep")
	w := s.window(site)
	w.signIn("alice")
	w.confirmPassword("alice")
	w.Press("Set up the app")
	setUp := w.Path()
	uri := s.zbarimg(w.Picture(".qr img"))
	require.True(s, strings.HasPrefix(uri, "otpauth://totp/"), uri)
	_, secret, _ := strings.Cut(uri, "secret=")
	secret, _, _ = strings.Cut(secret, "&")
	require.Contains(s, strings.ReplaceAll(w.Text(), " ", ""), secret, "the key for typing is that of the picture")
	w.Fill("Code", s.oathtool(secret, site.clock.Now()))
	w.Press("Confirm")
	require.Contains(s, w.Text(), "They are shown now and never again")

	// D3: as a file, and on paper.
	codes := w.recoveryCodes()
	require.Len(s, codes, 10)
	name, file := w.Download("Download as text")
	require.Equal(s, "recovery-codes.txt", name)
	for _, c := range codes {
		require.Contains(s, string(file), c)
	}
	w.Media("print")
	require.Contains(s, w.Text(), codes[9])
	require.NotContains(s, w.Text(), "Sign out")
	require.NotContains(s, w.Text(), "Download")
	w.Media("")
	w.look("codes.ten")
	w.Follow("I have kept them")

	// D4: the key is never shown again.
	w.Open(setUp)
	w.at("/settings")
	require.NotContains(s, strings.ReplaceAll(w.Text(), " ", ""), secret)
	w.Press("Sign out")

	// D2: asked once, and then not until the user signs out.
	enter := func() {
		w.at("/second-step")
		site.clock.Advance(30 * time.Second)
		w.Fill("6 digits from your app", s.oathtool(secret, site.clock.Now()))
		w.Press("Sign in")
		w.at("/")
	}
	w.signIn("alice")
	enter()
	w.signIn("alice") // in the same browser, the session long forgotten
	w.at("/")
	w.Press("Sign out")
	w.signIn("alice")
	enter()
	w.ClearCookies()
	w.signIn("alice")
	enter()
	w.Open("/password")
	w.Fill("Your password now", "alice-demo-password")
	w.Fill("New password", "another-password")
	w.Press("Change password")
	w.tells("Your password was changed")
	w.ClearCookies()

	// D3: a code from paper, once.
	w.Open("/sign-in")
	for _, want := range []string{"Codes left: 9", "used before"} {
		w.Fill("Mail address", "alice@example.com")
		w.Fill("Password", "another-password")
		w.Press("Sign in")
		w.Follow("Use a recovery code")
		w.Fill("Recovery code", codes[3])
		w.Press("Sign in")
		require.Contains(s, w.Text(), want)
		w.Open("/sign-in")
	}
}

// zbarimg reads a QR code.
func (s *stage) zbarimg(png []byte) string {
	s.Helper()
	file := filepath.Join(s.TempDir(), "qr.png")
	require.NoError(s, os.WriteFile(file, png, 0o600))
	return s.tool("zbar-tools", "zbarimg", "--raw", "--quiet", file)
}

// oathtool makes a code.
func (s *stage) oathtool(secret string, now time.Time) string {
	s.Helper()
	return s.tool("oathtool", "oathtool", "--totp", "--base32", "--now", now.UTC().Format("2006-01-02 15:04:05 UTC"), secret)
}

// tool runs a program of a Debian package and returns what it says.
func (s *stage) tool(pack, name string, args ...string) string {
	s.Helper()
	if _, err := exec.LookPath(name); err != nil {
		s.Skipf("missing binary: %v; install with: apt-get install -y %s", err, pack)
	}
	out, err := exec.CommandContext(s.Context(), name, args...).Output()
	require.NoError(s, err)
	return string(bytes.TrimSpace(out))
}
