package lockcode

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A ControllerConfig says what a [Controller] works with.
type ControllerConfig struct {
	// LockID names the controller. Required, at most 64 bytes, the same for
	// all Apps and for ever.
	LockID string
	// Store, PINs, Rights and Doors are required.
	Store  LockKeyStore
	PINs   PINSender
	Rights Authorizer
	Doors  Actuator
	// Audit is told what happens. The default is nobody.
	Audit Auditor
	// Now is the controller's clock, which the relay must not be able to set:
	// a Code lives by it. The default is time.Now.
	Now func() time.Time

	// PINToOwner hands the PINs of all users but the owner to the owner's App,
	// sealed, in place of PINs: see [Status.PINs]. The relay never has them,
	// and whoever holds the owner's unlocked phone does.
	PINToOwner bool

	// InsecureAllowAnyDoor takes the door out of Codes, for a product whose
	// App has one button for all doors. The relay can then use a Code that was
	// meant for one door at another one that the user may open.
	InsecureAllowAnyDoor bool
	// InsecureKeepActivationPIN lets a user go on with the PIN that was sent.
	// Whoever carried it, the relay say, knows it then.
	InsecureKeepActivationPIN bool
}

// A Controller is the lock's side. All methods may be called at the same time.
type Controller struct {
	cfg ControllerConfig

	mu   sync.Mutex
	runs []*run // pairings that wait for the App's tag, oldest first
}

// NewController checks the configuration. A controller whose store is new
// refuses everything until [Controller.HardwareReset].
func NewController(cfg ControllerConfig) (*Controller, error) {
	switch {
	case !validID(cfg.LockID):
		return nil, fmt.Errorf("%w (LockID)", errID)
	case cfg.Store == nil || cfg.PINs == nil || cfg.Rights == nil || cfg.Doors == nil:
		return nil, errors.New("lockcode: Store, PINs, Rights and Doors are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Controller{cfg: cfg}, nil
}

// HardwareReset is for the button of the box, and for nothing that can be
// reached from outside. It forgets every user, key and confirmation and draws a
// new epoch. The first activation of the next ten minutes makes the owner.
//
// It needs nothing of what was there: where the store can't read its state, or
// can't take the new one, a [LockKeyWiper] is wiped first. With any other store
// that error comes back, and what the store keeps has to be deleted by hand.
func (c *Controller) HardwareReset(ctx context.Context) error {
	key, err := kem().GenerateKey()
	if err != nil {
		return fmt.Errorf("lockcode: drawing a key: %w", err)
	}
	private, err := key.Bytes()
	if err != nil {
		return fmt.Errorf("lockcode: encoding a key: %w", err)
	}
	j := c.journal()
	fresh := func(s *lockState) error {
		*s = lockState{Serial: s.Serial, Epoch: random(16), Key: private, Claim: j.now}
		return nil
	}
	err = c.update(ctx, fresh)
	if w, ok := c.cfg.Store.(LockKeyWiper); ok && err != nil && ctx.Err() == nil {
		if err = w.Wipe(ctx); err == nil {
			err = c.update(ctx, fresh)
		}
	}
	if err == nil {
		j.add(HardwareReset, "", nil, Binding{})
	}
	c.dropRuns(func(*run) bool { return true })
	return j.close(err)
}

// Do answers a message of a relay. It is a [Relay], so that Apps, tests and
// handlers talk to a controller and to a relay in the same way.
func (c *Controller) Do(ctx context.Context, lockID string, msg []byte) ([]byte, error) {
	if lockID != c.cfg.LockID {
		return nil, errors.New("lockcode: message for another controller")
	}
	k, f, err := decode(msg)
	if err != nil {
		return refusal(NotDone), nil
	}
	var answer []byte
	switch k {
	case kindHello:
		answer, err = c.hello(ctx, mode(f[0][0]), string(f[1]))
	case kindShareA:
		answer, err = c.share(ctx, mode(f[0][0]), string(f[1]), f[2], f[3], f[4])
	case kindTagA:
		answer, err = c.confirm(ctx, mode(f[0][0]), string(f[1]), f[2], f[3])
	case kindRequest:
		answer, err = c.request(ctx, DeviceID(f[0]), f[1], f[2], f[3])
	case kindCode:
		answer, err = c.code(ctx, string(f[0]), string(f[1]), Binding{Purpose(f[2][0]), string(f[3])})
	default:
		return refusal(NotDone), nil
	}
	if r, ok := errors.AsType[*RefusedError](err); ok {
		return refusal(r.Reason), nil
	}
	if err != nil {
		return refusal(NotDone), nil
	}
	return answer, nil
}

func refusal(r Reason) []byte { return encode(kindRefusal, []byte{byte(r)}) }

// update runs f in one transaction. A nil error means that f agreed and that
// what it did is durable; only then may anything be said or done about it.
//
// A refusal moves the serial no more than the state: forged messages, of which
// a relay can send any number, then write nothing to the flash. Whatever a
// refusal does change follows a payment, which was agreed to.
func (c *Controller) update(ctx context.Context, f func(*lockState) error) error {
	return c.transact(ctx, func(s *lockState) error {
		err := f(s)
		if err == nil {
			s.Serial++
		}
		return err
	})
}

// transact trusts a store no further than it must: one that returns nil but
// never called f, or ran f in vain, must not look like a yes.
func (c *Controller) transact(ctx context.Context, f func(*lockState) error) error {
	verdict := errors.New("lockcode: the store didn't run the transaction")
	err := c.cfg.Store.Update(ctx, func(s *LockState) error {
		verdict = f(&s.s)
		return verdict
	})
	if err == nil {
		return verdict
	}
	return err // also when f agreed: what isn't durable hasn't happened
}

func (c *Controller) flags(s *lockState, userID string) flags {
	var f flags
	if c.cfg.InsecureAllowAnyDoor {
		f |= flagAnyDoor
	}
	if u := s.Users[userID]; u != nil && u.MustPIN {
		f |= flagMustPIN
	}
	if s.Owner != "" && s.Owner == userID {
		f |= flagOwner
	}
	if len(s.Confirmed) != 0 {
		f |= flagConfirmed
	}
	return f
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24
	return b
}
