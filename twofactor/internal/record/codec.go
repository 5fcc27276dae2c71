package record

import (
	"errors"
	"fmt"
)

// ErrInvalid says that a record's bytes are not what Encode made, or that a
// record can't be encoded.
var ErrInvalid = errors.New("record is malformed")

// usual is more than most records need.
const usual = 2048

// Encode returns r as CBOR (RFC 8949), or an error if a list is over its cap.
func Encode(r *Record) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return encode(r, fields, usual)
}

// Decode reads what Encode wrote, and keeps parts of data. A field that this
// release doesn't know is an error: it may hold a rule, and dropping it at the
// next save would lose that.
func Decode(data []byte) (*Record, error) {
	r := new(Record)
	if err := decode(data, r, fields); err != nil {
		return nil, err
	}
	if r.ID == [16]byte{} || r.Epoch == [8]byte{} || r.Key == [32]byte{} {
		return nil, ErrInvalid
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

func encode[T any](v *T, fields func(*coder, *T), size int) ([]byte, error) {
	c := &coder{data: make([]byte, 0, size)}
	object(c, v, fields)
	if c.err != nil {
		return nil, c.err
	}
	return c.data, nil
}

func decode[T any](data []byte, v *T, fields func(*coder, *T)) error {
	c := &coder{data: data, reading: true}
	c.texts.Grow(min(len(data)/4, usual))
	object(c, v, fields)
	if c.left() > 0 {
		c.fail("something follows")
	}
	return c.err
}

// check finds a factor that doesn't have exactly one kind of state. One without
// any could never say no.
func (r *Record) check() error {
	for i := range r.Factors {
		if !r.Factors[i].whole() {
			return fmt.Errorf("%w: factor %d", ErrInvalid, i)
		}
	}
	for i := range r.Enrollments {
		if !r.Enrollments[i].Factor.whole() {
			return fmt.Errorf("%w: enrollment %d", ErrInvalid, i)
		}
	}
	return nil
}

func (f *Factor) whole() bool {
	return f.ID != "" && f.Kind != "" && (f.TOTP != nil) != (f.Address != nil)
}
