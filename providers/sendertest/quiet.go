package sendertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// logMu keeps two suites in one process from redirecting package log at the
// same time.
var logMu sync.Mutex

func quiet(ctx context.Context, target Target, channel otpcode.Channel) error {
	logMu.Lock()
	defer logMu.Unlock()
	var logged lockedBuffer
	before := log.Writer()
	log.SetOutput(io.MultiWriter(before, &logged)) // slog's default handler writes here too
	defer log.SetOutput(before)

	m := message(channel, 7)
	secrets := needles(m)
	var errs []error
	try := func(when string, ctx context.Context, m otpcode.Message) {
		err := target.Sender.Send(ctx, m)
		if found := leak(err, secrets); found != "" {
			errs = append(errs, fmt.Errorf("%s: the error holds %q", when, found))
		}
	}
	for _, s := range []State{Refusing, Failing, Cutting} {
		if slices.Contains(target.Lacks, s) {
			continue
		}
		target.Set(s)
		try(s.String(), ctx, m)
	}
	target.Set(Accepting)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	try("canceled context", canceled, m)
	broken := m
	broken.To += "\r\nx"
	try("line break in the destination", ctx, broken)
	broken = m
	broken.To = "x " + m.To
	try("malformed destination", ctx, broken)
	broken = m
	broken.Subject += "\r\nx"
	try("line break in the subject", ctx, broken)
	broken = m
	broken.Channel = "fax"
	try("wrong channel", ctx, broken)

	if found := first(logged.String(), secrets); found != "" {
		errs = append(errs, fmt.Errorf("package log was given %q", found))
	}
	return errors.Join(errs...)
}

// needles are the parts of a message that must not turn up, in the spellings
// that errors of HTTP and mail clients show.
func needles(m otpcode.Message) []string {
	code := m.Text[strings.LastIndexByte(m.Text, '#')+1:]
	list := []string{m.To, code, "Valid for 5 minutes", "@login.example.com", m.IdempotencyKey}
	if m.Channel == otpcode.Email {
		local, _, _ := strings.Cut(m.To, "@")
		return append(list, local, "mail.example.net", "Anmeldecode", "<p>")
	}
	digits := strings.TrimPrefix(m.To, "+")
	return append(list, digits, digits[2:], url.QueryEscape(m.To))
}

// leak looks for secrets in every text that an error and the errors below it
// can show.
func leak(err error, secrets []string) string {
	if err == nil {
		return ""
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if found := first(text, secrets); found != "" {
			return found
		}
	}
	switch err := err.(type) { //nolint:errorlint // walks the tree itself
	case interface{ Unwrap() error }:
		return leak(err.Unwrap(), secrets)
	case interface{ Unwrap() []error }:
		for _, e := range err.Unwrap() {
			if found := leak(e, secrets); found != "" {
				return found
			}
		}
	}
	return ""
}

// first returns the first of the secrets that text holds.
func first(text string, secrets []string) string {
	for _, s := range secrets {
		if strings.Contains(text, s) {
			return s
		}
	}
	return ""
}

// A lockedBuffer may be written to by many goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
