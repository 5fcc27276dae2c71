package twofactor_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// errElsewhere is a fault of the app's own.
var errElsewhere = errors.New("the users' table is locked")

// pauseOfAFactor is for how long ten wrong codes in a row pause a factor.
const pauseOfAFactor = 30 * time.Minute

// proving is the attempt in which a session proves itself anew. Its wrong codes
// add up for ten minutes.
func (h *history) proving(s *seat) *try {
	t := s.try
	if t == nil || t.era != s.of.era || t.is != there || !h.now().Before(t.expires) {
		t = &try{of: s.of, grant: true, sid: s.sid, era: s.of.era, is: there, expires: h.now().Add(10 * time.Minute), secret: s.of.secret}
		if s.known {
			t.known = there
		}
		for _, o := range h.seats {
			if o.sid == s.sid && o.of == s.of {
				o.try = t
			}
		}
	}
	if t.wrong2+t.sends == 0 {
		t.expires = h.now().Add(10 * time.Minute) // nothing of it is kept yet
	}
	return t
}

func (h *history) grant() {
	s := some(h, "session", h.seats)
	t := h.proving(s)
	h.grantWith(s, t, h.answer(t))
}

func (h *history) grantWith(s *seat, t *try, a twofactor.Answer) {
	w := h.worthOf(t, a)
	if least, most := s.of.count(nil); most == 0 || w.lost || w.onPaper {
		w.may, w.must = false, false
	} else if least == 0 {
		w.must = false
	}
	var g *twofactor.Grant
	got := h.call(s.of, "Grant", func(ctx context.Context, svc *twofactor.Service) (err error) {
		g, err = svc.Grant(ctx, s.session, a)
		return err
	})
	right, certain := h.answered(t, a, w, got)
	if right {
		t.is.lose(certain) // the next one begins anew
	}
	if got.yes {
		h.newPermit(s.of, s.sid, *g)
	}
}

func (h *history) grantWithPassword() {
	s := some(h, "session", h.seats)
	h.passwordFor(s, []error{nil, nil, twofactor.ErrWrongPassword, errElsewhere}[h.draw(4, "password")])
}

func (h *history) passwordFor(s *seat, says error) *permit {
	u := s.of
	least, most := u.count(nil)
	asked := 0
	var g *twofactor.Grant
	enough := u.password.holds(h.now(), 1)
	got := h.call(u, "GrantWithPassword", func(ctx context.Context, svc *twofactor.Service) (err error) {
		g, err = svc.GrantWithPassword(ctx, s.session, func(context.Context) error { asked++; return says })
		return err
	})
	if asked > 1 || asked == 1 && least > 0 {
		h.fail("GrantWithPassword: the password was asked for %d times, with %d factors", asked, least)
	}
	wrong := asked == 1 && errors.Is(says, twofactor.ErrWrongPassword)
	if asked == 1 || got.wrote {
		if paid := wrong || got.fault; !u.password.pay(h.now(), b2f(paid), wrong) {
			h.fail("GrantWithPassword: more wrong passwords were looked at than the budget has")
		}
	}
	switch {
	case got.yes && (asked != 1 || says != nil || least > 0):
		h.fail("GrantWithPassword: a grant for %v, with %d factors", says, least)
	case !got.yes && got.calm && says == nil && most == 0 && enough && got.had:
		h.fail("GrantWithPassword: no to the right password: %v", got.err)
	case got.yes:
		return h.newPermit(u, s.sid, *g)
	}
	return nil
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// holds says whether a session may use a grant, and whether it surely can.
func (h *history) holds(s *seat, g *permit) (may, must bool) {
	if g == nil || g.of != s.of || g.sid != s.sid || g.is == gone || g.era < s.of.first || !h.now().Before(g.expires) {
		return false, false
	}
	return true, g.is == there && g.era == s.of.era && h.latest.Before(g.sure)
}

// someGrant draws a session and a grant, most of the time one of its own.
func (h *history) someGrant() (*seat, *permit) {
	if len(h.permits) == 0 || len(h.seats) == 0 {
		h.rt.SkipNow()
	}
	g := some(h, "grant", h.permits)
	if h.odds(85, "of its session") {
		if s := h.seatOf(g); s != nil {
			return s, g
		}
	}
	return some(h, "session", h.seats), g
}

// seatOf is the session that a grant was made in, as it is now.
func (h *history) seatOf(g *permit) *seat {
	for _, s := range slices.Backward(h.seats) {
		if s.of == g.of && s.sid == g.sid {
			return s
		}
	}
	return nil
}

func (h *history) granted() {
	s, g := h.someGrant()
	got := h.call(s.of, "Granted", func(ctx context.Context, svc *twofactor.Service) error { return svc.Granted(ctx, s.session, g.token) })
	h.holdsTo("Granted", s, g, got, true)
	if got.wrote {
		h.fail("Granted: it wrote")
	}
}

// holdsTo sees that nothing is done without a grant, and that what else is right
// is done with one.
func (h *history) holdsTo(what string, s *seat, g *permit, got answered, else_ bool) {
	h.rt.Helper()
	may, must := h.holds(s, g)
	switch {
	case got.yes && !may:
		h.fail("%s: done without a grant", what)
	case got.reason == twofactor.ReasonGrantRequired && must:
		h.fail("%s: the grant is good, and was refused", what)
	case !got.yes && must && else_ && got.calm:
		h.fail("%s: refused, though all is right: %v", what, got.err)
	}
}

func (h *history) sendForGrant() {
	s := some(h, "session", h.seats)
	t := h.proving(s)
	f := h.aim(s.of)
	var sent *twofactor.Sent
	got := h.call(s.of, "SendForGrant", func(ctx context.Context, svc *twofactor.Service) (err error) {
		sent, err = svc.SendForGrant(ctx, s.session, f, twofactor.Client{})
		return err
	})
	h.wentOut(t, f, got, sent)
}

func (h *history) signedOut() {
	s := some(h, "session", h.seats)
	device := ""
	var d *keepsake
	if len(h.keeps) > 0 && h.odds(60, "with a device") {
		d = some(h, "device", h.keeps)
		device = d.token
	}
	got := h.call(s.of, "SignedOut", func(ctx context.Context, svc *twofactor.Service) error {
		return svc.SignedOut(ctx, s.session, device)
	})
	something, certain := got.took()
	if !something {
		return
	}
	for _, g := range h.permits {
		if g.of == s.of && g.sid == s.sid {
			// One that has run out is left, for a clock that goes back to before.
			g.is.lose(certain && h.now().Before(g.expires))
		}
	}
	if d != nil && d.of == s.of && h.p.Trust.EndsAtSignOut {
		d.is.lose(certain)
	}
}
