package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// The page can say what was sent in its login, whoever asked for it and however
// often it is loaded, until the code has had its time.
func TestLoginTellsWhatWasSent(t *testing.T) {
	t.Parallel()
	r, alice := pathUser(t)
	login := alice.login()
	require.Nil(t, alice.page(login).Sent)
	first, err := alice.send(login, twofactor.SMS)
	require.NoError(t, err)
	same := func(want *twofactor.Sent) {
		t.Helper()
		got := alice.page(login).Sent
		require.NotNil(t, got)
		require.True(t, want.Expires.Equal(got.Expires))
		require.True(t, want.ResendAt.Equal(got.ResendAt))
		got.Expires, got.ResendAt = want.Expires, want.ResendAt
		require.Equal(t, want, got)
	}
	same(first)
	require.Nil(t, alice.page(alice.login()).Sent, "another login knows nothing of it")
	r.clock.Advance(30 * time.Second)
	second, err := alice.send(login, twofactor.SMS)
	require.NoError(t, err)
	require.NotEqual(t, first.Reference, second.Reference)
	same(second)
	r.clock.Advance(second.Expires.Sub(r.clock.Now()))
	require.Nil(t, alice.page(login).Sent, "it has expired")
}

// A login that has had all of its messages says when it ends.
func TestSendLimitedSaysUntilWhen(t *testing.T) {
	t.Parallel()
	r, alice := pathUser(t)
	login := alice.login()
	ends := alice.page(login).Expires
	for range 5 {
		_, err := alice.send(login, twofactor.SMS)
		require.NoError(t, err)
		r.clock.Advance(30 * time.Second)
	}
	_, err := alice.send(login, twofactor.SMS)
	require.True(t, ends.Equal(denied(t, err, twofactor.ReasonSendLimited).RetryAt))
}
