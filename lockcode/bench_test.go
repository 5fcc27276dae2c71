package lockcode_test

import (
	"crypto/aes"
	"crypto/ecdh"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Each benchmark stands beside its floor: the AES blocks or the X25519
// operations that no implementation of the construction can do without.

func BenchmarkCode(b *testing.B) {
	w := newWorld(b)
	rec := w.user.record(w.lock)
	step := w.clock.now().Unix() / 60
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			_, _ = rec.Encipher(w.userPIN, open("front"), step)
		}
	})
	b.Run("make with store", func(b *testing.B) {
		for b.Loop() {
			_, _ = w.user.Code(b.Context(), w.lock, w.userPIN, open("front"))
		}
	})
	b.Run("floor of 13 AES blocks", func(b *testing.B) { aesBlocks(b, 13) })
}

// BenchmarkCheck checks Codes of a user with four devices, in five steps each.
// A wrong one takes as long, since all candidates are always tried.
func BenchmarkCheck(b *testing.B) {
	w := newWorld(b)
	ctx := b.Context()
	phones := []*phone{w.user}
	for range 3 {
		w.clock.advance(2 * time.Minute)
		c, err := w.user.NewDeviceCode(ctx, w.lock, w.userPIN)
		require.NoError(b, err)
		p := newPhone(b, "ute", w.clock, w.Controller)
		require.NoError(b, p.Join(ctx, w.lock, "ute", c))
		phones = append(phones, p)
	}
	b.Run("right", func(b *testing.B) {
		i := 0
		for b.Loop() {
			b.StopTimer()
			w.clock.advance(time.Minute)
			p := phones[i%4]
			i++
			c, err := p.record(w.lock).Encipher(w.userPIN, open("front"), w.clock.now().Unix()/60)
			require.NoError(b, err)
			b.StartTimer()
			require.NoError(b, w.VerifyCode(ctx, "ute", c, open("front")))
		}
	})
	b.Run("floor of 20 x 13 AES blocks", func(b *testing.B) { aesBlocks(b, 260) })
}

func BenchmarkActivation(b *testing.B) {
	s := newSite(b, "lock-1")
	ctx := b.Context()
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, s.HardwareReset(ctx))
			newPhone(b, "olga", s.clock, s.Controller).activate(s)
		}
	})
	// CPace: a share and a shared point on each side. HPKE for the first
	// request: two operations to seal, one to open; and two public keys.
	b.Run("floor of 9 X25519", func(b *testing.B) {
		k, err := ecdh.X25519().GenerateKey(rand.Reader)
		require.NoError(b, err)
		other, err := ecdh.X25519().GenerateKey(rand.Reader)
		require.NoError(b, err)
		for b.Loop() {
			for range 9 {
				_, _ = k.ECDH(other.PublicKey())
			}
		}
	})
}

func BenchmarkRequest(b *testing.B) {
	w := newWorld(b)
	for b.Loop() {
		require.NoError(b, w.user.Do(b.Context(), w.lock, w.userPIN, open("front")))
	}
}

func aesBlocks(b *testing.B, n int) {
	c, err := aes.NewCipher(make([]byte, 32))
	require.NoError(b, err)
	var x [16]byte
	for b.Loop() {
		for range n {
			c.Encrypt(x[:], x[:])
		}
	}
}
