package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/pquerna/otp"
)

// setUp puts the account into the phone.
func (p *person) setUp(ctx context.Context, site string) error {
	if err := p.browser.password(ctx, site, p.name); err != nil {
		return err
	}
	var e struct{ ID, URI string }
	var done struct {
		Codes []string `json:"recovery_codes"`
	}
	post := func(path string, in fields, out any) error {
		return p.browser.ask(ctx, http.MethodPost, site+"/2fa/"+path, in, out)
	}
	if err := post("grant", fields{"password": passwordOf(p.name)}, nil); err != nil {
		return err
	}
	if err := post("enrollments", fields{"kind": "totp"}, &e); err != nil {
		return err
	}
	key, err := otp.NewKeyFromURL(e.URI)
	if err != nil {
		return err
	}
	p.secret = key.Secret()
	for {
		c := p.next(time.Now())
		err := post("enrollments/"+e.ID+"/confirm", fields{"code": c.text}, &done)
		if err == nil {
			p.paper = done.Codes
			p.took(c)
			return nil
		}
		if !c.tooOld(time.Now()) {
			return err
		}
	}
}

// signIn signs the person in with a code, whatever it takes. A request that got
// no answer is made again with the same code: if that is refused as used, the
// first one counted, and the person takes another code.
func (p *person) signIn(ctx context.Context, site string, c code) error {
	unknown := false // whether the code was in a request without an answer
	for range 20 {
		err := p.browser.password(ctx, site, p.name)
		if err == nil {
			err = p.browser.code(ctx, site, c.text)
			unknown = unknown || errors.Is(err, errNoAnswer)
		}
		no, _ := errors.AsType[*refusal](err)
		switch {
		case err == nil:
			if unknown {
				p.fate.not++
			}
			p.took(c)
			return nil
		case errors.Is(err, errNoAnswer):
			p.fate.cut++
		case unknown && no != nil && no.Reason == "already_used":
			p.fate.counted++
			p.took(c)
			c, unknown = p.next(time.Now()), false
		case c.tooOld(time.Now()):
			if unknown {
				p.fate.tooOld++
			}
			c, unknown = p.next(time.Now()), false
		default:
			return fmt.Errorf("a code that wasn't used before: %w", err)
		}
	}
	return errNoAnswer
}

// race sends a code to two nodes at once, from two windows of the browser, and
// returns how many of them said yes.
func (p *person) race(ctx context.Context, sites []string) (yes int, err error) {
	for {
		windows := make([]*browser, len(sites))
		for i, site := range sites {
			windows[i] = p.browser.clone(site)
			if err := windows[i].password(ctx, site, p.name); err != nil {
				return 0, err
			}
		}
		c := p.next(time.Now())
		answers := make([]error, len(sites))
		var wg sync.WaitGroup
		for i, site := range sites {
			wg.Go(func() { answers[i] = windows[i].code(ctx, site, c.text) })
		}
		wg.Wait()
		for _, err := range answers {
			if err == nil {
				p.took(c)
				yes++
			}
		}
		if yes > 0 || !c.tooOld(time.Now()) {
			return yes, errors.Join(answers...)
		}
	}
}
