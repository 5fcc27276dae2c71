package budget_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/budget"
	"github.com/stretchr/testify/require"
)

// A slowBucket is a bucket in its plain form: tokens, and a timer that puts one
// back. It is walked second by second.
type slowBucket struct {
	size, every int // tries, seconds
	tries       int
	since       int // seconds since the last try came back or began to
}

func (s *slowBucket) pass(seconds int) {
	for range seconds {
		if s.tries == s.size {
			s.since = 0
			continue
		}
		if s.since++; s.since == s.every {
			s.tries, s.since = s.tries+1, 0
		}
	}
}

// wait is how long it takes until there are n tries.
func (s *slowBucket) wait(n int) int {
	probe := *s
	for waited := 0; ; waited++ {
		if probe.tries >= n {
			return waited
		}
		probe.pass(1)
	}
}

func (s *slowBucket) take(n int) bool {
	if n < 0 || n > s.tries {
		return false
	}
	s.tries -= n
	return true
}

// back gives tries back, and with the last of them the time that has run.
func (s *slowBucket) back(n int) {
	s.tries += n
	if s.tries >= s.size {
		s.tries, s.since = s.size, 0
	}
}

// A step is what happens to a bucket, some time after the step before.
type step struct {
	wait byte // seconds
	what byte // take, or give back
	n    int8
}

// walk does the same to a Bucket and to its slow form, and finds where they differ.
func walk(t *testing.T, size, every int, steps []step) {
	t.Helper()
	b := budget.Bucket{Size: size, Refill: time.Duration(every) * time.Second}
	slow := &slowBucket{size: size, every: every, tries: size}
	now := time.Unix(1_800_000_000, 0)
	var full int64
	for i, s := range steps {
		now = now.Add(time.Duration(s.wait) * time.Second)
		slow.pass(int(s.wait))
		require.Equal(t, slow.tries, b.Level(full, now), "step %d: level", i)
		n := int(s.n)
		if s.what%3 == 0 {
			n = max(n, -n) & 3
			full = b.Back(full, now, n)
			slow.back(n)
		} else {
			next, ok := b.Take(full, now, n)
			require.Equal(t, slow.take(n), ok, "step %d: take %d", i, n)
			if !ok {
				require.Equal(t, full, next, "step %d: a refusal changes nothing", i)
			}
			full = next
		}
		require.Equal(t, slow.tries, b.Level(full, now), "step %d: level after it", i)
		for n := range size + 1 {
			wait := time.Duration(slow.wait(n)) * time.Second
			require.Equal(t, now.Add(wait), b.Next(full, now, n), "step %d: when there are %d", i, n)
		}
	}
}

func TestAgainstSlowBucket(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		steps := make([]step, 60)
		for i := range steps {
			steps[i] = step{byte(r.IntN(40)), byte(r.IntN(256)), int8(r.IntN(9) - 2)}
		}
		walk(t, 1+r.IntN(10), 1+r.IntN(30), steps)
	}
}

func FuzzBucket(f *testing.F) {
	f.Add([]byte{9, 6, 0, 1, 3, 5, 1, 1, 6, 0, 1, 255, 1, 9, 30, 1, 1})
	f.Add([]byte{0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) < 2 || len(in) > 200 {
			return
		}
		size, every := 1+int(in[0]%16), 1+int(in[1]%60)
		var steps []step
		for in = in[2:]; len(in) >= 3; in = in[3:] {
			steps = append(steps, step{in[0], in[1], int8(in[2])})
		}
		walk(t, size, every, steps)
	})
}

// Whatever a clock or a state says, a bucket has between none and all of its
// tries, and gives out no more than it has.
func FuzzAnyClock(f *testing.F) {
	f.Add(int64(0), int64(0), int64(0), 1)
	f.Add(int64(math.MaxInt64), int64(1<<40), int64(math.MinInt64), -1)
	f.Add(int64(math.MinInt64), int64(1_800_000_000), int64(1<<40), 10)
	f.Add(int64(math.MaxInt64), int64(1<<40), int64(0), 0)
	f.Fuzz(func(t *testing.T, full, first, later int64, n int) {
		const most = 1 << 60 // time.Time compares no more than this
		for _, at := range []int64{first, later} {
			now := time.Unix(min(at, math.MaxInt64-1<<20), 0) // no state is beyond the end of time
			level := account.Level(full, now)
			require.GreaterOrEqual(t, level, 0)
			require.LessOrEqual(t, level, account.Size)
			next, ok := account.Take(full, now, n)
			require.Equal(t, n >= 0 && n <= level, ok)
			if !ok {
				require.Equal(t, full, next)
				if n >= 0 && n <= account.Size && full < most && now.Unix() > -most {
					require.True(t, account.Next(full, now, n).After(now))
				}
				continue
			}
			require.Equal(t, level-n, account.Level(next, now))
			require.Equal(t, now, account.Next(full, now, n), "nothing to wait for")
			require.Equal(t, level, account.Level(account.Back(next, now, n), now))
			full = next
		}
	})
}
