package twofactor_test

import (
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A worth is what an answer is worth, as far as the model can tell.
type worth struct {
	may, must bool
	kind      twofactor.Kind // or empty, for a recovery code
	lost      bool
	factor    *actorFactor
	step      int64
	code      *sentCode
	paper     *paper
	price     float64        // of a wrong one
	against   []*actorFactor // what a wrong one is counted against
	surely    bool           // that it is
	free      bool           // three codes
	onPaper   bool           // a recovery code
	nobody    bool           // nothing could have been compared with it
	near      []nearMiss
	maybe     float64 // what it may cost beside its price
}

// A nearMiss is three codes of which two are right: their steps are spent.
type nearMiss struct {
	factor *actorFactor
	step   int64
}

// alive says whether an attempt may still be answered, and whether it surely can.
func (h *history) alive(t *try) (may, must bool) {
	now := h.now()
	may = (t.is != gone && t.wrong < 5 || h.ranOut(t.expires)) && t.era >= t.of.first && now.Before(t.expires)
	must = may && !h.ranOut(t.expires) && t.is == there && t.era == t.of.era && t.wrong2 < 5
	return may, must
}

// ranOut reports whether the clock has been past a time. What runs out is forgotten,
// with what had been counted; and a clock that goes back to before takes it for new
// again, as the documentation of Config.Now says.
func (h *history) ranOut(end time.Time) bool { return !h.latest.Before(end) }

func (h *history) bucketOf(t *try) *bucket {
	switch t.known {
	case there:
		return t.of.tries[1]
	case gone:
		return t.of.tries[0]
	}
	return nil
}

// worthOf judges an answer by what is written in the documentation.
func (h *history) worthOf(t *try, a twofactor.Answer) worth {
	w := h.proofOf(t, a)
	may, must := h.alive(t)
	w.may = w.may && may
	w.must = w.must && may && must
	if w.must && w.paper == nil && !w.free {
		b := h.bucketOf(t)
		w.must = b != nil && b.holds(h.now(), w.price)
	}
	return w
}

func (h *history) proofOf(t *try, a twofactor.Answer) worth {
	switch {
	case len(a.Codes) > 0:
		return h.threeCodes(t, a)
	case a.Method == twofactor.MethodRecovery || a.Method == "" && len(canonical(a.Code)) == 25:
		return h.recoveryCode(t, a.Code)
	case a.Method == twofactor.MethodLostDevice:
		return h.lostCode(t, digitsOf(a.Code))
	}
	return h.digits(t, a.Method, digitsOf(a.Code))
}

func (h *history) threeCodes(t *try, a twofactor.Answer) worth {
	w := worth{free: true}
	if len(a.Codes) != 3 || a.Code != "" || a.Method == twofactor.MethodRecovery {
		return w
	}
	for _, f := range t.of.factors {
		if f.app == nil || f.is == gone || a.Method != "" && a.Method != f.id || h.disabled(f) {
			continue
		}
		now := h.now().Unix() / 30
		for n := now - int64(h.p.TOTPWindow.Back); n <= now+int64(h.p.TOTPWindow.Ahead); n++ {
			right := 0
			for i, c := range a.Codes {
				if digitsOf(c) == f.codeAt(n-2+int64(i)) {
					right++
				}
			}
			if right == 2 && n > f.last {
				w.near = append(w.near, nearMiss{f, n})
			}
			if right == 3 && n-2 > f.last {
				w.may, w.factor, w.kind, w.step = true, f, twofactor.TOTP, n
				w.must = n-2 > f.last2 && f.is == there && !f.blurry
			}
		}
	}
	return w
}

func (f *actorFactor) codeAt(step int64) string { return f.app.Code(time.Unix(step*30, 0)) }

func (h *history) recoveryCode(t *try, text string) worth {
	w := worth{price: 1, onPaper: true, surely: true}
	if h.p.Recovery.None || t.grant {
		return w
	}
	for _, p := range t.of.papers {
		if p.is != gone && (p.text == canonical(text) && !p.imported || p.imported && p.text == strings.TrimSpace(text)) {
			w.may, w.must, w.paper = true, p.is == there, p
		}
	}
	if w.paper != nil && w.paper.imported {
		b := h.bucketOf(t) // a slow one isn't looked at without a try
		w.must = w.must && b != nil && b.holds(h.now(), 1)
	}
	return w
}

func (h *history) lostCode(t *try, digits string) worth {
	w := worth{lost: true, surely: true, price: 1, kind: twofactor.SMS}
	number, verified, _ := t.of.phone()
	if !h.p.LostDevice || t.grant {
		return w
	}
	w.code = h.newest("lost", t, "", digits)
	w.may = w.code != nil && (t.of.unclear || verified && number == w.code.to)
	w.must = w.may && w.code.is == there && !t.of.unclear && h.latest.Before(w.code.expires)
	if w.may && len(digits) == 10 {
		w.price = 0
	}
	return w
}

// newest returns the code that would be accepted, if these are its digits.
func (h *history) newest(purpose string, owner any, factor, digits string) *sentCode {
	for _, c := range slices.Backward(h.sentCodes) {
		if c.purpose == purpose && c.owner == owner && c.factor == factor && c.is != gone &&
			c.code == digits && !h.now().After(c.expires) {
			return c
		}
	}
	return nil
}

func (h *history) disabled(f *actorFactor) bool {
	return h.p.MaxFailures > 0 && f.fails >= h.p.MaxFailures
}

// digits judges those for one factor, or for all apps.
func (h *history) digits(t *try, method, digits string) worth {
	unsure := method == "" && t.blurry
	if method == "" {
		method = t.last
	}
	var of []*actorFactor
	for _, f := range t.of.factors {
		if f.is != gone && (f.id == method || (method == "" || unsure) && f.app != nil || unsure) {
			of = append(of, f)
		}
	}
	w := worth{surely: !unsure, nobody: !unsure}
	for _, f := range of {
		may, must, step, code := h.single(t, f, digits)
		if may && !w.may {
			w.may, w.must, w.factor, w.kind, w.step, w.code = true, must && !unsure, f, f.kind, step, code
		}
		if f.blurry || f.app == nil && h.long(t, f) {
			w.nobody = false
		}
		if f.app == nil && h.long(t, f) {
			continue // ten digits cost nothing
		}
		if f.blurry && len(of) > 1 {
			w.surely = false
			w.maybe++ // it may cost a try too
			continue
		}
		if h.disabled(f) || h.now().Before(f.paused) {
			continue
		}
		w.nobody = false
		w.price++
		w.against = append(w.against, f)
	}
	return w
}

// long reports whether the newest code for a factor is so long that it is free.
func (h *history) long(t *try, f *actorFactor) bool {
	for _, c := range slices.Backward(h.sentCodes) {
		if c.owner == t && c.factor == f.id {
			return len(c.code) == 10
		}
	}
	return false
}

// single judges digits for one factor.
func (h *history) single(t *try, f *actorFactor, digits string) (may, must bool, step int64, code *sentCode) {
	if h.disabled(f) || h.now().Before(f.paused) && !f.blurry || t.grant && h.backOnly(f.kind) {
		return false, false, 0, nil
	}
	sure := f.is == there && !f.blurry
	if f.app == nil {
		code = h.newest(t.purpose(), t, f.id, digits)
		may = code != nil && (code.to == f.to || f.to == "")
		return may, may && sure && code.is == there && code.to == f.to && h.latest.Before(code.expires), 0, code
	}
	now := h.now().Unix() / 30
	replay := false
	for s := now - 3; s <= now+int64(h.p.TOTPWindow.Ahead); s++ {
		if f.codeAt(s) != digits {
			continue
		}
		replay = replay || s <= f.last2 // the same digits by chance
		if s >= now-int64(h.p.TOTPWindow.Back) && s > f.last {
			may, step = true, s
		}
	}
	return may, may && sure && !replay && step > f.last2, step, nil
}

func (t *try) purpose() string {
	if t.grant {
		return "grant"
	}
	return "login"
}

// digitsOf are the digits of a code as people type it.
func digitsOf(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			b.WriteRune(c)
		case c >= '０' && c <= '９':
			b.WriteRune(c - '０' + '0')
		case c != ' ' && c != '-' && c != '\u00a0' && c != '\t':
			return ""
		}
	}
	return b.String()
}

// canonical is a recovery code in the one form that is compared.
func canonical(text string) string {
	text = strings.ToUpper(strings.NewReplacer("-", "", " ", "", "\t", "").Replace(text))
	return strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(text)
}
