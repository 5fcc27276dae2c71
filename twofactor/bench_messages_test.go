package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// ample are limits that a benchmark doesn't reach.
var ample = twofactor.Limits{
	Proven:            twofactor.Limit{Burst: 1 << 30, Every: time.Second},
	ProvenDestination: twofactor.Limit{Burst: 1 << 30, Every: time.Second},
	User:              twofactor.Limit{Burst: 1 << 30, Every: time.Second},
	Client:            twofactor.Limit{Burst: 1 << 30, Every: time.Second},
	Destination:       twofactor.Limit{Burst: 1 << 30, Every: time.Second},
	Prefix:            twofactor.Limit{Burst: 1 << 30, Every: time.Second},
	Unentered:         twofactor.Limit{Burst: 1 << 30, Every: time.Second},
	Day:               1_000_000,
	MailDay:           1_000_000,
}

// benchPhone is a user with SMS, and a guard that lets everything through.
func benchPhone(b *testing.B) (*realm, *member) {
	r := newRealm(b, inMemory, everyPath(), func(c *twofactor.Config) {
		c.Logger, c.OnEvent = nil, nil
		g, err := twofactor.NewGuard(twofactor.GuardConfig{
			Store: c.Store, Keys: c.Keys, Countries: []string{"AU"}, Now: c.Now, Limits: ample,
		})
		require.NoError(b, err)
		c.Messaging.Guard = g
	})
	alice := r.join("alice", aliceMobile)
	r.setProfile("alice", func(p *twofactor.Profile) { p.VerifiedPhones = []string{aliceMobile} })
	alice.setUp(twofactor.SMS)
	r.settle()
	return r, alice
}

// BenchmarkSend makes and sends a code by SMS, guard and texts included.
func BenchmarkSend(b *testing.B) {
	r, alice := benchPhone(b)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r.clock.Advance(15 * time.Minute)
		login := alice.login()
		b.StartTimer()
		if _, err := alice.send(login, twofactor.SMS); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifySMS judges a code by SMS.
func BenchmarkVerifySMS(b *testing.B) {
	r, alice := benchPhone(b)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r.clock.Advance(15 * time.Minute)
		login := alice.login()
		code := alice.sent(login, twofactor.SMS)
		b.StartTimer()
		if _, err := r.a.Verify(r.ctx(), login, twofactor.Answer{Code: code}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGuard decides about one message.
func BenchmarkGuard(b *testing.B) {
	for name, req := range map[string]twofactor.SendRequest{
		"proven":   proven(text("alice", aliceMobile), true),
		"unproven": from(text("alice", aliceMobile), "192.0.2.1"),
	} {
		b.Run(name, func(b *testing.B) {
			p := newTurnpike(b, inMemory, func(c *twofactor.GuardConfig) { c.Limits = ample; c.Logger = nil })
			b.ReportAllocs()
			for b.Loop() {
				p.clock.Advance(10 * time.Second)
				if err := p.reserve(req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
