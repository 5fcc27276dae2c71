package lockcode

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// Every message begins with these two bytes and its kind. Version 1, suite 1:
// CPACE-X25519-SHA512, HPKE with DHKEM(X25519) and ChaCha20-Poly1305, SHA-256,
// FF1 with AES-256, replies under AES-256-GCM.
const (
	wireVersion = 1
	wireSuite   = 1
)

// MaxMessage bounds a message in either direction, in bytes.
const MaxMessage = 8 << 10

type kind byte

const (
	kindHello   kind = 1 // mode, user
	kindWelcome kind = 2 // epoch, controller's half of sid
	kindShareA  kind = 3 // mode, user, App's half of sid, Ya, ADa
	kindShareB  kind = 4 // Yb, ADb
	kindTagA    kind = 5 // mode, user, App's half of sid, Ta
	kindTagB    kind = 6 // Tb
	kindRequest kind = 7 // device, enc, box, tag
	kindReply   kind = 8 // box
	kindCode    kind = 9 // user, Code, purpose, target
	kindDone    kind = 10
	kindRefusal kind = 255 // reason
)

// The mode of a pairing.
type mode byte

const (
	modeSendPIN  mode = 1 // hello only: draw a new PIN and send it
	modeActivate mode = 2 // the password is the PIN that was sent
	modeAdd      mode = 3 // the password is a Code of another device
)

// A span is the least and the greatest length of a field.
type span struct{ min, max int }

// Lengths of everything that is parsed, on the wire and inside a box.
var (
	one, id16, k32, u64 = span{1, 1}, span{16, 16}, span{32, 32}, span{8, 8}
	name                = span{1, maxID}
	tag64               = span{cpace.TagSize, cpace.TagSize}
	pinOrNone           = span{0, PINDigits}
)

func (k kind) layout() ([]span, bool) {
	switch k {
	case kindHello:
		return []span{one, name}, true
	case kindWelcome:
		return []span{id16, id16}, true
	case kindShareA:
		return []span{one, name, id16, k32, {0, maxADa}}, true
	case kindShareB:
		return []span{k32, {0, maxADb}}, true
	case kindTagA:
		return []span{one, name, id16, tag64}, true
	case kindTagB:
		return []span{tag64}, true
	case kindRequest:
		return []span{id16, k32, {16, 1024}, k32}, true
	case kindReply:
		return []span{{16, MaxMessage - 16}}, true
	case kindCode:
		return []span{name, {5, 5}, one, {0, maxID}}, true
	case kindDone:
		return nil, true
	case kindRefusal:
		return []span{one}, true
	}
	return nil, false
}

const (
	maxDeviceName = 40
	maxADa        = 1 + maxDeviceName + 1 + 8
	maxADb        = 1 + 16 + 1 + 32 + 1 + 8 + 1 + 1
)

var errMessage = errors.New("lockcode: malformed message")

func encode(k kind, fields ...[]byte) []byte {
	return append([]byte{wireVersion, wireSuite, byte(k)}, cpace.Cat(fields...)...)
}

// decode accepts exactly what encode makes, and nothing else.
func decode(msg []byte) (kind, [][]byte, error) {
	if len(msg) < 3 || len(msg) > MaxMessage || msg[0] != wireVersion || msg[1] != wireSuite {
		return 0, nil, errMessage
	}
	k := kind(msg[2])
	spans, ok := k.layout()
	if !ok {
		return 0, nil, errMessage
	}
	fields, err := split(msg[3:], spans...)
	return k, fields, err
}

// split undoes [cpace.Cat] for a known number of parts. A length that isn't
// written in the shortest way is refused, so that no two texts mean the same.
func split(b []byte, spans ...span) ([][]byte, error) {
	fields := make([][]byte, len(spans))
	for i, s := range spans {
		f, rest, err := next(b)
		if err != nil || len(f) < s.min || len(f) > s.max {
			return nil, errMessage
		}
		fields[i], b = f, rest
	}
	if len(b) != 0 {
		return nil, errMessage
	}
	return fields, nil
}

// splitList undoes [cpace.Cat] for up to limit parts.
func splitList(b []byte, limit int) ([][]byte, error) {
	var parts [][]byte
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil || len(parts) == limit {
			return nil, errMessage
		}
		parts, b = append(parts, f), rest
	}
	return parts, nil
}

func next(b []byte) (field, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) || size > 1 && b[size-1] == 0 {
		return nil, nil, errMessage
	}
	return b[size : size+int(n)], b[size+int(n):], nil
}

// Times are milliseconds since 1970, and never before.
func millis(t time.Time) int64 { return max(0, t.UnixMilli()) }

func putInt(v int64) []byte { return beUint64(uint64(v)) }

func getInt(b []byte) (int64, error) {
	v := binary.BigEndian.Uint64(b)
	if v > math.MaxInt64/2 { // room to add and subtract without wrapping round
		return 0, errMessage
	}
	return int64(v), nil
}
