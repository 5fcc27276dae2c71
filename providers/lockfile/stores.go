package lockfile

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/latchkey-auth/latchkey/lockcode"
)

var (
	_ lockcode.LockKeyStore = (*LockKeys)(nil)
	_ lockcode.LockKeyWiper = (*LockKeys)(nil)
	_ lockcode.AppKeyStore  = (*AppKeys)(nil)
)

// LockKeys keeps the state of one controller.
type LockKeys struct {
	dir  folder
	id   string
	mu   sync.Mutex
	last []byte // as on the disk; nil if it has to be read
	busy func() error
}

const stateFile = "state"

// OpenLock keeps the state of the controller with this id in dir, which is
// made if it isn't there, and reads what is in it, so that a damaged file shows
// at once: a box that then has its button pressed removes the file "state" and
// tries again. One process at a time has it, where the system can lock files.
func OpenLock(dir, lockID string, s lockcode.Sealer) (*LockKeys, error) {
	d, err := openFolder(dir, "lock", s)
	if err != nil {
		return nil, err
	}
	release, err := lockFolder(d.root)
	if err != nil {
		return nil, errors.Join(err, d.root.Close())
	}
	k := &LockKeys{dir: d, id: lockID, busy: release}
	if _, err := k.load(); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

// Close lets another process have the folder.
func (k *LockKeys) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last = nil // it is old as soon as another process writes
	return errors.Join(k.busy(), k.dir.root.Close())
}

func (k *LockKeys) load() (*lockcode.LockState, error) {
	if k.last == nil {
		b, err := k.dir.read(stateFile, k.id)
		if err != nil {
			return nil, err
		}
		k.last = b
	}
	s := new(lockcode.LockState)
	if k.last == nil {
		return s, nil
	}
	return s, s.UnmarshalBinary(k.last)
}

// Update implements [lockcode.LockKeyStore].
func (k *LockKeys) Update(ctx context.Context, f func(*lockcode.LockState) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := k.load()
	if err != nil {
		return err
	}
	verdict := f(s)
	next, err := s.MarshalBinary()
	if err != nil {
		return err
	}
	if bytes.Equal(next, k.last) {
		return verdict // nothing to keep, and flash wears
	}
	// Nobody knows what a failed write left behind, so it is read again.
	k.last = nil
	if err := k.dir.write(stateFile, k.id, next); err != nil {
		return err
	}
	k.last = next
	return verdict
}

// Wipe implements [lockcode.LockKeyWiper].
func (k *LockKeys) Wipe(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	k.last = nil
	return k.dir.remove(stateFile)
}

// AppKeys keeps the records of one App.
type AppKeys struct {
	dir folder
	mu  sync.Mutex
}

// OpenApp keeps the records of an App in dir, which is made if it isn't there.
func OpenApp(dir string, s lockcode.Sealer) (*AppKeys, error) {
	d, err := openFolder(dir, "app", s)
	return &AppKeys{dir: d}, err
}

// fileOf spells any id as a name that every file system keeps apart.
func fileOf(lockID string) string { return hex.EncodeToString([]byte(lockID)) + ".app" }

// Load implements [lockcode.AppKeyStore].
func (k *AppKeys) Load(ctx context.Context, lockID string) (rec lockcode.AppRecord, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return rec, err
	}
	b, err := k.dir.read(fileOf(lockID), lockID)
	if err != nil {
		return rec, err
	}
	if b == nil {
		return rec, fmt.Errorf("lockfile: %w", lockcode.ErrNoRecord)
	}
	return rec, rec.UnmarshalBinary(b)
}

// Save implements [lockcode.AppKeyStore].
func (k *AppKeys) Save(ctx context.Context, rec lockcode.AppRecord) error {
	b, err := rec.MarshalBinary()
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return k.dir.write(fileOf(rec.LockID()), rec.LockID(), b)
}

// Delete implements [lockcode.AppKeyStore].
func (k *AppKeys) Delete(ctx context.Context, lockID string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return k.dir.remove(fileOf(lockID))
}
