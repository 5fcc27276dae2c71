//go:build unix

package twofactor_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/devicetrust"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// These benchmarks report processor time beside elapsed time, since the machines
// that run them are rarely idle. Each operation is the whole of one call over a
// memory.Store, for a user with four factors, ten recovery codes, three trusted
// devices and two logins on their way.
//
//	go test -run - -bench . -cpu 1 ./twofactor

func BenchmarkBegin(b *testing.B) {
	u := newBenchUser(b)
	measure(b, func() error {
		_, err := u.w.a.Begin(b.Context(), twofactor.SignIn{UserID: "u1", Enrolled: true})
		return err
	})
}

func BenchmarkVerify(b *testing.B) {
	u := newBenchUser(b)
	code := u.phone.Code(u.w.clock.Now())
	measure(b, func() error {
		_, err := u.answer(u.token, code)
		return err
	})
}

func BenchmarkVerifyWrong(b *testing.B) {
	u := newBenchUser(b)
	code := u.wrongCode(0)
	measure(b, func() error {
		_, err := u.answer(u.token, code)
		if why := reason(err); why != string(twofactor.ReasonWrongCode) {
			return errors.New(why)
		}
		return nil
	})
}

func BenchmarkVerifyRecovery(b *testing.B) {
	u := newBenchUser(b)
	measure(b, func() error {
		_, err := u.answer(u.token, u.codes[7])
		return err
	})
}

// measure runs op and reports the processor time it takes.
func measure(b *testing.B, op func() error) {
	b.ReportAllocs()
	begun := cpuTime(b)
	for b.Loop() {
		if err := op(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpuTime(b)-begun)/float64(b.N), "cpu-ns/op")
}

// cpuTime is the processor time that the process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A benchUser has a login on its way, on which every operation finds the same
// record.
type benchUser struct {
	*person
	token string
}

func newBenchUser(tb testing.TB) *benchUser {
	store := new(replayStore)
	w := newWorld(tb, store, store, func(c *twofactor.Config) { c.OnEvent = nil })
	u := &benchUser{person: w.enrolled("u1")}
	require.Len(tb, u.codes, 10)
	w.edit("u1", func(r *record.Record) {
		app := r.Factors[0]
		other := app
		other.ID, other.TOTP = "B"+app.ID[1:], new(*app.TOTP)
		other.TOTP.Secret = []byte("twenty bytes, secret")
		r.Factors = append(r.Factors, other)
		since := app.Added
		r.Factors = append(r.Factors, record.Factor{
			ID: "C" + app.ID[1:], Kind: "sms", Added: since, Address: &record.Address{To: "+61412345678", Since: since},
		}, record.Factor{
			ID: "D" + app.ID[1:], Kind: "email", Added: since, Address: &record.Address{To: "someone@example.com", Since: since},
		})
		for range 3 {
			d, _, err := devicetrust.Mint(devicetrust.Binding{User: "u1", Audience: "example.com"}, devicetrust.Grant{
				Life: 30 * 24 * time.Hour, Name: "Firefox on Linux", Methods: []string{"totp"},
			}, w.clock.Now())
			require.NoError(tb, err)
			r.Devices = append(r.Devices, d)
		}
		for i := range 2 {
			r.Attempts = append(r.Attempts, record.Attempt{
				ID: [16]byte{byte(i + 1)}, Purpose: 1, Expires: w.clock.Now().Unix() + 600, Wrong: 1,
			})
		}
	})
	w.clock.Advance(5 * time.Minute)
	u.token = u.login()
	store.frozen = true
	return u
}

// A replayStore is a memory.Store which, once it is frozen, saves what it is
// given beside the record and not over it.
type replayStore struct {
	memory.Store
	frozen  bool
	version twofactor.Version
}

func (s *replayStore) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	if !s.frozen {
		return s.Store.Save(ctx, key, old, data)
	}
	var err error
	s.version, err = s.Store.Save(ctx, key+" beside", s.version, data)
	return s.version, err
}
