package lockcode_test

// A second implementation of what SPEC.md says, for this test alone. It uses
// the standard library and nothing of this module, as a port to another
// language would, and shows that SPEC.md and the vectors are enough.

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"math/big"
	"slices"
	"strings"
)

func portLV(parts ...[]byte) []byte {
	out := []byte{}
	for _, p := range parts {
		n := len(p)
		for ; n >= 128; n >>= 7 {
			out = append(out, byte(n)|0x80)
		}
		out = append(append(out, byte(n)), p...)
	}
	return out
}

func portInt(v int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v)) }

func portMAC(key []byte, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(portLV(parts...))
	return m.Sum(nil)
}

func portScope(lock string, epoch []byte, user string, device []byte) []byte {
	return portLV([]byte("lockcode/v1"), []byte(lock), epoch, []byte(user), device)
}

func portKey(isk []byte, label string, scope []byte, n int) []byte {
	prk, err := hkdf.Extract(sha256.New, isk, []byte("lockcode/v1"))
	if err != nil {
		panic(err)
	}
	k, err := hkdf.Expand(sha256.New, prk, label+"\x00"+string(scope), n)
	if err != nil {
		panic(err)
	}
	return k
}

const portAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func portCode(dayKey, scope []byte, purpose byte, target string, step int64, pin uint32) (tweak []byte, code string) {
	t := sha256.Sum256(portLV([]byte("code"), scope, []byte{purpose, 4}, []byte(target), portInt(step)))
	block, err := aes.NewCipher(dayKey)
	if err != nil {
		panic(err)
	}
	a, b := pin>>15, pin&0x7fff
	for i := range uint32(10) {
		in := []byte{1, 2, 1, 0, 0, 32, 10, 2, 0, 0, 0, 5, 0, 0, 0, 32}
		in = append(in, t[:]...)
		in = append(in, make([]byte, 13)...)
		in = append(in, byte(i), byte(b>>8), byte(b))
		var y [16]byte
		for ; len(in) > 0; in = in[16:] {
			for j := range y {
				y[j] ^= in[j]
			}
			block.Encrypt(y[:], y[:])
		}
		bits := 10 + 5*(i%2)
		a, b = b, (a+uint32(binary.BigEndian.Uint64(y[:8])))&(1<<bits-1)
	}
	x := a<<15 | b
	for shift := 20; shift >= 0; shift -= 5 {
		code += string(portAlphabet[x>>shift&31])
	}
	return t[:], code
}

func portRead(typed string) string {
	typed = strings.ToUpper(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n-", r) {
			return -1
		}
		if r > 127 {
			return '!'
		}
		return r
	}, typed))
	typed = strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(typed)
	if len(typed) != 5 || strings.Trim(typed, portAlphabet) != "" {
		return ""
	}
	return typed
}

func portGenerator(secret string, ci, sid []byte) []byte {
	reverse := func(b []byte) []byte { b = slices.Clone(b); slices.Reverse(b); return b }
	q := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	a, one := big.NewInt(486662), big.NewInt(1)
	pad := make([]byte, 128-1-len(portLV([]byte(secret)))-len(portLV([]byte("CPace255"))))
	h := sha512.Sum512(portLV([]byte("CPace255"), []byte(secret), pad, ci, sid))
	h[31] &= 127
	r := new(big.Int).SetBytes(reverse(h[:32]))
	r.Mul(r, r).Lsh(r, 1).Add(r, one).Mod(r, q).ModInverse(r, q)
	x := r.Mul(r, a)
	x.Neg(x).Mod(x, q)
	g := new(big.Int).Add(x, a)
	g.Mul(g, x).Add(g, one).Mul(g, x).Mod(g, q)
	if big.Jacobi(g, q) == -1 {
		x.Neg(x).Sub(x, a).Mod(x, q)
	}
	return reverse(x.FillBytes(make([]byte, 32)))
}

func portX25519(scalar, point []byte) []byte {
	s, err := ecdh.X25519().NewPrivateKey(scalar)
	if err != nil {
		panic(err)
	}
	p, err := ecdh.X25519().NewPublicKey(point)
	if err != nil {
		panic(err)
	}
	k, err := s.ECDH(p)
	if err != nil {
		panic(err)
	}
	return k
}

func portTags(sid, k, ya, ada, yb, adb []byte) (isk, ta, tb []byte) {
	sum := sha512.Sum512(slices.Concat(portLV([]byte("CPace255_ISK"), sid, k), portLV(ya, ada), portLV(yb, adb)))
	macKey := sha512.Sum512(slices.Concat([]byte("CPaceMac"), sid, sum[:]))
	tag := func(y, ad []byte) []byte {
		m := hmac.New(sha512.New, macKey[:])
		m.Write(portLV(y, ad))
		return m.Sum(nil)
	}
	return sum[:], tag(ya, ada), tag(yb, adb)
}

// portOpen is the controller's side of a sealed request.
func portOpen(private, requestKey, scope, enc, box []byte) (plain, replyKey []byte) {
	key, err := hpke.DHKEM(ecdh.X25519()).NewPrivateKey(private)
	if err != nil {
		panic(err)
	}
	r, err := hpke.NewRecipient(enc, key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), append([]byte("lockcode/v1 request\x00"), scope...))
	if err != nil {
		panic(err)
	}
	if plain, err = r.Open(nil, box); err != nil {
		panic(err)
	}
	export, err := r.Export("lockcode/v1 reply", 32)
	if err != nil {
		panic(err)
	}
	return plain, portMAC(requestKey, []byte("reply"), export)
}

func portReply(key, plain []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm.Seal(nil, make([]byte, 12), plain, nil)
}
