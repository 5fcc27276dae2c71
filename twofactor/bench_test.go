//go:build unix

package twofactor_test

import (
	"context"
	"encoding/base64"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/devicetrust"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
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
		_, err := u.svc.Begin(b.Context(), twofactor.SignIn{UserID: "u1", Enrolled: true})
		return err
	})
}

func BenchmarkVerify(b *testing.B) {
	u := newBenchUser(b)
	code := u.phone.Code(u.clock.Now())
	measure(b, func() error {
		_, err := u.svc.Verify(b.Context(), u.login, twofactor.Answer{Code: code})
		return err
	})
}

func BenchmarkVerifyWrong(b *testing.B) {
	u := newBenchUser(b)
	code := u.phone.Code(u.clock.Now().Add(-time.Hour))
	measure(b, func() error {
		_, err := u.svc.Verify(b.Context(), u.login, twofactor.Answer{Code: code})
		if no, ok := errors.AsType[*twofactor.RejectedError](err); ok && no.Reason == twofactor.ReasonWrongCode {
			return nil
		}
		return errors.New("not refused")
	})
}

func BenchmarkVerifyRecovery(b *testing.B) {
	u := newBenchUser(b)
	measure(b, func() error {
		_, err := u.svc.Verify(b.Context(), u.login, twofactor.Answer{Code: u.codes[7]})
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
	svc   *twofactor.Service
	clock *twofactortest.Clock
	phone *twofactortest.Phone
	codes []string // recovery codes
	login string
}

func newBenchUser(b *testing.B) *benchUser {
	key := twofactor.NewKey()
	store := new(replayStore)
	clock := twofactortest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	svc, err := twofactor.New(twofactor.Config{
		Store: store, Keys: []twofactor.Key{key}, Issuer: "Example", Now: clock.Now,
	})
	require.NoError(b, err)
	phones, codes := simEnroll(b, svc, clock, 1)
	require.Len(b, codes, 10)
	u := &benchUser{svc: svc, clock: clock, phone: phones[0], codes: codes}
	store.alter(b, key, func(r *record.Record) {
		other := r.Factors[0]
		other.ID = "B" + other.ID[1:]
		r.Factors = append(r.Factors, other)
		r.Factors[1].TOTP = new(*other.TOTP)
		r.Factors[1].TOTP.Secret = []byte("twenty bytes, secret")
		for kind, to := range map[string]string{"sms": "+61412345678", "email": "someone@example.com"} {
			r.Factors = append(r.Factors, record.Factor{
				ID: kind + other.ID, Kind: kind, Added: other.Added,
				Address: &record.Address{To: to, Since: other.Added},
			})
		}
		for range 3 {
			d, _, err := devicetrust.Mint(devicetrust.Binding{User: "u1", Audience: "example.com"}, devicetrust.Grant{
				Life: 30 * 24 * time.Hour, Name: "Firefox on Linux", Methods: []string{"totp"},
			}, clock.Now())
			require.NoError(b, err)
			r.Devices = append(r.Devices, d)
		}
		for i := range 2 {
			r.Attempts = append(r.Attempts, record.Attempt{
				ID: [16]byte{byte(i + 1)}, Purpose: 1, Expires: clock.Now().Unix() + 600, Wrong: 1,
			})
		}
	})
	clock.Advance(5 * time.Minute)
	o, err := svc.Begin(b.Context(), twofactor.SignIn{UserID: "u1", Enrolled: true})
	require.NoError(b, err)
	u.login = o.(*twofactor.Pending).Token()
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

// alter changes the record behind the service's back.
func (s *replayStore) alter(b *testing.B, key twofactor.Key, change func(*record.Record)) {
	master, err := base64.RawURLEncoding.DecodeString(key.Encode())
	require.NoError(b, err)
	ring, err := seal.New([][]byte{master}, "record")
	require.NoError(b, err)
	const at = "u/u1"
	stored, err := s.Load(b.Context(), at)
	require.NoError(b, err)
	plain, err := ring.Open(stored.Data, []byte(at))
	require.NoError(b, err)
	rec, err := record.Decode(plain)
	require.NoError(b, err)
	change(rec)
	plain, err = record.Encode(rec)
	require.NoError(b, err)
	_, err = s.Save(b.Context(), at, stored.Version, ring.Seal(plain, []byte(at)))
	require.NoError(b, err)
}
