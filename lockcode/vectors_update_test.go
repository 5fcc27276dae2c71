package lockcode_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestUpdateVectors writes testdata/vectors.json anew, by the port, and with
// LATCHKEY_UPDATE=1 only: the vectors are frozen, and another file is another
// version of the format.
func TestUpdateVectors(t *testing.T) {
	t.Parallel()
	if os.Getenv("LATCHKEY_UPDATE") == "" {
		t.Skip("set LATCHKEY_UPDATE=1 to write testdata/vectors.json")
	}
	fill := func(n int, b byte) hexed { return bytes.Repeat([]byte{b}, n) }
	msg := func(kind byte, f ...[]byte) hexed { return append([]byte{1, 1, kind}, portLV(f...)...) }
	v := vectorFile{About: "lockcode version 1, suite 1; see SPEC.md. Byte strings are hexadecimal, times milliseconds since 1970."}
	for _, parts := range [][]hexed{{}, {{}}, {hexed("a"), {}, hexed("bc")}, {fill(127, 1), fill(128, 2)}, {fill(300, 3)}} {
		var in [][]byte
		for _, p := range parts {
			in = append(in, p)
		}
		v.LV = append(v.LV, lvVector{parts, portLV(in...)})
	}

	v.Scope = scopeVector{Lock: "lock-1", User: "ute", Epoch: fill(16, 0xe1), Device: fill(16, 0xd1)}
	s := portScope(v.Scope.Lock, v.Scope.Epoch, v.Scope.User, v.Scope.Device)
	v.Scope.Scope = s
	private := fill(32, 0x5c)
	key, err := hpke.DHKEM(ecdh.X25519()).NewPrivateKey(private)
	require.NoError(t, err)
	public := key.PublicKey().Bytes()
	user := []byte(v.Scope.User)

	const lockTime, phoneTime = 1795168830123, 1795168800000
	for _, m := range []struct {
		mode         byte
		what, secret string
	}{{2, "lockcode/v1 activate", "4711"}, {3, "lockcode/v1 add device", "A7K2Q"}} {
		r := cpaceVector{
			Mode: m.mode, Secret: m.secret, Name: "Ute's phone", PhoneTime: phoneTime, LockTime: lockTime, FirstDay: phoneTime/86400000 - 1,
			SIDController: fill(16, 0xc0+m.mode), SIDApp: fill(16, 0xa0+m.mode), ScalarA: fill(32, 0x10+m.mode), ScalarB: fill(32, 0x20+m.mode),
		}
		sid := append(bytes.Clone(r.SIDController), r.SIDApp...)
		r.CI = portLV([]byte(m.what), []byte("app"), user, []byte("lock"), []byte(v.Scope.Lock), v.Scope.Epoch)
		r.Generator = portGenerator(m.secret, r.CI, sid)
		r.ShareA, r.ShareB = portX25519(r.ScalarA, r.Generator), portX25519(r.ScalarB, r.Generator)
		r.K = portX25519(r.ScalarA, r.ShareB)
		r.ADa = portLV([]byte(r.Name), portInt(phoneTime))
		r.ADb = portLV(v.Scope.Device, public, portInt(lockTime), []byte{8})
		isk, ta, tb := portTags(sid, r.K, r.ShareA, r.ADa, r.ShareB, r.ADb)
		r.ISK, r.TagA, r.TagB = isk, ta, tb
		r.MessageHello, r.MessageWelcome = msg(1, []byte{m.mode}, user), msg(2, v.Scope.Epoch, r.SIDController)
		r.MessageShareA, r.MessageShareB = msg(3, []byte{m.mode}, user, r.SIDApp, r.ShareA, r.ADa), msg(4, r.ShareB, r.ADb)
		r.MessageTagA, r.MessageTagB = msg(5, []byte{m.mode}, user, r.SIDApp, ta), msg(6, tb)
		v.CPace = append(v.CPace, r)
	}

	v.Keys.ISK = v.CPace[0].ISK
	v.Keys.Chain = portKey(v.Keys.ISK, "code chain", s, 32)
	v.Keys.Request = portKey(v.Keys.ISK, "request", s, 32)
	v.Keys.Fingerprint = portKey(v.Keys.ISK, "fingerprint", s, 8)
	value := []byte(v.Keys.Chain)
	first := v.CPace[0].FirstDay
	for day := first; day <= first+400; day++ {
		if n := day - first; n <= 2 || n == 31 || n == 400 {
			v.Chain = append(v.Chain, chainVector{day, bytes.Clone(value), portMAC(value, []byte("code key"))})
		}
		value = portMAC(value, []byte("next"))
	}
	dayKey := v.Chain[1].DayKey
	for _, c := range []codeVector{
		{Purpose: 1, Target: "front", PIN: "4711"}, {Purpose: 1, Target: "front", PIN: "4712"}, {Purpose: 1, Target: "back", PIN: "4711"},
		{Purpose: 2, Target: "front", PIN: "4711"}, {Purpose: 3, Target: "otto", PIN: "0000"}, {Purpose: 4, Target: "ute", PIN: "9999"},
		{Purpose: 1, Target: "", PIN: "0042"}, {Purpose: 1, Target: "Tür 7", PIN: "0042"},
	} {
		for _, step := range []int64{lockTime / 60000, lockTime/60000 + 1} {
			c.DayKey, c.Step = dayKey, step
			tweak, code := portCode(dayKey, s, c.Purpose, c.Target, step, pinNumber(t, c.PIN))
			c.Tweak, c.Code = tweak, code
			v.Codes = append(v.Codes, c)
		}
	}
	for _, typed := range []string{"A7K2Q", " a7-k2q\r\n", "oilOL", "00000", "zzzzz", "A7K2", "A7K2QQ", "U7K2Q", "A7_K2Q", "\u212a7K2Q", ""} {
		v.Typed = append(v.Typed, typedVector{typed, portRead(typed)})
	}

	for i, r := range []requestVector{
		{PIN: "4711", Purpose: 1, Target: "front"},
		{PIN: "4711", Purpose: 6, Body: hexed("7306")},
		{Purpose: 4, Target: "ute", Body: hexed(v.Codes[10].Code)},
		{Purpose: 8, Body: portInt(0)},
	} {
		r.Private, r.Public, r.Ctr, r.Time = private, public, lockTime+int64(i), lockTime
		r.Plain = portLV(portInt(r.Ctr), portInt(r.Time), []byte(r.PIN), []byte{r.Purpose}, []byte(r.Target), r.Body)
		pub, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(public)
		require.NoError(t, err)
		enc, sender, err := hpke.NewSender(pub, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), append([]byte("lockcode/v1 request\x00"), s...))
		require.NoError(t, err)
		r.Enc = enc
		r.Box, err = sender.Seal(nil, r.Plain)
		require.NoError(t, err)
		r.Tag = portMAC(v.Keys.Request, r.Enc, r.Box)
		r.Message = msg(7, v.Scope.Device, r.Enc, r.Box, r.Tag)
		_, replyKey := portOpen(private, v.Keys.Request, s, r.Enc, r.Box)
		r.ReplyKey = replyKey
		r.ReplyPlain = portLV(portInt(r.Ctr), []byte{byte(2 * (i % 2))}, []byte{7}, portInt(lockTime), []byte{8}, nil)
		r.ReplyMessage = msg(8, portReply(replyKey, r.ReplyPlain))
		v.Requests = append(v.Requests, r)
	}
	v.WebCode = webVector{User: "ute", Code: v.Codes[0].Code, Purpose: 1, Target: "front"}
	v.WebCode.Message = msg(9, user, []byte(v.WebCode.Code), []byte{1}, []byte("front"))
	device := portLV(v.Scope.Device, []byte("Ute's phone"), portInt(lockTime), v.Keys.Fingerprint, []byte{1})
	notice := portLV(portInt(3), []byte("otto"), fill(16, 0xd2), fill(8, 0xf2), portInt(lockTime))
	sent := portLV([]byte("otto"), []byte("0815"))
	v.Status = statusVector{portLV(portLV(device), portLV(notice), portLV(sent)), 1, 1, 1}
	v.WeakPINs.Count, v.WeakPINs.SHA256 = weakPINs()
	v.PINMAC.Salt, v.PINMAC.PIN = fill(32, 0x5a), "4711"
	v.PINMAC.MAC = portMAC(v.PINMAC.Salt, []byte("pin"), []byte(v.Scope.Lock), v.Scope.Epoch, user, []byte("4711"))

	b, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("testdata/vectors.json", append(b, '\n'), 0o644))
}
