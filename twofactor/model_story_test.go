package twofactor_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// wait moves the clock: as people live, and a little back, as it happens when a
// clock is set.
func (h *history) wait() {
	moves := []time.Duration{
		time.Second, 5 * time.Second, step, 35 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 31 * time.Minute,
		time.Hour, 6 * time.Hour, 73 * time.Hour, 31 * 24 * time.Hour, 3 * 365 * 24 * time.Hour, -time.Second, -3 * time.Second,
	}
	d := moves[h.draw(len(moves), "time")]
	h.r.clock.Advance(d)
	h.rt.Logf("the clock moves by %v", d)
}

func (h *history) waitForCode() { h.r.clock.Advance(step) }

func (h *history) setUp() { h.setUpFor(h.someone()) }

// setUpFor has someone set up a factor from the beginning, with nothing in the way,
// so that histories don't have to come upon it by chance.
func (h *history) setUpFor(u *actor) {
	h.quiet = true
	defer func() { h.quiet = false }()
	if least, _ := u.count(nil); least > 0 {
		return
	}
	if slices.Contains(h.p.Kinds, twofactor.TOTP) && h.draw(4, "from elsewhere") == 3 {
		h.importFor(u)
		h.check()
		return
	}
	n := len(h.seats)
	h.beginFor(u)
	if len(h.seats) == n {
		return
	}
	s := h.seats[n]
	g := h.passwordFor(s, nil)
	if g == nil {
		return
	}
	for _, k := range h.p.Kinds {
		if d := h.enrollFor(s, g, k); d != nil {
			if c := h.confirmWith(s, g, d, h.firstCode(d)); c != nil && c.Session != nil {
				s = h.seats[len(h.seats)-1]
			}
		}
		h.check()
	}
}

// signIn has someone sign in with what they have.
func (h *history) signIn() {
	u := h.someone()
	h.quiet = true
	defer func() { h.quiet = false }()
	h.r.clock.Advance(step)
	t := h.beginFor(u)
	if t == nil {
		return
	}
	for _, f := range u.factors {
		if f.app != nil {
			if h.draw(3, "and the store fails") == 2 {
				h.breaks = []breakage{breakage(h.draw(7, "breakage"))}
			}
			h.verifyWith(t, twofactor.Answer{Method: f.id, Code: f.app.Code(h.now()), RememberDevice: true})
			h.breaks = nil
			return
		}
	}
}

// guess has someone who knows the password type one wrong code after the other.
func (h *history) guess() {
	u := h.someone()
	h.quiet = true
	defer func() { h.quiet = false }()
	t := h.beginFor(u)
	if t == nil || len(u.factors) == 0 {
		return
	}
	f := u.factors[h.draw(len(u.factors), "factor")]
	for i := range 1 + h.draw(12, "guesses") {
		if i == 6 { // five end a login
			if t = h.beginFor(u); t == nil {
				return
			}
		}
		a := twofactor.Answer{Code: fmt.Sprintf("%06d", 111111*(1+i%9))}
		if i%2 == 0 {
			a.Method = f.id
		}
		h.verifyWith(t, a)
	}
}

// twoCodes has someone ask for a code twice and type the first. It is good if the
// second one didn't go out.
func (h *history) twoCodes() {
	u := h.someone()
	for _, f := range u.factors {
		if f.app != nil {
			continue
		}
		h.quiet = true
		defer func() { h.quiet, h.gateway = false, nil }()
		t := h.beginFor(u)
		if t == nil {
			return
		}
		h.sendTo(t, f.id)
		first := h.rightFor(t, f)
		h.r.clock.Advance(31 * time.Second)
		if h.draw(2, "goes out") == 0 {
			h.gateway = h.swallow
		}
		h.sendTo(t, f.id)
		h.gateway = nil
		h.verifyWith(t, twofactor.Answer{Method: f.id, Code: first})
		return
	}
}

// loseDevice has someone sign in by the number of their profile.
func (h *history) loseDevice() {
	u := h.someone()
	number, _, since := u.phone()
	if !h.p.LostDevice || h.now().Sub(since) < 72*time.Hour {
		return
	}
	h.quiet = true
	defer func() { h.quiet = false }()
	if t := h.beginFor(u); t != nil {
		h.lostWith(t, number[len(number)-4:])
		h.verifyWith(t, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: h.rightFor(t, nil), RememberDevice: true})
	}
}

// interrupted has someone begin to set up an app, and someone else, who may not
// even be there any more, change the password: what was begun is no way in.
func (h *history) interrupted() {
	g := some(h, "grant", h.permits)
	s := h.seatOf(g)
	if s == nil {
		return
	}
	h.quiet = true
	defer func() { h.quiet = false }()
	d := h.enrollFor(s, g, twofactor.TOTP)
	if d == nil {
		return
	}
	h.passwordOf(s.of, true)
	h.r.clock.Advance(step)
	t := h.proving(s)
	for _, f := range s.of.factors {
		if f.app != nil {
			h.grantWith(s, t, twofactor.Answer{Method: f.id, Code: f.app.Code(h.now())})
			break
		}
	}
	if len(s.of.factors) == 0 {
		h.passwordFor(s, nil)
	}
	if g = h.permits[len(h.permits)-1]; g.of == s.of {
		h.confirmWith(s, g, d, h.firstCode(d))
	}
}
