package main

import (
	"net/netip"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// How many wrong passwords one address may send: so many at once, and one more
// each time that passwordEvery has passed.
const (
	passwordBurst = 50
	passwordEvery = 10 * time.Second
	throttleSize  = 10_000 // addresses
)

// A throttle limits wrong passwords by address. The second factor has budgets of
// its own, in its record; passwords are the app's to protect. This one forgets at
// a restart and counts for one process: with several, keep it where all see it.
type throttle struct {
	now  func() time.Time
	mu   sync.Mutex
	full map[netip.Prefix]time.Time // when an address has all its tries back
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, full: make(map[netip.Prefix]time.Time)}
}

// take pays for a try before the password is looked at, so that many at once
// can't get past the limit.
func (t *throttle) take(addr netip.Addr) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	key, now := whole(addr), t.now()
	if len(t.full) >= throttleSize {
		for k, full := range t.full {
			if !full.After(now) {
				delete(t.full, k)
			}
		}
	}
	full, known := t.full[key]
	if !known && len(t.full) >= throttleSize {
		for k := range t.full { // any: whoever has that many addresses has tries enough
			delete(t.full, k)
			break
		}
	}
	if full.Before(now) {
		full = now
	}
	full = full.Add(passwordEvery)
	if over := full.Sub(now) - passwordBurst*passwordEvery; over > 0 {
		return &twofactor.RejectedError{Reason: twofactor.ReasonPaused, RetryAt: now.Add(max(over, passwordEvery))}
	}
	t.full[key] = full
	return nil
}

// back returns the try of a right password.
func (t *throttle) back(addr netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if full, ok := t.full[whole(addr)]; ok {
		t.full[whole(addr)] = full.Add(-passwordEvery)
	}
}

// whole is what one client has of addresses: with IPv6 a network of /64.
func whole(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits)
	return p
}
