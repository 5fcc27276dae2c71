package lockcode

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/hpke"

	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// A request is what goes from an App to its controller, sealed twice: to the
// controller's public key, so that the phone's own keys don't open a recording
// that holds the PIN, and with a MAC under the key that only this App has.
type request struct {
	ctr  int64 // rises with each request
	time int64 // the App's idea of the controller's time
	pin  PIN   // zero if the operation needs none
	b    Binding
	body []byte
}

// A reply answers one request.
type reply struct {
	ctr    int64 // of the request
	reason Reason
	tries  int // PINs left, beside WrongPIN
	time   int64
	flags  flags
	body   []byte
}

const maxBody = MaxMessage - 512

func requestInfo(scope []byte) []byte { return append([]byte("lockcode/v1 request\x00"), scope...) }

func kem() hpke.KEM { return hpke.DHKEM(ecdh.X25519()) }

// sealRequest returns the last three fields of a kindRequest message, and the
// key that opens its answer.
func sealRequest(public, requestKey, scope []byte, r request) (enc, box, tag, replyKey []byte, err error) {
	pub, err := kem().NewPublicKey(public)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	enc, sender, err := hpke.NewSender(pub, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), requestInfo(scope))
	if err != nil {
		return nil, nil, nil, nil, err
	}
	box, err = sender.Seal(nil, cpace.Cat(putInt(r.ctr), putInt(r.time), []byte(r.pin.Digits()),
		[]byte{byte(r.b.Purpose)}, []byte(r.b.Target), r.body))
	if err != nil {
		return nil, nil, nil, nil, err
	}
	export, err := sender.Export("lockcode/v1 reply", 32)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	return enc, box, mac(requestKey, cpace.Cat(enc, box)), deriveReplyKey(requestKey, export), nil
}

// genuine is the cheap check that comes before everything else.
func genuine(requestKey, enc, box, tag []byte) bool {
	return hmac.Equal(tag, mac(requestKey, cpace.Cat(enc, box)))
}

func openRequest(private, requestKey, scope, enc, box []byte) (r request, replyKey []byte, err error) {
	key, err := kem().NewPrivateKey(private)
	if err != nil {
		return r, nil, err
	}
	rcpt, err := hpke.NewRecipient(enc, key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), requestInfo(scope))
	if err != nil {
		return r, nil, errMessage
	}
	plain, err := rcpt.Open(nil, box)
	if err != nil {
		return r, nil, errMessage
	}
	if r, err = parseRequest(plain); err != nil {
		return r, nil, err
	}
	export, err := rcpt.Export("lockcode/v1 reply", 32)
	return r, deriveReplyKey(requestKey, export), err
}

func parseRequest(plain []byte) (r request, err error) {
	f, err := split(plain, u64, u64, pinOrNone, one, span{0, maxID}, span{0, 512})
	if err != nil {
		return r, err
	}
	if r.ctr, err = getInt(f[0]); err != nil {
		return r, err
	}
	if r.time, err = getInt(f[1]); err != nil {
		return r, err
	}
	if len(f[2]) > 0 {
		if r.pin, err = ParsePIN(string(f[2])); err != nil {
			return r, errMessage
		}
	}
	r.b = Binding{Purpose(f[3][0]), string(f[4])}
	if (r.b.Target != "" || r.b.Purpose.aimed()) && !validID(r.b.Target) {
		return r, errMessage
	}
	r.body = f[5]
	return r, nil
}

func deriveReplyKey(requestKey, export []byte) []byte {
	return mac(requestKey, cpace.Cat([]byte("reply"), export))
}

// replyAEAD has a nonce of zeros. That is safe because each key seals once: a
// request is answered only in the transaction that moved its counter.
func replyAEAD(key []byte) (cipher.AEAD, []byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, err
	}
	return gcm, make([]byte, gcm.NonceSize()), nil
}

func sealReply(key []byte, r reply) ([]byte, error) {
	gcm, nonce, err := replyAEAD(key)
	if err != nil {
		return nil, err
	}
	plain := cpace.Cat(putInt(r.ctr), []byte{byte(r.reason)}, []byte{byte(r.tries)}, putInt(r.time), []byte{byte(r.flags)}, r.body)
	return gcm.Seal(nil, nonce, plain, nil), nil
}

func openReply(key, box []byte) (reply, error) {
	gcm, nonce, err := replyAEAD(key)
	if err != nil {
		return reply{}, err
	}
	plain, err := gcm.Open(nil, nonce, box, nil)
	if err != nil {
		return reply{}, ErrReply
	}
	return parseReply(plain)
}

func parseReply(plain []byte) (r reply, err error) {
	f, err := split(plain, u64, one, one, u64, one, span{0, maxBody})
	if err != nil {
		return r, ErrReply
	}
	ctr, err1 := getInt(f[0])
	at, err2 := getInt(f[3])
	if err1 != nil || err2 != nil {
		return r, ErrReply
	}
	return reply{ctr, Reason(f[1][0]), int(f[2][0]), at, flags(f[4][0]), f[5]}, nil
}
