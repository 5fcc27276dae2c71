package twofactor_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// A household is a user with two sessions on two trusted devices, and something
// of everything that can end.
type household struct {
	*member
	other      *member // the second session
	login      string  // that is pending
	enrollment string
	code       string // sent for a grant of the second session
}

func newHousehold(t *testing.T) (*realm, *household) {
	policy := trustAll()
	policy.LostDevice = true
	r := newRealm(t, inMemory, policy)
	alice := r.join("alice", aliceMobile)
	r.setProfile("alice", func(p *twofactor.Profile) {
		p.PhoneSince, p.VerifiedPhones = realmStart.AddDate(0, -1, 0), []string{aliceMobile}
	})
	alice.setUp(twofactor.TOTP)
	alice.setUp(twofactor.Email)
	r.clock.Advance(6 * time.Minute)

	for _, n := range []int{5, 2} { // seven tries of ten
		login := alice.login()
		code := alice.appCode()
		for i := range n {
			denied(t, alice.answer(login, otherCode(code, i)), twofactor.ReasonWrongCode)
		}
	}
	copied := *alice
	h := &household{member: alice, other: &copied}
	for _, m := range []*member{h.member, h.other} {
		m.signIn(twofactor.TOTP)
		m.prove(twofactor.TOTP)
	}
	elsewhere := *alice
	elsewhere.device, elsewhere.browser = "", ""
	h.login = elsewhere.login()
	h.enrollment = alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS}).ID
	_, err := r.a.SendForGrant(r.ctx(), h.other.session, alice.ids[twofactor.Email], twofactor.Client{})
	require.NoError(t, err)
	h.code = r.read(alice.email)
	return r, h
}

// ends are the rows of the documentation's table.
var ends = map[string]func(*testing.T, *realm, *household){
	"password changed": func(t *testing.T, r *realm, _ *household) {
		require.NoError(t, r.b.PasswordChanged(r.ctx(), "alice"))
	},
	"signed out": func(t *testing.T, r *realm, h *household) {
		require.NoError(t, r.b.SignedOut(r.ctx(), h.session, h.device))
	},
	"factor added": func(_ *testing.T, _ *realm, h *household) { h.setUp(twofactor.TOTP) },
	"factor replaced": func(_ *testing.T, _ *realm, h *household) {
		h.finish(h.enroll(twofactor.EnrollRequest{Kind: twofactor.TOTP, Replaces: h.ids[twofactor.TOTP]}))
	},
	"factor removed": func(t *testing.T, r *realm, h *household) {
		require.NoError(t, r.b.Remove(r.ctx(), h.full(), h.grant, h.ids[twofactor.TOTP]))
	},
	"switched off": func(t *testing.T, r *realm, h *household) {
		require.NoError(t, r.b.SwitchOff(r.ctx(), h.full(), h.grant))
	},
	"switched on": func(t *testing.T, r *realm, h *household) {
		require.NoError(t, r.b.SwitchOn(r.ctx(), h.full(), h.grant))
	},
	"recovery code": func(t *testing.T, r *realm, h *household) {
		_, err := r.b.Verify(r.ctx(), h.login, twofactor.Answer{Code: h.codes[0]})
		require.NoError(t, err)
	},
	"lost device": func(t *testing.T, r *realm, h *household) {
		require.NoError(t, r.b.LostDevice(r.ctx(), h.login, "5678", twofactor.Client{}))
		r.settle()
		_, err := r.b.Verify(r.ctx(), h.login, twofactor.Answer{
			Method: twofactor.MethodLostDevice, Code: r.read(aliceMobile),
		})
		require.NoError(t, err)
	},
	"reset by support": func(t *testing.T, r *realm, _ *household) {
		admin := r.join("admin", "")
		require.NoError(t, r.b.Reset(r.ctx(), admin.setUp(twofactor.TOTP).Session, "alice", "called back"))
	},
	"account deleted": func(t *testing.T, r *realm, _ *household) {
		require.NoError(t, r.b.Delete(r.ctx(), "alice"))
	},
}

// fate is what became of two things, the session's own and another's.
func fate(own, other bool) string {
	switch {
	case own && other:
		return "stays"
	case own:
		return "others"
	case other:
		return "own"
	}
	return "ends"
}

// fates are what became of everything in the end.
func (h *household) fates(t *testing.T) map[string]string {
	t.Helper()
	r := h.r
	trusted := func(m *member) bool {
		o, err := r.a.Begin(r.ctx(), twofactor.SignIn{UserID: "alice", TrustedDevice: m.device, CredentialVersion: "1"})
		require.NoError(t, err)
		v, ok := o.(*twofactor.Verified)
		return ok && v.Basis() == twofactor.TrustedDevice
	}
	granted := func(m *member) bool { return r.a.Granted(r.ctx(), m.session, m.grant) == nil }
	both := func(b bool) string { return fate(b, b) }
	_, pending := r.a.Login(r.ctx(), h.login)
	out := map[string]string{
		"trust":  fate(trusted(h.member), trusted(h.other)),
		"logins": both(pending == nil),
		"grants": fate(granted(h.member), granted(h.other)),
	}
	rec, _ := r.peek("alice")
	kept := false
	for _, e := range rec.Enrollments {
		kept = kept || e.ID == h.enrollment
	}
	out["enrollments"] = both(kept)
	out["budgets"] = both(rec.Budgets.Account > r.clock.Now().Unix())
	out["factors"] = both(len(rec.Factors) > 0)
	out["recovery codes"] = both(rec.Recovery.Left > 0)
	_, err := r.a.Grant(r.ctx(), h.other.session, twofactor.Answer{Method: h.ids[twofactor.Email], Code: h.code})
	out["codes"] = both(err == nil)
	return out
}

// The documentation's table of what ends what is true, row by row.
func TestWhatEndsWhat(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	gap := regexp.MustCompile(`  +`)
	var columns []string
	rows := 0
	for line := range strings.Lines(string(source)) {
		cells := gap.Split(strings.TrimSpace(strings.TrimPrefix(line, "//\t")), -1)
		if len(cells) == 8 && cells[0] == "trust" {
			columns = cells
		}
		if len(cells) != 9 || columns == nil {
			continue
		}
		rows++
		does := ends[cells[0]]
		require.NotNil(t, does, cells[0])
		want := make(map[string]string)
		for i, c := range columns {
			want[c] = cells[i+1]
		}
		t.Run(cells[0], func(t *testing.T) {
			t.Parallel()
			r, h := newHousehold(t)
			if cells[0] == "switched on" {
				r.tamper("alice", func(rec *record.Record) { rec.Off = true })
			}
			does(t, r, h)
			require.Equal(t, want, h.fates(t))
			r.settle()
		})
	}
	require.Equal(t, len(ends), rows)
}

// Before anything has happened, everything is there.
func TestNothingHasEnded(t *testing.T) {
	t.Parallel()
	_, h := newHousehold(t)
	for what, fate := range h.fates(t) {
		require.Equal(t, "stays", fate, what)
	}
}
