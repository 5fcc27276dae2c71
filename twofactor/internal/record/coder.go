package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// A coder writes a record as CBOR (RFC 8949) or reads one. Both ways go through
// the same list of fields, so that they can't disagree; see fields.go.
//
// A struct is a map from the numbers of its fields to their values, in ascending
// order, without those that are zero. All encoding is the shortest there is
// (RFC 8949, section 4.2.1), and nothing else is read: no unknown, repeated or
// misplaced number, no indefinite length, no tag, no list over its cap. Each
// record has one encoding, and each byte string is the encoding of one record
// at most.
//
// A library that finds the fields by reflection takes four times as long, which
// is more than everything else that is done for a sign-in.
type coder struct {
	data    []byte // written so far, or all that is to be read
	at      int    // where reading has come to
	pairs   int    // of the map at hand: written so far, or still to be read
	reading bool
	err     error           // the first; nothing is read after it
	texts   strings.Builder // the strings that were read share its memory
}

// The major types of CBOR that are used (RFC 8949, section 3.1).
const (
	unsignedInt = iota
	negativeInt
	byteString
	textString
	array
	mapping
	simple = 7

	isTrue   = simple<<5 | 21
	maxPairs = 23 // what fits into the first byte of a map, or of a key
)

func (c *coder) fail(why string) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrInvalid, why)
	}
	if c.reading {
		c.at, c.pairs = len(c.data), 0
	}
}

// left is how many bytes are still to be read.
func (c *coder) left() int { return len(c.data) - c.at }

// field begins a field of the map at hand. It reports whether the value comes
// next: if it is there to be read, or if there is something to write.
func (c *coder) field(key byte, zero bool) bool {
	if !c.reading {
		if zero {
			return false
		}
		c.data = append(c.data, key)
		c.pairs++
		return true
	}
	if c.pairs == 0 || c.left() == 0 || c.data[c.at] != key {
		return false
	}
	c.at++
	c.pairs--
	return true
}

// nonzero refuses a field that was written although its value is zero.
func (c *coder) nonzero(ok bool) {
	if !ok {
		c.fail("a field is zero")
	}
}

// head writes the first bytes of an item, or reads them and returns their number.
func (c *coder) head(major byte, n uint64) uint64 {
	if c.reading {
		return c.readHead(major)
	}
	first := major << 5
	switch {
	case n < 24:
		c.data = append(c.data, first|byte(n))
	case n <= math.MaxUint8:
		c.data = append(c.data, first|24, byte(n))
	case n <= math.MaxUint16:
		c.data = binary.BigEndian.AppendUint16(append(c.data, first|25), uint16(n))
	case n <= math.MaxUint32:
		c.data = binary.BigEndian.AppendUint32(append(c.data, first|26), uint32(n))
	default:
		c.data = binary.BigEndian.AppendUint64(append(c.data, first|27), n)
	}
	return n
}

func (c *coder) readHead(major byte) uint64 {
	if c.major() != major {
		c.fail("an item is of another type")
		return 0
	}
	info := c.data[c.at] & 31
	c.at++
	if info < 24 {
		return uint64(info)
	}
	if info > 27 { // reserved, or of indefinite length
		c.fail("an item has no length")
		return 0
	}
	size := 1 << (info - 24)
	if c.left() < size {
		c.fail("it ends early")
		return 0
	}
	var n uint64
	for range size {
		n = n<<8 | uint64(c.data[c.at])
		c.at++
	}
	if n < 24 || size > 1 && n>>(4*size) == 0 {
		c.fail("a number is not in its shortest form")
		return 0
	}
	return n
}

// major is the type of the item that comes next to be read.
func (c *coder) major() byte {
	if c.left() == 0 {
		return simple
	}
	return c.data[c.at] >> 5
}

// take reads the content of a string. The result shares memory with the data.
func (c *coder) take(n uint64) []byte {
	if n > uint64(c.left()) {
		c.fail("it ends early")
		return nil
	}
	end := c.at + int(n)
	b := c.data[c.at:end:end]
	c.at = end
	return b
}

// object writes or reads a struct and returns how many fields it has.
func object[T any](c *coder, v *T, fields func(*coder, *T)) int {
	outer, at := c.pairs, len(c.data)
	n := int(min(c.head(mapping, 0), maxPairs+1))
	c.pairs = n
	fields(c, v)
	switch {
	case c.reading && c.pairs > 0:
		c.fail("a field is unknown, repeated or misplaced")
	case !c.reading && c.pairs > maxPairs:
		c.fail("a struct has too many fields")
	case !c.reading:
		n = c.pairs
		c.data[at] |= byte(n)
	}
	c.pairs = outer
	return n
}

// part is a field that is a struct.
func part[T any](c *coder, key byte, v *T, fields func(*coder, *T)) {
	at := len(c.data)
	if !c.field(key, false) || object(c, v, fields) > 0 {
		return
	}
	if c.reading {
		c.nonzero(false)
		return
	}
	c.data = c.data[:at]
	c.pairs--
}

// optional is a field that is a struct or nil.
func optional[T any](c *coder, key byte, v **T, fields func(*coder, *T)) {
	if c.field(key, *v == nil) {
		if c.reading {
			*v = new(T)
		}
		object(c, *v, fields)
	}
}

// list is a field that is a list of structs.
func list[T any](c *coder, key byte, s *[]T, most int, fields func(*coder, *T)) {
	items(c, key, s, most, func(c *coder, v *T) { object(c, v, fields) })
}

// items is a field that is a list of anything.
func items[T any](c *coder, key byte, s *[]T, most int, item func(*coder, *T)) {
	if !c.field(key, len(*s) == 0) {
		return
	}
	n := c.head(array, uint64(len(*s)))
	if n == 0 || n > uint64(most) {
		c.fail("a list is empty or over its cap")
		return
	}
	if c.reading {
		*s = make([]T, n, n+1) // a sign-in adds one to some
	}
	for i := range *s {
		item(c, &(*s)[i])
	}
}

type integer interface {
	~int | ~int64 | ~uint8 | ~uint64
}

// number is a field that is an integer.
func number[T integer](c *coder, key byte, v *T) {
	if !c.field(key, *v == 0) {
		return
	}
	switch {
	case !c.reading && *v < 0:
		c.head(negativeInt, ^uint64(*v))
	case !c.reading:
		c.head(unsignedInt, uint64(*v))
	case c.major() == negativeInt:
		n := ^c.head(negativeInt, 0)
		*v = T(n)
		if uint64(*v) != n || *v >= 0 {
			c.fail("a number is out of range")
		}
	default:
		n := c.head(unsignedInt, 0)
		*v = T(n)
		if uint64(*v) != n || *v < 0 {
			c.fail("a number is out of range")
		}
		c.nonzero(n != 0)
	}
}

// flag is a field that is true or absent.
func (c *coder) flag(key byte, v *bool) {
	if !c.field(key, !*v) {
		return
	}
	if !c.reading {
		c.data = append(c.data, isTrue)
		return
	}
	*v = c.left() > 0 && c.data[c.at] == isTrue
	c.nonzero(*v)
	c.take(1)
}

// text is a field that is a string.
func (c *coder) text(key byte, s *string) {
	if c.field(key, *s == "") {
		c.string(s)
		c.nonzero(*s != "")
	}
}

func (c *coder) string(s *string) {
	n := c.head(textString, uint64(len(*s)))
	if !c.reading {
		if !utf8.ValidString(*s) {
			c.fail("a text is not UTF-8") // or it could never be read again
		}
		c.data = append(c.data, *s...)
		return
	}
	b := c.take(n)
	if !utf8.Valid(b) {
		c.fail("a text is not UTF-8")
		return
	}
	at := c.texts.Len()
	c.texts.Write(b)
	*s = c.texts.String()[at:]
}

// bytes is a field that is a byte string of any length.
func (c *coder) bytes(key byte, b *[]byte) {
	if c.field(key, len(*b) == 0) {
		c.blob(b)
		c.nonzero(len(*b) > 0)
	}
}

func (c *coder) blob(b *[]byte) {
	n := c.head(byteString, uint64(len(*b)))
	if !c.reading {
		c.data = append(c.data, *b...)
		return
	}
	*b = c.take(n)
}

// fixed is a field that is a byte string of the length of b.
func (c *coder) fixed(key byte, b []byte) {
	if c.field(key, !c.reading && allZero(b)) {
		c.exactly(b)
		c.nonzero(!c.reading || !allZero(b))
	}
}

func (c *coder) exactly(b []byte) {
	n := c.head(byteString, uint64(len(b)))
	switch {
	case !c.reading:
		c.data = append(c.data, b...)
	case n != uint64(len(b)):
		c.fail("a byte string has another length")
	default:
		copy(b, c.take(n))
	}
}

// allZero reports whether b, of at most 64 bytes as all fixed fields are, is
// nothing but zeros.
func allZero(b []byte) bool { return bytes.Equal(b, zeros[:len(b)]) }

var zeros [64]byte
