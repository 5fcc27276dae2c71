//go:build unix && !race

package twofactor_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVerifyAllocates can't be parallel, for the count is the process's, nor run
// under the race detector, which adds to it.
func TestVerifyAllocates(t *testing.T) {
	u := newBenchUser(t)
	code := u.phone.Code(u.w.clock.Now())
	n := testing.AllocsPerRun(200, func() {
		if _, err := u.answer(u.token, code); err != nil {
			t.Fatal(err)
		}
	})
	require.LessOrEqual(t, n, 60.0)
}
