package twofactor_test

import (
	"context"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// full is a session that may change factors, and a grant; it skips the action
// where there is none.
func (h *history) full() (*seat, *permit, *twofactor.Verified) {
	s, g := h.someGrant()
	v, ok := s.session.(*twofactor.Verified)
	if !ok {
		h.rt.SkipNow()
	}
	return s, g, v
}

// setting is a change that takes a grant.
func (h *history) setting(what string, f func(context.Context, *twofactor.Service, *twofactor.Verified, string) error) (s *seat, g *permit, something, certain bool) {
	h.rt.Helper()
	s, g, v := h.full()
	got := h.call(s.of, what, func(ctx context.Context, svc *twofactor.Service) error { return f(ctx, svc, v, g.token) })
	h.holdsTo(what, s, g, got, false)
	something, certain = got.took()
	return s, g, something, certain
}

// someFactor draws the id of any factor.
func (h *history) someFactor() string {
	var ids []string
	for _, u := range h.actors {
		for _, f := range u.factors {
			ids = append(ids, f.id)
		}
	}
	return some(h, "factor", ids)
}

func (h *history) rename() {
	id, name := h.someFactor(), []string{"New", "", "bad\nname", string([]byte{0xff})}[h.draw(4, "name")]
	s, _, something, certain := h.setting("Rename", func(ctx context.Context, svc *twofactor.Service, v *twofactor.Verified, g string) error {
		return svc.Rename(ctx, v, g, id, name)
	})
	f := s.of.factor(id)
	if certain && (f == nil && !s.of.strange() || name != "New" && name != "") {
		h.fail("Rename: of another's factor, or to what is no name")
	}
	if something && f != nil {
		f.name = name
		if !certain {
			f.name = "?"
		}
	}
}

// strange reports whether the user may have a factor whose id nobody knows.
func (u *actor) strange() bool {
	for _, f := range u.factors {
		if f.id == "" && f.is != gone {
			return true
		}
	}
	return false
}

func (h *history) remove() {
	id := h.someFactor()
	s, g, something, certain := h.setting("Remove", func(ctx context.Context, svc *twofactor.Service, v *twofactor.Verified, g string) error {
		return svc.Remove(ctx, v, g, id)
	})
	if !something {
		return
	}
	u := s.of
	f := u.factor(id)
	if f == nil {
		if certain && !u.strange() {
			h.fail("Remove: of another's factor")
		}
		u.off.lose(false)
		return
	}
	_, same := u.count(func(o *actorFactor) bool { return o.kind == f.kind })
	least, most := u.count(h.second)
	if certain && (f.kind == h.p.Backup && same == 1 || h.p.Required && most == 1 && h.second(f)) {
		h.fail("Remove: of the last one of a kind that has to stay")
	}
	f.is.lose(certain)
	if last := h.second(f) && least <= 1; last {
		h.unenroll(u, certain && most == 1)
	}
	if certain {
		u.forget()
	}
	h.changed(u, g, certain)
}

func (h *history) switchOff() {
	s, g, something, certain := h.setting("SwitchOff", func(ctx context.Context, svc *twofactor.Service, v *twofactor.Verified, g string) error {
		return svc.SwitchOff(ctx, v, g)
	})
	_, most := s.of.count(nil)
	if certain && (h.p.Required || most == 0) {
		h.fail("SwitchOff: against the policy, or before there is a factor")
	}
	if something {
		s.of.off = max(s.of.off, perhaps)
		if certain {
			s.of.off = there
		}
		h.changed(s.of, g, certain)
	}
}

func (h *history) switchOn() {
	s, g, something, certain := h.setting("SwitchOn", func(ctx context.Context, svc *twofactor.Service, v *twofactor.Verified, g string) error {
		return svc.SwitchOn(ctx, v, g)
	})
	if something {
		s.of.off.lose(certain)
		h.changed(s.of, g, certain)
	}
}

func (h *history) newRecoveryCodes() {
	var codes []string
	s, _, something, certain := h.setting("NewRecoveryCodes", func(ctx context.Context, svc *twofactor.Service, v *twofactor.Verified, g string) (err error) {
		codes, err = svc.NewRecoveryCodes(ctx, v, g)
		return err
	})
	_, most := s.of.count(nil)
	if certain && (h.p.Recovery.None || most == 0 || len(codes) != h.p.Recovery.Codes) || !certain && codes != nil {
		h.fail("NewRecoveryCodes: %d codes, with %d factors", len(codes), most)
	}
	if something {
		h.newPapers(s.of, codes, certain)
	}
}

func (h *history) revokeDevice() {
	d := some(h, "device", h.keeps)
	s, _, something, certain := h.setting("RevokeDevice", func(ctx context.Context, svc *twofactor.Service, v *twofactor.Verified, g string) error {
		return svc.RevokeDevice(ctx, v, g, d.id)
	})
	if certain && d.of != s.of {
		h.fail("RevokeDevice: another's")
	}
	if something && d.of == s.of {
		d.is.lose(certain)
	}
}

func (h *history) revokeDevices() {
	s, _, something, certain := h.setting("RevokeDevices", func(ctx context.Context, svc *twofactor.Service, v *twofactor.Verified, g string) error {
		return svc.RevokeDevices(ctx, v, g)
	})
	if something {
		for _, d := range h.keeps {
			if d.of == s.of {
				d.is.lose(certain)
			}
		}
	}
}
