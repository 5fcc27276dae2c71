package devicetrust

import (
	"crypto/subtle"
	"errors"
	"slices"
	"time"
)

// The reasons why a device is not trusted. All of them mean the same for the
// person: they are asked for the second factor, and nothing else happens.
var (
	// ErrUnknown says that a token belongs to no device of this person: it was
	// forged or revoked, or it is another person's who uses the same browser.
	// Leave it where it is, for it may still be good for them.
	ErrUnknown = errors.New("devicetrust: no such trusted device")

	// ErrAudience says that the device is trusted elsewhere.
	ErrAudience = errors.New("devicetrust: device is trusted for another audience")

	// ErrExpired says that the time for which the device was trusted is over,
	// or that by the clock it is yet to begin, by more than five minutes: the
	// clock was set back, and nobody knows how long the device was trusted.
	ErrExpired = errors.New("devicetrust: trust in the device has expired")

	// ErrStale says that the person's epoch or password has changed since.
	ErrStale = errors.New("devicetrust: trust in the device was ended")

	// ErrFull says that a list has no room for another device.
	ErrFull = errors.New("devicetrust: too many trusted devices")
)

// maxSkew is how many seconds the clocks of two nodes may be apart. A clock that
// was set back further would let trust last as long as it is wrong.
const maxSkew = 5 * 60

// A List holds the trusted devices of one person. It is a value: no method
// changes the List it is called on. The nil List is valid and empty, and is
// what to keep when all devices are revoked.
type List []Device

// Check returns the device that a token belongs to if it is trusted for b. An
// error is [ErrUnknown], [ErrAudience], [ErrExpired] or [ErrStale], and comes
// with a Device only where the token itself was right.
//
// Checking changes nothing, so any number of requests can use one token.
func (l List) Check(text string, b Binding, now time.Time) (Device, error) {
	tok, ok := parseToken(text)
	if !ok {
		return Device{}, ErrUnknown
	}
	// An id is no secret, so it may be looked up; only its proof is compared
	// in constant time. A miss costs the same, against a device that no token
	// belongs to.
	var d Device
	i := l.index(tok.id)
	if i >= 0 {
		d = l[i]
	}
	hash := tok.tag(deviceLabel, b.User, d.Audience)
	credential := tok.tag(credentialLabel, b.Credential)
	match := subtle.ConstantTimeCompare(hash[:], d.Hash[:])
	current := subtle.ConstantTimeCompare(credential[:], d.Credential[:])
	switch {
	case i < 0 || match != 1:
		return Device{}, ErrUnknown
	case d.Audience != b.Audience:
		return d, ErrAudience
	case now.Unix() >= d.Expires, now.Unix() < d.Created-maxSkew:
		return d, ErrExpired
	case d.Epoch != b.Epoch || current != 1:
		return d, ErrStale
	}
	return d, nil
}

// WhenFull says what [List.Add] does with a list that has no room.
type WhenFull int

const (
	// Refuse returns [ErrFull].
	Refuse WhenFull = iota
	// ReplaceOldest drops the device that was used least recently.
	ReplaceOldest
)

// Add returns the list with a newly minted device in it, for at most limit
// devices. Those that expired or are of another epoch than d make room first. As
// only someone who has given the second factor can mint, ReplaceOldest lets
// nobody else push a device out.
func (l List) Add(d Device, limit int, full WhenFull, now time.Time) (List, error) {
	if limit < 1 {
		return l, ErrFull
	}
	next := l.Prune(d.Epoch, now)
	if len(next) >= limit && full != ReplaceOldest {
		return l, ErrFull
	}
	for len(next) >= limit {
		oldest := 0
		for i := range next {
			if next[i].LastUsed < next[oldest].LastUsed {
				oldest = i
			}
		}
		next = slices.Delete(next, oldest, oldest+1)
	}
	return append(next, d), nil
}

// Prune returns the list without the devices that expired or whose epoch is
// over. Those of an old password stay, since only their tokens show it.
func (l List) Prune(epoch uint64, now time.Time) List {
	return slices.DeleteFunc(slices.Clone(l), func(d Device) bool {
		return d.Epoch != epoch || now.Unix() >= d.Expires
	})
}

// Touch returns the list with now as the time when the device was last used.
// It never goes back. An id that is not in the list changes nothing.
func (l List) Touch(id string, now time.Time) List {
	i := l.index(id)
	if i < 0 {
		return l
	}
	next := slices.Clone(l)
	next[i].LastUsed = max(next[i].LastUsed, now.Unix())
	return next
}

// Revoke returns the list without the device of that id, or [ErrUnknown] and
// the list as it was.
func (l List) Revoke(id string) (List, error) {
	i := l.index(id)
	if i < 0 {
		return l, ErrUnknown
	}
	return slices.Delete(slices.Clone(l), i, i+1), nil
}

func (l List) index(id string) int {
	return slices.IndexFunc(l, func(d Device) bool { return d.ID == id })
}
