package twofactor_test

import (
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// won has the model learn what a right answer brings about, and holds what was
// given for it against what the policy says.
func (h *history) won(t *try, a twofactor.Answer, w worth, v *twofactor.Verified, got answered, certain bool) {
	u := t.of
	t.is.lose(certain)
	recovered := w.paper != nil || w.lost || w.factor != nil && h.backOnly(w.kind)
	reset := w.paper != nil && h.p.Recovery.OnUse == twofactor.ResetFactors
	if recovered {
		h.recovered(u, w, certain)
	}
	if !certain {
		return
	}
	s, made := h.session(u, v, got)
	s.sid, s.found, s.known = t.sid, recovered, true
	h.sit(s)
	if left, _ := u.count(nil); s.limited != (recovered && h.p.RecoveredEnrollOnly || h.p.Required && left == 0) && (left > 0 || !recovered || reset) {
		h.fail("Verify: limited %t after %+v", s.limited, w)
	}
	if v != nil && v.Fresh(h.now(), time.Minute) == recovered {
		h.fail("Verify: a recovery is fresh, or a proof isn't: %v", v.AMR())
	}
	h.cookies = append(h.cookies, &cookie{of: u, token: made.KnownBrowser, life: u.life, expires: h.now().Add(400 * 24 * time.Hour)})
	if g := made.Grant; (g != nil) != recovered {
		h.fail("Verify: a grant after a sign-in: %t, recovered %t", g != nil, recovered)
	} else if g != nil {
		h.newPermit(u, s.sid, *g)
	}
	if r := made.Recovery; r != nil && len(r.Codes) > 0 {
		if w.paper == nil || h.p.Recovery.OnUse != twofactor.Replace {
			h.fail("Verify: recovery codes are shown again")
		}
		h.newPapers(u, r.Codes, true)
	}
	h.mayTrust(t, a, w, made.Device, recovered)
}

// session is the one that a sign-in gave.
func (h *history) session(u *actor, v *twofactor.Verified, got answered) (*seat, twofactor.Made) {
	s := &seat{of: u, basis: twofactor.Proved, at: h.now()}
	if v != nil {
		s.session, s.token = v, v.Token()
		if v.UserID() != u.id || v.Basis() != twofactor.Proved {
			h.fail("Verify: a session of %q for %s", v.UserID(), u.id)
		}
		return s, v.Made()
	}
	no, _ := errors.AsType[*twofactor.RejectedError](got.err)
	if no == nil || no.Enrollment == nil || no.Enrollment.UserID() != u.id {
		h.fail("Verify: no session, or one of someone else")
	}
	s.session, s.token, s.limited = no.Enrollment, no.Enrollment.Token(), true
	return s, no.Enrollment.Made()
}

// recovered is what a way back in brings about.
func (h *history) recovered(u *actor, w worth, certain bool) {
	if w.paper != nil {
		switch h.p.Recovery.OnUse {
		case twofactor.ResetFactors:
			h.unenroll(u, certain)
		case twofactor.Replace:
			h.newPapers(u, nil, certain)
		}
	}
	h.endAll(u, certain)
}

// mayTrust sees that a device is trusted by the policy's leave, and no other.
func (h *history) mayTrust(t *try, a twofactor.Answer, w worth, d *twofactor.DeviceTrust, recovered bool) {
	p := h.p.Trust
	want := !recovered && slices.Contains(p.Kinds, w.kind) && (a.RememberDevice || p.Automatic)
	if (d != nil) != want {
		h.fail("Verify: trust in the device given: %t, want %t", d != nil, want)
	}
	if d == nil {
		return
	}
	k := &keepsake{
		of: t.of, token: d.Token, id: d.ID, place: t.place, secret: t.secret, era: t.of.era,
		kind: w.kind, expires: h.now().Add(p.Life), is: there,
	}
	var here []*keepsake
	for _, o := range h.keeps {
		if o.of == t.of && o.is != gone && o.era >= t.of.first {
			here = append(here, o)
		}
	}
	if len(here) >= p.Max { // one of them makes room
		for _, o := range here {
			o.is.lose(p.Max == 1)
		}
	}
	h.keeps = append(h.keeps, k)
}

func (h *history) newPermit(u *actor, sid int, g twofactor.Grant) *permit {
	if len(g.Token) < 40 || g.Expires.Sub(h.now()) > 5*time.Minute {
		h.fail("a grant is short, or lasts too long")
	}
	n := 0
	for _, p := range slices.Backward(h.permits) {
		if p.of == u && p.is == there {
			if n++; n > 3 {
				p.is = perhaps // there is room for four
			}
		}
	}
	p := &permit{of: u, token: g.Token, sid: sid, era: u.era, expires: h.now().Add(5 * time.Minute), sure: h.now().Add(5 * time.Minute), is: there}
	h.permits = append(h.permits, p)
	return p
}
