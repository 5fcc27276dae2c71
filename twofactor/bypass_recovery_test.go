package twofactor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// recover types a text into a new login as a recovery code.
func (p *person) recover(code string) (*twofactor.Verified, error) {
	return p.w.a.Verify(p.w.ctx(), p.login(), twofactor.Answer{Method: twofactor.MethodRecovery, Code: code})
}

func TestBypass_W01_AnyTextAsRecoveryCode(t *testing.T) {
	t.Parallel()
	texts := map[string]func(alice, bob *person) string{
		"nothing":               func(_, _ *person) string { return "" },
		"a blank":               func(_, _ *person) string { return " " },
		"a word":                func(_, _ *person) string { return "anything" },
		"NUL":                   func(_, _ *person) string { return "\x00" },
		"a wildcard":            func(_, _ *person) string { return "%" },
		"all zeros":             func(_, _ *person) string { return strings.Repeat("0", 25) },
		"no shape at all":       func(_, _ *person) string { return strings.Repeat("?", 300) },
		"another user's":        func(_, bob *person) string { return bob.codes[0] },
		"a group short":         func(alice, _ *person) string { return alice.codes[0][:23] },
		"twice":                 func(alice, _ *person) string { return alice.codes[0] + alice.codes[0] },
		"two at once":           func(alice, _ *person) string { return alice.codes[0] + " " + alice.codes[1] },
		"a slip of the pen":     func(alice, _ *person) string { return slip(alice.codes[0]) },
		"what the app shows":    func(alice, _ *person) string { return alice.newCode() },
		"of a set given up":     func(alice, _ *person) string { old := alice.codes[0]; alice.replaceCodes(); return old },
		"the record's own hash": func(alice, _ *person) string { return string(alice.w.record(alice.id).Recovery.Raw[:25]) },
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				alice, bob := w.enrolled("alice"), w.enrolled("bob")
				code := text(alice, bob)
				for _, method := range []string{twofactor.MethodRecovery, ""} {
					v, err := w.a.Verify(w.ctx(), alice.login(), twofactor.Answer{Method: method, Code: code})
					if method == "" && name == "what the app shows" {
						continue // and rightly so
					}
					require.ErrorIs(t, err, twofactor.ErrRejected, "method %q", method)
					require.Nil(t, v)
				}
				require.Equal(t, 10, alice.status().RecoveryLeft)
				_, err := alice.recover(alice.codes[1])
				require.NoError(t, err, "the owner's own code still works")
				require.Equal(t, 9, alice.status().RecoveryLeft)
			})
		})
	}
}

// slip changes one character into another of the alphabet.
func slip(code string) string {
	if code[0] == '7' {
		return "8" + code[1:]
	}
	return "7" + code[1:]
}

// replaceCodes gets a new set of recovery codes.
func (p *person) replaceCodes() {
	p.w.t.Helper()
	p.prove()
	codes, err := p.w.a.NewRecoveryCodes(p.w.ctx(), p.in(), p.grant)
	require.NoError(p.w.t, err)
	p.codes = codes
}

func TestBypass_W02_RecoveryCodeWithoutItsUser(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice, bob := w.enrolled("alice"), w.enrolled("bob")
		for _, code := range bob.codes {
			_, err := w.a.Verify(w.ctx(), alice.login(), twofactor.Answer{Code: code})
			require.ErrorIs(t, err, twofactor.ErrRejected)
		}
		require.Equal(t, 10, bob.status().RecoveryLeft, "nothing happened to bob's codes")
		_, err := bob.recover(bob.codes[0])
		require.NoError(t, err)
	})
}

func TestBypass_W03_RecoveryCodesBeforeThereIsAFactor(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		eve := w.newcomer("alice") // has alice's password, before alice has a factor
		codes, err := w.a.NewRecoveryCodes(w.ctx(), eve.in(), eve.grant)
		refused(t, err, twofactor.ReasonPolicy)
		require.Empty(t, codes)

		eve.enroll(twofactor.EnrollRequest{}) // an unproven factor is none
		codes, err = w.a.NewRecoveryCodes(w.ctx(), eve.in(), eve.grant)
		refused(t, err, twofactor.ReasonPolicy)
		require.Empty(t, codes)
		require.Zero(t, eve.status().RecoveryLeft)
	})
	t.Run("nor after the last one", func(t *testing.T) {
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			old := alice.codes
			alice.prove()
			require.NoError(t, w.a.Remove(w.ctx(), alice.in(), alice.grant, alice.factor))
			require.Zero(t, alice.status().RecoveryLeft)

			e, phone := alice.enroll(twofactor.EnrollRequest{})
			c, err := alice.confirm(e, phone.Code(w.clock.Now()))
			require.NoError(t, err)
			require.Len(t, c.RecoveryCodes, 10)
			_, err = alice.recover(old[0])
			refused(t, err, twofactor.ReasonWrongCode)
		})
	})
}

func TestBypass_W21_OneUsedRecoveryCodeSpoilsTheRest(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		for i, code := range alice.codes {
			if i == 5 { // the record is sealed under another key from here on
				w.keys = append([]twofactor.Key{twofactor.NewKey()}, w.keys...)
				w.a = w.node(w.tap, func(c *twofactor.Config) { c.Keys = w.keys })
			}
			_, err := alice.recover(code)
			require.NoError(t, err, "code %d of 10", i+1)
			require.Equal(t, 9-i, alice.status().RecoveryLeft)
			_, err = alice.recover(code)
			refused(t, err, twofactor.ReasonAlreadyUsed)
			w.clock.Advance(6 * time.Hour) // what that try cost
		}
		alice.signIn()
	})
}

// What can't be a code of another system either costs nothing.
func TestBypass_W22_BlankImportedCode(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		p := w.migrated("alice", []string{"abcd-efgh"}, 6)
		login, before := p.login(), w.raw("alice")
		for _, typed := range []string{" ", "\t", " \r\n"} {
			_, err := w.a.Verify(t.Context(), login, twofactor.Answer{Method: twofactor.MethodRecovery, Code: typed})
			refused(t, err, twofactor.ReasonMalformedCode, "%q", typed)
		}
		require.Equal(t, before, w.raw("alice"))
		_, err := w.a.Verify(t.Context(), login, twofactor.Answer{Method: twofactor.MethodRecovery, Code: "abcd-efgh"})
		require.NoError(t, err)
	})
}
