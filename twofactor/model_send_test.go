package twofactor_test

import (
	"context"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// aim draws the id of a factor to send to: one of the user's that codes are sent
// for, as a rule.
func (h *history) aim(u *actor) string {
	var ids []string
	for _, f := range u.factors {
		if f.app == nil && f.id != "" {
			ids = append(ids, f.id)
		}
	}
	if len(ids) == 0 || h.odds(10, "another's factor") {
		for _, o := range h.actors {
			for _, f := range o.factors {
				ids = append(ids, f.id)
			}
		}
	}
	if len(ids) == 0 {
		return "x"
	}
	return ids[h.draw(len(ids), "factor")]
}

func (h *history) send() {
	t := some(h, "login", h.tries)
	h.sendTo(t, h.aim(t.of))
}

func (h *history) sendTo(t *try, f string) {
	var sent *twofactor.Sent
	got := h.call(t.of, "Send", func(ctx context.Context, s *twofactor.Service) (err error) {
		sent, err = s.Send(ctx, t.token, f, twofactor.Client{})
		return err
	})
	h.wentOut(t, f, got, sent)
}

// wentOut holds a code that was sent for a factor against what may be sent.
func (h *history) wentOut(t *try, id string, got answered, sent *twofactor.Sent) {
	h.rt.Helper()
	f := t.of.factor(id)
	may, _ := h.alive(t)
	if got.yes && (!may || f == nil || f.app != nil || t.grant && h.backOnly(f.kind)) {
		h.fail("a code was sent in an attempt that is over, or for no factor of the user's")
	}
	if f == nil {
		if len(got.mail) > 0 && !slices.ContainsFunc(t.of.factors, func(f *actorFactor) bool { return f.id == "" }) {
			h.fail("a code was sent for a factor that isn't there")
		}
		return
	}
	h.posted(t.of, t.purpose(), t, id, &f.to, h.life(f.kind), got, sent)
	switch {
	case got.yes:
		t.last = id
		if t.sends++; t.sends > 5 {
			h.fail("six codes were sent in one login")
		}
		if len(got.mail) == 1 && len(got.mail[0].Text) > 0 && h.emptied(t) && sent.Digits != 10 {
			h.fail("a code of %d digits was sent, with no try left", sent.Digits)
		}
	case got.fault && got.wrote:
		t.blurry, t.is = true, min(t.is, perhaps)
	case got.reason == twofactor.ReasonSendFailed:
		t.blurry = true // it goes back to the one before
	}
}

// emptied reports whether a login surely has no try left to pay with.
func (h *history) emptied(t *try) bool {
	b := h.bucketOf(t)
	if b == nil {
		return false
	}
	b.fill(h.now())
	return b.most < 1-2*slack
}

// posted learns the code that a message carries, sees where it went, which is where
// the next ones have to go, and forgets those that it supersedes.
func (h *history) posted(u *actor, purpose string, owner any, factor string, to *string, life time.Duration, got answered, sent *twofactor.Sent) *sentCode {
	h.rt.Helper()
	var before *sentCode
	fresh := false
	for _, c := range slices.Backward(h.sentCodes) {
		if c.owner == owner && c.factor == factor && c.purpose == purpose {
			if before == nil {
				before, fresh = c, c.is == there
			}
			if got.yes {
				c.is = gone
			} else if got.fault && got.wrote {
				c.is.lose(false)
			}
		}
	}
	if !got.yes && len(got.mail) > 0 && !got.fault {
		h.fail("%s: a message went out with the refusal %q", purpose, got.reason)
	}
	if got.yes && len(got.mail) != 1 {
		h.fail("%s: %d messages went out for one code", purpose, len(got.mail))
	}
	if len(got.mail) == 0 {
		return nil
	}
	m := got.mail[0]
	if *to == "" {
		*to = m.To
	}
	if m.To != *to {
		h.fail("%s: a code went to a place that it isn't for", purpose)
	}
	if fresh && got.yes && !(purpose == "phone" && u.unclear) && h.now().Sub(before.sent) < 30*time.Second-3*time.Second {
		h.fail("%s: two codes within 30 s", purpose)
	}
	c := &sentCode{of: u, purpose: purpose, owner: owner, factor: factor, to: m.To, code: codeIn.FindStringSubmatch(m.Text)[1], sent: h.now(), is: there}
	c.expires = c.sent.Add(life)
	if sent != nil && (!sent.Expires.Equal(c.expires) || sent.Digits != len(c.code)) {
		h.fail("%s: a code is good until %v, want %v", purpose, sent.Expires, c.expires)
	}
	if len(c.code) != 10 && len(c.code) != h.p.Digits {
		h.fail("%s: a code of %d digits", purpose, len(c.code))
	}
	h.sentCodes = append(h.sentCodes, c)
	h.typed = append(h.typed, c.code)
	return c
}

func (h *history) lostDevice() {
	t := some(h, "login", h.tries)
	number, _, _ := t.of.phone()
	digits := number[len(number)-4:]
	if h.odds(30, "wrong digits") {
		digits = []string{"0000", "", "123", "1001", "99999"}[h.draw(5, "digits")]
	}
	h.lostWith(t, digits)
}

func (h *history) lostWith(t *try, digits string) {
	number, verified, since := t.of.phone()
	got := h.call(t.of, "LostDevice", func(ctx context.Context, s *twofactor.Service) error {
		return s.LostDevice(ctx, t.token, digits, twofactor.Client{})
	})
	may, _ := h.alive(t)
	old := h.now().Sub(since) >= 72*time.Hour
	if got.yes && (!may || !h.p.LostDevice || len(digits) != 4) {
		h.fail("LostDevice: done in a login that is over, or against the policy")
	}
	goes := verified && old && digits == number[len(number)-4:]
	if len(got.mail) > 0 && !goes && !t.of.unclear {
		h.fail("LostDevice: a code for wrong digits, or a number that is young or unverified")
	}
	something, certain := got.took()
	if !something {
		return
	}
	if b := t.of.digits[b2i(t.known == there)]; t.known != perhaps && !b.pay(h.now(), 1, certain) {
		h.fail("LostDevice: asked for more often than its budget allows")
	}
	if t.sends += b2i(certain); t.sends > 5 {
		h.fail("LostDevice: six codes in one login")
	}
	for _, c := range h.sentCodes {
		if c.owner == t && c.purpose == "lost" {
			c.is.lose(certain)
		}
	}
	for _, m := range got.mail {
		c := &sentCode{of: t.of, purpose: "lost", owner: t, to: m.To, code: codeIn.FindStringSubmatch(m.Text)[1], sent: h.now(), is: there}
		c.expires = c.sent.Add(h.p.SMSLife)
		h.sentCodes = append(h.sentCodes, c)
		if m.To != number && !t.of.unclear {
			h.fail("LostDevice: the code went elsewhere")
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
