//go:build unix

package twofactorhttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkAPIVerify is one second step as the contract has it, from the request
// to the answer with its cookies, over a memory.Store. Each operation finds the
// same record. It reports processor time beside elapsed time, since the machines
// that run it are rarely idle.
//
//	go test -run - -bench . -cpu 1 ./twofactor/twofactorhttp
func BenchmarkAPIVerify(b *testing.B) {
	a := newAPI(b, everything)
	phone, _, _ := a.scanned(a.member())
	r := a.pending().request(b.Context())
	r.URL.Path = "/2fa/login/verify"
	r.Header.Set("Content-Type", "application/json")
	body := `{"code":"` + phone.Code(a.clock.Now()) + `"}`
	require.NoError(b, a.svc.Drain(b.Context()))
	a.store.frozen = true

	b.ReportAllocs()
	begun := cpuTime(b)
	for b.Loop() {
		to := r.Clone(b.Context())
		to.Body = io.NopCloser(strings.NewReader(body))
		w := httptest.NewRecorder()
		a.api.ServeHTTP(w, to)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
		clear(a.sessions)
	}
	b.ReportMetric(float64(cpuTime(b)-begun)/float64(b.N), "cpu-ns/op")
}

// cpuTime is the processor time that the process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
