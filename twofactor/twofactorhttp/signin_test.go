package twofactorhttp_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	b := newBrowser()
	v := a.begin(b).(*twofactor.Verified)
	require.Equal(t, twofactor.NotEnrolled, v.Basis())
	require.Equal(t, v.Token(), a.sessions[b.cookies["sid"]])
	require.NotContains(t, b.cookies, "__Host-2fa-pending")
	phone, _ := a.enroll(b)
	require.Contains(t, b.cookies, "__Host-2fa-grant", "renewed")

	b = newBrowser()
	p := a.begin(b).(*twofactor.Pending)
	require.Equal(t, map[string]string{"__Host-2fa-pending": p.Token()}, b.cookies, "no session yet")
	login, err := a.svc.Login(t.Context(), a.gate.PendingToken(b.request(t.Context())))
	require.NoError(t, err)
	require.Equal(t, 5, login.Remaining)

	_, err = a.verify(b, twofactor.Answer{Code: "000000"})
	require.ErrorIs(t, err, twofactor.ErrRejected)
	require.NotContains(t, b.cookies, "sid")
	require.Contains(t, b.cookies, "__Host-2fa-pending", "four tries are left")

	v, err = a.verify(b, twofactor.Answer{Code: phone.Code(a.clock.Now())})
	require.NoError(t, err)
	require.Equal(t, v.Token(), a.sessions[b.cookies["sid"]])
	require.NotContains(t, b.cookies, "__Host-2fa-pending")
	require.Equal(t, v.Made().KnownBrowser, b.cookies["__Host-2fa-browser"])

	a.send(b, func(w http.ResponseWriter, r *http.Request) { a.gate.SignOut(w, r) })
	require.Contains(t, b.cookies, "__Host-2fa-browser")
	require.NotContains(t, b.cookies, "__Host-2fa-grant")
}

// The device asks for a code again although the session had run out, and only
// where the policy says so.
func TestSignOutEndsTrustWithoutASession(t *testing.T) {
	t.Parallel()
	for _, ends := range []bool{true, false} {
		a := newApp(t, twofactor.Policy{Trust: twofactor.TrustPolicy{
			Kinds: []twofactor.Kind{twofactor.TOTP}, Automatic: true, EndsAtSignOut: ends,
		}}, nil)
		phone, _ := a.enrolled()
		b := newBrowser()
		a.begin(b)
		_, err := a.verify(b, twofactor.Answer{Code: phone.Code(a.clock.Now())})
		require.NoError(t, err)
		require.Contains(t, b.cookies, "__Host-2fa-device")
		clear(a.sessions)
		a.send(b, func(w http.ResponseWriter, r *http.Request) { require.NoError(t, a.gate.SignOut(w, r)) })
		_, asked := a.begin(b).(*twofactor.Pending)
		require.Equal(t, ends, asked)
	}
}

// Nobody has the pending login, its cookie or its code in the clear, and what a
// browser holds names no user.
func TestCookiesSayNothing(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	phone, _ := a.enrolled()
	b := newBrowser()
	a.begin(b)
	_, err := a.verify(b, twofactor.Answer{Code: phone.Code(a.clock.Now())})
	require.NoError(t, err)
	for name, value := range b.cookies {
		require.NotContains(t, value, user, name)
	}
}

// The budget of known browsers is only for one that shows the cookie.
func TestKnownBrowserIsRead(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	phone, _ := a.enrolled()
	owner := newBrowser()
	a.begin(owner)
	_, err := a.verify(owner, twofactor.Answer{Code: phone.Code(a.clock.Now())})
	require.NoError(t, err)

	for range 2 { // 5 wrong codes each use up the account's budget of 10
		guesser := newBrowser()
		a.begin(guesser)
		for range 5 {
			_, err := a.verify(guesser, twofactor.Answer{Code: "000000"})
			require.ErrorIs(t, err, twofactor.ErrRejected)
		}
	}
	a.clock.Advance(time.Hour) // past the factor's pause
	stranger := a.begin(newBrowser()).(*twofactor.Pending)
	require.Equal(t, 0, stranger.Login().Remaining)
	known := a.begin(owner).(*twofactor.Pending)
	require.Equal(t, 5, known.Login().Remaining)
}

func TestBypass_W33_PasswordResetStillAsks(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	a.enrolled()
	require.NoError(t, a.svc.PasswordChanged(t.Context(), user))
	b := newBrowser()
	require.IsType(t, (*twofactor.Pending)(nil), a.begin(b))
	require.NotContains(t, b.cookies, "sid")
}

func TestBypass_W38_TheSessionIDChanges(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	phone, _ := a.enrolled()
	b := newBrowser()
	b.cookies["sid"] = "planted" // by someone who waits for it to be worth something
	a.sessions["planted"] = ""
	a.begin(b)
	require.Equal(t, "planted", b.cookies["sid"], "nothing is signed in yet")
	_, err := a.verify(b, twofactor.Answer{Code: phone.Code(a.clock.Now())})
	require.NoError(t, err)
	require.NotEqual(t, "planted", b.cookies["sid"])
	require.Empty(t, a.sessions["planted"])
}

func TestBypass_W40_NoSessionNoSignIn(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	b := newBrowser()
	broken := errors.New("session store is down")
	a.broken = broken
	w := a.send(b, func(w http.ResponseWriter, r *http.Request) {
		out, err := a.gate.Begin(w, r, twofactor.SignIn{UserID: user})
		require.ErrorIs(t, err, broken)
		require.NotErrorIs(t, err, twofactor.ErrRejected)
		require.Nil(t, out)
	})
	require.Empty(t, w.Result().Cookies())

	a.broken = nil
	phone, codes := a.enrolled()
	for name, answer := range map[string]twofactor.Answer{
		"app": {Code: phone.Code(a.clock.Now())}, "recovery code": {Code: codes[0]},
	} {
		b := newBrowser()
		a.broken = nil
		a.begin(b)
		a.broken = broken
		v, err := a.verify(b, answer)
		require.ErrorIs(t, err, broken, name)
		require.Nil(t, v, name)
		require.Len(t, b.cookies, 1, "only the pending login that was there")
	}

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	a.broken = nil
	r := newBrowser().request(canceled)
	out, err := a.gate.Begin(nil, r, twofactor.SignIn{UserID: user})
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, out)
}

// A Gate with a clock of its own can't make the cookies that go with a sign-in:
// then there is none, rather than one without them.
func TestBypass_W40_NoCookiesNoSession(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	_, codes := a.enrolled()
	b := newBrowser()
	a.begin(b)
	var err error
	a.gate, err = twofactorhttp.New(twofactorhttp.Config{
		Service: a.svc, SessionToken: a.token, StartSession: a.start,
		Now: func() time.Time { return a.clock.Now().Add(time.Hour) },
	})
	require.NoError(t, err)
	v, err := a.verify(b, twofactor.Answer{Code: codes[0]})
	require.ErrorContains(t, err, "Config.Now")
	require.Nil(t, v)
	require.NotContains(t, b.cookies, "sid")
	require.Len(t, a.sessions, 1, "that of the set-up")
}

func TestLoginEnds(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	a.enrolled()
	b := newBrowser()
	a.begin(b)
	a.clock.Advance(10 * time.Minute)
	_, err := a.verify(b, twofactor.Answer{Code: "123456"})
	no, ok := errors.AsType[*twofactor.RejectedError](err)
	require.True(t, ok)
	require.Equal(t, twofactor.ReasonLoginEnded, no.Reason)
	require.Empty(t, b.cookies, "a login that ended is forgotten")

	a.begin(b)
	token := b.cookies["__Host-2fa-pending"]
	_, err = a.verify(b, twofactor.Answer{Code: "123456"})
	require.ErrorIs(t, err, twofactor.ErrRejected)
	a.send(b, func(w http.ResponseWriter, r *http.Request) { require.NoError(t, a.gate.Cancel(w, r)) })
	require.Empty(t, b.cookies)
	_, err = a.svc.Login(t.Context(), token)
	require.ErrorIs(t, err, twofactor.ErrRejected, "and not only in the browser")
}

func TestRecoveryGivesAGrant(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	_, codes := a.enrolled()
	b := newBrowser()
	a.begin(b)
	v, err := a.verify(b, twofactor.Answer{Code: strings.ToLower(codes[0])})
	require.NoError(t, err)
	require.Equal(t, v.Made().Grant.Token, b.cookies["__Host-2fa-grant"])
	require.Equal(t, v.Made().Grant.Token, a.gate.GrantToken(b.request(t.Context())))
}

// Where a recovery code only lets its owner set up a second factor anew, the
// answer is a refusal, and the session that goes with it is a limited one.
func TestRecoveryThatOnlyEnrolls(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{RecoveredEnrollOnly: true}, nil)
	_, codes := a.enrolled()
	b := newBrowser()
	a.begin(b)
	v, err := a.verify(b, twofactor.Answer{Code: codes[0]})
	require.Nil(t, v)
	no, ok := errors.AsType[*twofactor.RejectedError](err)
	require.True(t, ok)
	require.Equal(t, twofactor.ReasonEnrollmentRequired, no.Reason)
	require.Equal(t, no.Enrollment.Token(), a.sessions[b.cookies["sid"]])
	require.NotContains(t, b.cookies, "__Host-2fa-pending")
	w, let := visit(t, a, a.sessions[b.cookies["sid"]], a.gate.RequireVerified)
	require.Nil(t, let)
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

func TestGrantNeedsASession(t *testing.T) {
	t.Parallel()
	a := newApp(t, twofactor.Policy{}, nil)
	phone, _ := a.enrolled()
	b := newBrowser()
	a.begin(b) // pending is none
	for name, do := range map[string]func(http.ResponseWriter, *http.Request) error{
		"Grant": func(w http.ResponseWriter, r *http.Request) error {
			_, err := a.gate.Grant(w, r, twofactor.Answer{Code: phone.Code(a.clock.Now())})
			return err
		},
		"GrantWithPassword": func(w http.ResponseWriter, r *http.Request) error {
			_, err := a.gate.GrantWithPassword(w, r, func(context.Context) error { panic("asked") })
			return err
		},
		"Confirm": func(w http.ResponseWriter, r *http.Request) error {
			_, err := a.gate.Confirm(w, r, "id", "123456")
			return err
		},
	} {
		w := a.send(b, func(w http.ResponseWriter, r *http.Request) {
			err := do(w, r)
			no, ok := errors.AsType[*twofactor.RejectedError](err)
			require.True(t, ok, name)
			require.Equal(t, twofactor.ReasonLoginEnded, no.Reason, name)
		})
		require.Empty(t, w.Result().Cookies(), name)
	}
}
