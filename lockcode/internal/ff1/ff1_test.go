package ff1_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode/internal/ff1"
)

type vector struct {
	ID, Key, Tweak, Plaintext, Ciphertext, Alphabet string
	Radix                                           int64
}

func vectors(t *testing.T) (all, radix32 []vector, domains []struct {
	N, Radix int64
	Rev1     bool `json:"allowed_rev1_ge_1000000"`
}) {
	t.Helper()
	var file struct {
		Vectors  []vector
		Radix32  []vector `json:"radix32_n5"`
		DomainOf []struct {
			N, Radix int64
			Rev1     bool `json:"allowed_rev1_ge_1000000"`
		} `json:"domain_rules"`
	}
	b, err := os.ReadFile("testdata/ff1_sp800_38g.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &file))
	require.Len(t, file.Vectors, 28)
	require.Len(t, file.Radix32, 16)
	return file.Vectors, file.Radix32, file.DomainOf
}

func block(t *testing.T, key string) cipher.Block {
	t.Helper()
	k, err := hex.DecodeString(key)
	require.NoError(t, err)
	b, err := aes.NewCipher(k)
	require.NoError(t, err)
	return b
}

func numerals(s, alphabet string) []int64 {
	out := make([]int64, len(s))
	for i := range s {
		out[i] = int64(strings.IndexByte(alphabet, s[i]))
	}
	return out
}

func num(x []int64, radix int64) *big.Int {
	n := new(big.Int)
	for _, d := range x {
		n.Mul(n, big.NewInt(radix)).Add(n, big.NewInt(d))
	}
	return n
}

// reference is algorithm 7 of SP 800-38G for any radix and length, written
// with big integers straight from the text. The published vectors show that
// it is right; it then shows that the package is.
func reference(aes cipher.Block, tweak []byte, radix int64, x []int64) []int64 {
	n := len(x)
	u, v := n/2, n-n/2
	top := new(big.Int).Exp(big.NewInt(radix), big.NewInt(int64(v)), nil)
	b := (new(big.Int).Sub(top, big.NewInt(1)).BitLen() + 7) / 8
	d := 4*((b+3)/4) + 4
	p := []byte{1, 2, 1, byte(radix >> 16), byte(radix >> 8), byte(radix), 10, byte(u)}
	p = binary.BigEndian.AppendUint32(p, uint32(n))
	p = binary.BigEndian.AppendUint32(p, uint32(len(tweak)))
	left, right := x[:u], x[u:]
	for i := range 10 {
		q := append([]byte(nil), tweak...)
		for (len(q)+b+1)%16 != 0 {
			q = append(q, 0)
		}
		q = append(q, byte(i))
		q = append(q, num(right, radix).FillBytes(make([]byte, b))...)
		r := make([]byte, 16)
		for in := append(append([]byte(nil), p...), q...); len(in) > 0; in = in[16:] {
			for j := range 16 {
				r[j] ^= in[j]
			}
			aes.Encrypt(r, r)
		}
		s := append([]byte(nil), r...)
		for j := int64(1); len(s) < d; j++ {
			e := make([]byte, 16)
			binary.BigEndian.PutUint64(e[8:], uint64(j))
			for k := range e {
				e[k] ^= r[k]
			}
			aes.Encrypt(e, e)
			s = append(s, e...)
		}
		m := u
		if i%2 == 1 {
			m = v
		}
		c := new(big.Int).SetBytes(s[:d])
		c.Add(c, num(left, radix)).Mod(c, new(big.Int).Exp(big.NewInt(radix), big.NewInt(int64(m)), nil))
		next := make([]int64, m)
		for j := m - 1; j >= 0; j-- {
			digit := new(big.Int)
			c.DivMod(c, big.NewInt(radix), digit)
			next[j] = digit.Int64()
		}
		left, right = right, next
	}
	return append(append([]int64(nil), left...), right...)
}

func TestReferenceHasPublishedVectors(t *testing.T) {
	t.Parallel()
	all, radix32, _ := vectors(t)
	for _, v := range append(all, radix32...) {
		tweak, err := hex.DecodeString(v.Tweak)
		require.NoError(t, err)
		got := reference(block(t, v.Key), tweak, v.Radix, numerals(v.Plaintext, v.Alphabet))
		require.Equal(t, numerals(v.Ciphertext, v.Alphabet), got, "row %s", v.ID)
	}
}

func TestRadix32Vectors(t *testing.T) {
	t.Parallel()
	_, radix32, _ := vectors(t)
	for _, v := range radix32 {
		tweak, err := hex.DecodeString(v.Tweak)
		require.NoError(t, err)
		plain := uint32(num(numerals(v.Plaintext, v.Alphabet), 32).Uint64())
		cipher := uint32(num(numerals(v.Ciphertext, v.Alphabet), 32).Uint64())
		require.Equal(t, cipher, ff1.Encrypt(block(t, v.Key), tweak, plain))
		require.Equal(t, plain, ff1.Decrypt(block(t, v.Key), tweak, cipher))
	}
}

// The domain of the one format that the package has is allowed by both the
// standard and the drafts of its revision.
func TestDomain(t *testing.T) {
	t.Parallel()
	_, _, domains := vectors(t)
	for _, d := range domains {
		size := new(big.Int).Exp(big.NewInt(d.Radix), big.NewInt(d.N), nil)
		allowed := d.N >= 2 && size.Cmp(big.NewInt(1_000_000)) >= 0
		require.Equal(t, d.Rev1, allowed, "radix %d, n %d", d.Radix, d.N)
		if d.Radix == 32 && d.N == 5 {
			require.EqualValues(t, ff1.Size, size.Int64())
			require.True(t, allowed)
		}
	}
}

func TestAgreesWithReference(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(38, 'G'))
	for range 20_000 {
		key, tweak := make([]byte, 32), make([]byte, rng.IntN(50))
		for i := range key {
			key[i] = byte(rng.Uint32())
		}
		for i := range tweak {
			tweak[i] = byte(rng.Uint32())
		}
		x := rng.Uint32N(ff1.Size)
		in := make([]int64, 5)
		for i := range in {
			in[i] = int64(x >> (20 - 5*i) & 31)
		}
		b := block(t, hex.EncodeToString(key))
		c := ff1.Encrypt(b, tweak, x)
		if want := uint32(num(reference(b, tweak, 32, in), 32).Uint64()); c != want {
			t.Fatalf("tweak of %d bytes, block %d: got %d, want %d", len(tweak), x, c, want)
		}
		if back := ff1.Decrypt(b, tweak, c); back != x {
			t.Fatalf("tweak of %d bytes: %d came back as %d", len(tweak), x, back)
		}
	}
}

// TestPermutation enciphers all 2^25 blocks and sees each value once. It takes
// about ten seconds on four cores, so it waits for LATCHKEY_LONG=1; without
// it every 64th block is looked at.
func TestPermutation(t *testing.T) {
	t.Parallel()
	b := block(t, "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F")
	tweak := make([]byte, 32)
	stride := uint32(64)
	if os.Getenv("LATCHKEY_LONG") != "" {
		stride = 1
	}
	workers := uint32(runtime.GOMAXPROCS(0))
	seen := make([][]bool, workers)
	var wg sync.WaitGroup
	for w := range workers {
		seen[w] = make([]bool, ff1.Size)
		wg.Go(func() {
			for x := w * stride; x < ff1.Size; x += workers * stride {
				c := ff1.Encrypt(b, tweak, x)
				if seen[w][c] || (x%4096 == 0 && ff1.Decrypt(b, tweak, c) != x) {
					t.Errorf("block %d: value %d came twice or doesn't come back", x, c)
					return
				}
				seen[w][c] = true
			}
		})
	}
	wg.Wait()
	count := 0
	for c := range ff1.Size {
		n := 0
		for w := range seen {
			if seen[w][c] {
				n++
			}
		}
		if n > 1 {
			t.Fatalf("value %d came twice", c)
		}
		count += n
	}
	require.Equal(t, int(ff1.Size/stride), count)
}

func BenchmarkEncrypt(b *testing.B) {
	c, err := aes.NewCipher(make([]byte, 32))
	require.NoError(b, err)
	tweak := make([]byte, 32)
	for b.Loop() {
		ff1.Encrypt(c, tweak, 1234)
	}
}

// BenchmarkFloor is what no FF1 with a tweak of 32 bytes can go below: three
// blocks of AES for the prefix and one for each round.
func BenchmarkFloor(b *testing.B) {
	c, err := aes.NewCipher(make([]byte, 32))
	require.NoError(b, err)
	var x [16]byte
	for b.Loop() {
		for range 13 {
			c.Encrypt(x[:], x[:])
		}
	}
}
