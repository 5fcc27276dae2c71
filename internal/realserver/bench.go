package realserver

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// Verifications measures what a verification asks of a store, one Load and one
// Save, for clients that are each busy with a user of their own.
func Verifications(b *testing.B, s twofactor.Store, clients int) {
	ctx := b.Context()
	data := make([]byte, 1500)
	rand.Read(data)
	for i := range clients {
		if _, err := s.Save(ctx, fmt.Sprint("user ", i), "", data); err != nil {
			b.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	left := make(chan struct{}, clients)
	for i := range clients {
		wg.Go(func() {
			key := fmt.Sprint("user ", i)
			for range left {
				rec, err := s.Load(ctx, key)
				if err == nil {
					_, err = s.Save(ctx, key, rec.Version, rec.Data)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for b.Loop() {
		left <- struct{}{}
	}
	close(left)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "verifications/s")
}
