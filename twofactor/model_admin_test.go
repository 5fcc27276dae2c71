package twofactor_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"golang.org/x/crypto/bcrypt"
)

func (h *history) reset() {
	if !h.odds(40, "a reset") {
		h.rt.SkipNow()
	}
	s := some(h, "administrator", h.seats)
	admin, _ := s.session.(*twofactor.Verified)
	u := h.someone()
	for _, why := range []string{"", strings.Repeat("x", 501)} {
		if h.r.a.Reset(h.r.ctx(), admin, u.id, why) == nil {
			h.fail("Reset: without a reason, or with a book of them")
		}
	}
	got := h.call(u, "Reset", func(ctx context.Context, svc *twofactor.Service) error {
		return svc.Reset(ctx, admin, u.id, "lost phone")
	})
	if got.yes && (admin == nil || !s.fresh(h.now(), 5*time.Minute) || s.of == u) {
		h.fail("Reset: on the word of someone without a fresh proof, or of the user")
	}
	if something, certain := got.took(); something {
		h.begunAnew(u, certain)
	}
}

// begunAnew has a user begin with an empty record.
func (h *history) begunAnew(u *actor, certain bool) {
	h.unenroll(u, certain)
	h.endAll(u, certain)
	h.freshBudgets(u, certain)
	u.life++
	if certain {
		u.firstLife = u.life
		u.forget()
	}
}

func (h *history) delete() {
	if !h.odds(30, "a deletion") {
		h.rt.SkipNow()
	}
	u := h.someone()
	got := h.call(u, "Delete", func(ctx context.Context, svc *twofactor.Service) error { return svc.Delete(ctx, u.id) })
	if h.version(u) == "" {
		h.begunAnew(u, true)
	} else if got.yes {
		h.fail("Delete: and there is a record")
	}
}

func (h *history) passwordChanged() {
	h.passwordOf(h.someone(), !h.odds(30, "the app forgets to say so"))
}

func (h *history) passwordOf(u *actor, told bool) {
	u.secret++
	if !told {
		return
	}
	got := h.call(u, "PasswordChanged", func(ctx context.Context, svc *twofactor.Service) error { return svc.PasswordChanged(ctx, u.id) })
	if something, certain := got.took(); something {
		h.endAll(u, certain)
	}
}

// importUser takes a user over from another system.
func (h *history) importUser() {
	if !slices.Contains(h.p.Kinds, twofactor.TOTP) || !h.odds(40, "an import") {
		h.rt.SkipNow()
	}
	h.importFor(h.someone())
}

func (h *history) importFor(u *actor) {
	var in twofactor.Import
	var apps []*twofactortest.Phone
	for range 1 + h.draw(2, "apps") {
		secret, err := totp.NewSecret(totp.SHA1)
		if err != nil {
			h.fail("Import: %v", err)
		}
		k := totp.Key{Secret: secret}
		text, err := totp.URI{Issuer: "Old", Account: u.id, Key: k}.Encode()
		if err != nil {
			h.fail("Import: %v", err)
		}
		app, err := twofactortest.NewPhone(text)
		if err != nil {
			h.fail("Import: %v", err)
		}
		apps = append(apps, app)
		in.Keys = append(in.Keys, twofactor.ImportedKey{Key: k})
	}
	papers := []string(nil)
	if !h.p.Recovery.None && h.odds(50, "with recovery codes") {
		papers = []string{"old-code-" + u.id, "older-code-" + u.id}
		for _, text := range papers {
			hash, err := bcrypt.GenerateFromPassword([]byte(text), bcrypt.MinCost)
			if err != nil {
				h.fail("Import: %v", err)
			}
			in.RecoveryHashes = append(in.RecoveryHashes, hash)
		}
	}
	got := h.call(u, "Import", func(ctx context.Context, svc *twofactor.Service) error { return svc.Import(ctx, u.id, in) })
	least, most := u.count(nil)
	if got.yes && least > 0 {
		h.fail("Import: over factors that are there")
	}
	if !got.yes && got.calm && most == 0 {
		h.fail("Import: %v", got.err)
	}
	something, certain := got.took()
	if !something {
		return
	}
	now := h.now().Unix() / 30
	u.losePapers(certain)
	if certain {
		h.endNumber(u) // a draft
	}
	for _, app := range apps {
		f := &actorFactor{kind: twofactor.TOTP, is: perhaps, app: app, last: now, last2: now}
		if certain {
			f.is = there
		}
		u.factors = append(u.factors, f)
	}
	for _, text := range papers {
		p := &paper{text: text, is: perhaps, imported: true, of: u}
		if certain {
			p.is = there
		}
		u.papers = append(u.papers, p)
	}
	u.endTrust(certain)
}

func (h *history) reseal() {
	got := h.call(h.someone(), "Reseal", func(ctx context.Context, svc *twofactor.Service) error {
		p, err := svc.Reseal(ctx, nil)
		if p.Unreadable > 0 {
			h.fail("Reseal: %d records can't be read", p.Unreadable)
		}
		return err
	})
	if !got.yes && got.calm {
		h.fail("Reseal: %v", got.err)
	}
}

func (h *history) statistics() {
	var st *twofactor.Statistics
	got := h.call(h.someone(), "Statistics", func(ctx context.Context, svc *twofactor.Service) (err error) {
		st, err = svc.Statistics(ctx)
		return err
	})
	least, most := 0, 0
	for _, u := range h.actors {
		a, b := u.count(nil)
		least, most = least+b2i(a > 0), most+b2i(b > 0)
	}
	if got.yes && (st.Enrolled < least || st.Enrolled > most || st.Unreadable > 0) || got.wrote {
		h.fail("Statistics: %d are enrolled, want %d to %d", st.Enrolled, least, most)
	}
}

func (h *history) explain() {
	u := h.someone()
	in := twofactor.SignIn{UserID: u.id, CredentialVersion: version(u.secret)}
	var d *keepsake
	if len(h.keeps) > 0 {
		d = some(h, "device", h.keeps)
		in.TrustedDevice = d.token
	}
	var e *twofactor.Explanation
	got := h.call(u, "Explain", func(ctx context.Context, svc *twofactor.Service) (err error) {
		e, err = svc.Explain(ctx, in)
		return err
	})
	if got.wrote {
		h.fail("Explain: it wrote")
	}
	if !got.yes {
		return
	}
	may, must := h.trusts(d, u, "")
	asked := h.asked(u)
	if e.Asked && (asked == gone || must) || !e.Asked && asked == there && !may {
		h.fail("Explain: asked %t, %s", e.Asked, e.Why)
	}
}

func (h *history) status() {
	u := h.someone()
	h.call(u, "Status", func(ctx context.Context, svc *twofactor.Service) error {
		_, err := svc.Status(ctx, u.id, "")
		return err
	})
}

func (h *history) drain() {
	ctx, cancel := context.WithCancel(h.r.ctx())
	defer cancel()
	if err := h.r.a.Drain(ctx); err != nil && !errors.Is(err, context.Canceled) {
		h.fail("Drain: %v", err)
	}
}

func (h *history) profileChanges() {
	u := h.someone()
	switch h.draw(3, "change") {
	case 0:
		u.number, u.since = modelNumbers[h.draw(len(modelNumbers), "number")], h.now()
	case 1:
		u.verified = []string{u.number}
	case 2:
		u.verified = nil
	}
	h.r.setProfile(u.id, func(p *twofactor.Profile) {
		p.Phone, p.PhoneSince, p.VerifiedPhones = u.number, u.since, slices.Clone(u.verified)
	})
}
