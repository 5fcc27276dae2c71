package twofactor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
)

// Config is what a [Service] is made of. [New] checks and copies it.
type Config struct {
	// Store keeps the users' records. Required.
	Store Store

	// Keys seal records and tokens. The first one seals, all of them open.
	// Required: without a key there is no start.
	//
	// One key is for one service. Two services with one key take each other's
	// records and sessions, since what is sealed names the user and not the
	// service: user 42 of the shop would pass for user 42 of the staff's pages.
	//
	// To replace a key, add the new one at the end on every node, then move it
	// to the front, then let [Service.Reseal] bring the records over, and only
	// then take the old one away.
	Keys []Key

	// Issuer is the service's name as users know it. It stands in their
	// authenticator app and in every message. Required, without a colon.
	Issuer string

	// Policy says what is allowed and asked for. The zero Policy is an
	// authenticator app, not required, with ten recovery codes and no trusted
	// devices.
	Policy Policy

	// Messaging is what SMS and mail take. Optional where the policy allows
	// neither.
	Messaging Messaging

	// Now is the only clock. The default is time.Now. The clocks of all nodes have
	// to agree to within a few seconds: one that is behind takes codes that have
	// run out, and a pause that one ahead begins lasts until the others have caught
	// up with it. A right answer costs no try on any of them.
	Now func() time.Time

	// OnEvent is called after whatever an Event reports has been saved. It must
	// not block for long. Optional.
	OnEvent func(context.Context, Event)

	// Logger gets one line for each event. The default discards them.
	Logger *slog.Logger
}

// A Service decides about second factors. It is safe for concurrent use, holds
// no state of its own, and may run on any number of nodes over one store.
type Service struct {
	cfg     Config
	policy  Policy
	records *seal.Ring
	tokens  *seal.Ring
	methods []method
	slow    chan struct{}  // a place for each slow hash that is compared at once
	under   sync.WaitGroup // messages under way
}

// New returns a Service, or an error that says what is missing or contradicts
// itself.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil {
		return nil, errors.New("twofactor: Config.Store is required")
	}
	if err := checkIssuer(cfg.Issuer); err != nil {
		return nil, fmt.Errorf("twofactor: Config.Issuer: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	policy, err := cfg.Policy.complete()
	if err != nil {
		return nil, fmt.Errorf("twofactor: Config.Policy: %w", err)
	}
	if err := cfg.Messaging.complete(&cfg, policy); err != nil {
		return nil, fmt.Errorf("twofactor: Config.Messaging: %w", err)
	}
	s := &Service{cfg: cfg, policy: policy, slow: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	if s.records, err = newRing(cfg.Keys, "record"); err != nil {
		return nil, fmt.Errorf("twofactor: Config.Keys: %w", err)
	}
	if s.tokens, err = newRing(cfg.Keys, "token"); err != nil {
		return nil, fmt.Errorf("twofactor: Config.Keys: %w", err)
	}
	s.methods = []method{totpMethod{issuer: cfg.Issuer, window: *policy.TOTPWindow}}
	if cfg.Messaging.SMS != nil {
		s.methods = append(s.methods, messageMethod{k: SMS, lostDevice: policy.LostDevice})
	}
	if cfg.Messaging.Email != nil {
		s.methods = append(s.methods, messageMethod{k: Email})
	}
	return s, nil
}

// now reads the clock. A clock that was never set is a fault: with it, expiry
// and budgets mean nothing (RFC 6238, section 4.1 relies on it too).
func (s *Service) now() (time.Time, error) {
	now := s.cfg.Now()
	if y := now.UTC().Year(); y < 2020 || y > 9000 {
		return time.Time{}, errors.New("twofactor: the clock is not set")
	}
	return now, nil
}
