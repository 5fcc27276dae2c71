package twofactor_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// check sees, after each step, that everyone still has what they had: whatever was
// refused or failed has cost them nothing.
func (h *history) check() {
	h.rt.Helper()
	if now := h.now(); now.After(h.latest) {
		h.latest = now
	}
	for _, u := range h.actors {
		h.checkActor(u)
	}
}

func (h *history) checkActor(u *actor) {
	h.rt.Helper()
	st, err := h.r.b.Status(h.r.ctx(), u.id, "")
	if err != nil {
		h.fail("Status of %s: %v", u.id, err)
	}
	h.learn(u, st)
	least, most := u.count(nil)
	if len(st.Methods) < least || len(st.Methods) > most {
		h.fail("%s has %d factors, want %d to %d", u.id, len(st.Methods), least, most)
	}
	asked := h.asked(u)
	if st.Enabled && asked == gone || !st.Enabled && asked == there {
		h.fail("%s is asked for a second factor: %t, want %v", u.id, st.Enabled, asked)
	}
	if most > 0 {
		u.off = gone
		if !st.Enabled && !h.p.Required {
			u.off = there
		}
	}
	live, maybe := 0, 0
	for _, p := range u.papers {
		live, maybe = live+b2i(p.is == there), maybe+b2i(p.is == perhaps)
	}
	if st.RecoveryLeft < live || st.RecoveryLeft > live+maybe && !u.anyPapers {
		h.fail("%s has %d recovery codes left, want %d to %d", u.id, st.RecoveryLeft, live, live+maybe)
	}
	h.checkDevices(u, st.Devices)
}

// learn lets the model know what became of what nobody could tell.
func (h *history) learn(u *actor, st *twofactor.Status) {
	h.rt.Helper()
	for _, m := range st.Methods {
		f := u.factor(m.ID)
		if f == nil {
			i := slices.IndexFunc(u.factors, func(f *actorFactor) bool { return f.id == "" && f.kind == m.Kind && f.is != gone })
			if i < 0 {
				h.fail("%s has a factor that nobody set up", u.id)
			}
			f = u.factors[i]
			f.id = m.ID
		}
		f.is = there
		if f.name != m.Name && f.name != "?" || f.kind != m.Kind {
			h.fail("%s has a factor with another name: %q, want %q", u.id, m.Name, f.name)
		}
		f.name = m.Name
	}
	for _, f := range u.factors {
		has := slices.ContainsFunc(st.Methods, func(m twofactor.Method) bool { return m.ID == f.id })
		if f.is == there && !has {
			h.fail("%s has lost a factor", u.id)
		}
		if !has {
			f.is = gone
		}
	}
	u.forget()
	if len(u.factors) == 0 {
		u.losePapers(true)
		u.off = gone
	}
}

func (h *history) checkDevices(u *actor, list []twofactor.Device) {
	h.rt.Helper()
	for _, k := range h.keeps {
		if k.of != u {
			continue
		}
		is := slices.ContainsFunc(list, func(d twofactor.Device) bool { return d.ID == k.id })
		good := k.is == there && k.era == u.era && h.latest.Before(k.expires)
		may := k.is != gone && k.era >= u.first && h.now().Before(k.expires)
		if good && !is || is && !may {
			h.fail("%s has a device: %t, want %t", u.id, is, good)
		}
	}
}

var codeBetween = regexp.MustCompile(`[0-9A-Za-z_-]+`)

// nothingSecretIsOut looks for every secret of the history in all that was logged,
// told as an event and returned as an error.
func (h *history) nothingSecretIsOut() {
	secret := make(map[string]string)
	for _, c := range h.sentCodes {
		secret[c.code] = "a code by message"
	}
	for _, c := range h.typed {
		secret[strings.Trim(c, " \t")] = "what was typed"
	}
	for _, n := range modelNumbers {
		secret[n], secret[strings.TrimPrefix(n, "+")], secret["0"+n[3:]] = "a number", "a number", "a number"
	}
	tokens := h.tokens()
	for _, u := range h.actors {
		tokens = append(tokens, u.id+"@example.com")
		for _, p := range u.papers {
			secret[p.text] = "a recovery code"
		}
	}
	for _, s := range h.seats {
		tokens = append(tokens, s.token)
	}
	h.mu.Lock()
	said := h.log.String() + h.errs.String()
	h.mu.Unlock()
	h.r.mu.Lock()
	var events strings.Builder
	for _, e := range h.r.events {
		e.At = time.Time{}
		fmt.Fprintf(&events, "%v %+v\n", e, e)
	}
	h.r.mu.Unlock()
	said += events.String()
	for _, t := range tokens {
		if t != "" && strings.Contains(said, t) {
			h.fail("a token or an address is out")
		}
	}
	for _, word := range codeBetween.FindAllString(said, -1) {
		if what := secret[word]; what != "" && len(word) >= 6 {
			h.fail("%s is out: %q", what, word)
		}
	}
}
