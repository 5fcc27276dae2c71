package twofactor_test

import (
	"context"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
)

func (h *history) enroll() {
	s, g := h.someGrant()
	h.enrollFor(s, g, []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email}[h.draw(3, "kind")])
}

func (h *history) enrollFor(s *seat, g *permit, k twofactor.Kind) *draft {
	u := s.of
	req := twofactor.EnrollRequest{Kind: k, Account: u.id, Name: []string{"", "Phone", "bad\x00name"}[h.draw(9, "name")/4]}
	if h.quiet {
		req.Name = ""
	}
	if k == twofactor.SMS && h.p.Numbers == twofactor.NumbersFromForm || !h.quiet && h.odds(10, "with a number") {
		req.Phone = modelNumbers[h.draw(len(modelNumbers), "number")]
	}
	if !h.quiet && len(u.factors) > 0 && h.odds(20, "replaces one") {
		req.Replaces = u.factors[h.draw(len(u.factors), "which")].id
	}
	var e *twofactor.Enrollment
	got := h.call(u, "Enroll", func(ctx context.Context, svc *twofactor.Service) (err error) {
		e, err = svc.Enroll(ctx, s.session, g.token, req)
		return err
	})
	began := got
	began.yes = got.yes || e != nil
	h.holdsTo("Enroll", s, g, began, false)
	if began.yes {
		h.mayEnroll(u, req)
	}
	to := h.destination(u, req)
	if e == nil {
		if got.fault && got.wrote && h.p.VerifiedNumbersSuffice && k == twofactor.SMS { // it may count already
			h.addFactor(u, &actorFactor{kind: k, is: perhaps, to: to, name: req.Name, last: -1, last2: -1}, req.Replaces, g, false, false)
		}
		return nil
	}
	if e.Done != nil {
		number, verified, _ := u.phone()
		if k != twofactor.SMS || !h.p.VerifiedNumbersSuffice || !u.unclear && (!verified || to != number) {
			h.fail("Enroll: a factor counts without a code")
		}
		h.counts(s, g, &actorFactor{id: e.Done.Method.ID, kind: k, is: there, to: to, name: req.Name, last: -1, last2: -1}, req.Replaces, e.Done, false)
		return nil
	}
	d := &draft{of: u, id: e.ID, kind: k, is: there, to: to, expires: h.now().Add(h.p.EnrollmentLife), replaces: req.Replaces, name: req.Name}
	if !e.Expires.Equal(d.expires) {
		h.fail("Enroll: good until %v, want %v", e.Expires, d.expires)
	}
	if k == twofactor.TOTP {
		text, err := e.URI.Encode()
		if err == nil {
			d.app, err = twofactortest.NewPhone(text)
		}
		if err != nil {
			h.fail("Enroll: no phone takes the secret")
		}
	}
	h.addDraft(d)
	sending := got
	sending.wrote = true
	if k != twofactor.TOTP && h.posted(u, "enroll", d, "", &d.to, h.life(k), sending, e.Sent) != nil {
		d.sends++
	}
	return d
}

// addDraft keeps an enrollment. There is room for four.
func (h *history) addDraft(d *draft) {
	n := 0
	for _, o := range slices.Backward(h.drafts) {
		if o.of == d.of && o.is != gone {
			if n++; n > 3 {
				o.is = perhaps
			}
		}
	}
	h.drafts = append(h.drafts, d)
}

// mayEnroll sees that the policy lets the user set such a factor up.
func (h *history) mayEnroll(u *actor, req twofactor.EnrollRequest) {
	least, _ := u.count(h.second)
	_, most := u.count(h.second)
	switch {
	case !slices.Contains(h.p.Kinds, req.Kind), h.backOnly(req.Kind) && most == 0 && req.Replaces == "",
		h.p.OneAtATime && least > 0 && req.Replaces == "" && !h.backOnly(req.Kind),
		req.Phone != "" && (req.Kind != twofactor.SMS || h.p.Numbers != twofactor.NumbersFromForm),
		req.Name != "" && req.Name != "Phone":
		h.fail("Enroll: against the policy: %+v", req)
	case req.Replaces != "" && (u.factor(req.Replaces) == nil || u.factor(req.Replaces).kind != req.Kind):
		h.fail("Enroll: replaces a factor that isn't there, or of another kind")
	}
}

// destination is where the codes of a new factor have to go, or empty if nobody
// knows.
func (h *history) destination(u *actor, req twofactor.EnrollRequest) string {
	switch {
	case req.Kind == twofactor.Email:
		return u.id + "@example.com"
	case req.Kind == twofactor.TOTP:
		return ""
	case h.p.Numbers == twofactor.NumbersFromForm:
		return req.Phone
	case u.unclear:
		return ""
	}
	number, _, _ := u.phone()
	return number
}

func (h *history) enrollment() {
	s, g := h.someGrant()
	d := some(h, "enrollment", h.drafts)
	var e *twofactor.Enrollment
	got := h.call(s.of, "Enrollment", func(ctx context.Context, svc *twofactor.Service) (err error) {
		e, err = svc.Enrollment(ctx, s.session, g.token, d.id)
		return err
	})
	may, must := h.open(s, d)
	h.holdsTo("Enrollment", s, g, got, must)
	if got.yes && (!may || e.Kind != d.kind) || got.wrote {
		h.fail("Enrollment: one that is over, of someone else, or it wrote")
	}
}

// open says whether an enrollment of the session's user can be proven.
func (h *history) open(s *seat, d *draft) (may, must bool) {
	may = d.of == s.of && d.is != gone && h.now().Before(d.expires) && d.wrong < 5
	return may, may && d.is == there && h.latest.Before(d.expires) && d.wrong2 < 5
}

func (h *history) resend() {
	s, g := h.someGrant()
	d := some(h, "enrollment", h.drafts)
	var sent *twofactor.Sent
	got := h.call(s.of, "Resend", func(ctx context.Context, svc *twofactor.Service) (err error) {
		sent, err = svc.Resend(ctx, s.session, g.token, d.id, twofactor.Client{})
		return err
	})
	h.holdsTo("Resend", s, g, got, false)
	if may, _ := h.open(s, d); got.yes && !may || got.yes && d.app != nil {
		h.fail("Resend: for an enrollment that is over, or an app")
	}
	if h.posted(d.of, "enroll", d, "", &d.to, h.life(d.kind), got, sent) != nil && got.yes {
		if d.sends++; d.sends > 5 {
			h.fail("Resend: six codes for one enrollment")
		}
	}
}

func (h *history) confirm() {
	s, g := h.someGrant()
	d := some(h, "enrollment", h.drafts)
	code := ""
	switch h.draw(6, "typed") {
	case 0, 1, 2:
		code = h.firstCode(d)
	case 3:
		if d.app != nil {
			code = d.app.Code(h.now().Add(time.Duration(h.draw(7, "steps off")-3) * step))
		}
	case 4:
		if len(h.typed) > 0 {
			code = some(h, "typed before", h.typed)
		}
	case 5:
		code = []string{"", "12345", "000000", "1234567"}[h.draw(4, "nonsense")]
	}
	h.confirmWith(s, g, d, code)
}

func (h *history) firstCode(d *draft) string {
	if d.app != nil {
		return d.app.Code(h.now())
	}
	for _, c := range slices.Backward(h.sentCodes) {
		if c.owner == d {
			return c.code
		}
	}
	return "123456"
}

func (h *history) confirmWith(s *seat, g *permit, d *draft, code string) *twofactor.Confirmation {
	may, must := h.open(s, d)
	right, surely, at, sent := h.firstRight(d, code)
	b := s.of.tries[b2i(s.known)]
	must = must && surely && b.holds(h.now(), 1) && h.stillMay(d)
	if code != "" {
		h.typed = append(h.typed, code)
	}
	var c *twofactor.Confirmation
	got := h.call(s.of, "Confirm", func(ctx context.Context, svc *twofactor.Service) (err error) {
		c, err = svc.Confirm(ctx, s.session, g.token, d.id, code)
		return err
	})
	h.holdsTo("Confirm", s, g, got, must)
	if got.yes && (!may || !right) {
		h.fail("Confirm: a yes to %q for an enrollment that is over, or without its code", code)
	}
	f := &actorFactor{kind: d.kind, is: perhaps, app: d.app, to: d.to, name: d.name, last: at, last2: at}
	switch something, certain := got.took(); {
	case something && may && right:
		d.is.lose(certain)
		if sent != nil {
			sent.is.lose(certain)
		}
		if certain {
			f.id, f.is = c.Method.ID, there
			h.counts(s, g, f, d.replaces, c, true)
		} else {
			h.addFactor(s.of, f, d.replaces, g, true, false)
		}
	case got.fault && got.wrote:
		d.wrong2++
		b.pay(h.now(), 1, false)
	case slices.Contains(judgedReasons, got.reason) && got.wrote: // one that isn't there has expired, too
		if !may {
			h.fail("Confirm: a wrong code was judged for an enrollment that is over")
		}
		d.wrong++
		d.wrong2++
		if !b.pay(h.now(), 1, true) {
			h.fail("Confirm: more wrong codes were judged than the account's budget has")
		}
	}
	return c
}

// stillMay reports whether the policy surely lets an enrollment count, as things
// are now.
func (h *history) stillMay(d *draft) bool {
	least, most := d.of.count(h.second)
	if f := d.of.factor(d.replaces); d.replaces != "" {
		return f != nil && f.is == there
	}
	return !(h.p.OneAtATime && most > 0 && !h.backOnly(d.kind)) && !(h.backOnly(d.kind) && least == 0) && len(d.of.factors) < 10
}

// firstRight says whether a code proves an enrollment, and at which step of an app.
func (h *history) firstRight(d *draft, code string) (may, must bool, at int64, sent *sentCode) {
	digits := digitsOf(code)
	if d.app == nil {
		sent = h.newest("enroll", d, "", digits)
		return sent != nil, sent != nil && sent.is == there && h.latest.Before(sent.expires), -1, sent
	}
	now, at := h.now().Unix()/30, int64(-1)
	for s := now - int64(h.p.TOTPWindow.Back); s <= now+int64(h.p.TOTPWindow.Ahead); s++ {
		if d.app.Code(time.Unix(s*30, 0)) == digits {
			at = s
		}
	}
	return at >= 0, at >= 0, at, nil
}
