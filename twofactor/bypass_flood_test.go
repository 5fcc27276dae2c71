package twofactor_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// A profile's address need not be anybody's who knows of it: what one account
// makes the app send there is bounded, whatever its owner does.
func TestBypass_W46_OwnerFloodsNotices(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r := newRealm(t, on, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP}})
		mallory := r.join("mallory", "")
		r.setProfile("mallory", func(p *twofactor.Profile) { p.Email = "victim@example.com" })
		mallory.setUp(twofactor.TOTP)
		change := func() {
			require.NoError(t, r.a.SwitchOff(r.ctx(), mallory.full(), mallory.grant))
			r.settle()
		}
		for range 100 {
			change()
		}
		require.Len(t, r.notices("victim@example.com"), 20)
		r.clock.Advance(time.Hour)
		mallory.prove(twofactor.TOTP)
		for range 10 {
			change()
		}
		require.Len(t, r.notices("victim@example.com"), 21, "one more in an hour")
	})
}

// Sign-ins that begin while a notice is under way send it no second time.
func TestBypass_W46_NoticeUnderWay(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := mailUser(t, on)
		before := len(r.notices(alice.email))
		under, done := make(chan struct{}, 1000), make(chan struct{})
		r.onSend(func(context.Context, otpcode.Message) error {
			under <- struct{}{}
			<-done
			return nil
		})
		require.NoError(t, r.a.SwitchOff(r.ctx(), alice.full(), alice.grant))
		<-under
		together(64, func(int) error {
			_, err := r.b.Begin(r.ctx(), twofactor.SignIn{UserID: "alice"})
			return err
		})
		close(done)
		require.Equal(t, []string{mailOff}, r.notices(alice.email)[before:])
		require.Equal(t, []string{mailOff}, r.notices("new@example.com"))
	})
}

// Whoever has the password can't use up the messages of a browser that its owner
// has signed in with.
func TestBypass_W46_SendsOfAKnownBrowser(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r := newRealm(t, on, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.SMS}})
		alice := r.join("alice", aliceMobile)
		alice.setUp(twofactor.SMS)
		r.clock.Advance(24 * time.Hour)
		alice.signIn(twofactor.SMS)
		eve := *alice
		eve.browser = ""
		refusals := 0
		for range max(5/stride(on), 1) {
			for range 24 {
				r.clock.Advance(time.Hour)
				for range 7 {
					if _, err := eve.send(eve.login(), twofactor.SMS); err != nil {
						refusals++
					}
				}
			}
			_, err := alice.send(alice.login(), twofactor.SMS)
			require.NoError(t, err, "the owner, every day")
		}
		require.Greater(t, refusals, 100, "the others' messages are used up")
	})
}

// In many domains a "+" leads to a mailbox of its own: those who have proven such
// addresses take nothing from who has proven the plain one.
func TestBypass_W46_NeighborsOfAProvenAddress(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r := newRealm(t, on, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.Email}})
		owner := r.join("sales", "")
		owner.setUp(twofactor.Email)
		var neighbors []*member
		for i := range 4 {
			r.clock.Advance(3 * time.Hour)
			m := r.join(fmt.Sprintf("sales+m%d", i), "")
			m.setUp(twofactor.Email)
			neighbors = append(neighbors, m)
		}
		r.clock.Advance(24 * time.Hour)
		sent := 0
		for _, m := range neighbors {
			for range 5 {
				if _, err := m.send(m.login(), twofactor.Email); err == nil {
					sent++
				}
			}
		}
		require.Equal(t, 20, sent)
		_, err := owner.send(owner.login(), twofactor.Email)
		require.NoError(t, err)
	})
}
