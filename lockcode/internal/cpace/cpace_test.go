package cpace_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

type draft struct {
	Protocol map[string]string `json:"protocol"`
	LowOrder []struct {
		Name, U, Result string
		MustAbort       bool `json:"must_abort"`
	} `json:"low_order_points"`
	Scalar string `json:"scalar_for_low_order"`
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func read(t *testing.T) draft {
	t.Helper()
	var d draft
	b, err := os.ReadFile("testdata/cpace_x25519.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &d))
	require.Len(t, d.LowOrder, 12)
	return d
}

func TestDraft21(t *testing.T) {
	t.Parallel()
	p := read(t).Protocol
	get := func(name string) []byte { return unhex(t, p[name]) }
	prs, ci, sid, ada, adb := get("PRS"), get("CI"), get("sid"), get("ADa"), get("ADb")

	require.Equal(t, get("g"), cpace.Generator(prs, ci, sid))
	a, err := cpace.Begin(get("ya"), prs, ci, sid)
	require.NoError(t, err)
	b, err := cpace.Begin(get("yb"), prs, ci, sid)
	require.NoError(t, err)
	require.Equal(t, get("Ya"), a.Share())
	require.Equal(t, get("Yb"), b.Share())

	ka, err := a.Initiator(ada, b.Share(), adb)
	require.NoError(t, err)
	kb, err := b.Responder(a.Share(), ada, adb)
	require.NoError(t, err)
	require.Equal(t, get("ISK_IR"), ka.ISK[:])
	require.Equal(t, ka, kb)

	// The draft prints no tags; they are recomputed here from its text.
	macKey := sha512.Sum512(append(append([]byte("CPaceMac"), sid...), get("ISK_IR")...))
	for _, side := range []struct{ y, ad, tag []byte }{
		{get("Ya"), ada, ka.TagA[:]}, {get("Yb"), adb, ka.TagB[:]},
	} {
		m := hmac.New(sha512.New, macKey[:])
		m.Write(cpace.Cat(side.y, side.ad))
		require.Equal(t, m.Sum(nil), side.tag)
	}
}

// TestLowOrderQ multiplies the draft's scalar with its list of odd points:
// seven must abort, five have a result.
func TestLowOrderQ(t *testing.T) {
	t.Parallel()
	d := read(t)
	scalar, err := ecdh.X25519().NewPrivateKey(unhex(t, d.Scalar))
	require.NoError(t, err)
	aborted := 0
	for _, row := range d.LowOrder {
		k, err := cpace.Multiply(scalar, unhex(t, row.U))
		run, err2 := cpace.New([]byte("1234"), nil, nil)
		require.NoError(t, err2)
		_, errA := run.Initiator(nil, unhex(t, row.U), nil)
		_, errB := run.Responder(unhex(t, row.U), nil, nil)
		if row.MustAbort {
			require.ErrorIs(t, err, cpace.ErrPeer, row.Name)
			require.ErrorIs(t, errA, cpace.ErrPeer, row.Name)
			require.ErrorIs(t, errB, cpace.ErrPeer, row.Name)
			aborted++
			continue
		}
		require.NoError(t, err, row.Name)
		require.NoError(t, errA, row.Name)
		require.NoError(t, errB, row.Name)
		require.Equal(t, row.Result, hex.EncodeToString(k), row.Name)
	}
	require.Equal(t, 7, aborted)
}

func TestWrongLengthShare(t *testing.T) {
	t.Parallel()
	p, err := cpace.New([]byte("1234"), nil, nil)
	require.NoError(t, err)
	for _, n := range []int{0, 1, 31, 33, 64} {
		_, err := p.Initiator(nil, make([]byte, n), nil)
		require.ErrorIs(t, err, cpace.ErrPeer)
	}
}

// Each input of a run must change the key; if one is left out, two parties
// who don't agree on it would not notice.
func TestEverythingIsBound(t *testing.T) {
	t.Parallel()
	base := []string{"1234", "channel", "sid", "ada", "adb"}
	run := func(in []string, theirs []string) bool {
		a, err := cpace.New([]byte(in[0]), []byte(in[1]), []byte(in[2]))
		require.NoError(t, err)
		b, err := cpace.New([]byte(theirs[0]), []byte(theirs[1]), []byte(theirs[2]))
		require.NoError(t, err)
		ka, err := a.Initiator([]byte(in[3]), b.Share(), []byte(in[4]))
		require.NoError(t, err)
		kb, err := b.Responder(a.Share(), []byte(theirs[3]), []byte(theirs[4]))
		require.NoError(t, err)
		return ka.ISK == kb.ISK
	}
	require.True(t, run(base, base))
	for i := range base {
		other := append([]string(nil), base...)
		other[i] += "x"
		require.False(t, run(base, other), "part %d", i)
	}
}

// The map to the curve, again, with big integers and nothing in common.
func TestElligatorAgainstBigInt(t *testing.T) {
	t.Parallel()
	q := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	a := big.NewInt(486662)
	reverse := func(b []byte) []byte {
		out := bytes.Clone(b)
		for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
			out[i], out[j] = out[j], out[i]
		}
		return out
	}
	for i := range 300 {
		prs, ci := []byte(strings.Repeat("p", i)), []byte{byte(i)}
		lv := func(b []byte) []byte { return cpace.Cat(b) }
		in := append(lv([]byte("CPace255")), lv(prs)...)
		in = append(in, lv(make([]byte, max(0, 127-len(lv(prs))-9)))...)
		in = append(append(in, lv(ci)...), lv(nil)...)
		h := sha512.Sum512(in)
		h[31] &= 0x7f
		r := new(big.Int).SetBytes(reverse(h[:32]))
		d := new(big.Int).Mul(r, r)
		d.Lsh(d, 1).Add(d, big.NewInt(1)).ModInverse(d.Mod(d, q), q)
		x := d.Mul(d, a)
		x.Neg(x).Mod(x, q)
		g := new(big.Int).Mul(x, x)
		g.Add(g, new(big.Int).Mul(a, x)).Add(g, big.NewInt(1)).Mul(g, x).Mod(g, q)
		if big.Jacobi(g, q) == -1 {
			x.Neg(x).Sub(x, a).Mod(x, q)
		}
		require.Equal(t, reverse(x.FillBytes(make([]byte, 32))), cpace.Generator(prs, ci, nil))
	}
}

func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		x, _ := cpace.New([]byte("1234"), []byte("ci"), []byte("sid"))
		y, _ := cpace.New([]byte("1234"), []byte("ci"), []byte("sid"))
		_, _ = x.Initiator(nil, y.Share(), nil)
		_, _ = y.Responder(x.Share(), nil, nil)
	}
}

// TestLockcodeVectors runs the frozen vectors of package lockcode, with its
// channels and associated data.
func TestLockcodeVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		CPace []struct {
			Secret, CI, SIDController, SIDApp, ScalarA, ScalarB string
			Generator, ShareA, ADa, ShareB, ADb, K              string
			ISK, TagA, TagB                                     string
		}
	}
	b, err := os.ReadFile("../../testdata/vectors.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &file))
	require.Len(t, file.CPace, 2)
	for _, r := range file.CPace {
		ci, sid := unhex(t, r.CI), append(unhex(t, r.SIDController), unhex(t, r.SIDApp)...)
		require.Equal(t, r.Generator, hex.EncodeToString(cpace.Generator([]byte(r.Secret), ci, sid)))
		a, err := cpace.Begin(unhex(t, r.ScalarA), []byte(r.Secret), ci, sid)
		require.NoError(t, err)
		c, err := cpace.Begin(unhex(t, r.ScalarB), []byte(r.Secret), ci, sid)
		require.NoError(t, err)
		require.Equal(t, r.ShareA, hex.EncodeToString(a.Share()))
		require.Equal(t, r.ShareB, hex.EncodeToString(c.Share()))
		ka, err := a.Initiator(unhex(t, r.ADa), c.Share(), unhex(t, r.ADb))
		require.NoError(t, err)
		kc, err := c.Responder(a.Share(), unhex(t, r.ADa), unhex(t, r.ADb))
		require.NoError(t, err)
		require.Equal(t, ka, kc)
		require.Equal(t, r.ISK, hex.EncodeToString(ka.ISK[:]))
		require.Equal(t, r.TagA, hex.EncodeToString(ka.TagA[:]))
		require.Equal(t, r.TagB, hex.EncodeToString(ka.TagB[:]))
	}
}
