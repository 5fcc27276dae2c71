package twofactor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
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
	if g.hide, err = nameKey(cfg.Keys); err != nil {
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

// counters are the buckets of a request, the user's own first. They are the same
// each time, so that what was taken can be given back.
func (g *StoreGuard) counters(r SendRequest) []counter {
	l := g.cfg.Limits
	to := destination(r)
	if r.Proven {
		return []counter{
			of("proven", l.Proven, r.User, string(r.Channel), strconv.FormatBool(r.Known)),
			of("proven_destination", l.ProvenDestination, string(r.Channel), strings.ToLower(r.To)), // whose it is was shown
		}
	}
	out := []counter{of("user", l.User, r.User, string(r.Channel))}
	if r.Client.IsValid() {
		out = append(out, of("client", l.Client, network(r.Client)))
	}
	out = append(out, of("destination", l.Destination, string(r.Channel), to))
	day := l.MailDay
	if r.Channel == otpcode.SMS {
		day = l.Day
		prefix := to[:max(0, len(to)-4)]
		unentered := of("unentered", l.Unentered, prefix)
		unentered.returns = true
		out = append(out, of("prefix", l.Prefix, prefix), unentered)
	}
	// One user has one part of the day's total, so that few can't use up all of it.
	part := g.tag(r.User)[0] % shards
	return append(out, of("day", share(day), string(r.Channel), strconv.Itoa(int(part))))
}

// destination is where a message goes, in one spelling for all that reach the
// same mailbox: what limits hang on must not be a matter of how it is written.
func destination(r SendRequest) string {
	at := strings.LastIndexByte(r.To, '@')
	if r.Channel == otpcode.SMS || at < 0 {
		return r.To
	}
	mailbox, _, _ := strings.Cut(r.To[:at], "+") // RFC 5233: what follows is a detail
	return strings.ToLower(mailbox + r.To[at:])
}

func of(limit string, l Limit, parts ...string) counter {
	name := strings.Join(append([]string{limit}, parts...), "\x00")
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
			if failed := g.back(ctx, taken); failed != nil {
				g.cfg.Logger.ErrorContext(ctx, "twofactor: send limit", "error", failed)
			}
			return err
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

// Release implements [Guard].
func (g *StoreGuard) Release(ctx context.Context, r SendRequest) error {
	return g.back(ctx, g.counters(r))
}

// Entered implements [Guard].
func (g *StoreGuard) Entered(ctx context.Context, r SendRequest) error {
	return g.back(ctx, slices.DeleteFunc(g.counters(r), func(c counter) bool { return !c.returns }))
}

// back gives places back, even if the request that took them has ended.
func (g *StoreGuard) back(ctx context.Context, counters []counter) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settle)
	defer cancel()
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
