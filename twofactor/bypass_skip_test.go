package twofactor_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// factors are the kinds there are, as a record keeps them.
var factors = []record.Factor{
	{ID: "app", Kind: "totp", TOTP: &record.TOTP{Secret: twinSecret, Digits: 6, Period: 30}},
	{ID: "mobile", Kind: "sms", Address: &record.Address{To: "+61412345678"}},
	{ID: "mail", Kind: "email", Address: &record.Address{To: "alice@example.com"}},
	{ID: "key", Kind: "of a later release", Address: &record.Address{To: "anywhere"}},
}

// Every subset of factors, whatever state each is in, under every policy: who
// has a factor and has not switched it off owes it.
func TestBypass_W34_PolicyThatForgetsAMethod(t *testing.T) {
	t.Parallel()
	states := map[string]func(*record.Factor){
		"fresh":    func(*record.Factor) {},
		"paused":   func(f *record.Factor) { f.PausedUntil = 1 << 40 },
		"disabled": func(f *record.Factor) { f.Disabled = true },
	}
	policies := map[string]twofactor.Policy{
		"default":         {},
		"required":        {Required: true},
		"one at a time":   {OneAtATime: true},
		"no recovery":     {Recovery: twofactor.RecoveryPolicy{None: true}},
		"recovery resets": {Recovery: twofactor.RecoveryPolicy{OnUse: twofactor.ResetFactors}},
		"strict":          {MaxFailures: 100},
	}
	for name, policy := range policies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				for state, set := range states {
					for subset := range 1 << len(factors) {
						for _, off := range []bool{false, true} {
							r := record.New()
							r.Off = off
							for i, f := range factors {
								if subset>>i&1 == 1 {
									set(&f)
									r.Factors = append(r.Factors, f)
								}
							}
							w.putRecord("alice", r)
							about := fmt.Sprintf("%s, factors %04b, off %v", state, subset, off)
							o := w.begin("alice")
							switch {
							case subset == 0 && policy.Required:
								require.IsType(t, (*twofactor.EnrollmentOnly)(nil), o, about)
							case subset == 0:
								require.IsType(t, (*twofactor.Verified)(nil), o, about)
								require.Equal(t, twofactor.NotEnrolled, o.(*twofactor.Verified).Basis(), about)
							case off && !policy.Required:
								require.IsType(t, (*twofactor.Verified)(nil), o, about)
								require.Equal(t, twofactor.SwitchedOff, o.(*twofactor.Verified).Basis(), about)
							default:
								require.IsType(t, (*twofactor.Pending)(nil), o, about)
							}
							if v, ok := o.(*twofactor.Verified); ok {
								require.NotContains(t, v.AMR(), "mfa", about)
								require.False(t, v.Fresh(w.clock.Now(), time.Hour), about)
							}
							s, err := w.a.Status(t.Context(), "alice", "")
							require.NoError(t, err)
							_, pending := o.(*twofactor.Pending)
							require.Equal(t, pending, s.Enabled, "what the settings page says: %s", about)
						}
					}
				}
			}, with(policy))
		})
	}
}

func TestBypass_W34_SwitchedOffBeforeThereIsAFactor(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		eve := w.newcomer("alice") // has alice's password, before alice has a factor
		refused(t, w.a.SwitchOff(t.Context(), eve.in(), eve.grant), twofactor.ReasonEnrollmentRequired)
		w.enrolled("alice")
		require.IsType(t, (*twofactor.Pending)(nil), w.begin("alice"))
	})
}

// changes are all that changes the factors of the person they are given, with
// that person's session and some grant.
var changes = map[string]func(p *person, grant string) error{
	"enroll": func(p *person, grant string) error {
		_, err := p.w.b.Enroll(p.w.ctx(), p.session, grant, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: p.id})
		return err
	},
	"show an enrollment": func(p *person, grant string) error {
		_, err := p.w.b.Enrollment(p.w.ctx(), p.session, grant, p.begun.ID)
		return err
	},
	"confirm": func(p *person, grant string) error {
		_, err := p.w.b.Confirm(p.w.ctx(), p.session, grant, p.begun.ID, p.second.Code(p.w.clock.Now()))
		return err
	},
	"rename": func(p *person, grant string) error {
		return p.w.b.Rename(p.w.ctx(), p.in(), grant, p.factor, "Mine")
	},
	"remove":     func(p *person, grant string) error { return p.w.b.Remove(p.w.ctx(), p.in(), grant, p.factor) },
	"switch off": func(p *person, grant string) error { return p.w.b.SwitchOff(p.w.ctx(), p.in(), grant) },
	"switch on":  func(p *person, grant string) error { return p.w.b.SwitchOn(p.w.ctx(), p.in(), grant) },
	"new recovery codes": func(p *person, grant string) error {
		_, err := p.w.b.NewRecoveryCodes(p.w.ctx(), p.in(), grant)
		return err
	},
}

func TestBypass_W36_ChangeWithoutAFreshProof(t *testing.T) {
	t.Parallel()
	grants := map[string]func(alice, bob *person) string{
		"none":            func(_, _ *person) string { return "" },
		"made up":         func(_, _ *person) string { return "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
		"another user's":  func(_, bob *person) string { return bob.grant },
		"cut off":         func(alice, _ *person) string { return alice.grant[:42] },
		"with more to it": func(alice, _ *person) string { return alice.grant + "A" },
		"of another session": func(alice, _ *person) string {
			old := alice.grant
			alice.signIn()
			return old
		},
		"five minutes old": func(alice, _ *person) string {
			alice.w.clock.Advance(5 * time.Minute)
			return alice.grant
		},
		"from before a new password": func(alice, _ *person) string {
			require.NoError(alice.w.t, alice.w.a.PasswordChanged(alice.w.ctx(), alice.id))
			return alice.grant
		},
		"from before a recovery": func(alice, _ *person) string {
			_, err := alice.recover(alice.codes[0])
			require.NoError(alice.w.t, err)
			return alice.grant
		},
	}
	for name, grant := range grants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				for about, change := range changes {
					user := name + " " + about
					alice, bob := w.withGrant("alice "+user), w.withGrant("bob "+user)
					token := grant(alice, bob)
					before := w.raw(alice.id)
					refused(t, change(alice, token), twofactor.ReasonGrantRequired, about)
					require.Equal(t, before, w.raw(alice.id), about)
				}
			})
		})
	}
	t.Run("by a password where there is a factor", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.withGrant("alice")
			password := func(context.Context) error { t.Error("the password was asked for"); return nil }
			_, err := w.a.GrantWithPassword(t.Context(), alice.session, password)
			refused(t, err, twofactor.ReasonGrantRequired)

			require.NoError(t, w.a.SwitchOff(t.Context(), alice.in(), alice.grant))
			off := w.begin("alice").(*twofactor.Verified)
			_, err = w.a.GrantWithPassword(t.Context(), off, password)
			refused(t, err, twofactor.ReasonGrantRequired, "switched off is still there")
		})
	})
	t.Run("by a password, while a factor is being proven", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice, eve := w.newcomer("alice"), w.newcomer("alice")
			_, err := w.a.GrantWithPassword(t.Context(), eve.session, func(context.Context) error {
				e, phone := alice.enroll(twofactor.EnrollRequest{})
				_, err := alice.confirm(e, phone.Code(w.clock.Now()))
				return err
			})
			refused(t, err, twofactor.ReasonGrantRequired)
		})
	})
	t.Run("by a grant from before there was a factor", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.newcomer("alice")
			early, err := w.a.GrantWithPassword(t.Context(), alice.session, rightPassword)
			require.NoError(t, err)
			e, phone := alice.enroll(twofactor.EnrollRequest{})
			c, err := alice.confirm(e, phone.Code(w.clock.Now()))
			require.NoError(t, err)
			alice.session = c.Session // the same one, and in the same minute
			alice.factor = c.Method.ID
			alice.begun, alice.second = alice.enroll(twofactor.EnrollRequest{})
			for about, change := range changes {
				refused(t, change(alice, early.Token), twofactor.ReasonGrantRequired, about)
			}
		})
	})
	t.Run("by a grant that its own changes keep alive", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.withGrant("alice")
			for range 4 {
				w.clock.Advance(time.Minute)
				require.NoError(t, w.a.SwitchOff(t.Context(), alice.in(), alice.grant))
				require.NoError(t, w.a.SwitchOn(t.Context(), alice.in(), alice.grant))
			}
			w.clock.Advance(time.Minute)
			refused(t, w.a.SwitchOff(t.Context(), alice.in(), alice.grant), twofactor.ReasonGrantRequired)
		})
	})
	t.Run("for another user", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice, bob := w.withGrant("alice"), w.withGrant("bob")
			refused(t, w.a.Remove(t.Context(), alice.in(), alice.grant, bob.factor), twofactor.ReasonNotUsable)
			refused(t, w.a.Rename(t.Context(), alice.in(), alice.grant, bob.factor, "x"), twofactor.ReasonNotUsable)
			_, err := w.a.Enrollment(t.Context(), alice.session, alice.grant, bob.begun.ID)
			refused(t, err, twofactor.ReasonExpired)
			_, err = w.a.Confirm(t.Context(), alice.session, alice.grant, bob.begun.ID, bob.second.Code(w.clock.Now()))
			refused(t, err, twofactor.ReasonExpired)
			_, err = w.a.Enroll(t.Context(), alice.session, alice.grant, twofactor.EnrollRequest{
				Kind: twofactor.TOTP, Account: "alice", Replaces: bob.factor,
			})
			refused(t, err, twofactor.ReasonNotUsable)
			require.Len(t, bob.status().Methods, 1)
		})
	})
	t.Run("by nobody", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.withGrant("alice")
			p := *alice
			p.session = new(twofactor.Verified)
			for about, change := range changes {
				require.Error(t, change(&p, alice.grant), about)
			}
			for _, nobody := range []twofactor.Session{p.session, new(twofactor.EnrollmentOnly)} {
				_, err := w.a.Enroll(t.Context(), nobody, alice.grant, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "alice"})
				require.Error(t, err)
				_, err = w.a.Confirm(t.Context(), nobody, alice.grant, alice.begun.ID, alice.second.Code(w.clock.Now()))
				require.Error(t, err)
				_, err = w.a.Grant(t.Context(), nobody, twofactor.Answer{Code: alice.newCode()})
				require.Error(t, err)
				_, err = w.a.GrantWithPassword(t.Context(), nobody, rightPassword)
				require.Error(t, err)
			}
			require.Error(t, w.a.Reset(t.Context(), new(twofactor.Verified), "alice", "because"))
			require.Error(t, w.a.Reset(t.Context(), nil, "alice", "because"))
			require.Len(t, alice.status().Methods, 1)
		})
	})
	t.Run("but with one", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			for about, change := range changes {
				alice := w.withGrant(about)
				require.NoError(t, change(alice, alice.grant), about)
			}
		})
	})
}

// withGrant is a user with an app, a fresh grant, and another app begun.
func (w *world) withGrant(id string) *person {
	w.t.Helper()
	p := w.enrolled(id)
	p.signIn()
	p.prove()
	p.begun, p.second = p.enroll(twofactor.EnrollRequest{Name: "second"})
	return p
}

func TestBypass_W37_AbandonedEnrollment(t *testing.T) {
	t.Parallel()
	t.Run("of the first factor", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			p := w.newcomer("alice")
			p.enroll(twofactor.EnrollRequest{})
			require.IsType(t, (*twofactor.Verified)(nil), w.begin("alice"), "nothing is owed")
			require.False(t, p.status().Enabled)
			require.Empty(t, p.status().Methods)
		})
	})
	t.Run("of another one", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			e, phone := alice.enroll(twofactor.EnrollRequest{Replaces: alice.factor})
			require.Equal(t, alice.factor, alice.status().Methods[0].ID, "the old one is still there")
			refused(t, alice.try(phone.Code(w.clock.Now())), twofactor.ReasonWrongCode)
			_, err := w.a.Verify(t.Context(), alice.login(), twofactor.Answer{Method: e.ID, Code: phone.Code(w.clock.Now())})
			refused(t, err, twofactor.ReasonNotUsable)
			_, err = w.a.Verify(t.Context(), alice.login(), twofactor.Answer{Codes: phone.Codes(3, w.clock.Now())})
			require.ErrorIs(t, err, twofactor.ErrRejected)
			alice.signIn()

			w.clock.Advance(15 * time.Minute) // and then it is gone
			alice.prove()
			_, err = alice.confirm(e, phone.Code(w.clock.Now()))
			refused(t, err, twofactor.ReasonExpired)
			_, err = w.a.Enrollment(t.Context(), alice.session, alice.grant, e.ID)
			refused(t, err, twofactor.ReasonExpired)
			alice.signIn()
		})
	})
	t.Run("whose factor went meanwhile", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			alice.secondApp()
			e, phone := alice.enroll(twofactor.EnrollRequest{Replaces: alice.factor})
			require.NoError(t, w.a.Remove(t.Context(), alice.in(), alice.grant, alice.factor))
			_, err := alice.confirm(e, phone.Code(w.clock.Now()))
			refused(t, err, twofactor.ReasonNotUsable)
			require.Len(t, alice.status().Methods, 1, "the second one")
		})
	})
	t.Run("before a new password", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			eve := w.newcomer("alice") // who has the old one
			e, phone := eve.enroll(twofactor.EnrollRequest{})
			require.NoError(t, w.a.PasswordChanged(t.Context(), "alice"))
			alice := w.newcomer("alice")
			eve.session, eve.grant = alice.session, alice.grant // even so
			_, err := eve.confirm(e, phone.Code(w.clock.Now()))
			refused(t, err, twofactor.ReasonExpired)
		})
	})
}
