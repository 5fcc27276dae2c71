package twofactor

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor/internal/budget"
	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
)

// shards are the parts that a day's limit is split into, so that sends don't
// queue up for one record.
const shards = 16

// GuardConfig is what a [StoreGuard] is made of.
type GuardConfig struct {
	// Store keeps the counters, under keys of their own. It may be the users'
	// store. Required.
	Store Store

	// Keys seal the counters and hide whose they are. Required; see Config.Keys.
	Keys []Key

	// Countries are the ISO 3166 codes of the countries to whose unproven
	// numbers SMS are sent. The default is none.
	Countries []string

	Limits Limits

	// RecordOnly lets everything through and only logs what would have been
	// refused, to see what limits would do before they do it.
	RecordOnly bool

	// Now is the clock. The default is time.Now.
	Now func() time.Time

	// Logger gets a line for each refusal. The default discards them.
	Logger *slog.Logger
}

// A StoreGuard is a [Guard] whose counters are in a [Store], and so hold across
// nodes and restarts.
type StoreGuard struct {
	cfg  GuardConfig
	ring *seal.Ring
	hide []byte // the key that names of counters are hashed with
}

var _ Guard = (*StoreGuard)(nil)

// NewGuard returns a StoreGuard.
func NewGuard(cfg GuardConfig) (*StoreGuard, error) {
	if cfg.Store == nil {
		return nil, errors.New("twofactor: GuardConfig.Store is required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Countries = slices.Clone(cfg.Countries)
	if err := checkCountries(cfg.Countries); err != nil {
		return nil, fmt.Errorf("twofactor: GuardConfig.Countries: %w", err)
	}
	var err error
	if cfg.Limits, err = cfg.Limits.complete(); err != nil {
		return nil, fmt.Errorf("twofactor: GuardConfig.Limits: %w", err)
	}
	g := &StoreGuard{cfg: cfg}
	if g.ring, err = newRing(cfg.Keys, "counter"); err != nil {
		return nil, fmt.Errorf("twofactor: GuardConfig.Keys: %w", err)
	}
	// The last key and not the first: it stays while new ones are rolled out, so
	// that a counter doesn't begin anew with each.
	last := cfg.Keys[len(cfg.Keys)-1]
	if g.hide, err = hkdf.Key(sha256.New, last.bytes(), nil, "latchkey/v1 counter names", sha256.Size); err != nil {
		return nil, err
	}
	return g, nil
}

// A counter is one bucket that a message is counted in.
type counter struct {
	limit   string // its name in the log
	name    string // what it counts, to be hashed
	bucket  budget.Bucket
	returns bool // it is given back when the code is entered
}

// counters are the buckets of a request, the user's own first.
func (g *StoreGuard) counters(r SendRequest) []counter {
	l := g.cfg.Limits
	if r.Proven {
		return []counter{of("proven", l.Proven, r.User, string(r.Channel), r.To)}
	}
	out := []counter{of("user", l.User, r.User, string(r.Channel))}
	if r.Client.IsValid() {
		out = append(out, of("client", l.Client, network(r.Client)))
	}
	out = append(out, of("destination", l.Destination, string(r.Channel), r.To))
	day := l.MailDay
	if r.Channel == otpcode.SMS {
		day = l.Day
		prefix := r.To[:max(0, len(r.To)-4)]
		unentered := of("unentered", l.Unentered, prefix)
		unentered.returns = true
		out = append(out, of("prefix", l.Prefix, prefix), unentered)
	}
	var b [1]byte
	rand.Read(b[:])
	share := Limit{Burst: day / shards, Every: (24 * time.Hour / time.Duration(day/shards)).Round(time.Second)}
	return append(out, of("day", share, string(r.Channel), strconv.Itoa(int(b[0])%shards)))
}

func of(limit string, l Limit, parts ...string) counter {
	name := limit
	for _, p := range parts {
		name += "\x00" + p
	}
	return counter{limit: limit, name: name, bucket: budget.Bucket{Size: l.Burst, Refill: l.Every}}
}

// network is what one client has all of: an IPv4 address, or an IPv6 /64.
func network(a netip.Addr) string {
	a = a.Unmap()
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// Reserve implements [Guard].
func (g *StoreGuard) Reserve(ctx context.Context, r SendRequest) error {
	if r.Channel == otpcode.SMS && !r.Proven && !slices.Contains(g.cfg.Countries, r.Country) {
		if err := g.refuse(ctx, "country"); err != nil {
			return err
		}
	}
	taken := make([]counter, 0, 6)
	for _, c := range g.counters(r) {
		ok, err := g.take(ctx, c)
		if err == nil && !ok {
			err = g.refuse(ctx, c.limit)
		}
		if err != nil {
			return errors.Join(err, g.back(ctx, taken))
		}
		if ok {
			taken = append(taken, c)
		}
	}
	return nil
}

// refuse says no, or only writes down that it would have. It says the same for
// every limit: which one it was would tell about others' traffic.
func (g *StoreGuard) refuse(ctx context.Context, limit string) error {
	g.cfg.Logger.WarnContext(ctx, "twofactor: send limit", "limit", limit, "record_only", g.cfg.RecordOnly)
	if g.cfg.RecordOnly {
		return nil
	}
	return &RejectedError{Reason: ReasonSendLimited, RetryAt: g.cfg.Now().Add(time.Hour).Truncate(time.Minute)}
}

// Release implements [Guard]. The day's share that it gives back may be another
// than the one taken: they count alike.
func (g *StoreGuard) Release(ctx context.Context, r SendRequest) error {
	return g.back(ctx, g.counters(r))
}

// Entered implements [Guard].
func (g *StoreGuard) Entered(ctx context.Context, r SendRequest) error {
	return g.back(ctx, slices.DeleteFunc(g.counters(r), func(c counter) bool { return !c.returns }))
}

func (g *StoreGuard) back(ctx context.Context, counters []counter) error {
	var failed error
	for _, c := range counters {
		failed = errors.Join(failed, g.count(ctx, c, func(full int64, now time.Time) (int64, bool) {
			return c.bucket.Back(full, now, 1), true
		}))
	}
	return failed
}

func (g *StoreGuard) take(ctx context.Context, c counter) (ok bool, err error) {
	err = g.count(ctx, c, func(full int64, now time.Time) (int64, bool) {
		full, ok = c.bucket.Take(full, now, 1)
		return full, ok
	})
	return ok, err
}

// tag is the name of a counter where it is kept: nobody who reads the store
// learns whose number it counts.
func (g *StoreGuard) tag(name string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, g.hide)
	mac.Write([]byte(name))
	return [sha256.Size]byte(mac.Sum(nil))
}
