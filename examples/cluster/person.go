package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

const (
	recoveryCodes = 10
	period        = 30 // seconds that an authenticator app shows a code
)

// A person has an account, a phone, and recovery codes on paper, and remembers
// which codes were taken.
type person struct {
	name    string
	browser *browser
	secret  string   // in the authenticator app
	last    int64    // the step of the code that was shown last
	paper   []string // recovery codes that weren't typed yet
	onPaper bool     // whether one of them is typed for a second sign-in

	yes   map[string]int // how often each code was answered yes
	spent int            // recovery codes among them
	fate  fate
}

// fate is what became of the requests that got no answer, and of the codes in
// some of them.
type fate struct{ cut, counted, not, tooOld int }

// A code is from the authenticator app, or from paper if it has no step.
type code struct {
	text string
	step int64
}

// next is a code that wasn't typed yet: one that the app shows now, or has shown
// just before, or on a phone that is a little fast; else one from paper.
func (p *person) next(now time.Time) code {
	current := now.Unix() / period
	if step := max(p.last+1, current-1); step <= current+1 {
		p.last = step
		return code{p.shows(step), step}
	}
	return p.fromPaper()
}

func (p *person) fromPaper() code {
	c := code{text: p.paper[0]}
	p.paper = p.paper[1:]
	return c
}

func (p *person) shows(step int64) string {
	text, err := totp.GenerateCode(p.secret, time.Unix(step*period, 0))
	if err != nil {
		panic(err) // the secret was good for the code before
	}
	return text
}

// tooOld reports whether the code can't be taken any more.
func (c code) tooOld(now time.Time) bool { return c.step != 0 && c.step < now.Unix()/period-1 }

// took notes a yes.
func (p *person) took(c code) {
	p.yes[c.text]++
	if c.step == 0 {
		p.spent++
	}
}

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

// looksNew reports whether a code that was used looks, by chance, like one that
// wasn't: of a million codes one does.
func (p *person) looksNew(text string, now time.Time) bool {
	current := now.Unix() / period
	for step := max(p.last+1, current-1); step <= current+2; step++ {
		if p.shows(step) == text {
			return true
		}
	}
	return false
}
