package twofactor_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

func (h *history) setPhone() {
	s, g := h.someGrant()
	number := modelNumbers[h.draw(len(modelNumbers), "number")]
	text := []string{number, "0" + strings.TrimPrefix(number, "+61"), "12"}[h.draw(3, "spelled")]
	var p *twofactor.Phone
	got := h.call(s.of, "SetPhone", func(ctx context.Context, svc *twofactor.Service) (err error) {
		p, err = svc.SetPhone(ctx, s.session, g.token, text)
		return err
	})
	h.holdsTo("SetPhone", s, g, got, false)
	if got.yes && (h.p.Numbers != twofactor.NumbersManaged || text == "12" || p.Number != number) {
		h.fail("SetPhone: against the policy, or another number")
	}
	something, certain := got.took()
	if !something {
		return
	}
	u := s.of
	old, wasVerified, since := u.phone()
	next := &ownNumber{number: number, since: h.now()}
	switch {
	case old == number:
		next.since, next.verified = since, u.own != nil && u.own.verified
		if u.own != nil {
			next.was = u.own.was
		}
	case wasVerified:
		next.was = old
	case u.own != nil:
		next.was = u.own.was
	}
	if old != number || u.own == nil {
		h.endPhoneCodes(u, certain && !u.unclear)
	} else {
		next.wrong, next.began = u.own.wrong, u.own.began
	}
	if !certain {
		h.moved(u, nil, false)
		return
	}
	u.own = next
	if !u.unclear && p.Verified != (next.verified || slices.Contains(u.verified, number)) {
		h.fail("SetPhone: verified %t", p.Verified)
	}
	if slices.Contains(u.verified, number) {
		h.moved(u, g, true)
	}
	h.drafted(u)
}

// drafted forgets which number counts if the last change of it was a draft, which
// ends with the session, with time and with what else is set up.
func (h *history) drafted(u *actor) {
	if least, _ := u.count(nil); u.own != nil && least == 0 {
		u.unclear = true
	}
}

// moved brings the factors that used the number before over to the new one. Where
// one of the two isn't known, nobody knows where their codes go, until one does.
func (h *history) moved(u *actor, g *permit, certain bool) {
	u.unclear = u.unclear || !certain
	any := u.unclear
	for _, f := range u.factors {
		switch {
		case f.kind != twofactor.SMS:
		case u.unclear:
			f.to = ""
		case u.own.was != "" && f.to == u.own.was:
			f.to, any = u.own.number, true
		case u.own.was != "" && f.to == "":
			any, certain = true, false
		}
	}
	if u.own != nil {
		u.own.was = ""
	}
	if any {
		h.changed(u, g, certain && !u.unclear)
	}
}

func (h *history) sendPhoneCode() {
	s, g := h.someGrant()
	u := s.of
	var sent *twofactor.Sent
	got := h.call(u, "SendPhoneCode", func(ctx context.Context, svc *twofactor.Service) (err error) {
		sent, err = svc.SendPhoneCode(ctx, s.session, g.token, twofactor.Client{})
		return err
	})
	h.holdsTo("SendPhoneCode", s, g, got, false)
	if got.yes && h.p.Numbers != twofactor.NumbersManaged {
		h.fail("SendPhoneCode: against the policy")
	}
	if (got.yes || got.wrote) && u.own == nil {
		_, _, since := u.phone()
		u.own = &ownNumber{number: u.number, since: since}
		u.unclear = u.unclear || !got.yes
		h.drafted(u)
	}
	to := ""
	if !u.unclear {
		to, _, _ = u.phone()
	}
	if h.posted(u, "phone", u, "", &to, h.p.SMSLife, got, sent) != nil && u.own != nil {
		if h.now().Sub(u.own.began) >= 10*time.Minute { // as long as its tries are counted
			u.own.wrong, u.own.began = 0, h.now()
		}
	}
}

func (h *history) verifyPhone() {
	s, g := h.someGrant()
	u := s.of
	code := "123456"
	for _, c := range h.sentCodes {
		if c.of == u && c.purpose == "phone" {
			code = c.code
		}
	}
	if len(h.typed) > 0 && h.odds(40, "another code") {
		code = some(h, "typed before", h.typed)
	}
	right := h.newest("phone", u, "", digitsOf(code))
	b := u.tries[b2i(s.known)]
	got := h.call(u, "VerifyPhone", func(ctx context.Context, svc *twofactor.Service) error {
		_, err := svc.VerifyPhone(ctx, s.session, g.token, code)
		return err
	})
	h.holdsTo("VerifyPhone", s, g, got, false) // the code may have ended with what came since
	if got.yes && (right == nil || u.own == nil || !u.unclear && right.to != u.own.number) {
		h.fail("VerifyPhone: a yes to %q without its code", code)
	}
	switch something, certain := got.took(); {
	case something && right != nil && u.own != nil:
		h.endPhoneCodes(u, certain)
		if certain {
			u.own.verified = true
			h.moved(u, g, true)
		} else {
			h.moved(u, nil, false)
		}
	case something:
		b.pay(h.now(), 1, false)
	case slices.Contains(judgedReasons, got.reason):
		if !b.pay(h.now(), 1, true) {
			h.fail("VerifyPhone: more wrong codes were judged than the account's budget has")
		}
		if u.own != nil {
			if u.own.wrong++; u.own.wrong > 5 && !u.unclear {
				h.fail("VerifyPhone: six wrong codes were judged")
			}
		}
	}
}

func (h *history) deletePhone() {
	s, g := h.someGrant()
	got := h.call(s.of, "DeletePhone", func(ctx context.Context, svc *twofactor.Service) error {
		return svc.DeletePhone(ctx, s.session, g.token)
	})
	h.holdsTo("DeletePhone", s, g, got, false)
	least, _ := s.of.count(func(f *actorFactor) bool { return f.kind == twofactor.SMS })
	if got.yes && (h.p.Numbers != twofactor.NumbersManaged || least > 0) {
		h.fail("DeletePhone: against the policy, or of a number in use")
	}
	switch something, certain := got.took(); {
	case certain:
		h.endNumber(s.of)
	case something:
		s.of.unclear = s.of.unclear || s.of.own != nil
	}
}

// endNumber takes away the number that the user has set.
func (h *history) endNumber(u *actor) {
	u.own, u.unclear = nil, false
	h.endPhoneCodes(u, true)
}

// endPhoneCodes voids the codes that prove a number. What was counted with them
// ends, too: the next one begins anew.
func (h *history) endPhoneCodes(u *actor, certain bool) {
	for _, c := range h.sentCodes {
		if c.of == u && c.purpose == "phone" {
			c.is.lose(certain)
		}
	}
	if u.own != nil {
		u.own.began = time.Time{}
	}
}
