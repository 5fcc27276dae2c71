package twofactor_test

import (
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// modelNumbers are the numbers that people have. Two end in the same digits.
var modelNumbers = []string{"+61412001001", "+61412001002", "+61412001003", "+61412991001"}

// documented fills in the defaults that the documentation of Policy names.
func documented(p twofactor.Policy) twofactor.Policy {
	if p.Kinds == nil {
		p.Kinds = []twofactor.Kind{twofactor.TOTP}
	}
	if p.TOTPWindow == nil {
		p.TOTPWindow = &totp.Window{Back: 1, Ahead: 1}
	}
	for _, life := range []*time.Duration{&p.SMSLife, &p.EmailLife} {
		if *life == 0 {
			*life = 5 * time.Minute
		}
	}
	if p.EnrollmentLife == 0 {
		p.EnrollmentLife = 15 * time.Minute
	}
	if p.Digits == 0 {
		p.Digits = 6
	}
	if p.Recovery.Codes == 0 && !p.Recovery.None {
		p.Recovery.Codes = 10
	}
	if p.Recovery.OnUse == "" {
		p.Recovery.OnUse = twofactor.Spend
	}
	if p.Trust.Life == 0 {
		p.Trust.Life = 30 * 24 * time.Hour
	}
	if p.Trust.Max == 0 {
		p.Trust.Max = 10
	}
	if p.Numbers == "" {
		p.Numbers = twofactor.NumbersFromProfile
	}
	return p
}

func (h *history) newActor(id, number string) *actor {
	u := &actor{id: id, number: number, since: h.now().Add(-100 * time.Hour), verified: []string{number}}
	h.freshBudgets(u, true)
	h.r.setProfile(id, func(p *twofactor.Profile) {
		p.Email, p.Region = id+"@example.com", "AU"
		p.Phone, p.PhoneSince, p.VerifiedPhones = u.number, u.since, u.verified
	})
	return u
}

func (h *history) freshBudgets(u *actor, certain bool) {
	now := h.now()
	for i := range u.tries {
		if u.tries[i] == nil {
			u.tries[i], u.digits[i], u.password = newBucket(now), newBucket(now), newBucket(now)
		}
		u.tries[i], u.digits[i] = u.tries[i].refilled(now, certain), u.digits[i].refilled(now, certain)
	}
	u.password = u.password.refilled(now, certain)
}

// endTrust ends what the table in the documentation says that trust, logins, codes
// and grants are.
func (u *actor) endTrust(certain bool) {
	u.era++
	if certain {
		u.first = u.era
	}
}

// endAll ends what was begun as well.
func (h *history) endAll(u *actor, certain bool) {
	u.endTrust(certain)
	h.endDrafts(u, certain)
	h.endPhoneCodes(u, certain)
}

func (h *history) endDrafts(u *actor, certain bool) {
	for _, d := range h.drafts {
		if d.of == u {
			d.is.lose(certain)
		}
	}
}

// changed ends trust, but for the grant that the change was made with.
func (h *history) changed(u *actor, g *permit, certain bool) {
	u.endTrust(certain)
	if g != nil {
		g.era = u.era // it is good either way
	}
}

// losePapers voids the recovery codes.
func (u *actor) losePapers(certain bool) {
	for _, p := range u.papers {
		p.is.lose(certain)
	}
	if certain {
		u.anyPapers = false
	}
}

func (h *history) newPapers(u *actor, codes []string, certain bool) {
	u.losePapers(certain)
	if !certain {
		u.anyPapers = true
	}
	for _, c := range codes {
		u.papers = append(u.papers, &paper{text: canonical(c), is: there, of: u})
	}
}

// unenroll removes all factors and what makes sense only beside one.
func (h *history) unenroll(u *actor, certain bool) {
	u.unclear = u.unclear || u.own != nil
	if certain {
		h.endNumber(u) // with the last factor
	}
	for _, f := range u.factors {
		f.is.lose(certain)
	}
	u.losePapers(certain)
	u.off.lose(certain)
	h.endDrafts(u, certain)
}

// forget drops the factors that are surely gone.
func (u *actor) forget() {
	u.factors = slices.DeleteFunc(u.factors, func(f *actorFactor) bool { return f.is == gone })
}

func (u *actor) factor(id string) *actorFactor {
	for _, f := range u.factors {
		if f.id == id && id != "" && f.is != gone {
			return f
		}
	}
	return nil
}

// count is how many factors there are, at least and at most.
func (u *actor) count(which func(*actorFactor) bool) (least, most int) {
	for _, f := range u.factors {
		if f.is == gone || which != nil && !which(f) {
			continue
		}
		most++
		if f.is == there {
			least++
		}
	}
	return least, most
}

// backOnly reports whether the policy takes the kind for a way back in.
func (h *history) backOnly(k twofactor.Kind) bool {
	return k == twofactor.Email && h.p.EmailPurpose == twofactor.EmailRecoveryOnly
}

func (h *history) second(f *actorFactor) bool { return !h.backOnly(f.kind) }

// phone is the number that the user's profile has, and whether it is verified.
func (u *actor) phone() (number string, verified bool, since time.Time) {
	if u.own != nil {
		return u.own.number, u.own.verified || slices.Contains(u.verified, u.own.number), u.own.since
	}
	return u.number, slices.Contains(u.verified, u.number), u.since
}

func (h *history) life(k twofactor.Kind) time.Duration {
	if k == twofactor.SMS {
		return h.p.SMSLife
	}
	return h.p.EmailLife
}
