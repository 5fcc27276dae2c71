package lockcode_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// A hexed prints as hexadecimal in the file.
type hexed []byte

func (h hexed) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }
func (h *hexed) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

type vectorFile struct {
	About    string
	LV       []lvVector
	Scope    scopeVector
	Keys     struct{ ISK, Chain, Request, Fingerprint hexed }
	Chain    []chainVector
	Codes    []codeVector
	Typed    []typedVector
	CPace    []cpaceVector
	Requests []requestVector
	WebCode  webVector
	Status   statusVector
	WeakPINs struct {
		Count  int
		SHA256 hexed
	}
	PINMAC struct {
		Salt hexed
		PIN  string
		MAC  hexed
	}
}

type lvVector struct {
	Parts []hexed
	Out   hexed
}

type scopeVector struct {
	Lock, User           string
	Epoch, Device, Scope hexed
}

type chainVector struct {
	Day           int64
	Value, DayKey hexed
}

type codeVector struct {
	DayKey    hexed
	Purpose   byte
	Target    string
	Step      int64
	PIN, Code string
	Tweak     hexed
}

type typedVector struct{ Typed, Code string }

type cpaceVector struct {
	Mode                                       byte
	Secret                                     string
	Name                                       string
	PhoneTime, LockTime, FirstDay              int64
	SIDController, SIDApp                      hexed
	ScalarA, ScalarB                           hexed
	CI, Generator, ShareA, ADa, ShareB, ADb, K hexed
	ISK, TagA, TagB                            hexed
	MessageHello, MessageWelcome               hexed
	MessageShareA, MessageShareB               hexed
	MessageTagA, MessageTagB                   hexed
}

type requestVector struct {
	Private, Public                    hexed
	Ctr, Time                          int64
	PIN                                string
	Purpose                            byte
	Target                             string
	Body, Plain, Enc, Box, Tag         hexed
	Message                            hexed
	ReplyKey, ReplyPlain, ReplyMessage hexed
}

type webVector struct {
	User, Code string
	Purpose    byte
	Target     string
	Message    hexed
}

type statusVector struct {
	Body                   hexed
	Devices, Notices, PINs int
}

func readVectors(t *testing.T) (v vectorFile) {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&v))
	require.NotEmpty(t, v.Codes)
	require.NotEmpty(t, v.CPace)
	require.NotEmpty(t, v.Requests)
	return v
}

func pinNumber(t *testing.T, s string) (n uint32) {
	t.Helper()
	_, err := fmt.Sscanf(s, "%d", &n)
	require.NoError(t, err)
	return n
}

// TestVectorsAlone holds the port, and so SPEC.md, against the vectors, without
// a line of the package.
func TestVectorsAlone(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	for _, r := range v.LV {
		var parts [][]byte
		for _, p := range r.Parts {
			parts = append(parts, p)
		}
		require.EqualValues(t, r.Out, portLV(parts...))
	}
	s := portScope(v.Scope.Lock, v.Scope.Epoch, v.Scope.User, v.Scope.Device)
	require.EqualValues(t, v.Scope.Scope, s)
	require.EqualValues(t, v.Keys.Chain, portKey(v.Keys.ISK, "code chain", s, 32))
	require.EqualValues(t, v.Keys.Request, portKey(v.Keys.ISK, "request", s, 32))
	require.EqualValues(t, v.Keys.Fingerprint, portKey(v.Keys.ISK, "fingerprint", s, 8))
	value, day := []byte(v.Keys.Chain), v.Chain[0].Day
	for _, r := range v.Chain {
		for ; day < r.Day; day++ {
			value = portMAC(value, []byte("next"))
		}
		require.EqualValues(t, r.Value, value)
		require.EqualValues(t, r.DayKey, portMAC(value, []byte("code key")))
	}
	for _, r := range v.Codes {
		tweak, code := portCode(r.DayKey, s, r.Purpose, r.Target, r.Step, pinNumber(t, r.PIN))
		require.EqualValues(t, r.Tweak, tweak)
		require.Equal(t, r.Code, code)
	}
	for _, r := range v.Typed {
		require.Equal(t, r.Code, portRead(r.Typed), "%q", r.Typed)
	}
	for _, r := range v.CPace {
		what := "lockcode/v1 activate"
		if r.Mode == 3 {
			what = "lockcode/v1 add device"
		}
		require.EqualValues(t, r.CI, portLV([]byte(what), []byte("app"), []byte(v.Scope.User), []byte("lock"), []byte(v.Scope.Lock), v.Scope.Epoch))
		sid := append(bytes.Clone(r.SIDController), r.SIDApp...)
		require.EqualValues(t, r.Generator, portGenerator(r.Secret, r.CI, sid))
		require.EqualValues(t, r.ShareA, portX25519(r.ScalarA, r.Generator))
		require.EqualValues(t, r.ShareB, portX25519(r.ScalarB, r.Generator))
		require.EqualValues(t, r.K, portX25519(r.ScalarA, r.ShareB))
		require.EqualValues(t, r.K, portX25519(r.ScalarB, r.ShareA))
		require.EqualValues(t, r.ADa, portLV([]byte(r.Name), portInt(r.PhoneTime)))
		require.EqualValues(t, r.ADb, portLV(v.Scope.Device, v.Requests[0].Public, portInt(r.LockTime), []byte{8}))
		isk, ta, tb := portTags(sid, r.K, r.ShareA, r.ADa, r.ShareB, r.ADb)
		require.EqualValues(t, r.ISK, isk)
		require.EqualValues(t, r.TagA, ta)
		require.EqualValues(t, r.TagB, tb)
		require.Equal(t, r.FirstDay, min(r.PhoneTime, r.LockTime)/86400000-1)
		msg := func(kind byte, f ...[]byte) []byte { return append([]byte{1, 1, kind}, portLV(f...)...) }
		user := []byte(v.Scope.User)
		require.EqualValues(t, r.MessageHello, msg(1, []byte{r.Mode}, user))
		require.EqualValues(t, r.MessageWelcome, msg(2, v.Scope.Epoch, r.SIDController))
		require.EqualValues(t, r.MessageShareA, msg(3, []byte{r.Mode}, user, r.SIDApp, r.ShareA, r.ADa))
		require.EqualValues(t, r.MessageShareB, msg(4, r.ShareB, r.ADb))
		require.EqualValues(t, r.MessageTagA, msg(5, []byte{r.Mode}, user, r.SIDApp, ta))
		require.EqualValues(t, r.MessageTagB, msg(6, tb))
	}
	for _, r := range v.Requests {
		require.EqualValues(t, r.Plain, portLV(portInt(r.Ctr), portInt(r.Time), []byte(r.PIN), []byte{r.Purpose}, []byte(r.Target), r.Body))
		plain, replyKey := portOpen(r.Private, v.Keys.Request, s, r.Enc, r.Box)
		require.EqualValues(t, r.Plain, plain)
		require.EqualValues(t, r.ReplyKey, replyKey)
		require.EqualValues(t, r.Tag, portMAC(v.Keys.Request, r.Enc, r.Box))
		require.EqualValues(t, r.Message, append([]byte{1, 1, 7}, portLV(v.Scope.Device, r.Enc, r.Box, r.Tag)...))
		require.EqualValues(t, r.ReplyMessage, append([]byte{1, 1, 8}, portLV(portReply(replyKey, r.ReplyPlain))...))
	}
	w := v.WebCode
	require.EqualValues(t, w.Message, append([]byte{1, 1, 9}, portLV([]byte(w.User), []byte(w.Code), []byte{w.Purpose}, []byte(w.Target))...))
	require.EqualValues(t, v.PINMAC.MAC, portMAC(v.PINMAC.Salt, []byte("pin"), []byte(v.Scope.Lock), v.Scope.Epoch, []byte(v.Scope.User), []byte(v.PINMAC.PIN)))
}

// TestVectors holds the package against them.
func TestVectors(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	device := lockcode.DeviceID(v.Scope.Device)
	s := lockcode.Scope(v.Scope.Lock, v.Scope.Epoch, v.Scope.User, device)
	require.EqualValues(t, v.Scope.Scope, s)
	keys, err := lockcode.DeriveKeys(v.Keys.ISK, s)
	require.NoError(t, err)
	chain, request, print := keys.Parts()
	require.EqualValues(t, v.Keys.Chain, chain)
	require.EqualValues(t, v.Keys.Request, request)
	require.EqualValues(t, v.Keys.Fingerprint, print[:])
	for _, r := range v.Chain {
		value, err := lockcode.Walk(chain, v.Chain[0].Day, r.Day)
		require.NoError(t, err)
		require.EqualValues(t, r.Value, value)
		require.EqualValues(t, r.DayKey, lockcode.DayKey(value))
	}
	for _, r := range v.Codes {
		b := lockcode.Binding{Purpose: lockcode.Purpose(r.Purpose), Target: r.Target}
		tw := lockcode.TweakOf(s, b, r.Step)
		require.EqualValues(t, r.Tweak, tw[:])
		c, err := lockcode.EncipherWith(r.DayKey, tw, pin(t, r.PIN))
		require.NoError(t, err)
		require.Equal(t, r.Code, c.Characters())
	}
	for _, r := range v.Typed {
		c, err := lockcode.ParseCode(r.Typed)
		require.Equal(t, r.Code == "", err != nil)
		require.Equal(t, r.Code, c.Characters())
	}
	for _, r := range v.CPace {
		require.EqualValues(t, r.CI, lockcode.Channel(lockcode.Mode(r.Mode), v.Scope.User, v.Scope.Lock, v.Scope.Epoch))
		name, at, err := lockcode.ParseADa(r.ADa)
		require.NoError(t, err)
		require.Equal(t, r.Name, name)
		require.Equal(t, r.PhoneTime, at)
		require.Equal(t, r.FirstDay, lockcode.FirstDay(r.PhoneTime, r.LockTime))
		for kind, msg := range map[byte][]byte{1: r.MessageHello, 2: r.MessageWelcome, 3: r.MessageShareA, 4: r.MessageShareB, 5: r.MessageTagA, 6: r.MessageTagB} {
			k, f, err := lockcode.Decode(msg)
			require.NoError(t, err)
			require.EqualValues(t, kind, k)
			require.EqualValues(t, msg, lockcode.Encode(k, f...))
		}
	}
	for _, r := range v.Requests {
		plain, replyKey, err := lockcode.OpenRaw(r.Private, request, s, r.Message)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(r.Ctr, r.Time, r.PIN, r.Purpose, r.Target, append([]byte{}, r.Body...)), plain)
		require.EqualValues(t, r.ReplyKey, replyKey)
		_, err = lockcode.OpenSealed(replyKey, r.ReplyMessage)
		require.NoError(t, err)
	}
	st, _, err := lockcode.StatusParse(v.Status.Body, 0)
	require.NoError(t, err)
	require.Equal(t, []int{v.Status.Devices, v.Status.Notices, v.Status.PINs}, []int{len(st.Devices), len(st.Notices), len(st.PINs)})
	require.EqualValues(t, v.PINMAC.MAC, lockcode.PINMAC(v.PINMAC.Salt, v.Scope.Lock, v.Scope.Epoch, v.Scope.User, pin(t, v.PINMAC.PIN)))
	count, sum := weakPINs()
	require.Equal(t, v.WeakPINs.Count, count)
	require.EqualValues(t, v.WeakPINs.SHA256, sum)
}

func weakPINs() (int, []byte) {
	n, h := 0, sha256.New()
	for i := range 10_000 {
		if p := lockcode.PINFrom(i); p.Weak() {
			n++
			fmt.Fprintln(h, p.Digits())
		}
	}
	return n, h.Sum(nil)
}

// The key derivation that everything stands on, against RFC 5869.
func TestHKDF(t *testing.T) {
	t.Parallel()
	var file struct {
		Vectors []struct {
			Hash                      string
			IKM, Salt, Info, PRK, OKM hexed
			L                         int
		}
	}
	b, err := os.ReadFile("testdata/hkdf_rfc5869.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &file))
	require.Len(t, file.Vectors, 7)
	for _, r := range file.Vectors {
		h := func() hash.Hash { return sha256.New() }
		if r.Hash == "SHA-1" {
			h = func() hash.Hash { return sha1.New() }
		}
		prk, err := hkdf.Extract(h, r.IKM, r.Salt)
		require.NoError(t, err)
		require.EqualValues(t, r.PRK, prk)
		okm, err := hkdf.Expand(h, prk, string(r.Info), r.L)
		require.NoError(t, err)
		require.EqualValues(t, r.OKM, okm)
	}
}
