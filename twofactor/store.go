package twofactor

import (
	"context"
	"errors"
	"iter"
)

// A Store keeps one Record per key and replaces it only by compare-and-swap.
// It never looks into the data, and it holds no rule of its own: whatever can
// go wrong with a second factor is decided above it. Every Store has to pass
// the suite in package storetest.
//
// All methods may be called at the same time, from any number of nodes. They
// return early with an error when the context ends; the caller then doesn't
// know whether a write took place, and finds out by loading again.
type Store interface {
	// Load returns the record last saved under key, or an error wrapping
	// ErrNotFound if there is none; no other failure may look like that.
	// After a Save returned ErrConflict, Load returns a record at least as new
	// as the one that caused it: no lagging replica. The caller may change the
	// data that it gets.
	Load(ctx context.Context, key string) (Record, error)

	// Save stores data if, and only if, the stored version is still old, in
	// one atomic and durable step, and returns the new version. The zero
	// Version means that no record may exist. Otherwise it stores nothing and
	// returns an error wrapping ErrConflict. A key never sees the same version
	// twice, not even after Delete. Save doesn't keep data after it returns.
	Save(ctx context.Context, key string, old Version, data []byte) (Version, error)

	// Delete removes the record under key if its version is still old, and
	// otherwise returns an error wrapping ErrConflict. If there is no record,
	// it returns nil. The zero Version never matches a record.
	Delete(ctx context.Context, key string, old Version) error
}

// A Lister is a Store that can also name its keys. Nothing that decides about
// a person needs it; upkeep and statistics do.
type Lister interface {
	// Keys yields the keys of all records, in no order. A key that exists
	// throughout is yielded at least once. An error ends the sequence.
	Keys(ctx context.Context) iter.Seq2[string, error]
}

// A Record is what a Store keeps under one key.
type Record struct {
	Data    []byte
	Version Version // never the zero Version in a record that was loaded
}

// A Version names one state of one record. It is opaque: the only thing to do
// with it is to hand it back. The zero Version names the absence of a record.
type Version string

var (
	// ErrNotFound says that a Store has no record under a key.
	ErrNotFound = errors.New("twofactor: record not found")

	// ErrConflict says that a record was not in the version the caller named.
	ErrConflict = errors.New("twofactor: record was changed by someone else")
)
