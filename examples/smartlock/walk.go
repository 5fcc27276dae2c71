package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// A walker tells the story of E1 to E9 and stops at the first thing that isn't
// as it should be.
type walker struct {
	ctx context.Context
	w   *world
	out io.Writer
	err error
}

func walk(ctx context.Context, w *world, out io.Writer) error {
	s := &walker{ctx: ctx, w: w, out: out}
	for _, chapter := range []func(){s.e5, s.e1, s.e2, s.e3, s.e4, s.e8, s.e6, s.e7, s.e9} {
		if chapter(); s.err != nil {
			return s.err
		}
	}
	s.say("end", "all nine rules walked")
	return nil
}

func (s *walker) say(who, format string, args ...any) {
	fmt.Fprintf(s.out, "  %-8s %s\n", who, fmt.Sprintf(format, args...))
}

func (s *walker) title(rule, text string) { fmt.Fprintf(s.out, "\n%s %s\n", rule, text) }

// must ends the walk if something failed that has to work.
func (s *walker) must(err error) {
	if err != nil && s.err == nil {
		s.err = err
	}
}

// never ends it if something worked that must not.
func (s *walker) never(who string, err error, what string) {
	if err == nil {
		s.must(fmt.Errorf("%s worked", what))
		return
	}
	s.say(who, "%s: %s", what, strings.TrimPrefix(err.Error(), "lockcode: "))
}

// tap presses a button of an App. Its PIN is the one that all have chosen.
func (s *walker) tap(phone int, user, lock, action string, more ...string) (string, error) {
	f := url.Values{"user": {user}, "lock": {lock}, "pin": {ownPIN}}
	for i := 0; i+1 < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return s.w.phones[phone].do(s.ctx, action, f)
}

const ownPIN = "7306"

func (s *walker) did(phone int, user, lock, action string, more ...string) string {
	message, err := s.tap(phone, user, lock, action, more...)
	s.must(err)
	if err == nil {
		s.say(s.w.phones[phone].name, "%s, %s: %s", user, lock, message)
	}
	return message
}

// code makes a Code on a phone.
func (s *walker) code(phone int, user, lock, action string, more ...string) string {
	words := strings.Fields(s.did(phone, user, lock, action, more...))
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

func (s *walker) web(user, lock, code string, b lockcode.Binding) error {
	err := s.w.cloud.submit(s.ctx, lock, user, code, b)
	s.say("cloud", "%s typed a Code for %v %s at %s: %s", user, b.Purpose, b.Target, lock, verdict(err))
	return err
}

func verdict(err error) string {
	if err == nil {
		return "done"
	}
	return "refused"
}

var pinIn = regexp.MustCompile(`\b[0-9]{4}\b`)

// activate has a PIN sent, types it, and changes it.
func (s *walker) activate(phone int, user, lock string) {
	s.did(phone, user, lock, "request")
	sent := pinIn.FindString(s.w.cloud.lastSMS(user))
	s.say("cloud", "SMS to %s: %s", user, s.w.cloud.lastSMS(user))
	s.did(phone, user, lock, "activate", "pin", sent)
	if sent != ownPIN { // one time in ten thousand they are the same
		s.did(phone, user, lock, "change", "pin", sent, "new", ownPIN, "again", ownPIN)
	}
}

func (s *walker) confirm(lock string) {
	c, err := fetchConfig(s.ctx, s.w.cloud.web, s.w.cloud.url, lock)
	s.must(err)
	s.did(0, "olga", lock, "confirm", "shown", string(c.text()))
}

func (s *walker) box(name string) *box {
	for _, b := range s.w.boxes {
		if b.name == name {
			return b
		}
	}
	panic("no controller " + name)
}

func (s *walker) button(lock string) {
	s.must(s.box(lock).HardwareReset(s.ctx))
	s.say(lock, "the button was held; the light cycles")
}

// moved is what the doors of a controller did last.
func (s *walker) moved(lock, want string) {
	b := s.box(lock)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.journal) - 1; i >= 0; i-- {
		if _, line, _ := strings.Cut(b.journal[i], " "); strings.HasPrefix(line, "door ") {
			if line != want {
				s.must(fmt.Errorf("%s: %q in place of %q", lock, line, want))
			}
			s.say(lock, "%s", line)
			return
		}
	}
	s.must(errors.New(lock + ": no door moved"))
}

func (s *walker) later(d time.Duration) {
	s.w.clock.wait(d)
	s.say("", "… %v later", d)
}
