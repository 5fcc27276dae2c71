package twofactor_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// answer draws what someone types for an attempt: right, wrong, used before, made
// for someone or something else, or no code at all.
func (h *history) answer(t *try) twofactor.Answer {
	a := twofactor.Answer{RememberDevice: h.draw(2, "remember") == 1, DeviceName: "Browser"}
	var of []*actorFactor
	for _, f := range t.of.factors {
		if f.is != gone {
			of = append(of, f)
		}
	}
	var f *actorFactor
	if len(of) > 0 {
		f = of[h.draw(len(of), "factor")]
		if h.odds(70, "named") {
			a.Method = f.id
		}
	}
	switch h.draw(12, "typed") {
	case 0, 1, 2, 3:
		a.Code = h.rightFor(t, f)
	case 4:
		if f != nil && f.app != nil {
			a.Code = f.codeAt(h.now().Unix()/30 + int64(h.draw(9, "steps off")) - 4)
		}
	case 5:
		if len(h.typed) > 0 {
			a.Code = some(h, "typed before", h.typed)
		}
	case 6:
		if len(h.sentCodes) > 0 {
			a.Code = some(h, "any message", h.sentCodes).code
		}
	case 7:
		a.Code = h.somePaper(t.of)
		a.Method = []string{"", twofactor.MethodRecovery}[h.draw(2, "where")]
	case 8:
		a.Method = twofactor.MethodLostDevice
		a.Code = h.rightFor(t, nil)
	case 9:
		if f != nil && f.app != nil {
			a.Codes = h.three(f)
		}
	case 10:
		if h.odds(50, "for recovery") {
			a.Method = twofactor.MethodRecovery
		}
		a.Code = []string{"", "x", "12345", "1234567", "12345678901", strings.Repeat("A", 25), "１２３４５６", "a\x00b"}[h.draw(8, "nonsense")]
	case 11:
		a.Code = fmt.Sprintf("%06d", h.draw(1_000_000, "guess"))
	}
	if a.Code != "" && h.odds(15, "spelled otherwise") {
		a.Code = " " + a.Code[:1] + "-" + a.Code[1:] + "\t"
	}
	if a.Code != "" {
		h.typed = append(h.typed, a.Code)
	}
	return a
}

// rightFor is the code that its owner would type.
func (h *history) rightFor(t *try, f *actorFactor) string {
	if f != nil && f.app != nil {
		return f.app.Code(h.now())
	}
	for _, c := range slices.Backward(h.sentCodes) {
		if c.owner == t && (f == nil || c.factor == f.id) {
			return c.code
		}
	}
	return "123456"
}

func (h *history) three(f *actorFactor) []string {
	n := h.now().Unix()/30 + []int64{0, 0, 0, -1, 1, 2, -3}[h.draw(7, "ending")]
	codes := []string{f.codeAt(n - 2), f.codeAt(n - 1), f.codeAt(n)}
	switch h.draw(8, "three") {
	case 0:
		codes[h.draw(3, "which is wrong")] = "000000"
	case 1:
		slices.Reverse(codes)
	case 2:
		codes[0] = codes[1]
	}
	return codes
}

// somePaper is a recovery code of the user's, of someone else, or of nobody.
func (h *history) somePaper(u *actor) string {
	of := u
	if h.odds(20, "someone else's") {
		of = h.actors[h.draw(len(h.actors), "whose")]
	}
	if len(of.papers) == 0 {
		return "K7M2Q-9XHTA-3WZ0C-VB5RD-4NEJ8"
	}
	p := of.papers[len(of.papers)-1-h.draw(min(20, len(of.papers)), "which paper")].text
	if h.odds(20, "lower case") {
		p = strings.ToLower(p)
	}
	return p
}
