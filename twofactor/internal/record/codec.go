package record

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// ErrInvalid says that a record's bytes are not what Encode made.
var ErrInvalid = errors.New("record is malformed")

// A Codec turns records into bytes and back. It is made once, since the modes
// of the CBOR library are costly to make and safe to share.
type Codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

// NewCodec returns the codec of the current format.
func NewCodec() (*Codec, error) {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxArrayElements:  256,
		MaxMapPairs:       64,
		MaxNestedLevels:   12,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode()
	if err != nil {
		return nil, err
	}
	return &Codec{enc, dec}, nil
}

// Encode returns r as CBOR (RFC 8949), or an error if a list is over its cap.
func (c *Codec) Encode(r *Record) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return c.enc.Marshal(r)
}

// Decode reads what Encode wrote. A field that this release doesn't know is an
// error: it may hold a rule, and dropping it at the next save would lose that.
func (c *Codec) Decode(data []byte) (*Record, error) {
	r := new(Record)
	if err := c.dec.Unmarshal(data, r); err != nil {
		return nil, ErrInvalid // the library's message quotes the data
	}
	if r.ID == [16]byte{} || r.Epoch == [8]byte{} || r.Key == [32]byte{} {
		return nil, ErrInvalid
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Record) check() error {
	for _, list := range []struct {
		name     string
		len, max int
	}{
		{"factors", len(r.Factors), MaxFactors},
		{"enrollments", len(r.Enrollments), MaxEnrollments},
		{"attempts", len(r.Attempts), MaxAttempts},
		{"grants", len(r.Grants), MaxGrants},
		{"devices", len(r.Devices), MaxDevices},
		{"notices", len(r.Notices), MaxNotices},
		{"writes", len(r.Writes), MaxWrites},
	} {
		if list.len > list.max {
			return fmt.Errorf("%w: %d %s, at most %d", ErrInvalid, list.len, list.name, list.max)
		}
	}
	for i := range r.Notices {
		if len(r.Notices[i].To) > MaxTold {
			return fmt.Errorf("%w: addresses of notice %d", ErrInvalid, i)
		}
	}
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

// whole reports whether the factor has exactly one kind of state. A factor with
// none could never say no.
func (f *Factor) whole() bool {
	return f.ID != "" && f.Kind != "" && (f.TOTP != nil) != (f.Address != nil)
}
