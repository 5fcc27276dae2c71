package twofactor_test

import (
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// judgedReasons are those of answers that were compared with something.
var judgedReasons = []twofactor.Reason{
	twofactor.ReasonWrongCode, twofactor.ReasonAlreadyUsed, twofactor.ReasonExpired, twofactor.ReasonSuperseded,
}

// answered holds what came of an answer against what it was worth, and has the
// model learn from it. It returns whether the answer was right, and for sure.
func (h *history) answered(t *try, a twofactor.Answer, w worth, got answered) (right, certain bool) {
	h.rt.Helper()
	yes := got.yes || got.reason == twofactor.ReasonEnrollmentRequired
	switch {
	case yes && !w.may:
		h.fail("%s: a yes to %+v without a right, unspent and unexpired proof", t.purpose(), plain(a))
	case !yes && w.must && (got.calm || slices.Contains(judgedReasons, got.reason)): // whatever fails, it isn't wrong
		h.fail("%s: %s to %+v, which is right (%+v)", t.purpose(), reason(got.err), plain(a), w)
	case yes:
		h.spent(t, w, true)
		return true, true
	case got.fault && got.wrote:
		if w.may {
			h.spent(t, w, false)
		}
		h.missed(t, w, false, false)
		return w.may, false
	case slices.Contains(judgedReasons, got.reason):
		if w.price > 0 && !w.free && !w.onPaper && !got.wrote {
			h.fail("%s: judged for nothing: %s", t.purpose(), got.reason)
		}
		h.missed(t, w, true, got.reason == twofactor.ReasonWrongCode)
	}
	return false, false
}

// spent uses a proof up.
func (h *history) spent(t *try, w worth, certain bool) {
	if w.paper != nil && (certain || w.paper.is == there) {
		w.paper.is.lose(certain)
	}
	if w.code != nil {
		for _, c := range h.sentCodes { // and those before it
			if c.owner == w.code.owner && c.factor == w.code.factor {
				c.is.lose(certain)
			}
		}
	}
	if f := w.factor; f != nil {
		f.last2 = max(f.last2, w.step)
		if certain {
			f.last = max(f.last, w.step)
			f.row, f.fails, f.paused, f.blurry = 0, 0, time.Time{}, false
		} else {
			f.blurry = true
		}
	}
}

// missed counts a wrong answer in each of the limits around it, and sees that none
// of them was passed.
func (h *history) missed(t *try, w worth, certain, wrong bool) {
	h.rt.Helper()
	for _, m := range w.near {
		m.factor.last2, m.factor.blurry = max(m.factor.last2, m.step), true
		if certain && wrong && len(w.near) == 1 {
			m.factor.last = max(m.factor.last, m.step)
		}
	}
	if w.free {
		return
	}
	if may, _ := h.alive(t); certain && !may {
		h.fail("%s: a wrong code was judged in an attempt that is over", t.purpose())
	}
	if certain && w.nobody {
		h.fail("%s: a code was judged for a factor that is paused, disabled or not there", t.purpose())
	}
	now, b := h.now(), h.bucketOf(t)
	paid := w.price > 0
	if w.onPaper {
		paid = b == nil || b.holds(now, 1) // or else it is judged for nothing
		certain = certain && paid
	}
	if certain {
		t.wrong++
	}
	t.wrong2++
	if b != nil && !b.pay(now, w.price, certain && w.surely) {
		h.fail("%s: more wrong codes were judged than the account's budget has (%v left)", t.purpose(), b.most)
	}
	if b != nil {
		b.least = max(0, b.least-w.maybe)
	}
	if w.onPaper || w.lost {
		return
	}
	for _, f := range w.against {
		if !certain || !w.surely || !wrong {
			f.blurry = f.blurry || !certain || !w.surely
			continue
		}
		if paid {
			f.row++
		}
		f.fails++
		if f.row >= 10 {
			f.row, f.paused = 0, now.Add(pauseOfAFactor)
		}
	}
}

// plain is an answer as a failing test may print it.
func plain(a twofactor.Answer) any {
	return struct {
		Method, Code string
		Codes        []string
	}{a.Method, a.Code, a.Codes}
}
