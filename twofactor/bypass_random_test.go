package twofactor_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// brokenRandom names the environment variable by which the test binary runs
// itself with another source of randomness, which is one for the whole process.
const brokenRandom = "LATCHKEY_TEST_RANDOM"

var randomSources = map[string]io.Reader{
	"failing": failing{},
	"zeros":   stuck{},
	"short":   io.LimitReader(stuck{}, 8),
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

type stuck struct{}

func (stuck) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// With a source of randomness that fails, or gives nothing but zeros, nobody
// gets a secret: the process dies, or the call ends in an error.
func TestBypass_W54_RandomnessThatFails(t *testing.T) {
	t.Parallel()
	if source := os.Getenv(brokenRandom); source != "" {
		enrollWith(t, randomSources[source])
		return
	}
	for source := range randomSources {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.Split(t.Name(), "/")[0]+"$", "-test.v")
			cmd.Env = append(os.Environ(), brokenRandom+"="+source)
			out, err := cmd.CombinedOutput()
			require.Contains(t, string(out), "setting up", "the process got that far")
			require.NotContains(t, string(out), "SECRET", "%v", err)
		})
	}
}

// enrollWith begins to set up an app with another source of randomness, and
// prints the secret if it gets one.
func enrollWith(t *testing.T, source io.Reader) {
	w := newWorldInMemory(t)
	p := w.newcomer("alice")
	fmt.Println("setting up")
	rand.Reader = source
	e, err := w.a.Enroll(w.ctx(), p.session, p.grant, twofactor.EnrollRequest{Kind: twofactor.TOTP, Account: "alice"})
	if err == nil {
		fmt.Println("SECRET", e.URI.Key.Secret.Base32())
	}
}

// What is made is as long as it is meant to be, and all of it is random: each
// place of it takes many values.
func TestBypass_W54_EntropyOfWhatIsMade(t *testing.T) {
	t.Parallel()
	w := newWorldInMemory(t)
	const n = 300
	made := make(map[string][]string)
	for i := range n {
		p := w.newcomer(fmt.Sprint(i))
		e, phone := p.enroll(twofactor.EnrollRequest{})
		secret := e.URI.Key.Secret.Bytes()
		require.Len(t, secret, 20, "160 bits: RFC 4226, section 4, R6")
		grant, err := base64.RawURLEncoding.DecodeString(p.grant)
		require.NoError(t, err)
		require.Len(t, grant, 32)
		c, err := p.confirm(e, phone.Code(w.clock.Now()))
		require.NoError(t, err)
		code := strings.ReplaceAll(c.RecoveryCodes[9], "-", "")
		require.Len(t, code, 25)
		made["secret"] = append(made["secret"], string(secret))
		made["grant"] = append(made["grant"], string(grant))
		made["recovery code"] = append(made["recovery code"], code)
		made["enrollment id"] = append(made["enrollment id"], e.ID)
	}
	for what, all := range made {
		require.GreaterOrEqual(t, len(all[0]), 20, what)
		for i := range all[0] {
			values := make(map[byte]bool)
			for _, one := range all {
				values[one[i]] = true
			}
			require.GreaterOrEqualf(t, len(values), 28, "byte %d of the %s", i, what)
		}
	}
}

// chiSquare tells how far counts are from all being equal.
func chiSquare(counts []int) (sum float64) {
	total := 0
	for _, n := range counts {
		total += n
	}
	want := float64(total) / float64(len(counts))
	for _, n := range counts {
		sum += (float64(n) - want) * (float64(n) - want) / want
	}
	return sum
}

func TestBypass_W55_CodesThatAreNotUniform(t *testing.T) {
	t.Parallel()
	t.Run("recovery codes", func(t *testing.T) {
		t.Parallel()
		w := newWorldInMemory(t)
		const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
		p := w.withGrant("alice")
		counts := make([]int, len(alphabet))
		for range 500 {
			codes, err := w.a.NewRecoveryCodes(t.Context(), p.in(), p.grant)
			require.NoError(t, err)
			for _, c := range strings.ReplaceAll(strings.Join(codes, ""), "-", "") {
				i := strings.IndexRune(alphabet, c)
				require.GreaterOrEqual(t, i, 0)
				counts[i]++
			}
		}
		// With 31 degrees of freedom, 120 is passed once in 10^11 runs.
		require.Less(t, chiSquare(counts), 120.0, "%v", counts)
	})
	t.Run("secrets", func(t *testing.T) {
		t.Parallel()
		w := newWorldInMemory(t)
		p := w.newcomer("alice")
		counts := make([]int, 256)
		for range 500 {
			e, _ := p.enroll(twofactor.EnrollRequest{})
			for _, b := range e.URI.Key.Secret.Bytes() {
				counts[b]++
			}
		}
		// With 255 degrees of freedom, 450 is passed once in 10^12 runs.
		require.Less(t, chiSquare(counts), 450.0)
	})
	t.Run("leading zeros", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			p := w.migrated("alice", nil, 6)
			for zeros := 1; zeros <= 2; zeros++ {
				code := p.newCode()
				for !strings.HasPrefix(code, strings.Repeat("0", zeros)) {
					code = p.newCode()
				}
				refused(t, p.try(strings.TrimLeft(code, "0")), twofactor.ReasonMalformedCode)
				refused(t, p.try("0"+code), twofactor.ReasonMalformedCode)
				require.NoError(t, p.try(code))
				w.clock.Advance(time.Hour)
			}
		})
	})
}
