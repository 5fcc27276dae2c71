// Package seal encrypts what leaves the process: a user's record on its way
// into a store, and a token on its way to a browser.
//
// A sealed box is a format byte, the four-byte id of the key that sealed it, a
// random nonce, and XChaCha20-Poly1305 over the plaintext. The 192-bit nonce is
// what makes random nonces safe without counting boxes
// (draft-irtf-cfrg-xchacha-03, section 2.1).
package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

const (
	format  = 1
	idSize  = 4
	bound   = 1 + idSize // what of the header is bound to the content
	header  = bound + chacha20poly1305.NonceSizeX
	minimum = header + chacha20poly1305.Overhead
)

var (
	// ErrOpen says that a box is not what was once sealed for this place.
	ErrOpen = errors.New("sealed data does not open")

	// ErrFormat says that a box is of a format that this release doesn't know.
	ErrFormat = errors.New("sealed data is of an unknown format")

	// ErrKey says that none of the keys is the one that sealed a box.
	ErrKey = errors.New("sealed data is under a key that is not configured")
)

// A Ring seals under its first key and opens under all of them.
type Ring struct {
	keys []key
}

type key struct {
	id   [idSize]byte
	aead cipher.AEAD
}

// New derives, from each master key, the key for one purpose. Rings of
// different purposes never open each other's boxes.
func New(masters [][]byte, purpose string) (*Ring, error) {
	if len(masters) == 0 {
		return nil, errors.New("no key")
	}
	r := &Ring{keys: make([]key, 0, len(masters))}
	for i, master := range masters {
		k, err := derive(master, purpose)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		for _, other := range r.keys {
			if other.id == k.id {
				return nil, fmt.Errorf("key %d is there twice", i)
			}
		}
		r.keys = append(r.keys, k)
	}
	return r, nil
}

func derive(master []byte, purpose string) (key, error) {
	if len(master) != KeySize {
		return key{}, fmt.Errorf("%d bytes, want %d", len(master), KeySize)
	}
	var sum byte
	for _, b := range master {
		sum |= b
	}
	if sum == 0 {
		return key{}, errors.New("all bytes are zero")
	}
	out, err := hkdf.Key(sha256.New, master, nil, "latchkey/v1 "+purpose, KeySize+idSize)
	if err != nil {
		return key{}, err
	}
	aead, err := chacha20poly1305.NewX(out[:KeySize])
	if err != nil {
		return key{}, err
	}
	return key{id: [idSize]byte(out[KeySize:]), aead: aead}, nil
}

// Seal returns plaintext in a box that opens only with the same ad. The box takes
// plaintext's memory if that has the room, so plaintext must not be used again.
func (r *Ring) Seal(plaintext, ad []byte) []byte {
	k := &r.keys[0]
	size := minimum + len(plaintext)
	behind := bound + len(ad) // of the box, for what is bound to it
	buf := slices.Grow(plaintext, minimum+behind)[:size+behind]
	inside := buf[header : header+copy(buf[header:size], plaintext)]
	buf[0] = format
	copy(buf[1:], k.id[:])
	nonce := buf[bound:header]
	rand.Read(nonce)
	return k.aead.Seal(buf[:header:size], nonce, inside, bind(buf[size:], buf, ad))
}

// Open returns what was sealed with ad.
func (r *Ring) Open(box, ad []byte) ([]byte, error) {
	if len(box) == 0 {
		return nil, ErrOpen
	}
	if box[0] != format {
		return nil, ErrFormat
	}
	if len(box) < minimum {
		return nil, ErrOpen
	}
	for i := range r.keys {
		k := &r.keys[i]
		if k.id != [idSize]byte(box[1:]) {
			continue
		}
		n := bound + len(ad)
		buf := make([]byte, n+len(box)-minimum) // what is bound to the box, and behind it the plaintext
		plaintext, err := k.aead.Open(buf[n:n], box[bound:header], box[header:], bind(buf[:n], box, ad))
		if err != nil {
			return nil, ErrOpen
		}
		return plaintext, nil
	}
	return nil, ErrKey
}

// Current reports whether box was sealed under the first key.
func (r *Ring) Current(box []byte) bool {
	return len(box) >= minimum && r.keys[0].id == [idSize]byte(box[1:])
}

// bind puts format and key id under the tag, so that neither can be altered
// without notice once there is a second format. The result is in buf.
func bind(buf, box, ad []byte) []byte {
	return append(append(buf[:0], box[:bound]...), ad...)
}
