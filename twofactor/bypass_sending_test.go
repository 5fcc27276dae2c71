package twofactor_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// 64 requests for another code at once, and answers in between: one code at most
// is good, it is good once, and no more is sent than the limit says.
func TestBypass_W47_ResendRace(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for range rounds(t) {
			r, alice := pathUser(t, on, inEachOthersWay)
			login := alice.login()
			alice.sent(login, twofactor.SMS)
			first := r.sms(aliceMobile)
			r.clock.Advance(30 * time.Second)
			together(64, func(i int) error {
				if i%2 == 0 {
					_, err := r.b.Send(r.ctx(), login, alice.ids[twofactor.SMS], twofactor.Client{})
					return err
				}
				_, err := r.a.Verify(r.ctx(), login, twofactor.Answer{Code: "0000000"}) // of no length that was sent
				return err
			})
			require.Equal(t, first+1, r.sms(aliceMobile))
			codes := r.messages(aliceMobile)
			yes := 0
			for _, d := range codes {
				if alice.answer(login, codeIn.FindStringSubmatch(d.Text)[1]) == nil {
					yes++
				}
			}
			require.Equal(t, 1, yes)
		}
	})
}

// Every code that arrives is known, and is the one that counts: whatever call of
// the store fails, once or from then on, before or after the send, and however
// the send ends.
func TestBypass_W47_NoCodeIsInAMessageOnly(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for gateway, send := range map[string]func(context.Context, otpcode.Message) error{
			"up": nil, "unknown": unknown,
		} {
			for _, how := range []breakdown{faultGone, faultLost} {
				for _, forever := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s %d %t", gateway, how, forever), func(t *testing.T) {
						t.Parallel()
						for at := 1; sendWithFault(t, on, send, at, how, forever); at += min(stride(on), 5) {
						}
					})
				}
			}
		}
	})
}

// sendWithFault sends a second code while the store fails at a call, and enters
// the newest that arrived. It reports whether there was such a call.
func sendWithFault(t *testing.T, on realserver.Named, gateway func(context.Context, otpcode.Message) error, at int, how breakdown, forever bool) bool {
	t.Helper()
	r, alice := pathUser(t, on)
	login := alice.login()
	alice.sent(login, twofactor.SMS)
	before := len(r.messages(aliceMobile))
	r.clock.Advance(30 * time.Second)
	r.onSend(gateway)
	r.store.reset(func(n int, _ string) breakdown {
		if n == at || forever && n > at {
			return how
		}
		return noFault
	})
	_, err := alice.send(login, twofactor.SMS)
	calls := len(r.store.made(""))
	r.store.reset(nil)
	if err != nil {
		require.NotErrorIs(t, err, twofactor.ErrRejected, "fault %d", at)
		require.Len(t, r.messages(aliceMobile), before, "fault %d: a failed request sends nothing", at)
	}
	if err == nil || !forever || how == faultGone {
		// With every answer lost for ever, nobody knows that a code was saved.
		require.NoError(t, alice.answer(login, r.read(aliceMobile)), "fault %d: the newest that arrived", at)
	}
	return at <= calls
}

// A save that took place late, after its record had been read again, is not
// answered with what a second decision would have sent.
func TestBypass_W47_LateSave(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		r.settle()
		login := alice.login()
		late := &lateStore{Store: r.store.Store}
		node := r.node(func(c *twofactor.Config) { c.Store = late })
		late.arm()
		_, err := node.Send(r.ctx(), login, alice.ids[twofactor.SMS], twofactor.Client{})
		require.NoError(t, err)
		require.True(t, late.done)
		require.NoError(t, alice.answer(login, r.read(aliceMobile)))
		alice.prove(twofactor.TOTP)
		r.settle()

		late.done = false
		late.arm()
		codes, err := node.NewRecoveryCodes(r.ctx(), alice.full(), alice.grant)
		require.NoError(t, err)
		require.True(t, late.done)
		require.NoError(t, node.Drain(r.ctx()))
		require.NoError(t, alice.answer(alice.login(), codes[0]), "a code that was just handed out")
	})
}

// A definite failure leaves everything as it was: the code before is good, and
// neither the login's limit nor the guard's has counted. There is no pause either,
// but for a gateway that refuses again and again.
func TestBypass_W48_FailedSendCostsNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for i, name := range []string{"login", "other login", "grant", "phone"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r, alice := pathUser(t, on)
				way := paths(alice)[[]int{0, 1, 2, 4}[i]]
				require.NoError(t, way.send(alice))
				code := r.read(aliceMobile)
				r.clock.Advance(30 * time.Second)
				r.onSend(notSent)
				for range 5 {
					denied(t, way.send(alice), twofactor.ReasonSendFailed)
				}
				r.clock.Advance(30 * time.Second)
				denied(t, way.send(alice), twofactor.ReasonSendFailed)
				r.clock.Advance(30 * time.Second)
				r.onSend(nil)
				require.NoError(t, way.send(alice), "there are sends left")
				r.onSend(notSent)
				r.clock.Advance(30 * time.Second)
				newest := r.read(aliceMobile)
				denied(t, way.send(alice), twofactor.ReasonSendFailed)
				denied(t, way.enter(alice, code), twofactor.ReasonSuperseded)
				require.NoError(t, way.enter(alice, newest), "a failed send kills nothing")
			})
		}
	})
}

// Failed sends leave no trace of their logins, so that they can't fill the list.
func TestBypass_W48_FailedSendsFillNoList(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		r.onSend(notSent)
		for range 5 {
			_, err := alice.send(alice.login(), twofactor.SMS)
			denied(t, err, twofactor.ReasonSendFailed)
		}
		rec, _ := r.peek("alice")
		require.Empty(t, rec.Attempts)
		r.clock.Advance(30 * time.Second)
		r.onSend(nil)
		login := alice.login()
		require.NoError(t, alice.answer(login, alice.sent(login, twofactor.SMS)))
	})
}

// After a send that failed, digits are for the method they were for before.
func TestBypass_W48_FailedSendChoosesNoMethod(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		r.onSend(notSent)
		login := alice.login()
		_, err := alice.send(login, twofactor.SMS)
		denied(t, err, twofactor.ReasonSendFailed)
		require.NoError(t, alice.answer(login, alice.appCode()), "for the app")
	})
}

// A failure is undone though the login, the grant or the pause it hung on has
// changed meanwhile.
func TestBypass_W48_TakenBackWhateverHappenedMeanwhile(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		way := paths(alice)[4]
		require.NoError(t, way.send(alice))
		code := r.read(aliceMobile)
		r.clock.Advance(30 * time.Second)
		r.settle() // no notice is under way
		r.onSend(func(context.Context, otpcode.Message) error {
			r.clock.Advance(3*time.Minute + 30*time.Second) // the gateway takes its time; the grant ends
			return otpcode.ErrNotSent
		})
		grant := alice.grant
		denied(t, way.send(alice), twofactor.ReasonSendFailed)
		_, err := r.a.VerifyPhone(r.ctx(), alice.session, grant, code)
		denied(t, err, twofactor.ReasonGrantRequired)
		alice.prove(twofactor.TOTP)
		require.NoError(t, way.enter(alice, code))
	})
}

// An unknown outcome keeps the place and the code, and the user can tell the two
// messages apart.
func TestBypass_W48_UnknownOutcome(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		login := alice.login()
		first, err := alice.send(login, twofactor.SMS)
		require.NoError(t, err)
		require.False(t, first.Uncertain)
		r.clock.Advance(30 * time.Second)
		r.onSend(unknown)
		second, err := alice.send(login, twofactor.SMS)
		require.NoError(t, err)
		require.True(t, second.Uncertain)
		require.NotEqual(t, first.Reference, second.Reference)
		arrived := r.messages(aliceMobile)
		require.Equal(t, first.Reference, arrived[len(arrived)-2].Reference)
		require.Equal(t, second.Reference, arrived[len(arrived)-1].Reference)
		require.Contains(t, arrived[len(arrived)-1].Text, second.Reference)
		_, err = alice.send(login, twofactor.SMS)
		denied(t, err, twofactor.ReasonSendLimited)
		require.Equal(t, 1, r.seen(twofactor.EventSendUncertain))
		require.NoError(t, alice.answer(login, r.read(aliceMobile)))
	})
}

// A gateway that hangs holds its request for as long as it may, and no longer;
// and a client that goes away has its message all the same.
func TestBypass_W48_HangingGateway(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		on.Bubble(t, func(t *testing.T, on realserver.Named) {
			r, alice := pathUser(t, on)
			login := alice.login()
			r.settle() // no notice is under way
			r.onSend(func(ctx context.Context, _ otpcode.Message) error {
				<-ctx.Done()
				return ctx.Err()
			})
			start := time.Now()
			s, err := alice.send(login, twofactor.SMS)
			require.NoError(t, err)
			require.True(t, s.Uncertain)
			require.Equal(t, 30*time.Second, time.Since(start))
			require.NoError(t, alice.answer(login, r.read(aliceMobile)))
			r.settle()
		})
		on.Bubble(t, func(t *testing.T, on realserver.Named) {
			r, alice := pathUser(t, on)
			login := alice.login()
			ctx, cancel := context.WithCancel(r.ctx())
			r.settle()
			r.onSend(func(ctx context.Context, _ otpcode.Message) error {
				cancel()
				return ctx.Err()
			})
			_, err := r.a.Send(ctx, login, alice.ids[twofactor.SMS], twofactor.Client{})
			require.NoError(t, err)
			require.NoError(t, alice.answer(login, r.read(aliceMobile)))
			r.settle()
		})
	})
}

// lateStore loses the answer of one save, which takes place only when the record
// is saved again.
type lateStore struct {
	twofactor.Store
	armed, done bool
	late        func()
}

func (s *lateStore) arm() { s.armed = true }

func (s *lateStore) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	if s.armed && key == "u/alice" {
		s.armed = false
		s.late = func() {
			_, err := s.Store.Save(ctx, key, old, data)
			s.done = err == nil
		}
		return "", errors.New("timeout")
	}
	if s.late != nil && key == "u/alice" {
		s.late()
		s.late = nil
	}
	return s.Store.Save(ctx, key, old, data)
}
