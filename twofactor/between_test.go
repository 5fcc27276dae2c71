package twofactor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// An incident is what can happen to an account while somebody is on the way in.
// What was begun before is over then.
type incident struct {
	name   string
	own    bool // with the owner's own grant, which goes on
	happen func(w *world, alice *person) error
}

var incidents = []incident{
	{"a new password", false, func(w *world, _ *person) error { return w.b.PasswordChanged(w.ctx(), "alice") }},
	{"the factor is removed", true, func(w *world, alice *person) error {
		return w.b.Remove(w.ctx(), alice.in(), alice.grant, alice.factor)
	}},
	{"it is switched off", true, func(w *world, alice *person) error {
		return w.b.SwitchOff(w.ctx(), alice.in(), alice.grant)
	}},
	{"off and on", true, func(w *world, alice *person) error {
		return errors.Join(
			w.b.SwitchOff(w.ctx(), alice.in(), alice.grant), w.b.SwitchOn(w.ctx(), alice.in(), alice.grant))
	}},
	{"another factor is proven", true, func(w *world, alice *person) error {
		_, err := w.b.Confirm(w.ctx(), alice.session, alice.grant, alice.begun.ID, alice.second.Code(w.clock.Now()))
		return err
	}},
	{"a recovery", false, func(w *world, alice *person) error {
		_, err := w.b.Verify(w.ctx(), alice.login(), twofactor.Answer{Code: alice.codes[9]})
		return err
	}},
	{"an administrator's reset", false, func(w *world, _ *person) error {
		return w.b.Reset(w.ctx(), w.admin, "alice", "asked for")
	}},
	{"the account is deleted", false, func(w *world, _ *person) error { return w.b.Delete(w.ctx(), "alice") }},
}

// onTheWay is how alice was about to get somewhere, with proofs that were right.
var onTheWay = map[string]func(w *world, alice *person, login, code string) error{
	"a code": func(_ *world, alice *person, login, code string) error {
		_, err := alice.answer(login, code)
		return err
	},
	"three codes": func(w *world, alice *person, login, _ string) error {
		_, err := w.a.Verify(w.ctx(), login, twofactor.Answer{Codes: alice.phone.Codes(3, w.clock.Now())})
		return err
	},
	"a recovery code": func(_ *world, alice *person, login, _ string) error {
		_, err := alice.answer(login, alice.codes[0])
		return err
	},
}

// onEachIncident runs test with an account to which all of them can happen.
func onEachIncident(t *testing.T, test func(t *testing.T, w *world, alice *person, in incident)) {
	for _, in := range incidents {
		t.Run(in.name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				w.admin = w.enrolled("admin").signIn()
				alice := w.withGrant("alice")
				w.clock.Advance(3 * step)
				test(t, w, alice, in)
			})
		})
	}
}

func TestBetweenBeginAndVerify(t *testing.T) {
	t.Parallel()
	for name, arrive := range onTheWay {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachIncident(t, func(t *testing.T, w *world, alice *person, in incident) {
				login, code := alice.login(), alice.phone.Code(w.clock.Now())
				require.NoError(t, in.happen(w, alice))
				require.Contains(t, []string{"login_ended", "fault"}, reason(arrive(w, alice, login, code)))
			})
		})
	}
}

// The same in the narrowest gap there is: between the load and the save of the
// very request that brings the proof.
func TestBetweenLoadAndSave(t *testing.T) {
	t.Parallel()
	for name, arrive := range onTheWay {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachIncident(t, func(t *testing.T, w *world, alice *person, in incident) {
				login, code := alice.login(), alice.phone.Code(w.clock.Now())
				w.rival(func() { require.NoError(t, in.happen(w, alice)) })
				require.Contains(t, []string{"login_ended", "fault"}, reason(arrive(w, alice, login, code)))
			})
		})
	}
	t.Run("a fresh proof", func(t *testing.T) {
		t.Parallel()
		onEachIncident(t, func(t *testing.T, w *world, alice *person, in incident) {
			code := alice.phone.Code(w.clock.Now())
			w.rival(func() { require.NoError(t, in.happen(w, alice)) })
			_, err := w.a.Grant(t.Context(), alice.session, twofactor.Answer{Code: code})
			require.Contains(t, []string{"login_ended", "fault"}, reason(err))
		})
	})
	t.Run("a change", func(t *testing.T) {
		t.Parallel()
		onEachIncident(t, func(t *testing.T, w *world, alice *person, in incident) {
			w.rival(func() { require.NoError(t, in.happen(w, alice)) })
			_, err := w.a.Enroll(t.Context(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "alice"})
			if in.own {
				require.NoError(t, err)
			} else {
				require.Contains(t, []string{"grant_required", "fault"}, reason(err))
			}
		})
	})
}

func TestTwoRemoveTheLastTwo(t *testing.T) {
	t.Parallel()
	left := func(want int) func(t *testing.T, w *world) {
		return func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			alice.secondApp()
			methods := alice.status().Methods
			require.Len(t, methods, 2)
			told := w.race(2, func(node *twofactor.Service, i int) error {
				return node.Remove(t.Context(), alice.in(), alice.grant, methods[i].ID)
			})
			require.Equal(t, 2-want, told["yes"], "%v", told)
			require.Len(t, alice.status().Methods, want)
			if want == 1 {
				require.Equal(t, 1, told["policy"])
				require.IsType(t, (*twofactor.Pending)(nil), w.begin("alice"))
			} else {
				require.Zero(t, alice.status().RecoveryLeft)
			}
		}
	}
	onEach(t, func(t *testing.T, on realserver.Named) {
		for range rounds(t) {
			a, b := on.Part(t)
			left(1)(t, newWorld(t, a, b, with(twofactor.Policy{Required: true})))
			a, b = on.Part(t)
			left(0)(t, newWorld(t, a, b))
		}
	})
}

func TestPendingLoginEnds(t *testing.T) {
	t.Parallel()
	t.Run("after ten minutes", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			login := alice.login()
			w.clock.Advance(10*time.Minute - time.Second)
			_, err := w.a.Login(t.Context(), login)
			require.NoError(t, err)
			w.clock.Advance(time.Second)
			_, err = w.a.Login(t.Context(), login)
			refused(t, err, twofactor.ReasonLoginEnded)
			_, err = alice.answer(login, alice.phone.Code(w.clock.Now()))
			refused(t, err, twofactor.ReasonLoginEnded)
		})
	})
	t.Run("when it is canceled", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			login := alice.login()
			_, err := alice.answer(login, alice.wrongCode(1)) // so that the record knows it
			refused(t, err, twofactor.ReasonWrongCode)
			require.NoError(t, w.b.Cancel(t.Context(), login))
			_, err = alice.answer(login, alice.newCode())
			refused(t, err, twofactor.ReasonLoginEnded)
			require.NoError(t, w.b.Cancel(t.Context(), login), "again is no harm")
			require.NoError(t, w.b.Cancel(t.Context(), "nonsense"))
		})
	})
	t.Run("when it has succeeded", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			login := alice.login()
			_, err := alice.answer(login, alice.newCode())
			require.NoError(t, err)
			_, err = alice.answer(login, alice.newCode())
			refused(t, err, twofactor.ReasonLoginEnded)
			_, err = alice.answer(login, alice.codes[0])
			refused(t, err, twofactor.ReasonLoginEnded)
		})
	})
}
