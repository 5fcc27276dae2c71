package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Whoever changes or deletes the number that can open the account can't do so in
// silence: each change is told once, to the addresses before it and after it.
func TestNoticesOfTheNumber(t *testing.T) {
	t.Parallel()
	r, alice := mailUser(t, inMemory)
	set := func(number string) {
		t.Helper()
		_, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, number)
		require.NoError(t, err)
	}
	remove := func() {
		t.Helper()
		require.NoError(t, r.a.DeletePhone(r.ctx(), alice.session, alice.grant))
	}
	before := len(r.notices(alice.email))
	told := []string{}
	step := func(what string, more ...string) {
		t.Helper()
		told = append(told, more...)
		require.Equal(t, told, r.notices(alice.email)[before:], what)
		require.ElementsMatch(t, told, r.notices("new@example.com"), what)
		r.clock.Advance(time.Second)
	}
	set(aliceMobile)
	step("the number that it was")
	set(newMobile)
	step("another one", mailNumber)
	set("0498 765 432")
	step("the same, written otherwise")
	_, err := r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
	require.NoError(t, err)
	_, err = r.a.VerifyPhone(r.ctx(), alice.session, alice.grant, r.read(newMobile))
	require.NoError(t, err)
	step("proven")
	require.Equal(t, 1, r.seen(twofactor.EventPhoneVerified))
	remove()
	step("deleted", mailNumber)
	remove()
	step("deleted again")
	require.Equal(t, 2, r.seen(twofactor.EventDestination))
}
