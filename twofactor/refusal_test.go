package twofactor_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

func TestRefusalThroughAWrap(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		err := fmt.Errorf("handler: %w", errors.Join(errors.New("beside it"), alice.try(alice.wrongCode(1))))
		require.ErrorIs(t, err, twofactor.ErrRejected)
		no, ok := errors.AsType[*twofactor.RejectedError](err)
		require.True(t, ok)
		require.Equal(t, twofactor.ReasonWrongCode, no.Reason)
		require.Equal(t, "twofactor: rejected: wrong_code", no.Error())

		_, isFault := w.a.Begin(t.Context(), twofactor.SignIn{})
		require.Error(t, isFault)
		require.NotErrorIs(t, fmt.Errorf("handler: %w", isFault), twofactor.ErrRejected)
		require.NotErrorIs(t, twofactor.ErrConflict, twofactor.ErrRejected)
		require.NotErrorIs(t, twofactor.ErrNotFound, twofactor.ErrRejected)
		require.NotErrorIs(t, &twofactor.RejectedError{}, twofactor.ErrConflict)
	})
}

// reasons are the ways to each refusal, as far as an app and recovery codes can
// be refused. Those that need a message have tests of their own.
var reasons = map[twofactor.Reason]func(t *testing.T, w *world) error{
	twofactor.ReasonWrongCode: func(_ *testing.T, w *world) error {
		alice := w.enrolled("alice")
		return alice.try(alice.wrongCode(1))
	},
	twofactor.ReasonMalformedCode: func(_ *testing.T, w *world) error { return w.enrolled("alice").try("12a456") },
	twofactor.ReasonAlreadyUsed: func(t *testing.T, w *world) error {
		alice := w.enrolled("alice")
		code := alice.newCode()
		require.NoError(t, alice.try(code))
		return alice.try(code)
	},
	twofactor.ReasonExpired: func(_ *testing.T, w *world) error {
		p := w.newcomer("alice")
		e, phone := p.enroll(twofactor.EnrollRequest{})
		w.clock.Advance(15 * time.Minute)
		g, err := w.a.GrantWithPassword(w.ctx(), p.session, rightPassword)
		if err != nil {
			return err
		}
		p.grant = g.Token
		_, err = p.confirm(e, phone.Code(w.clock.Now()))
		return err
	},
	twofactor.ReasonPaused: func(_ *testing.T, w *world) error {
		alice := w.enrolled("alice")
		alice.emptyBudget()
		return alice.try(alice.newCode())
	},
	twofactor.ReasonLoginEnded: func(_ *testing.T, w *world) error {
		alice := w.enrolled("alice")
		login := alice.login()
		w.clock.Advance(10 * time.Minute)
		_, err := alice.answer(login, alice.newCode())
		return err
	},
	twofactor.ReasonNotUsable: func(_ *testing.T, w *world) error {
		alice := w.enrolled("alice")
		_, err := w.a.Verify(w.ctx(), alice.login(), twofactor.Answer{Method: "another", Code: alice.newCode()})
		return err
	},
	twofactor.ReasonGrantRequired: func(_ *testing.T, w *world) error {
		alice := w.enrolled("alice")
		return w.a.Remove(w.ctx(), alice.in(), "", alice.factor)
	},
	twofactor.ReasonPolicy: func(_ *testing.T, w *world) error {
		p := w.newcomer("alice")
		_, err := w.a.Enroll(w.ctx(), p.session, p.grant, twofactor.EnrollRequest{Kind: "abacus"})
		return err
	},
	twofactor.ReasonEnrollmentRequired: func(_ *testing.T, w *world) error {
		p := w.newcomer("alice")
		return w.a.SwitchOn(w.ctx(), p.in(), p.grant)
	},
	twofactor.ReasonConflict: func(t *testing.T, w *world) error {
		alice := w.enrolled("alice")
		w.tap.onSave = func(context.Context, string, twofactor.Version, []byte) (twofactor.Version, error) {
			return "", twofactor.ErrConflict
		}
		return alice.try(alice.newCode())
	},
}

var messageReasons = []twofactor.Reason{
	twofactor.ReasonSuperseded, twofactor.ReasonSendLimited, twofactor.ReasonSendFailed,
}

func TestEveryReasonHasAWay(t *testing.T) {
	t.Parallel()
	for reason, way := range reasons {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, on realserver.Named) {
				on.Bubble(t, func(t *testing.T, on realserver.Named) { // a conflict is retried for a second
					a, b := on.Part(t)
					refused(t, way(t, newWorld(t, a, b)), reason)
				})
			})
		})
	}
	t.Run("and there are no others", func(t *testing.T) {
		t.Parallel()
		all := make(map[twofactor.Reason]bool)
		for _, f := range sources(t, ".") {
			ast.Inspect(f, func(n ast.Node) bool {
				spec, ok := n.(*ast.ValueSpec)
				if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
					return true
				}
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				require.NoError(t, err)
				all[twofactor.Reason(text)] = true
				return true
			})
		}
		require.Len(t, all, len(reasons)+len(messageReasons))
		for r := range reasons {
			require.True(t, all[r], r)
		}
	})
}

// What can't be any code costs nothing: not a byte of the record changes.
func TestMalformedInputCostsNothing(t *testing.T) {
	t.Parallel()
	texts := []string{
		"", " ", "\t\r\n", "12345", "1234567", "12345a", "123.456", "１２３４５", "-", "+123456", "0x1234", "1e5", "\x00\x00\x00\x00\x00\x00",
		strings.Repeat("1", 70), strings.Repeat("1", 1_000_000), "\xff\xfe\xfd\xfc\xfb\xfa", "123456\u200b", "nothing at all",
		strings.Repeat("A", 24), strings.Repeat("A", 26), strings.Repeat("U", 25), strings.Repeat("x", 73),
	}
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.withGrant("alice")
		texts := append([]string{slip(alice.codes[0])}, texts...)
		login, before := alice.login(), w.raw("alice")
		for _, text := range texts {
			answers := []twofactor.Answer{
				{Code: text}, {Code: text, Method: twofactor.MethodRecovery}, {Code: text, Method: alice.factor},
				{Codes: []string{text, text, text}}, {Codes: []string{text, "123456", "234567"}},
				{Codes: []string{text, "123456", "234567"}, Method: twofactor.MethodRecovery},
				{Codes: []string{text}}, {Codes: []string{"111111", "222222", "333333"}, Method: twofactor.MethodRecovery},
			}
			if text != "" {
				answers = append(answers, twofactor.Answer{Code: text, Codes: []string{"111111", "222222", "333333"}})
			}
			for _, a := range answers {
				_, err := w.a.Verify(t.Context(), login, a)
				refused(t, err, twofactor.ReasonMalformedCode, "%+.80v", a)
				_, err = w.a.Grant(t.Context(), alice.session, a)
				require.ErrorIs(t, err, twofactor.ErrRejected)
			}
			_, err := alice.confirm(alice.begun, text)
			refused(t, err, twofactor.ReasonMalformedCode, "%.80q", text)
			_, err = w.a.Verify(t.Context(), text, twofactor.Answer{Code: "123456"})
			refused(t, err, twofactor.ReasonLoginEnded)
			require.ErrorIs(t, w.a.Rename(t.Context(), alice.in(), text, alice.factor, "x"), twofactor.ErrRejected)
		}
		require.Equal(t, before, w.raw("alice"))
	})
	t.Run("of a user with codes that another system hashed", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			p := w.migrated("alice", []string{"abcd-efgh"}, 6)
			login, before := p.login(), w.raw("alice")
			for _, text := range []string{"", " ", "\n", "a\x00b", strings.Repeat("x", 73), "abcd\tefgh"} {
				_, err := w.a.Verify(t.Context(), login, twofactor.Answer{Code: text, Method: twofactor.MethodRecovery})
				refused(t, err, twofactor.ReasonMalformedCode, "%q", text)
			}
			require.Equal(t, before, w.raw("alice"))
			_, err := p.recover(" abcd-efgh\n")
			require.NoError(t, err)
		})
	})
}

// A name that is no UTF-8 would be saved, and the record could not be read again.
func TestNamesThatMustNotBeKept(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.withGrant("alice")
		for _, name := range []string{"\xff", "a\xc3", "\xed\xa0\x80", "a\nb", "a\x7fb", strings.Repeat("x", 65)} {
			fault(t, w.a.Rename(t.Context(), alice.in(), alice.grant, alice.factor, name))
			_, err := w.a.Enroll(t.Context(), alice.session, alice.grant, twofactor.EnrollRequest{
				Kind: twofactor.TOTP, Account: "alice", Name: name,
			})
			fault(t, err)
			_, err = w.a.Begin(t.Context(), twofactor.SignIn{UserID: "alice" + name + strings.Repeat("x", 200)})
			fault(t, err)
		}
		for _, user := range []string{"", "\xff", "a\x00", "a\n", strings.Repeat("x", 201)} {
			_, err := w.a.Begin(t.Context(), twofactor.SignIn{UserID: user})
			fault(t, err)
			fault(t, w.a.Import(t.Context(), user, twofactor.Import{Keys: []twofactor.ImportedKey{{}}}))
			fault(t, w.a.Delete(t.Context(), user))
		}
		require.NoError(t, w.a.Rename(t.Context(), alice.in(), alice.grant, alice.factor, "Téléphone ☎"))
		require.Equal(t, "Téléphone ☎", alice.status().Methods[0].Name)
		alice.signIn()
	})
}

// A slip of the pen pages nobody, and what a fault has undone is not told as done.
func TestEventsOfWhatTookPlace(t *testing.T) {
	t.Parallel()
	t.Run("a number that is none", func(t *testing.T) {
		t.Parallel()
		r := newRealm(t, inMemory, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.SMS}, Numbers: twofactor.NumbersFromForm})
		alice := r.join("alice", "")
		_, err := r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.SMS, Phone: "12"})
		typo, ok := errors.AsType[*twofactor.InputError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, "phone", typo.Field)
		require.Zero(t, r.seen(twofactor.EventFault))
	})
	t.Run("a site whose name no trust can be bound to", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			o, err := w.a.Begin(t.Context(), twofactor.SignIn{UserID: "alice", Audience: strings.Repeat("a", 1000)})
			require.NoError(t, err)
			_, err = w.a.Verify(t.Context(), o.(*twofactor.Pending).Token(), twofactor.Answer{Code: alice.newCode(), RememberDevice: true})
			fault(t, err)
			require.Zero(t, w.saw(twofactor.EventVerified))
			require.Equal(t, 1, w.saw(twofactor.EventFault))
		}, with(twofactor.Policy{Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}}}))
	})
	t.Run("a name that no app can show", func(t *testing.T) {
		t.Parallel()
		for _, issuer := range []string{"", "A:B", "A\x00B", "\xff"} {
			_, err := twofactor.New(twofactor.Config{Store: new(memory.Store), Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: issuer})
			require.ErrorContains(t, err, "Config.Issuer", "%q", issuer)
		}
	})
}
