package twofactor_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

const (
	mailAdded   = "Example: a sign-in method was added"
	mailRemoved = "Example: a sign-in method was removed"
	mailOff     = "Example: two-step sign-in was switched off"
	mailUsed    = "Example: a recovery code was used"
	mailNew     = "Example: new recovery codes"
	mailReset   = "Example: two-step sign-in was reset"
	mailTried   = "Example: a sign-in was not finished"
	mailLost    = "Example: sign-in with a lost device"
	mailGuessed = "Example: wrong password in the settings"
	mailNumber  = "Example: the phone number was changed"
)

// told are the events that the owner has a mail of.
var told = []struct {
	mail string
	does func(*testing.T, *realm, *member)
}{
	{mailAdded, func(_ *testing.T, _ *realm, m *member) { m.setUp(twofactor.TOTP) }},
	{mailRemoved, func(t *testing.T, r *realm, m *member) {
		require.NoError(t, r.a.Remove(r.ctx(), m.full(), m.grant, m.ids[twofactor.TOTP]))
	}},
	{mailOff, func(t *testing.T, r *realm, m *member) {
		require.NoError(t, r.a.SwitchOff(r.ctx(), m.full(), m.grant))
	}},
	{mailUsed, func(t *testing.T, _ *realm, m *member) { require.NoError(t, m.answer(m.login(), m.codes[0])) }},
	{mailNew, func(t *testing.T, r *realm, m *member) {
		_, err := r.a.NewRecoveryCodes(r.ctx(), m.full(), m.grant)
		require.NoError(t, err)
	}},
	{mailReset, func(t *testing.T, r *realm, m *member) {
		admin := r.join("admin", "")
		require.NoError(t, r.a.Reset(r.ctx(), admin.setUp(twofactor.TOTP).Session, m.id, "called back"))
	}},
	{mailTried, func(t *testing.T, r *realm, m *member) {
		login := m.login()
		for n := range 5 {
			require.Error(t, m.answer(login, otherCode(m.app.Code(r.clock.Now()), n)))
		}
	}},
	{mailLost, func(t *testing.T, r *realm, m *member) {
		require.NoError(t, r.a.LostDevice(r.ctx(), m.login(), "5678", twofactor.Client{}))
	}},
}

// mailUser has an app and mail to an address that is the profile's no more.
func mailUser(t testing.TB, on realserver.Named, change ...func(*twofactor.Config)) (*realm, *member) {
	r := newRealm(t, on, everyPath(), change...)
	alice := r.join("alice", aliceMobile)
	alice.setUp(twofactor.TOTP)
	alice.setUp(twofactor.Email)
	r.settle()
	r.setProfile("alice", func(p *twofactor.Profile) {
		p.Email, p.PhoneSince, p.VerifiedPhones = "new@example.com", realmStart.AddDate(0, -1, 0), []string{aliceMobile}
	})
	r.clock.Advance(time.Minute)
	return r, alice
}

// Every event's mail arrives at every address that the user has proven and at the
// profile's, once.
func TestNoticesReachEveryAddress(t *testing.T) {
	t.Parallel()
	for _, e := range told {
		t.Run(e.mail, func(t *testing.T) {
			t.Parallel()
			r, alice := mailUser(t, inMemory)
			before := len(r.notices(alice.email))
			e.does(t, r, alice)
			require.Equal(t, []string{e.mail}, r.notices(alice.email)[before:], "the factor's address")
			require.Equal(t, []string{e.mail}, r.notices("new@example.com"), "the profile's address")
		})
	}
	t.Run(mailGuessed, func(t *testing.T) {
		t.Parallel()
		r := newRealm(t, inMemory, everyPath())
		alice := r.join("alice", "")
		for range 12 {
			_, err := r.a.GrantWithPassword(r.ctx(), alice.session, func(context.Context) error {
				return twofactor.ErrWrongPassword
			})
			require.ErrorIs(t, err, twofactor.ErrRejected)
		}
		require.Equal(t, []string{mailGuessed}, r.notices(alice.email))
	})
}

// An address that is replaced or removed is told as well, whatever removes it.
func TestNoticesReachTheOldAddress(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]func(*testing.T, *realm, *member){
		"replaced": func(t *testing.T, r *realm, m *member) {
			e := m.enroll(twofactor.EnrollRequest{Kind: twofactor.Email, Replaces: m.ids[twofactor.Email]})
			_, err := r.a.Confirm(r.ctx(), m.session, m.grant, e.ID, r.read("new@example.com"))
			require.NoError(t, err)
		},
		"removed": func(t *testing.T, r *realm, m *member) {
			require.NoError(t, r.a.Remove(r.ctx(), m.full(), m.grant, m.ids[twofactor.Email]))
		},
		"reset by a recovery code": func(t *testing.T, r *realm, m *member) {
			reset := r.node(func(c *twofactor.Config) { c.Policy.Recovery.OnUse = twofactor.ResetFactors })
			_, err := reset.Verify(r.ctx(), m.login(), twofactor.Answer{Code: m.codes[0]})
			require.NoError(t, err)
			require.NoError(t, reset.Drain(r.ctx()))
		},
		"reset by support": func(t *testing.T, r *realm, m *member) {
			admin := r.join("admin", "")
			require.NoError(t, r.a.Reset(r.ctx(), admin.setUp(twofactor.TOTP).Session, m.id, "called back"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, alice := mailUser(t, inMemory)
			before := len(r.notices(alice.email))
			does(t, r, alice)
			require.Greater(t, len(r.notices(alice.email)), before)
			require.Equal(t, r.notices(alice.email)[before:], r.notices("new@example.com"))
		})
	}
}

// A number that is changed takes its factor along, and the owner is told.
func TestNoticeOfAMovedFactor(t *testing.T) {
	t.Parallel()
	r, alice := pathUser(t, inMemory)
	before := len(r.notices(alice.email))
	alice.verifyPhone("+61498765432")
	require.ElementsMatch(t, []string{mailNumber, mailAdded, mailRemoved}, r.notices(alice.email)[before:])
	require.Equal(t, "+61498765432", r.messages("+61498765432")[0].To)
}

// A gateway that is down delays a notice. Sign-ins try again, but not at once, and
// not so often that someone who only knows the password could use up the tries.
func TestNoticesWaitForTheGateway(t *testing.T) {
	t.Parallel()
	r, alice := mailUser(t, inMemory)
	before := len(r.notices(alice.email))
	r.onSend(notSent)
	require.NoError(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, alice.ids[twofactor.Email]))
	for range 3 * 24 * 4 { // three days
		r.clock.Advance(15 * time.Minute)
		alice.begin()
		r.settle()
	}
	require.Len(t, r.notices(alice.email), before)
	r.onSend(nil)
	r.clock.Advance(24 * time.Hour)
	alice.begin()
	require.Equal(t, []string{mailRemoved}, r.notices(alice.email)[before:])
	require.Equal(t, []string{mailRemoved}, r.notices("new@example.com"))
	alice.begin()
	require.Len(t, r.notices(alice.email), before+1, "once")
}

// An address that fails gets its mail later, and the others don't get theirs
// twice. One that is refused for good holds nobody up.
func TestNoticesFailByAddress(t *testing.T) {
	t.Parallel()
	for _, final := range []bool{false, true} {
		r, alice := mailUser(t, inMemory)
		before := len(r.notices(alice.email))
		tries := 0
		r.onSend(func(_ context.Context, m otpcode.Message) error {
			if m.To != "new@example.com" {
				return nil
			}
			tries++
			if final {
				return otpcode.ErrUndeliverable
			}
			return otpcode.ErrNotSent
		})
		require.NoError(t, r.a.SwitchOff(r.ctx(), alice.full(), alice.grant))
		for range 20 {
			r.settle()
			r.clock.Advance(time.Hour)
			alice.begin()
		}
		require.Equal(t, []string{mailOff}, r.notices(alice.email)[before:])
		if final {
			require.Equal(t, 1, tries)
			continue
		}
		require.Greater(t, tries, 3)
		r.onSend(nil)
		r.clock.Advance(24 * time.Hour)
		alice.begin()
		require.Equal(t, []string{mailOff}, r.notices("new@example.com"))
	}
}

// Many sign-ins at once send a notice once.
func TestNoticesAreSentOnce(t *testing.T) {
	t.Parallel()
	for range 3 {
		r, alice := mailUser(t, inMemory)
		before := len(r.notices(alice.email))
		r.onSend(notSent)
		require.NoError(t, r.a.SwitchOff(r.ctx(), alice.full(), alice.grant))
		r.settle()
		sending := make(chan struct{})
		r.onSend(func(context.Context, otpcode.Message) error {
			<-sending // until all others have looked
			return nil
		})
		r.clock.Advance(time.Hour)
		together(64, func(i int) error {
			_, err := []*twofactor.Service{r.a, r.b}[i%2].Begin(r.ctx(), twofactor.SignIn{UserID: "alice"})
			return err
		})
		for range 100_000 {
			runtime.Gosched()
		}
		close(sending)
		require.Equal(t, []string{mailOff}, r.notices(alice.email)[before:])
		require.Equal(t, []string{mailOff}, r.notices("new@example.com"))
	}
}

// What someone does over and over doesn't push out the notice of what they did
// before.
func TestNoticesAreNotPushedOut(t *testing.T) {
	t.Parallel()
	r, alice := mailUser(t, inMemory)
	before := len(r.notices(alice.email))
	r.onSend(notSent)
	require.NoError(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, alice.ids[twofactor.Email]))
	for range 40 {
		_, err := r.a.NewRecoveryCodes(r.ctx(), alice.full(), alice.grant)
		require.NoError(t, err)
		r.clock.Advance(time.Second)
	}
	r.settle()
	r.onSend(nil)
	r.clock.Advance(time.Hour)
	alice.begin()
	require.Contains(t, r.notices(alice.email)[before:], mailRemoved)
	require.Contains(t, r.notices("new@example.com"), mailNew)
}

// Two notices of one second have keys of their own, and each address has its.
func TestNoticesHaveKeysOfTheirOwn(t *testing.T) {
	t.Parallel()
	r, alice := mailUser(t, inMemory)
	require.NoError(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, alice.ids[twofactor.Email]))
	require.NoError(t, r.a.Remove(r.ctx(), alice.full(), alice.grant, alice.ids[twofactor.TOTP]))
	r.settle()
	keys := make(map[string]bool)
	for _, d := range r.messages("") {
		require.False(t, keys[d.IdempotencyKey], d.Subject)
		require.NotContains(t, d.IdempotencyKey, "alice")
		keys[d.IdempotencyKey] = true
	}
}

// Drain waits for what is under way, and for no longer than it may.
func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, alice := mailUser(t, inMemory)
		r.onSend(func(ctx context.Context, _ otpcode.Message) error {
			<-ctx.Done()
			return ctx.Err()
		})
		require.NoError(t, r.a.SwitchOff(r.ctx(), alice.full(), alice.grant))
		ctx, cancel := context.WithTimeout(r.ctx(), time.Second)
		defer cancel()
		require.ErrorIs(t, r.a.Drain(ctx), context.DeadlineExceeded)
		start := time.Now()
		require.NoError(t, r.a.Drain(r.ctx()))
		require.LessOrEqual(t, time.Since(start), time.Minute)
	})
}
