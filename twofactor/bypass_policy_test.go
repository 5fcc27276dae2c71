package twofactor_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// numberSuffices has a user whose number the app has verified, under a policy
// that asks for no code to it.
func numberSuffices(t *testing.T, on realserver.Named, required bool) (*realm, *member) {
	r := newRealm(t, on, twofactor.Policy{
		Kinds: []twofactor.Kind{twofactor.SMS, twofactor.TOTP}, Required: required, VerifiedNumbersSuffice: true,
	})
	r.setProfile("alice", func(p *twofactor.Profile) { p.VerifiedPhones = []string{aliceMobile} })
	return r, r.join("alice", aliceMobile)
}

// A number that was verified before proves nothing about the session that enrolls
// it.
func TestBypass_W08_VerifiedNumberProvesNoSession(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		t.Run("of a user who need not have a factor", func(t *testing.T) {
			t.Parallel()
			r, alice := numberSuffices(t, on, false)
			before := alice.full()
			e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS})
			require.Zero(t, r.sms(""), "nobody has entered a code")
			v := e.Done.Session
			require.Equal(t, twofactor.NotEnrolled, v.Basis())
			require.Equal(t, []string{"pwd"}, v.AMR())
			require.False(t, v.Fresh(r.clock.Now(), time.Minute))
			require.Equal(t, before.At(), v.At())
			denied(t, r.a.Reset(r.ctx(), v, "bob", "because"), twofactor.ReasonGrantRequired)
			again, err := r.a.Resume(v.Token())
			require.NoError(t, err)
			require.Equal(t, twofactor.NotEnrolled, again.(*twofactor.Verified).Basis())
		})
		t.Run("of a session that can only enroll", func(t *testing.T) {
			t.Parallel()
			r, alice := numberSuffices(t, on, true)
			e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS})
			require.Nil(t, e.Done.Session, "it stays one")
			alice.took(e.Done)
			login := alice.login()
			v, err := alice.verify(login, twofactor.Answer{Code: alice.sent(login, twofactor.SMS)})
			require.NoError(t, err)
			require.True(t, v.Fresh(r.clock.Now(), time.Minute))
		})
	})
}

// A policy that was changed from one single kind to another can be followed, and
// what is left of the old kind gives no full session.
func TestBypass_W34_SingleKindReplaced(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r := newRealm(t, on, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.SMS}, OneAtATime: true})
		alice := r.join("alice", aliceMobile)
		alice.setUp(twofactor.SMS)
		r.clock.Advance(time.Hour)
		r.a = r.node(with(twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP}, OneAtATime: true}))

		login := alice.login()
		no := denied(t, alice.answer(login, alice.sent(login, twofactor.SMS)), twofactor.ReasonEnrollmentRequired)
		alice.session = no.Enrollment
		r.clock.Advance(time.Minute)
		alice.prove(twofactor.SMS)
		why, err := r.a.Explain(r.ctx(), twofactor.SignIn{UserID: "alice"})
		require.NoError(t, err)
		require.Equal(t, twofactor.WhyNone, why.Kinds[twofactor.TOTP])
		alice.setUp(twofactor.TOTP)
		alice.signIn(twofactor.TOTP)
		_, err = r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "a"})
		denied(t, err, twofactor.ReasonGrantRequired)
		alice.prove(twofactor.TOTP)
		_, err = r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "a"})
		denied(t, err, twofactor.ReasonPolicy, "one at a time")
	})
}

// A policy without recovery codes takes none, whoever made them.
func TestBypass_W34_RecoverySwitchedOff(t *testing.T) {
	t.Parallel()
	none := with(twofactor.Policy{Recovery: twofactor.RecoveryPolicy{None: true}})
	users := map[string]func(*world) (p *person, code string){
		"made here": func(w *world) (*person, string) {
			p := w.enrolled("alice")
			return p, p.codes[0]
		},
		"hashed elsewhere": func(w *world) (*person, string) {
			return w.migrated("alice", []string{"abcd-efgh"}, 6), "abcd-efgh"
		},
	}
	for name, user := range users {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				p, code := user(w)
				w.a = w.node(w.tap, none)
				require.False(t, p.pendingLogin().Recovery)
				_, err := p.recover(code)
				refused(t, err, twofactor.ReasonNotUsable)
				w.a = w.node(w.tap)
				require.True(t, p.pendingLogin().Recovery)
				_, err = p.recover(code)
				require.NoError(t, err, "it was not spent")
			})
		})
	}
	t.Run("nor keeps those of another system", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			in := w.imported([]string{"abcd-efgh"}, 6)
			require.Error(t, w.node(w.tap, none).Import(t.Context(), "alice", in))
			require.IsType(t, (*twofactor.Verified)(nil), w.begin("alice"))
			in.RecoveryHashes = nil
			require.NoError(t, w.node(w.tap, none).Import(t.Context(), "alice", in))
		})
	})
}

// A code by mail that is a way back in says so, and is no second factor.
func TestBypass_W08_RecoveryByMailIsNoSecondFactor(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r := newRealm(t, on, twofactor.Policy{
			Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.Email}, EmailPurpose: twofactor.EmailRecoveryOnly,
		})
		alice := r.join("alice", "")
		alice.setUp(twofactor.TOTP)
		alice.setUp(twofactor.Email)
		r.clock.Advance(time.Minute)
		v := alice.signIn(twofactor.Email)
		require.Equal(t, []string{"pwd", "recovery_email"}, v.AMR())
		require.True(t, v.Recovered())
		require.False(t, v.Fresh(r.clock.Now(), time.Minute))
		_, err := r.a.SendForGrant(r.ctx(), v, alice.ids[twofactor.Email], twofactor.Client{})
		denied(t, err, twofactor.ReasonNotUsable)
	})
}

// Changing what a page was given changes nothing for the next one.
func TestStatusIsACopy(t *testing.T) {
	t.Parallel()
	kinds := []twofactor.Kind{twofactor.Email, twofactor.TOTP}
	r := newRealm(t, inMemory, twofactor.Policy{Kinds: kinds})
	alice := r.join("alice", aliceMobile)
	clear(slices.DeleteFunc(alice.status().Kinds, func(k twofactor.Kind) bool { return k == twofactor.Email }))
	require.Equal(t, []twofactor.Kind{twofactor.Email, twofactor.TOTP}, alice.status().Kinds)
}
