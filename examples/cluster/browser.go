package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"
)

type fields map[string]any

// A browser speaks JSON and keeps cookies.
type browser struct{ http.Client }

// errNoAnswer says that nobody knows what became of a request.
var errNoAnswer = errors.New("no answer")

// A refusal is any answer that isn't a yes.
type refusal struct {
	Status int
	Reason string
}

func (r *refusal) Error() string { return fmt.Sprintf("refused with status %d %s", r.Status, r.Reason) }

func newBrowser(transport http.RoundTripper) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // there is no option that could be wrong
	}
	return &browser{http.Client{Transport: transport, Jar: jar, Timeout: time.Minute}}
}

// clone is another window of the browser: it has the same cookies.
func (b *browser) clone(site string) *browser {
	c := newBrowser(b.Transport)
	if u, err := url.Parse(site); err == nil {
		c.Jar.SetCookies(u, b.Jar.Cookies(u))
	}
	return c
}

// password begins a sign-in.
func (b *browser) password(ctx context.Context, site, name string) error {
	return b.ask(ctx, http.MethodPost, site+"/sign-in", fields{"name": name, "password": passwordOf(name)}, nil)
}

// code ends a sign-in that was begun.
func (b *browser) code(ctx context.Context, site, code string) error {
	return b.ask(ctx, http.MethodPost, site+"/2fa/login/verify", fields{"code": code}, nil)
}

// ask sends a request and decodes the answer into out. Its error is nil if, and
// only if, the answer is a yes.
func (b *browser) ask(ctx context.Context, method, address string, in fields, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := b.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errNoAnswer, err)
	case answer.StatusCode == http.StatusBadGateway: // the proxy doesn't know either
		return errNoAnswer
	case answer.StatusCode >= 300:
		no := &refusal{Status: answer.StatusCode}
		json.Unmarshal(text, no) // not every refusal has a reason
		return no
	case out != nil:
		return json.Unmarshal(text, out)
	}
	return nil
}
