// Package budget counts tries against a bucket that refills with time.
package budget

import "time"

// A Bucket holds at most Size tries and gets one back every Refill.
//
// Its whole state is one number: the Unix second at which it is full again
// (the generic cell rate algorithm, ITU-T I.371). Nothing has to run for it to
// refill, and the zero state is a full bucket.
type Bucket struct {
	Size   int
	Refill time.Duration // whole seconds
}

// Level returns how many tries are there now.
func (b Bucket) Level(full int64, now time.Time) int {
	return b.Size - int((b.debt(full, now)+b.step()-1)/b.step())
}

// Take returns the state after n tries were paid, and false if there were not
// enough of them; then nothing was taken.
func (b Bucket) Take(full int64, now time.Time, n int) (int64, bool) {
	if n < 0 || b.Level(full, now) < n {
		return full, false
	}
	return now.Unix() + b.debt(full, now) + int64(n)*b.step(), true
}

// Back returns the state after n tries were given back. A state in the past is
// a full bucket and no more.
func (b Bucket) Back(full int64, now time.Time, n int) int64 {
	return now.Unix() + b.debt(full, now) - int64(n)*b.step()
}

// Next returns when the bucket holds at least n tries.
func (b Bucket) Next(full int64, now time.Time, n int) time.Time {
	if b.Level(full, now) >= n {
		return now
	}
	free := int64(b.Size-n) * b.step() // the debt that still leaves n tries
	return time.Unix(full-free, 0).In(now.Location())
}

// debt is the time until the bucket is full, in seconds, and at most what an
// empty bucket takes. A state further ahead was written by a clock that was
// wrong; the bucket then counts as empty. Counting it as full would let someone
// refill it by alternating between two nodes whose clocks differ.
func (b Bucket) debt(full int64, now time.Time) int64 {
	t := now.Unix()
	if full <= t {
		return 0
	}
	most := int64(b.Size) * b.step()
	if full >= t+most {
		return most
	}
	return full - t
}

func (b Bucket) step() int64 { return int64(b.Refill / time.Second) }
