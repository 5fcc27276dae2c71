package twofactor_test

import (
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// addFactor has the model learn of a factor that counts from now on.
func (h *history) addFactor(u *actor, f *actorFactor, replaces string, g *permit, proven, certain bool) {
	if _, most := u.count(nil); certain && most == 0 && f.kind != twofactor.SMS {
		h.endNumber(u) // a draft, that was for something else
	}
	if old := u.factor(replaces); old != nil {
		old.is.lose(certain)
	}
	if !certain {
		u.anyPapers = true // which were shown to nobody
	}
	u.factors = append(u.factors, f)
	h.changed(u, g, certain)
	if proven && g != nil {
		g.expires = theLater(g.expires, h.now().Add(5*time.Minute))
		if certain {
			g.expires, g.sure = h.now().Add(5*time.Minute), h.now().Add(5*time.Minute)
		}
	}
}

func theLater(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// counts holds a confirmation against what it may hold.
func (h *history) counts(s *seat, g *permit, f *actorFactor, replaces string, c *twofactor.Confirmation, proven bool) {
	u := s.of
	left := 0
	for _, p := range u.papers {
		if p.is == there {
			left++
		}
	}
	h.addFactor(u, f, replaces, g, proven, true)
	u.forget()
	if c.Method.Kind != f.kind {
		h.fail("a factor of another kind counts")
	}
	if c.Grant.Token != g.token || c.Grant.Expires.After(g.expires) {
		h.fail("a confirmation gives another grant, or a longer one: %v", c.Grant.Expires)
	}
	if len(c.RecoveryCodes) > 0 && (left > 0 || h.p.Recovery.None) {
		h.fail("recovery codes are shown again, or against the policy")
	}
	if len(c.RecoveryCodes) > 0 {
		if len(c.RecoveryCodes) != h.p.Recovery.Codes {
			h.fail("%d recovery codes", len(c.RecoveryCodes))
		}
		h.newPapers(u, c.RecoveryCodes, true)
	}
	if c.Session == nil {
		if proven && !h.backOnly(f.kind) {
			h.fail("a proven factor leaves the session as it was")
		}
		return
	}
	if c.Session.UserID() != u.id || h.backOnly(f.kind) && proven {
		h.fail("a session for someone else, or for a way back in")
	}
	if !proven && (s.limited || c.Session.Basis() != s.basis) || !proven && c.Session.Fresh(h.now(), time.Minute) != s.fresh(h.now(), time.Minute) {
		h.fail("a session rests on a factor that nobody proved")
	}
	n := *s
	n.session, n.token, n.limited = c.Session, c.Session.Token(), false
	if proven {
		n.basis, n.at, n.found = twofactor.Proved, h.now(), false
	}
	h.sit(&n)
}

// fresh reports whether a second factor was proven in the session, within a time.
func (s *seat) fresh(now time.Time, within time.Duration) bool {
	return !s.limited && s.basis == twofactor.Proved && !s.found && now.Sub(s.at) <= within
}
