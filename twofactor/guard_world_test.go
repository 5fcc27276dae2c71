package twofactor_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// A turnpike is a guard on two nodes, with a clock.
type turnpike struct {
	t     testing.TB
	clock *twofactortest.Clock
	cfg   twofactor.GuardConfig
	other twofactor.Store // of the second node
	nodes [2]*twofactor.StoreGuard
	asked int
	log   bytes.Buffer
}

func newTurnpike(t testing.TB, on realserver.Named, change ...func(*twofactor.GuardConfig)) *turnpike {
	t.Helper()
	a, b := on.Part(t)
	p := &turnpike{t: t, clock: twofactortest.NewClock(realmStart)}
	p.cfg = twofactor.GuardConfig{
		Store: a, Keys: []twofactor.Key{twofactor.NewKey()}, Countries: []string{"AU"}, Now: p.clock.Now,
		Logger: slog.New(slog.NewTextHandler(&p.log, nil)),
	}
	other := p.cfg
	other.Store = b
	for _, f := range change {
		f(&other)
		f(&p.cfg)
	}
	p.other = other.Store
	p.restart()
	return p
}

// restart makes both nodes anew.
func (p *turnpike) restart() {
	p.t.Helper()
	for i := range p.nodes {
		cfg := p.cfg
		if i == 1 {
			cfg.Store = p.other
		}
		g, err := twofactor.NewGuard(cfg)
		require.NoError(p.t, err)
		p.nodes[i] = g
	}
}

// reserve asks the nodes in turn.
func (p *turnpike) reserve(r twofactor.SendRequest) error {
	p.asked++
	return p.nodes[p.asked%2].Reserve(context.Background(), r)
}

// A traffic makes the nth request of someone who wants as much as there is.
type traffic func(n int) twofactor.SendRequest

// flood asks from the start to the end of a day, every so often, until it is
// refused a few times each, and returns how many messages went out.
func (p *turnpike) flood(every time.Duration, next traffic, sent func(twofactor.SendRequest)) int {
	p.t.Helper()
	total, n, end := 0, 0, p.clock.Now().Add(24*time.Hour)
	for {
		for refused := 0; refused < 3; n++ {
			r := next(n)
			err := p.reserve(r)
			if err != nil {
				require.ErrorIs(p.t, err, twofactor.ErrRejected)
				refused++
				continue
			}
			total++
			require.Less(p.t, total, 30_000, "nothing stops the flood")
			if sent != nil {
				sent(r)
			}
		}
		if !p.clock.Now().Before(end) {
			return total
		}
		p.clock.Advance(every)
	}
}

// text is a request for an SMS to an unproven number.
func text(user, to string) twofactor.SendRequest {
	return twofactor.SendRequest{User: user, Channel: otpcode.SMS, To: to, Country: "AU"}
}

// letter is a request for a mail to an unproven address.
func letter(user, to string) twofactor.SendRequest {
	return twofactor.SendRequest{User: user, Channel: otpcode.Email, To: to}
}

// from adds the client's address.
func from(r twofactor.SendRequest, addr string) twofactor.SendRequest {
	r.Client = netip.MustParseAddr(addr)
	return r
}

// proven makes it a request to a proven destination.
func proven(r twofactor.SendRequest, known bool) twofactor.SendRequest {
	r.Proven, r.Known = true, known
	return r
}

// someone is the nth of many users.
func someone(n int) string { return fmt.Sprintf("user-%d", n) }

// anywhere is the nth number, each in a prefix of its own.
func anywhere(n int) string { return mobile(n%8000, n/8000) }

// somewhere is the nth client, each in a network of its own.
func somewhere(n int) string { return fmt.Sprintf("2001:db8:%x:%x::1", n>>16&0xffff, n&0xffff) }
