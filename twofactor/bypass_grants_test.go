package twofactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// The password that was checked has to be the one that still holds.
func TestBypass_W36_PasswordChangedDuringTheCheck(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		ses := w.begin("alice").(twofactor.Session)
		g, err := w.a.GrantWithPassword(t.Context(), ses, func(ctx context.Context) error {
			return w.b.PasswordChanged(ctx, "alice") // by its owner, while a slow hash is computed
		})
		refused(t, err, twofactor.ReasonGrantRequired)
		require.Nil(t, g)
		_, err = w.a.GrantWithPassword(t.Context(), ses, rightPassword)
		require.NoError(t, err)
	})
}

// Who has nothing yet and shows no grant is refused, which is no fault.
func TestBypass_W36_NothingYetAndNoGrant(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		ses := w.begin("alice").(*twofactor.Verified)
		for _, token := range []string{"", "made up"} {
			asks := map[string]func() error{
				"granted": func() error { return w.a.Granted(t.Context(), ses, token) },
				"enroll": func() error {
					_, err := w.a.Enroll(t.Context(), ses, token, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "a"})
					return err
				},
				"show an enrollment": func() error { _, err := w.a.Enrollment(t.Context(), ses, token, "1"); return err },
				"switch off":         func() error { return w.a.SwitchOff(t.Context(), ses, token) },
			}
			for name, ask := range asks {
				refused(t, ask(), twofactor.ReasonGrantRequired, name)
			}
		}
		_, err := w.a.Grant(t.Context(), ses, twofactor.Answer{Code: "123456"})
		refused(t, err, twofactor.ReasonNotUsable)
		_, err = w.a.SendForGrant(t.Context(), ses, "1", twofactor.Client{})
		refused(t, err, twofactor.ReasonNotUsable)
		require.Zero(t, w.saw(twofactor.EventFault))
		_, err = w.tap.Load(t.Context(), storeKey("alice"))
		require.ErrorIs(t, err, twofactor.ErrNotFound, "and nothing was written")
	})
}

// A session that ends takes its own grant along, and no other session's.
func TestBypass_W42_SignOutEndsItsGrants(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		other := w.begin("alice").(twofactor.Session)
		alice := w.newcomer("alice")
		require.NoError(t, w.a.SignedOut(t.Context(), other, ""))
		require.NoError(t, w.a.Granted(t.Context(), alice.session, alice.grant))
		require.NoError(t, w.a.SignedOut(t.Context(), alice.session, ""))
		refused(t, w.a.Granted(t.Context(), alice.session, alice.grant), twofactor.ReasonGrantRequired)
	})
}

// What could not be ended is not said to be.
func TestBypass_W42_EndedUnderConflicts(t *testing.T) {
	t.Parallel()
	policy := with(twofactor.Policy{Trust: twofactor.TrustPolicy{
		Kinds: []twofactor.Kind{twofactor.TOTP}, Automatic: true, EndsAtSignOut: true,
	}})
	onEach(t, func(t *testing.T, on realserver.Named) {
		on.Bubble(t, func(t *testing.T, on realserver.Named) { // a conflict is retried for a second
			a, b := on.Part(t)
			w := newWorld(t, a, b, policy)
			alice := w.enrolled("alice")
			v := alice.signIn()
			device := v.Made().Device.Token
			login := alice.login()
			refused(t, second(alice.answer(login, alice.wrongCode(1))), twofactor.ReasonWrongCode)
			w.tap.onSave = func(context.Context, string, twofactor.Version, []byte) (twofactor.Version, error) {
				return "", twofactor.ErrConflict
			}
			refused(t, w.a.SignedOut(t.Context(), v, device), twofactor.ReasonConflict)
			refused(t, w.a.Cancel(t.Context(), login), twofactor.ReasonConflict)
			w.tap.onSave = nil
			require.NoError(t, w.a.SignedOut(t.Context(), v, device))
			o, err := w.a.Begin(t.Context(), twofactor.SignIn{UserID: "alice", TrustedDevice: device})
			require.NoError(t, err)
			require.IsType(t, (*twofactor.Pending)(nil), o)
			require.NoError(t, w.a.Cancel(t.Context(), login))
			refused(t, second(alice.answer(login, alice.newCode())), twofactor.ReasonLoginEnded)
		})
	})
}

// second is the error of two results.
func second(_ *twofactor.Verified, err error) error { return err }

// A change that proves nothing gives the grant it was made with no longer life.
func TestBypass_W36_UnprovenNumberRenewsNoGrant(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := numberSuffices(t, on, false)
		for n := range 4 {
			r.clock.Advance(time.Minute)
			e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS, Replaces: alice.ids[twofactor.SMS]})
			require.NotNil(t, e.Done)
			require.Equal(t, realmStart.Add(5*time.Minute), e.Done.Grant.Expires.UTC(), "the %dth time", n)
			alice.took(e.Done)
		}
		r.clock.Advance(time.Minute)
		_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{
			Kind: twofactor.SMS, Replaces: alice.ids[twofactor.SMS],
		})
		denied(t, err, twofactor.ReasonGrantRequired)
	})
}
