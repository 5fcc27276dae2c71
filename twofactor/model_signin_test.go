package twofactor_test

import (
	"context"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

func (h *history) someone() *actor { return h.actors[h.draw(len(h.actors), "who")] }

// asked reports whether a sign-in needs a second factor: surely not, perhaps, or
// surely.
func (h *history) asked(u *actor) sure {
	least, most := u.count(nil)
	switch {
	case most == 0 || u.off == there && !h.p.Required:
		return gone
	case least > 0 && (u.off == gone || h.p.Required):
		return there
	}
	return perhaps
}

func (h *history) begin() { h.beginFor(h.someone()) }

func (h *history) beginFor(u *actor) *try {
	in := twofactor.SignIn{UserID: u.id, CredentialVersion: version(u.secret), Audience: []string{"", "", "admin"}[h.draw(3, "audience")]}
	known := h.kept(u, &in)
	var trusted *keepsake
	if len(h.keeps) > 0 && h.odds(70, "with a trusted device") {
		trusted = some(h, "device", h.keeps)
		in.TrustedDevice = trusted.token
	}
	var o twofactor.Outcome
	got := h.call(u, "Begin", func(ctx context.Context, s *twofactor.Service) (err error) {
		o, err = s.Begin(ctx, in)
		return err
	})
	asked := h.asked(u)
	switch o := o.(type) {
	case nil:
		if got.yes {
			h.fail("Begin: neither an outcome nor an error")
		}
	case *twofactor.Pending:
		may, must := h.trusts(trusted, u, in.Audience)
		if asked == gone || must && may && got.calm {
			h.fail("Begin: asks for a second factor, which it need not")
		}
		h.sids++
		t := &try{
			of: u, token: o.Token(), sid: h.sids, era: u.era, expires: h.now().Add(10 * time.Minute),
			known: known, is: there, secret: u.secret, place: in.Audience,
		}
		h.tries = append(h.tries, t)
		h.offers(t, o.Login())
		return t
	case *twofactor.Verified:
		h.waved(u, o, trusted, in)
	case *twofactor.EnrollmentOnly:
		if least, _ := u.count(nil); least > 0 || !h.p.Required {
			h.fail("Begin: may only enroll, though there is a factor or none is required")
		}
		h.sids++
		h.sit(&seat{of: u, sid: h.sids, session: o, token: o.Token(), limited: true, basis: twofactor.NotEnrolled, at: h.now()})
	}
	return nil
}

func version(n int) string { return string(rune('a' + n)) }

// kept adds a known browser's cookie to a sign-in, and says whether it is good.
func (h *history) kept(u *actor, in *twofactor.SignIn) sure {
	if len(h.cookies) == 0 || !h.odds(60, "with a cookie") {
		return gone
	}
	c := some(h, "cookie", h.cookies)
	in.KnownBrowser = c.token
	switch {
	case c.of != u || !h.now().Before(c.expires) || c.life < u.firstLife:
		return gone
	case c.life != u.life:
		return perhaps
	}
	return there
}

// waved holds a sign-in that skips the second step against the reasons there are.
func (h *history) waved(u *actor, v *twofactor.Verified, d *keepsake, in twofactor.SignIn) {
	least, most := u.count(nil)
	right := false
	switch v.Basis() {
	case twofactor.NotEnrolled:
		right = least == 0 && !h.p.Required
	case twofactor.SwitchedOff:
		right = most > 0 && u.off != gone && !h.p.Required
	case twofactor.TrustedDevice:
		right, _ = h.trusts(d, u, in.Audience)
	}
	if !right || v.UserID() != u.id || slices.Contains(v.AMR(), "mfa") || v.Fresh(h.now(), time.Hour) {
		h.fail("Begin: %s skips the second step as %s, %v", u.id, v.Basis(), v.AMR())
	}
	h.sids++
	h.sit(&seat{
		of: u, sid: h.sids, session: v, token: v.Token(), basis: v.Basis(), at: h.now(),
		known: v.Basis() == twofactor.TrustedDevice,
	})
}

func (h *history) sit(s *seat) { h.seats = append(h.seats, s) }

// trusts says whether a device may stand in for the second factor, and whether it
// has to.
func (h *history) trusts(d *keepsake, u *actor, place string) (may, must bool) {
	if d == nil {
		return false, false
	}
	now := h.now()
	may = d.of == u && d.is != gone && d.era >= u.first && d.secret == u.secret && d.place == place && now.Before(d.expires) &&
		slices.Contains(h.p.Trust.Kinds, d.kind)
	return may, may && d.is == there && d.era == u.era && h.latest.Before(d.expires) && h.asked(u) == there
}

func (h *history) offers(t *try, l twofactor.Login) {
	for _, m := range l.Methods {
		if f := t.of.factor(m.ID); f == nil && !slices.ContainsFunc(t.of.factors, func(f *actorFactor) bool { return f.id == "" }) {
			h.fail("a login offers a factor that isn't there")
		}
	}
	if _, must := h.alive(t); must && l.Remaining > 5-t.wrong {
		h.fail("a login offers %d tries after %d wrong ones", l.Remaining, t.wrong)
	}
	if l.LostDevice != h.p.LostDevice || l.Codes != 1 && l.Codes != 3 {
		h.fail("a login offers what the policy doesn't: %+v", l)
	}
}

func (h *history) login() {
	t := some(h, "login", h.tries)
	var l *twofactor.Login
	got := h.call(t.of, "Login", func(ctx context.Context, s *twofactor.Service) (err error) {
		l, err = s.Login(ctx, t.token)
		return err
	})
	may, must := h.alive(t)
	switch {
	case got.yes && !may || got.wrote:
		h.fail("Login: a yes to one that is over, or a write")
	case !got.yes && must && got.calm:
		h.fail("Login: no to one that is pending: %v", got.err)
	case got.yes:
		h.offers(t, *l)
	}
}

func (h *history) cancel() {
	t := some(h, "login", h.tries)
	got := h.call(t.of, "Cancel", func(ctx context.Context, s *twofactor.Service) error { return s.Cancel(ctx, t.token) })
	if took, certain := got.took(); took {
		// One that has cost nothing ends only when the browser forgets it.
		t.is.lose(certain && (t.wrong > 0 || t.sends > 0) && h.now().Before(t.expires))
	}
}

func (h *history) verify() {
	t := some(h, "login", h.tries)
	h.verifyWith(t, h.answer(t))
}

func (h *history) verifyWith(t *try, a twofactor.Answer) {
	w := h.worthOf(t, a)
	var v *twofactor.Verified
	got := h.call(t.of, "Verify", func(ctx context.Context, s *twofactor.Service) (err error) {
		v, err = s.Verify(ctx, t.token, a)
		return err
	})
	if !got.yes && v != nil {
		h.fail("Verify: a session beside an error")
	}
	right, certain := h.answered(t, a, w, got)
	if right {
		h.won(t, a, w, v, got, certain)
	}
}

// resume turns any token into a session, which only that of a session is.
func (h *history) resume() {
	if len(h.seats) > 0 && h.odds(60, "a session's token") {
		s := some(h, "session", h.seats)
		back, err := h.r.b.Resume(s.token)
		if err != nil || back.UserID() != s.of.id {
			h.fail("Resume: a session of %s comes back as another's, or not: %v", s.of.id, err)
		}
		_, limited := back.(*twofactor.EnrollmentOnly)
		if limited != s.limited {
			h.fail("Resume: a limited session comes back as a full one, or the other way round")
		}
		s.session = back
		return
	}
	tokens := append([]string{"", "x"}, h.tokens()...)
	for _, token := range tokens[max(0, len(tokens)-8):] {
		if _, err := h.r.a.Resume(token); err == nil {
			h.fail("Resume: a token that is no session's")
		}
	}
}

// tokens are those that sign nobody in.
func (h *history) tokens() (out []string) {
	for _, t := range h.tries {
		out = append(out, t.token)
	}
	for _, c := range h.cookies {
		out = append(out, c.token)
	}
	for _, d := range h.keeps {
		out = append(out, d.token)
	}
	for _, g := range h.permits {
		out = append(out, g.token)
	}
	return out
}
