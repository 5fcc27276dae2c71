package twofactor_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Every step of an account's life is an event that says what, who and when, and
// each sign-in and each wrong code which factor it was (NIST SP 800-63B-4,
// section 4.1; OWASP ASVS 16.3.1).
func TestEventsOfALife(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		start := w.clock.Now()
		s := newStory(w)
		s.tell(t, 0, faults["load fails"]) // at no call
		var types []twofactor.EventType
		for _, e := range w.events {
			require.Equal(t, "alice", e.UserID, e.Type)
			require.False(t, e.At.Before(start) || e.At.After(w.clock.Now()), e.Type)
			switch e.Type {
			case twofactor.EventEnrolled, twofactor.EventRemoved, twofactor.EventRejected:
				require.Equal(t, twofactor.TOTP, e.Kind, e.Type)
				require.NotEmpty(t, e.Method, e.Type)
			}
			if !slices.Contains(types, e.Type) {
				types = append(types, e.Type)
			}
		}
		require.Subset(t, types, []twofactor.EventType{
			twofactor.EventGranted, twofactor.EventEnrolled, twofactor.EventVerified, twofactor.EventNewCodes,
			twofactor.EventSwitchedOff, twofactor.EventSwitchedOn, twofactor.EventRemoved, twofactor.EventRejected,
			twofactor.EventRecovered, twofactor.EventPassword,
		})
		verified := slices.DeleteFunc(slices.Clone(w.events), func(e twofactor.Event) bool { return e.Type != twofactor.EventVerified })
		require.Len(t, verified, 5)
		for i, e := range verified {
			if i != 2 { // by recovery code
				require.Equal(t, twofactor.TOTP, e.Kind)
				require.NotEmpty(t, e.Method)
			}
		}
	})
}

// What somebody tries who isn't the owner is told, with the reason (OWASP ASVS
// 16.3.3).
func TestEventsOfMisuse(t *testing.T) {
	t.Parallel()
	trust := with(twofactor.Policy{Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}, Automatic: true}})
	onEachStore(t, func(t *testing.T, w *world) {
		alice, eve := w.enrolled("alice"), w.enrolled("eve")
		device := eve.signIn().Made().Device.Token
		told := func(want twofactor.EventType, why twofactor.Reason) {
			t.Helper()
			e := w.events[len(w.events)-1]
			require.Equal(t, want, e.Type)
			require.Equal(t, why, e.Reason)
			require.Equal(t, "alice", e.UserID)
			require.Equal(t, w.clock.Now(), e.At)
		}
		code := alice.newCode()
		require.NoError(t, alice.try(code))
		require.Error(t, alice.try(code))
		told(twofactor.EventRejected, twofactor.ReasonAlreadyUsed)
		require.Error(t, alice.try(alice.wrongCode(1)))
		told(twofactor.EventRejected, twofactor.ReasonWrongCode)
		_, err := alice.recover("00000-00000-00000-00000-00000")
		require.Error(t, err)
		told(twofactor.EventRejected, twofactor.ReasonWrongCode)
		for _, token := range []string{device, device[:20], "made up"} {
			_, err := w.a.Begin(t.Context(), twofactor.SignIn{UserID: "alice", TrustedDevice: token})
			require.NoError(t, err)
			told(twofactor.EventTrustRefused, "")
		}
	}, trust)
}

// Whatever an administrator types, an event is one line of the log (OWASP ASVS
// 16.4.1).
func TestEventsStayOnOneLine(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		admin := w.enrolled("admin").signIn()
		w.enrolled("alice")
		const forged = "lost\r\nlevel=ERROR msg=twofactor event=fault\u2028\x00\x1b[2K"
		for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
			"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var log bytes.Buffer
			svc := w.node(w.tap, func(c *twofactor.Config) { c.Logger = slog.New(handler(&log)) })
			require.NoError(t, svc.Reset(t.Context(), admin, "alice", forged))
			require.Equal(t, 1, strings.Count(log.String(), "\n"), name)
			require.False(t, strings.ContainsAny(log.String(), "\r\x00\x1b"), name)
			require.Contains(t, log.String(), "alice", name)
			w.clock.Advance(time.Second)
		}
	})
}
