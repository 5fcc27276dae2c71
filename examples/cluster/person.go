package main

import (
	"time"

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
// just before, or on a phone that is a little fast; else one from paper. A code
// that happens to be the same as one just before is left out.
func (p *person) next(now time.Time) code {
	current := now.Unix() / period
	for step := max(p.last+1, current-1); step <= current+1; step++ {
		p.last = step
		if text := p.shows(step); text != p.shows(step-1) && text != p.shows(step-2) {
			return code{text, step}
		}
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
