// Package lockstoretest is the conformance suite for the key stores of package
// lockcode. Every [lockcode.LockKeyStore] has to pass [Lock], every
// [lockcode.AppKeyStore] has to pass [App]; run them with the race detector.
//
//	func TestStore(t *testing.T) {
//		lockstoretest.Lock(t, func(t *testing.T) func() lockcode.LockKeyStore {
//			dir := t.TempDir()
//			return func() lockcode.LockKeyStore { return open(t, dir) }
//		})
//	}
package lockstoretest

import (
	"context"
	"errors"
	"testing"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// A rule is one thing that a store has to do. It is given a way to open the
// store: the first call finds it new, and each further one finds it as the next
// process would.
type rule[S any] struct {
	name string
	why  string // printed when a store fails
	test func(ctx context.Context, open func() S) error
}

// Lock runs the suite for controllers. begin makes a new, empty store and
// returns how to open it; it is called once per rule. A store that forgets
// everything with its process returns the same one from each opening, and one
// that must be closed before it is opened again is closed by it.
func Lock(t *testing.T, begin func(t *testing.T) (open func() lockcode.LockKeyStore)) {
	t.Helper()
	run(t, lockRules, begin)
}

// App runs the suite for Apps, in the same way.
func App(t *testing.T, begin func(t *testing.T) (open func() lockcode.AppKeyStore)) {
	t.Helper()
	run(t, appRules, begin)
}

func run[S any](t *testing.T, rules []rule[S], begin func(t *testing.T) func() S) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if err := r.test(t.Context(), begin(t)); err != nil {
				t.Errorf("%v\n%s", err, r.why)
			}
		})
	}
}

// site is an application around a controller that lets everything happen.
type site struct{ pin lockcode.PIN }

func (s *site) SendPIN(_ context.Context, _ string, p lockcode.PIN) error { s.pin = p; return nil }

func (*site) Allow(context.Context, lockcode.ConfigHash, string, lockcode.Binding) error { return nil }

func (*site) Act(context.Context, string, lockcode.Binding) error { return nil }

func controller(lockID string, store lockcode.LockKeyStore) (*lockcode.Controller, *site, error) {
	s := new(site)
	c, err := lockcode.NewController(lockcode.ControllerConfig{LockID: lockID, Store: store, PINs: s, Rights: s, Doors: s})
	return c, s, err
}

// record makes a real record of an App at a controller with this id.
func record(ctx context.Context, lockID string) (lockcode.AppRecord, error) {
	keep := new(oneRecord)
	c, s, err := controller(lockID, new(oneState))
	if err != nil {
		return lockcode.AppRecord{}, err
	}
	app, err := lockcode.NewApp(lockcode.AppConfig{Keys: keep, Relay: c})
	if err != nil {
		return lockcode.AppRecord{}, err
	}
	err = errors.Join(c.HardwareReset(ctx), app.RequestActivation(ctx, lockID, "user"))
	if err == nil {
		err = app.Activate(ctx, lockID, "user", s.pin)
	}
	return keep.rec, err
}

// oneState and oneRecord hold what the suite itself needs.
type oneState struct{ s lockcode.LockState }

func (o *oneState) Update(_ context.Context, f func(*lockcode.LockState) error) error { return f(&o.s) }

type oneRecord struct{ rec lockcode.AppRecord }

func (o *oneRecord) Load(context.Context, string) (lockcode.AppRecord, error) { return o.rec, nil }
func (o *oneRecord) Save(_ context.Context, r lockcode.AppRecord) error       { o.rec = r; return nil }
func (o *oneRecord) Delete(context.Context, string) error                     { return nil }
