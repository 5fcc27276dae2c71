// Package cpace is the balanced password-authenticated key exchange CPace,
// suite CPACE-X25519-SHA512, in its initiator-responder setting, as in
// draft-irtf-cfrg-cpace-21.
//
// Two parties who share a password of very little entropy get a strong key.
// Someone in the middle can try one password per run, and learns nothing from
// it that could be tried offline.
package cpace

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/binary"
	"errors"
)

const (
	dsi    = "CPace255"
	dsiISK = "CPace255_ISK"
	dsiMAC = "CPaceMac"

	// ShareSize and TagSize are the lengths of what goes over the wire.
	ShareSize = 32
	TagSize   = sha512.Size
)

// ErrPeer says that the peer's share isn't a point that a run may go on with.
var ErrPeer = errors.New("cpace: the other side's share is refused")

// A Party is one side of one run. It must not serve for a second one: the
// scalar has to be new each time (section 10.9 of the draft).
type Party struct {
	scalar *ecdh.PrivateKey
	share  []byte
	sid    []byte
}

// Keys is the outcome of a run: the intermediate session key, which must go
// through a key derivation before use, and the two confirmation tags.
type Keys struct {
	ISK        [sha512.Size]byte
	TagA, TagB [TagSize]byte
}

// New begins a run: prs is the password, ci names the channel (who talks to
// whom about what), sid is unique to the run.
func New(prs, ci, sid []byte) (*Party, error) {
	scalar, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return begin(scalar, prs, ci, sid)
}

func begin(scalar *ecdh.PrivateKey, prs, ci, sid []byte) (*Party, error) {
	share, err := multiply(scalar, generator(prs, ci, sid))
	if err != nil {
		return nil, err
	}
	return &Party{scalar: scalar, share: share, sid: sid}, nil
}

// Share is what the other side is sent.
func (p *Party) Share() []byte { return p.share }

// Initiator finishes the run on side A, which sent ada with its share and was
// answered yb and adb.
func (p *Party) Initiator(ada, yb, adb []byte) (*Keys, error) {
	k, err := multiply(p.scalar, yb)
	if err != nil {
		return nil, err
	}
	return derive(p.sid, k, p.share, ada, yb, adb), nil
}

// Responder finishes the run on side B, which received ya and ada and answers
// with its share and adb.
func (p *Party) Responder(ya, ada, adb []byte) (*Keys, error) {
	k, err := multiply(p.scalar, ya)
	if err != nil {
		return nil, err
	}
	return derive(p.sid, k, ya, ada, p.share, adb), nil
}

// multiply is scalar_mult_vfy: crypto/ecdh refuses the all-zero result, which
// is what every point of low order leads to (section 6.2: abort).
func multiply(scalar *ecdh.PrivateKey, point []byte) ([]byte, error) {
	public, err := ecdh.X25519().NewPublicKey(point)
	if err != nil {
		return nil, ErrPeer
	}
	k, err := scalar.ECDH(public)
	if err != nil {
		return nil, ErrPeer
	}
	return k, nil
}

// derive makes ISK over the ordered transcript, and the tags of the draft's
// explicit key confirmation, each over its sender's own message.
func derive(sid, k, ya, ada, yb, adb []byte) *Keys {
	msgA, msgB := Cat(ya, ada), Cat(yb, adb)
	h := sha512.New()
	h.Write(Cat([]byte(dsiISK), sid, k))
	h.Write(msgA)
	h.Write(msgB)
	clear(k)
	keys := new(Keys)
	h.Sum(keys.ISK[:0])

	h = sha512.New()
	h.Write([]byte(dsiMAC))
	h.Write(sid)
	h.Write(keys.ISK[:])
	macKey := h.Sum(nil)
	tag(keys.TagA[:0], macKey, msgA)
	tag(keys.TagB[:0], macKey, msgB)
	clear(macKey)
	return keys
}

func tag(out, key, msg []byte) {
	m := hmac.New(sha512.New, key)
	m.Write(msg)
	m.Sum(out)
}

// Cat is the draft's lv_cat: each part after its length in LEB128.
func Cat(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p) + 2
	}
	out := make([]byte, 0, n)
	for _, p := range parts {
		out = binary.AppendUvarint(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}
