package twofactor_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

func TestBypass_W12_SameCodeTwice(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		login, other := alice.login(), alice.login()
		code := alice.newCode()
		v, err := alice.answer(login, code)
		require.NoError(t, err)

		_, err = alice.answer(login, code)
		refused(t, err, twofactor.ReasonLoginEnded, "the same login")
		_, err = alice.answer(other, code)
		refused(t, err, twofactor.ReasonAlreadyUsed, "a login opened before")
		refused(t, alice.try(code), twofactor.ReasonAlreadyUsed, "a new login")
		_, err = w.b.Verify(w.ctx(), alice.login(), twofactor.Answer{Code: code, Method: alice.factor})
		refused(t, err, twofactor.ReasonAlreadyUsed, "another node")
		_, err = w.b.Grant(w.ctx(), v, twofactor.Answer{Code: code})
		refused(t, err, twofactor.ReasonAlreadyUsed, "a fresh proof")
	})
	t.Run("under two factors with one key", func(t *testing.T) {
		onEachStore(t, func(t *testing.T, w *world) {
			secret, err := totp.SecretFromBytes(twinSecret)
			require.NoError(t, err)
			key := twofactor.ImportedKey{Key: totp.Key{Secret: secret}}
			fault(t, w.a.Import(t.Context(), "alice", twofactor.Import{Keys: []twofactor.ImportedKey{key, key}}))
			require.IsType(t, (*twofactor.Verified)(nil), w.begin("alice"), "nothing was imported")
		})
	})
	t.Run("among three", func(t *testing.T) {
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			w.clock.Advance(2 * step)
			code := alice.newCode()
			require.NoError(t, alice.try(code))
			for ahead := range 3 { // the used code is the newest, in the middle, the oldest
				_, err := w.a.Verify(w.ctx(), alice.login(), twofactor.Answer{
					Codes: alice.phone.Codes(3, w.clock.Now().Add(time.Duration(ahead)*step)),
				})
				require.ErrorIs(t, err, twofactor.ErrRejected, "%d ahead", ahead)
			}
			w.clock.Advance(3 * step)
			three := alice.phone.Codes(3, w.clock.Now())
			_, err := w.a.Verify(w.ctx(), alice.login(), twofactor.Answer{Codes: three})
			require.NoError(t, err, "three new ones")
			for _, code := range three {
				require.ErrorIs(t, alice.try(code), twofactor.ErrRejected)
			}
			_, err = w.a.Verify(w.ctx(), alice.login(), twofactor.Answer{Codes: three})
			refused(t, err, twofactor.ReasonAlreadyUsed)
		})
	})
}

// Every code that is accepted at some second of its life is tried again at every
// later second, against the very record that the first use left.
func TestBypass_W13_NeverTwiceAndNeverOlder(t *testing.T) {
	t.Parallel()
	for _, width := range []int{0, 1, 2} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			window := totp.Window{Back: width, Ahead: width}
			onEachStore(t, func(t *testing.T, w *world) {
				alice := w.enrolled("alice")
				w.clock.Advance(10 * step)
				shown := w.clock.Now() // the code's own 30 seconds begin here
				code := alice.phone.Code(shown)
				from, to := shown.Add(time.Duration(-width)*step), shown.Add(time.Duration(1+width)*step)
				unused, pace := w.raw("alice").Data, time.Duration(w.stride)*time.Second
				for first := from; first.Before(to); first = first.Add(pace) {
					w.putRaw("alice", unused)
					w.clock.Set(first)
					login, again := alice.login(), alice.login()
					_, err := alice.answer(login, code)
					require.NoError(t, err, "at %v", first.Sub(shown))
					used := w.raw("alice").Data
					for second := first; second.Before(to.Add(step)); second = second.Add(pace) {
						w.putRaw("alice", used) // so that no budget stands in the way
						w.clock.Set(second)
						_, err := alice.answer(again, code)
						require.ErrorIs(t, err, twofactor.ErrRejected, "at %v and again at %v", first.Sub(shown), second.Sub(shown))
					}
				}
			}, with(twofactor.Policy{TOTPWindow: &window}))
		})
	}
	t.Run("previous, current, previous", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			w.clock.Advance(5 * step)
			now := w.clock.Now()
			previous, current, next := alice.phone.Code(now.Add(-step)), alice.phone.Code(now), alice.phone.Code(now.Add(step))
			require.NoError(t, alice.try(previous))
			require.NoError(t, alice.try(current))
			refused(t, alice.try(previous), twofactor.ReasonAlreadyUsed)
			require.NoError(t, alice.try(next))
			refused(t, alice.try(current), twofactor.ReasonAlreadyUsed)
			w.clock.Advance(step)
			refused(t, alice.try(current), twofactor.ReasonAlreadyUsed)
		})
	})
	t.Run("an older one that was never used", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			w.clock.Advance(5 * step)
			now := w.clock.Now()
			require.NoError(t, alice.try(alice.phone.Code(now)))
			require.Error(t, alice.try(alice.phone.Code(now.Add(-step))))
		})
	})
}

// Three codes in a row are the only way for a phone whose clock is off, or for who
// has no tries left. They pass the same mark as single codes do, and teach the
// service no other clock.
func TestBypass_W20_ThreeCodesPassTheSameMark(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		three := func(login string, end time.Time) error {
			_, err := w.b.Verify(t.Context(), login, twofactor.Answer{Codes: alice.phone.Codes(3, end)})
			return err
		}
		w.clock.Advance(10 * step)
		now := w.clock.Now()
		require.NoError(t, alice.try(alice.phone.Code(now)))
		for back := range 4 {
			refused(t, three(alice.login(), now.Add(-time.Duration(back)*step)), map[bool]twofactor.Reason{
				true: twofactor.ReasonAlreadyUsed, false: twofactor.ReasonWrongCode, // out of the window
			}[back <= 1], "%d steps ago", back)
		}

		w.clock.Advance(3 * step)
		now = w.clock.Now()
		require.NoError(t, three(alice.login(), now))
		refused(t, three(alice.login(), now), twofactor.ReasonAlreadyUsed)
		for back := range 2 {
			refused(t, alice.try(alice.phone.Code(now.Add(-time.Duration(back)*step))), twofactor.ReasonAlreadyUsed)
		}
		refused(t, three(alice.login(), now.Add(step)), twofactor.ReasonAlreadyUsed, "two of them are spent")

		// A phone that is one step ahead gets in by three; codes are judged by the
		// service's clock as before.
		w.clock.Advance(5 * step)
		now = w.clock.Now()
		require.NoError(t, three(alice.login(), now.Add(step)))
		w.clock.Advance(5 * step)
		now = w.clock.Now()
		refused(t, alice.try(alice.phone.Code(now.Add(2*step))), twofactor.ReasonWrongCode)
		require.NoError(t, alice.try(alice.phone.Code(now.Add(-step))), "no drift was learned")
	})
}

// spellings are ways to write one code, all of them with the same digits.
var spellings = map[string]func(string) string{
	"a space in front":    func(c string) string { return " " + c },
	"a space in between":  func(c string) string { return c[:3] + " " + c[3:] },
	"a tab":               func(c string) string { return c + "\t" },
	"a line break":        func(c string) string { return c + "\r\n" },
	"a no-break space":    func(c string) string { return c[:3] + "\u00a0" + c[3:] },
	"a hyphen":            func(c string) string { return c[:3] + "-" + c[3:] },
	"an en dash":          func(c string) string { return c[:3] + "\u2013" + c[3:] },
	"full-width digits":   func(c string) string { return digitsFrom('\uff10', c) },
	"Arabic-Indic digits": func(c string) string { return digitsFrom('\u0660', c) },
	"a zero-width space":  func(c string) string { return c + "\u200b" },
	"NUL":                 func(c string) string { return c + "\x00" },
	"a plus sign":         func(c string) string { return "+" + c },
	"a leading zero":      func(c string) string { return "0" + c },
	"a decimal point":     func(c string) string { return c + ".0" },
}

func digitsFrom(zero rune, code string) string {
	return strings.Map(func(r rune) rune { return zero + r - '0' }, code)
}

func TestBypass_W14_ReplayInAnotherSpelling(t *testing.T) {
	t.Parallel()
	for name, spell := range spellings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				alice := w.enrolled("alice")
				code := alice.newCode()
				require.NoError(t, alice.try(code))
				require.ErrorIs(t, alice.try(spell(code)), twofactor.ErrRejected)

				code = alice.newCode()
				if alice.try(spell(code)) == nil { // and the other way round
					refused(t, alice.try(code), twofactor.ReasonAlreadyUsed)
				}
			})
		})
	}
	t.Run("recovery codes", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			code := alice.codes[0]
			_, err := alice.recover(code)
			require.NoError(t, err)
			lookalikes := strings.NewReplacer("1", "l", "0", "o")
			for _, again := range []string{
				code, strings.ToLower(code), strings.ReplaceAll(code, "-", ""), strings.ReplaceAll(code, "-", " \t"),
				lookalikes.Replace(code), strings.ReplaceAll(code, "-", "\u2013"),
			} {
				_, err := alice.recover(again)
				refused(t, err, twofactor.ReasonAlreadyUsed)
			}
			require.Equal(t, 9, alice.status().RecoveryLeft)
		})
	})
}

func TestBypass_W18_EnrollmentCodeIsTheFirstSignIn(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		code := alice.phone.Code(w.clock.Now()) // it was the proof a moment ago
		refused(t, alice.try(code), twofactor.ReasonAlreadyUsed)
		_, err := w.b.Grant(w.ctx(), alice.session, twofactor.Answer{Code: code})
		refused(t, err, twofactor.ReasonAlreadyUsed)
		alice.signIn()

		// The same for one that takes another's place.
		alice.prove()
		e, phone := alice.enroll(twofactor.EnrollRequest{Replaces: alice.factor})
		_, err = alice.confirm(e, phone.Code(w.clock.Now()))
		require.NoError(t, err)
		refused(t, alice.try(phone.Code(w.clock.Now())), twofactor.ReasonAlreadyUsed)
	})
}

// rival has someone else act between the next load of node a and what comes of
// it.
func (w *world) rival(act func()) {
	w.tap.onLoad = func(ctx context.Context, key string) (twofactor.Record, error) {
		w.tap.onLoad = nil
		rec, err := w.tap.Store.Load(ctx, key)
		act()
		return rec, err
	}
}

func TestBypass_W19_LaterWritePutsBackTheOldMark(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		alice.signIn()
		alice.prove()

		t.Log("a code is used on node b while node a is about to write the record it loaded before")
		code, login := alice.newCode(), alice.login()
		w.rival(func() {
			_, err := w.b.Verify(w.ctx(), login, twofactor.Answer{Code: code})
			require.NoError(t, err)
		})
		require.NoError(t, w.a.Rename(w.ctx(), alice.in(), alice.grant, alice.factor, "Phone"))
		require.Equal(t, "Phone", alice.status().Methods[0].Name)
		refused(t, alice.try(code), twofactor.ReasonAlreadyUsed)

		t.Log("both nodes are about to accept the same code")
		code, login = alice.newCode(), alice.login()
		w.rival(func() {
			_, err := w.b.Verify(w.ctx(), alice.login(), twofactor.Answer{Code: code})
			require.NoError(t, err)
		})
		_, err := alice.answer(login, code)
		refused(t, err, twofactor.ReasonAlreadyUsed)

		t.Log("and the same recovery code")
		login, other := alice.login(), alice.login()
		w.rival(func() {
			_, err := w.b.Verify(w.ctx(), other, twofactor.Answer{Code: alice.codes[0]})
			require.NoError(t, err)
		})
		_, err = alice.answer(login, alice.codes[0])
		refused(t, err, twofactor.ReasonLoginEnded)
		require.Equal(t, 9, alice.status().RecoveryLeft)

		t.Log("a wrong guess is counted on node b while node a writes")
		login, other = alice.login(), alice.login()
		w.rival(func() {
			_, err := w.b.Verify(w.ctx(), other, twofactor.Answer{Code: alice.wrongCode(1)})
			refused(t, err, twofactor.ReasonWrongCode)
		})
		_, err = alice.answer(login, alice.wrongCode(2))
		before := refused(t, err, twofactor.ReasonWrongCode)
		require.Equal(t, 2, alice.w.record("alice").Factors[0].Row, "both are counted, %d remain", before.Remaining)
	})
}
