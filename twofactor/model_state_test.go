package twofactor_test

import (
	"math"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
)

// How sure the model is that something is there.
type sure int

const (
	gone sure = iota
	perhaps
	there
)

// lose is what remains of something that has ended, or may have.
func (s *sure) lose(certain bool) {
	if certain || *s == gone {
		*s = gone
	} else {
		*s = perhaps
	}
}

// An actor is a user as the model knows them.
type actor struct {
	id string

	// What ends trust begins an era. What is from before the first that may still
	// last is void; what is from the last one is good.
	era, first int

	// Each record that is made anew begins a life, and known browsers are of one.
	life, firstLife int

	factors   []*actorFactor
	off       sure
	papers    []*paper // recovery codes
	anyPapers bool     // perhaps a set that nobody has seen
	tries     [2]*bucket
	password  *bucket
	digits    [2]*bucket
	secret    int // the version of the password

	number   string // of the profile, in E.164
	since    time.Time
	verified []string // numbers that the app has verified
	own      *ownNumber
	unclear  bool // nobody knows which number counts
}

// An ownNumber is one that the user has set in the settings.
type ownNumber struct {
	number, was string
	verified    bool
	since       time.Time
	wrong       int
	began       time.Time // of the codes for it
}

type actorFactor struct {
	id     string // empty until it has been seen
	kind   twofactor.Kind
	is     sure
	name   string
	app    *twofactortest.Phone
	to     string // empty, too, until it has been seen
	last   int64  // the step that surely was accepted last, and perhaps
	last2  int64
	row    int
	fails  int
	paused time.Time
	blurry bool // nobody knows its counts
}

// A paper is a recovery code.
type paper struct {
	text     string
	is       sure
	imported bool
	of       *actor
}

// An attempt is a pending login, or a session that proves itself anew.
type try struct {
	of      *actor
	grant   bool // what it is for
	token   string
	sid     int
	era     int
	expires time.Time
	known   sure
	wrong   int // surely, and at most
	wrong2  int
	sends   int
	is      sure
	last    string // the factor that a code was sent for last
	blurry  bool   // nobody knows which
	secret  int
	place   string
}

// A seat is a session.
type seat struct {
	of      *actor
	sid     int
	session twofactor.Session
	token   string
	basis   twofactor.Basis
	limited bool
	found   bool // recovered
	at      time.Time
	known   bool
	try     *try
}

// A permit is a grant.
type permit struct {
	of            *actor
	token         string
	sid           int
	era           int
	expires, sure time.Time // at the latest, and at the earliest
	is            sure
}

// A sentCode is a message with a code.
type sentCode struct {
	of      *actor
	purpose string
	owner   any // the try, the draft or the number that it is for
	factor  string
	to      string
	code    string
	sent    time.Time
	expires time.Time
	is      sure
}

// A draft is an enrollment.
type draft struct {
	of       *actor
	id       string
	kind     twofactor.Kind
	is       sure
	app      *twofactortest.Phone
	to       string // or empty, while nobody knows
	expires  time.Time
	replaces string
	name     string
	wrong    int
	wrong2   int
	sends    int
}

// A keepsake is the token of a trusted device.
type keepsake struct {
	of      *actor
	token   string
	id      string
	place   string
	secret  int
	era     int
	kind    twofactor.Kind
	expires time.Time
	is      sure
}

// A cookie is the token of a known browser.
type cookie struct {
	of      *actor
	token   string
	life    int
	expires time.Time
}

// A bucket is a budget of ten tries of which one comes back every six hours. It
// is kept twice: how full it may be, and how full it is at least.
type bucket struct {
	most, least float64
	at, latest  time.Time
}

func newBucket(now time.Time) *bucket { return &bucket{most: 10, least: 10, at: now, latest: now} }

// fill lets time pass. When the clock goes back, nothing comes back a second time.
func (b *bucket) fill(now time.Time) {
	if now.After(b.latest) {
		more := now.Sub(b.latest).Hours() / 6
		b.most, b.least = math.Min(10, b.most+more), math.Min(10, b.least+more)
		b.latest = now
	}
}

const slack = 0.01 // of a try: three and a half minutes, for a clock that goes back

// pay takes n tries, and reports whether there can have been so many.
func (b *bucket) pay(now time.Time, n float64, certain bool) bool {
	b.fill(now)
	b.least = math.Max(0, b.least-n)
	if !certain {
		return true
	}
	b.most -= n
	return b.most > -slack
}

// holds reports whether n tries are there for sure.
func (b *bucket) holds(now time.Time, n float64) bool {
	b.fill(now)
	return math.Floor(b.least-slack) >= n
}

// refilled is a bucket of which nobody knows whether it was put in the place of b.
func (b *bucket) refilled(now time.Time, certain bool) *bucket {
	if certain {
		return newBucket(now)
	}
	b.fill(now)
	return &bucket{most: 10, least: b.least, at: now, latest: b.latest}
}
