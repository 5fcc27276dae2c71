package sendertest

import (
	"context"
	"sync"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// Failures runs every case against a Target of its own, and returns what the
// cases that failed found. The cases run at the same time.
func Failures(ctx context.Context, channel otpcode.Channel, open func() Target) map[string]error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	failures := make(map[string]error)
	for _, c := range cases {
		wg.Go(func() {
			if err := c.run(ctx, open(), channel); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failures[c.name] = err
			}
		})
	}
	wg.Wait()
	return failures
}

// Names returns the names of all cases.
func Names() []string {
	var names []string
	for _, c := range cases {
		names = append(names, c.name)
	}
	return names
}
