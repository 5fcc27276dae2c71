package main

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// errLost says that the run didn't keep what the library promises.
var errLost = errors.New("something was lost")

// check looks for what was lost, at each node that is left. What it says is
// counted, and what isn't as it should be is lost.
func (c *crowd) check(ctx context.Context, sites []string, say say) {
	var signedIn, one, sent, refused atomic.Int64
	c.each(func(p *person) {
		if c.checkSession(ctx, p, sites) {
			signedIn.Add(1)
		}
	})
	say("sessions", "%d of %d people are still signed in, at both nodes that are left", signedIn.Load(), len(c.people))

	again := func() {
		c.each(func(p *person) {
			s, r := c.checkCodes(ctx, p, sites)
			sent.Add(s)
			refused.Add(r)
		})
	}
	again() // before a newer code can hide that one was forgotten
	c.each(func(p *person) {
		switch yes, err := p.race(ctx, sites); yes {
		case 0:
			c.lose("%s can't sign in any more: %v", p.name, err)
		case 1:
			one.Add(1)
		default:
			c.lose("%s: two nodes accepted one code at once", p.name)
		}
	})
	again()
	say("at once", "%d people sent a new code to both nodes at the same moment: %d got one yes", len(c.people), one.Load())
	say("again", "%d times an accepted code was sent once more: %d times no", sent.Load(), refused.Load())
}

// checkSession wants the person to be signed in everywhere, by whichever node it
// was, and used recovery codes to be used up.
func (c *crowd) checkSession(ctx context.Context, p *person, sites []string) (good bool) {
	good = true
	bad := func(format string, args ...any) {
		c.lose(p.name+" "+format, args...)
		good = false
	}
	for _, site := range sites {
		if err := p.browser.ask(ctx, http.MethodGet, site+"/me", nil, nil); err != nil {
			bad("isn't signed in any more: %v", err)
			continue
		}
		var settings struct{ Recovery struct{ Left int } }
		if err := p.browser.ask(ctx, http.MethodGet, site+"/2fa/settings", nil, &settings); err != nil {
			bad("can't see the settings: %v", err)
		} else if left := settings.Recovery.Left; left != recoveryCodes-p.spent {
			bad("has %d recovery codes, after using %d of %d", left, p.spent, recoveryCodes)
		}
	}
	return good
}

// checkCodes sends every code that was accepted since it was last called, as
// someone who knows the password and looked over the person's shoulder.
func (c *crowd) checkCodes(ctx context.Context, p *person, sites []string) (sent, refused int64) {
	for text, yes := range p.yes {
		if yes > 1 {
			c.lose("%s: a code was accepted %d times", p.name, yes)
		}
		for i, site := range sites {
			if p.looksNew(text, time.Now()) {
				continue
			}
			sent++
			thief := newBrowser(p.browser.Transport)
			if i == 0 {
				thief = p.browser.clone(site) // it has tries of its own, and so there are enough
			}
			err := thief.password(ctx, site, p.name)
			if err == nil {
				err = thief.code(ctx, site, text)
			}
			no, _ := errors.AsType[*refusal](err)
			switch {
			case err == nil:
				c.lose("%s: a code was accepted twice", p.name)
			case no != nil && (no.Reason == "already_used" || no.Reason == "wrong_code"):
				refused++
			default:
				c.lose("%s: no telling whether a code is used up: %v", p.name, err)
			}
		}
	}
	clear(p.yes)
	return sent, refused
}

// verdict says what was lost.
func (c *crowd) verdict(say say) error {
	if len(c.lost) == 0 {
		say("lost", "nothing")
		return nil
	}
	for i, what := range c.lost {
		if i == 5 {
			say("", "and %d more", len(c.lost)-i)
			break
		}
		say("lost", "%s", what)
	}
	return errLost
}
