package lockcode

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// An AppConfig says what an [App] works with.
type AppConfig struct {
	// Keys and Relay are required.
	Keys  AppKeyStore
	Relay Relay
	// Name is shown to the user in the list of devices. At most 40 bytes.
	Name string
	// Now is the phone's clock. It may be wrong: the App learns from the
	// controller by how much. The default is time.Now.
	Now func() time.Time
}

// An App is the phone's side, for any number of controllers. All methods may
// be called at the same time; those about one controller wait for each other.
type App struct {
	cfg AppConfig

	mu    sync.Mutex
	busy  map[string]chan struct{} // one token per controller
	tries map[attempt]int          // failed pairings
}

// NewApp checks the configuration.
func NewApp(cfg AppConfig) (*App, error) {
	if cfg.Keys == nil || cfg.Relay == nil {
		return nil, errors.New("lockcode: Keys and Relay are required")
	}
	if len(cfg.Name) > maxDeviceName || cfg.Name != "" && !validID(cfg.Name) {
		return nil, errors.New("lockcode: Name must be at most 40 bytes of printable text")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &App{cfg: cfg, busy: map[string]chan struct{}{}, tries: map[attempt]int{}}, nil
}

// hold makes the calling method the only one about a controller, so that
// counters leave in the order in which they were drawn.
func (a *App) hold(ctx context.Context, lockID string) (release func(), err error) {
	if !validID(lockID) {
		return nil, errID
	}
	a.mu.Lock()
	token := a.busy[lockID]
	if token == nil {
		token = make(chan struct{}, 1)
		a.busy[lockID] = token
	}
	a.mu.Unlock()
	select {
	case token <- struct{}{}:
		return func() { <-token }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// load trusts a store no further than it must: no record at all, or one of
// another controller, must not look like the one that was asked for.
func (a *App) load(ctx context.Context, lockID string) (AppRecord, error) {
	rec, err := a.cfg.Keys.Load(ctx, lockID)
	if err != nil {
		return AppRecord{}, err
	}
	if rec.r.Lock != lockID {
		return AppRecord{}, errState
	}
	return rec, nil
}

// exchange sends one message and expects an answer of one kind. What it
// returns comes from the relay and proves nothing by itself.
func (a *App) exchange(ctx context.Context, lockID string, want kind, msg []byte) ([][]byte, error) {
	answer, err := a.cfg.Relay.Do(ctx, lockID, msg)
	if err != nil {
		return nil, fmt.Errorf("lockcode: asking the controller: %w", err)
	}
	k, f, err := decode(answer)
	switch {
	case err != nil:
		return nil, ErrReply
	case k == kindRefusal:
		return nil, refuse(Reason(f[0][0]))
	case k != want:
		return nil, ErrReply
	}
	return f, nil
}

// Code makes the Code that lets a web page do what b says: OpenDoor,
// OfficeMode or ResetPIN. It is good for about three minutes and for one use;
// a second one for the same binding in the same minute is the same Code.
//
// Nothing on the phone can tell whether the PIN is right: with a wrong one it
// makes a Code all the same, which the controller refuses and counts.
func (a *App) Code(ctx context.Context, lockID string, p PIN, b Binding) (Code, error) {
	if !b.Purpose.aimed() || !validID(b.Target) {
		return Code{}, errors.New("lockcode: a Code is for opening, office mode or a PIN reset, with a target")
	}
	release, err := a.hold(ctx, lockID)
	if err != nil {
		return Code{}, err
	}
	defer release()
	rec, err := a.load(ctx, lockID)
	if err != nil {
		return Code{}, err
	}
	return rec.r.code(p, b, millis(a.cfg.Now()))
}

func (r *appRecord) code(p PIN, b Binding, phone int64) (Code, error) {
	if !p.valid() {
		return Code{}, ErrMalformedPIN
	}
	if r.Flags&flagMustPIN != 0 {
		return Code{}, refuse(MustChangePIN)
	}
	step := max(0, phone+r.Offset) / (stepSeconds * 1000)
	chain, err := walk(r.Chain, r.Day, step/daySteps)
	if err != nil {
		return Code{}, refuse(WrongClock) // the key of that day is gone
	}
	return encipher(dayKey(chain), tweak(r.scope(), b.forCode(r.Flags), step), p)
}

// SubmitCode is for the relay's own web page: it hands a Code that somebody
// typed there to the controller. A nil error means that the relay was told
// that it was done; a refusal never says why.
func SubmitCode(ctx context.Context, r Relay, lockID, userID string, c Code, b Binding) error {
	if !c.valid {
		return ErrMalformedCode
	}
	a := App{cfg: AppConfig{Relay: r}}
	_, err := a.exchange(ctx, lockID, kindDone, encode(kindCode, []byte(userID),
		[]byte(c.Characters()), []byte{byte(b.Purpose)}, []byte(b.Target)))
	return err
}
