package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// One code that is tried against two apps is a miss of both, and ends both (NIST
// SP 800-63B-4, section 3.2.2).
func TestGuessesAtTwoAppsDisableBoth(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		alice.secondApp()
		for n := range 4 {
			require.Zero(t, w.saw(twofactor.EventDisabled))
			w.clock.Advance(13 * time.Hour) // what two comparisons cost
			refused(t, alice.try(alice.wrongCode(n)), twofactor.ReasonWrongCode)
		}
		require.Equal(t, 2, w.saw(twofactor.EventDisabled))
		for _, m := range alice.status().Methods {
			require.False(t, m.Usable)
		}
		refused(t, alice.try(alice.newCode()), twofactor.ReasonNotUsable)
	}, with(twofactor.Policy{MaxFailures: 4}))
}
