package twofactor_test

import (
	"sync"
	"sync/atomic"
)

// together does something n times at once and returns what came of each.
func together(n int, do func(int) error) []error {
	out := make([]error, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait() // all together
			out[i] = do(i)
		})
	}
	done.Wait()
	return out
}

// yeses counts those of a crowd that succeeded.
func yeses(n int, do func(int) error) int {
	var yes atomic.Int64
	together(n, func(i int) error {
		err := do(i)
		if err == nil {
			yes.Add(1)
		}
		return err
	})
	return int(yes.Load())
}
