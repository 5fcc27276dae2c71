package otpcode

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
)

const (
	// MaxLife is the longest that a code can be good for (NIST SP 800-63B-4
	// section 3.1.3.2).
	MaxLife = 10 * time.Minute

	defaultLife   = 5 * time.Minute
	defaultDigits = minDigits

	// maxSkew is how far the clocks of two nodes may be apart. A clock that was
	// set back further would let a code live as long as it is wrong.
	maxSkew = 5 * time.Minute

	minKey   = 32 // bytes
	keepMost = 4  // entries: the newest and three before it

	tagLabel = "latchkey otpcode v1"
)

// The reasons why [Challenge.Verify] refuses a code, beside [*SupersededError].
var (
	// ErrMalformed says that a text is not 6 to 10 ASCII digits, or that no code
	// of that length was sent. It says nothing about any code, so it needs to
	// cost no try.
	ErrMalformed = errors.New("otpcode: not in the form of a code")

	// ErrMismatch says that a code is wrong.
	ErrMismatch = errors.New("otpcode: wrong code")

	// ErrExpired says that a code was right but too late, or that by the clock
	// it is yet to be sent, by more than five minutes: the clock was set back,
	// and nobody knows how old the code is.
	ErrExpired = errors.New("otpcode: code has expired")

	// ErrUsed says that a code, or a newer one of the same challenge, was
	// accepted before.
	ErrUsed = errors.New("otpcode: code was used before")
)

// A SupersededError says that a code would have been right, had no newer one
// been made at SentAt. It costs a try like any other wrong code.
type SupersededError struct {
	SentAt time.Time
}

func (*SupersededError) Error() string { return "otpcode: a newer code was sent" }

var (
	errKey     = errors.New("otpcode: key is shorter than 32 bytes")
	errBinding = errors.New("otpcode: user, purpose and destination are required")
	errDigits  = errors.New("otpcode: codes have 6 to 10 digits")
	errLife    = errors.New("otpcode: life must be 1 second to 10 minutes")
)

// A Binding says what a code is for. A code issued for one Binding is wrong for
// every other. Values are compared byte by byte.
type Binding struct {
	User        string // Required. The person's immutable id.
	Purpose     string // Required. What a right code leads to: "sign-in", "enroll", …
	Login       string // the pending login or enrollment that asked for the code
	Factor      string // the factor that the destination belongs to
	Destination string // Required. Where the code is sent: an E.164 number or a mail address.
}

// A Spec says what kind of code to make.
type Spec struct {
	Digits int           // 6 to 10. The default is 6.
	Life   time.Duration // 1 second to [MaxLife]. The default is 5 minutes.
}

// Issued is a new code, for one message. Code is a secret: fmt, slog and
// encoding/json write an Issued without it.
type Issued struct {
	Code      string
	Reference string // a few letters, to be shown in the message and on the page
	Sent      time.Time
	Expires   time.Time // the last moment at which the code is good
}

// String returns the reference only, so that no log gets the code by accident.
func (i Issued) String() string { return "[code " + i.Reference + "]" }

// GoString returns the same as String.
func (i Issued) GoString() string { return i.String() }

// Format writes the same as String, whatever the verb.
func (i Issued) Format(f fmt.State, _ rune) { io.WriteString(f, i.String()) }

// LogValue hides the code from slog, whose JSON handler asks no String.
func (i Issued) LogValue() slog.Value { return slog.StringValue(i.String()) }

// MarshalText hides the code from encoding/json.
func (i Issued) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// A Challenge is what is kept of the codes sent to one person for one thing. It
// is a value: no method changes the Challenge it is called on. The zero
// Challenge is valid: nothing was sent.
type Challenge struct {
	Codes []Entry `cbor:"1,keyasint,omitempty"` // oldest first; only the last can be accepted
}

// An Entry is what is kept of one code.
type Entry struct {
	Tag       [sha256.Size]byte `cbor:"1,keyasint"`
	Reference string            `cbor:"2,keyasint"`
	Digits    int               `cbor:"3,keyasint"`
	Sent      int64             `cbor:"4,keyasint"` // Unix milliseconds
	Expires   int64             `cbor:"5,keyasint"` // Unix milliseconds
	Used      bool              `cbor:"6,keyasint,omitempty"`
}

// Issue makes a new code and returns it with the Challenge that accepts it, and
// only it. Save the Challenge before sending the code.
func (c Challenge) Issue(key []byte, b Binding, spec Spec, now time.Time) (Challenge, Issued, error) {
	if spec.Digits == 0 {
		spec.Digits = defaultDigits
	}
	if spec.Life == 0 {
		spec.Life = defaultLife
	}
	switch {
	case len(key) < minKey:
		return c, Issued{}, errKey
	case b.User == "" || b.Purpose == "" || b.Destination == "":
		return c, Issued{}, errBinding
	case spec.Digits < minDigits || spec.Digits > maxDigits:
		return c, Issued{}, errDigits
	case spec.Life < time.Second || spec.Life > MaxLife:
		return c, Issued{}, errLife
	}
	is := Issued{
		Code:      newCode(spec.Digits),
		Reference: newReference(),
		Sent:      now,
		Expires:   now.Add(spec.Life),
	}
	for c.index(is.Reference) >= 0 {
		is.Reference = newReference()
	}
	kept := c.Codes[max(0, len(c.Codes)-keepMost+1):]
	next := Challenge{Codes: append(slices.Clone(kept), Entry{
		Tag:       of(is.Reference, b.tag(key, is.Code)),
		Reference: is.Reference,
		Digits:    spec.Digits,
		Sent:      is.Sent.UnixMilli(),
		Expires:   is.Expires.UnixMilli(),
	})}
	return next, is, nil
}

// Abandon returns the Challenge as if the code with that reference had never
// been made: the one before it, if there is one, is good again for what is left
// of its life. Call it only when the code has definitely not gone out. Once a
// code of the Challenge was accepted, nothing changes any more.
func (c Challenge) Abandon(reference string) Challenge {
	i := c.index(reference)
	if i < 0 || c.Codes[i].Used {
		return c
	}
	return Challenge{Codes: slices.Delete(slices.Clone(c.Codes), i, i+1)}
}

// Latest returns the newest code's entry, if there is one that was not used. It
// may have expired.
func (c Challenge) Latest() (Entry, bool) {
	if len(c.Codes) == 0 || c.Codes[len(c.Codes)-1].Used {
		return Entry{}, false
	}
	return c.Codes[len(c.Codes)-1], true
}

// Verify returns the Challenge in which code is used up. Any refusal is one of
// [ErrMalformed], [ErrMismatch], [ErrExpired], [ErrUsed] or a
// [*SupersededError]; other errors are faults of the caller's. With an error
// the returned Challenge is c.
//
// The caller must have replaced the old Challenge by the new one before it tells
// anybody that the code was right.
func (c Challenge) Verify(key []byte, b Binding, code string, now time.Time) (Challenge, error) {
	if len(key) < minKey {
		return c, errKey
	}
	if !isCode(code) {
		return c, ErrMalformed
	}
	if len(c.Codes) > 0 && !slices.ContainsFunc(c.Codes, func(e Entry) bool { return e.Digits == len(code) }) {
		return c, ErrMalformed
	}
	// All entries are compared, whatever matches. Should chance have made the
	// same digits twice, the newest counts.
	found := -1
	tag := b.tag(key, code)
	for i := range c.Codes {
		t := of(c.Codes[i].Reference, tag)
		eq := subtle.ConstantTimeCompare(t[:], c.Codes[i].Tag[:])
		found = subtle.ConstantTimeSelect(eq, i, found)
	}
	newest := len(c.Codes) - 1
	switch {
	case found < 0:
		return c, ErrMismatch
	case c.Codes[found].Used:
		return c, ErrUsed
	case found != newest:
		return c, &SupersededError{SentAt: time.UnixMilli(c.Codes[newest].Sent).UTC()}
	case now.UnixMilli() > c.Codes[found].Expires, now.UnixMilli() < c.Codes[found].Sent-maxSkew.Milliseconds():
		return c, ErrExpired
	}
	// The codes before it end with it, or Abandon could bring one back.
	next := Challenge{Codes: slices.Clone(c.Codes)}
	for i := range next.Codes {
		next.Codes[i].Used = true
	}
	return next, nil
}

func (c Challenge) index(reference string) int {
	return slices.IndexFunc(c.Codes, func(e Entry) bool { return e.Reference == reference })
}

// tag is the keyed hash of a code for a Binding. The length before each value
// keeps neighboring values apart.
func (b Binding) tag(key []byte, code string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(tagLabel))
	var size [8]byte
	for _, v := range [...]string{b.User, b.Purpose, b.Login, b.Factor, b.Destination, code} {
		binary.BigEndian.PutUint64(size[:], uint64(len(v)))
		mac.Write(size[:])
		mac.Write([]byte(v))
	}
	return [sha256.Size]byte(mac.Sum(nil))
}

// of makes the tag of a code that of the code with one reference, so that equal
// codes do not leave equal tags. The keyed part of the work is done once for
// all references.
func of(reference string, tag [sha256.Size]byte) [sha256.Size]byte {
	in := make([]byte, 0, 64) // stays on the stack
	in = append(in, tag[:]...)
	return sha256.Sum256(append(in, reference...))
}
