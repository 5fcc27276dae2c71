package lockcode

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// A DeviceID names one App at one controller. The controller draws it.
type DeviceID [16]byte

func (id DeviceID) String() string { return hex.EncodeToString(id[:]) }

// A Fingerprint is eight bytes by which two people can see that an App and a
// controller share a key with each other and not each with somebody between
// them. It is no secret.
type Fingerprint [8]byte

func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// scope names one App at one controller between two hardware resets. It goes
// into every key and into every Code.
func scope(lockID string, epoch []byte, userID string, device DeviceID) []byte {
	return cpace.Cat([]byte("lockcode/v1"), []byte(lockID), epoch, []byte(userID), device[:])
}

// deviceKeys is what a pairing leaves behind on both sides.
type deviceKeys struct {
	chain   []byte // 32 bytes, of the day on which it starts
	request []byte // 32 bytes
	print   Fingerprint
}

// deriveKeys extracts before it expands, since ISK isn't a uniform string
// (RFC 5869 section 3.3), and expands with the scope, so that keys can't be
// moved to another one.
func deriveKeys(isk, scope []byte) (deviceKeys, error) {
	prk, err := hkdf.Extract(sha256.New, isk, []byte("lockcode/v1"))
	if err != nil {
		return deviceKeys{}, err
	}
	defer clear(prk)
	var k deviceKeys
	print, err3 := hkdf.Expand(sha256.New, prk, "fingerprint\x00"+string(scope), len(k.print))
	copy(k.print[:], print)
	var err1, err2 error
	k.chain, err1 = hkdf.Expand(sha256.New, prk, "code chain\x00"+string(scope), 32)
	k.request, err2 = hkdf.Expand(sha256.New, prk, "request\x00"+string(scope), 32)
	return k, errors.Join(err1, err2, err3)
}

func mac(key, msg []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(msg)
	return m.Sum(nil)
}

// The chain is a one-way walk, a value a day. Who gets hold of today's value
// can't read the Codes of earlier days, even if all of them were kept.

const (
	stepSeconds = 60
	daySteps    = 86400 / stepSeconds

	// maxWalk bounds the work that a clock can cause: a hundred years.
	maxWalk = 36525
)

var errPastDay = errors.New("lockcode: the key of that day is gone or out of reach")

// walk returns the chain's value of day to, given that of day from.
func walk(chain []byte, from, to int64) ([]byte, error) {
	if to < from || to-from > maxWalk {
		return nil, errPastDay
	}
	next := cpace.Cat([]byte("next"))
	for range to - from {
		chain = mac(chain, next)
	}
	return chain, nil
}

// dayKey is the AES-256 key of the day that a chain value stands for.
func dayKey(chain []byte) []byte { return mac(chain, cpace.Cat([]byte("code key"))) }

// pinMAC is what a controller keeps of a PIN. Nothing that checks a PIN of
// four digits withstands a search by someone who has it; a Sealer keeps it
// from whoever only copies the flash.
func pinMAC(salt []byte, lockID string, epoch []byte, userID string, p PIN) []byte {
	return mac(salt, cpace.Cat([]byte("pin"), []byte(lockID), epoch, []byte(userID), []byte(p.Digits())))
}
