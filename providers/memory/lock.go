package memory

import (
	"context"
	"fmt"
	"sync"

	"github.com/latchkey-auth/latchkey/lockcode"
)

var (
	_ lockcode.LockKeyStore = (*LockKeys)(nil)
	_ lockcode.AppKeyStore  = (*AppKeys)(nil)
)

// LockKeys keeps the state of one lock controller, for tests and demos: it is
// gone when the process ends, and with it all devices. The zero value is ready.
type LockKeys struct {
	mu    sync.Mutex
	state *lockcode.LockState
}

// Update implements [lockcode.LockKeyStore].
func (k *LockKeys) Update(ctx context.Context, f func(*lockcode.LockState) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	work := new(lockcode.LockState)
	if k.state != nil {
		work = k.state
	}
	err := f(work)
	// The copy keeps out a caller that holds on to what it was lent.
	k.state = work.Clone()
	return err
}

// AppKeys keeps the records of one App, for tests and demos. The zero value is
// ready.
type AppKeys struct {
	mu      sync.Mutex
	records map[string]lockcode.AppRecord
}

// Load implements [lockcode.AppKeyStore].
func (k *AppKeys) Load(ctx context.Context, lockID string) (lockcode.AppRecord, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return lockcode.AppRecord{}, err
	}
	rec, ok := k.records[lockID]
	if !ok {
		return lockcode.AppRecord{}, fmt.Errorf("memory: %w", lockcode.ErrNoRecord)
	}
	return rec, nil
}

// Save implements [lockcode.AppKeyStore].
func (k *AppKeys) Save(ctx context.Context, rec lockcode.AppRecord) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if k.records == nil {
		k.records = make(map[string]lockcode.AppRecord)
	}
	k.records[rec.LockID()] = rec
	return nil
}

// Delete implements [lockcode.AppKeyStore].
func (k *AppKeys) Delete(ctx context.Context, lockID string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	delete(k.records, lockID)
	return nil
}
