// Package lockfile keeps lockcode's keys in sealed files: those of a controller
// with [OpenLock], those of an App with [OpenApp].
//
// A file is replaced whole: written beside the old one, synced, renamed over
// it, and the folder synced. After a power cut the old or the new state is
// there, and once a call has returned, the new one.
//
// The files are sealed by a [lockcode.Sealer]: a TPM or secure element where
// there is one, otherwise [KeyFile], which keeps the key in a file of its own
// and so protects a copy of the folder, not the device. Somebody who can put an
// old file back brings old counters back; a store with a monotonic counter in
// hardware can tell by [lockcode.LockState.Serial].
package lockfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// maxFile bounds what is read back.
const maxFile = 16 << 20

// ErrDamaged says that a file doesn't open with this key: it was damaged,
// edited, or belongs to something else. It is never taken for an empty one.
var ErrDamaged = errors.New("lockfile: the file is damaged or sealed for something else")

// A folder seals, writes and reads whole files in one directory.
type folder struct {
	root   *os.Root
	sealer lockcode.Sealer
	aad    string // what the files are, so that none stands in for another
}

func openFolder(dir, aad string, s lockcode.Sealer) (folder, error) {
	if s == nil {
		return folder{}, errors.New("lockfile: a Sealer is required")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return folder{}, fmt.Errorf("lockfile: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return folder{}, fmt.Errorf("lockfile: %w", err)
	}
	return folder{root, s, "latchkey lockfile 1 " + aad + " "}, nil
}

// read returns nil and no error if there is no such file.
func (d folder) read(name, id string) ([]byte, error) {
	f, err := d.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lockfile: %w", err)
	}
	defer f.Close()
	box, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fmt.Errorf("lockfile: %w", err)
	}
	plain, err := d.sealer.Open(box, []byte(d.aad+id))
	if err != nil || len(plain) == 0 {
		return nil, ErrDamaged
	}
	return plain, nil
}

// write replaces a file. The order is what survives a power cut: no rename
// before the bytes are on the disk, no return before the rename is.
func (d folder) write(name, id string, plain []byte) error {
	box, err := d.sealer.Seal(plain, []byte(d.aad+id))
	if err != nil {
		return fmt.Errorf("lockfile: sealing: %w", err)
	}
	fresh := name + ".new"
	f, err := d.root.OpenFile(fresh, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("lockfile: %w", err)
	}
	// A file that was there already, left by a power cut or put there, has the
	// mode that it had.
	if err = f.Chmod(0o600); err == nil {
		_, err = f.Write(box)
	}
	err = errors.Join(err, f.Sync())
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("lockfile: %w", err)
	}
	if err := d.root.Rename(fresh, name); err != nil {
		return fmt.Errorf("lockfile: %w", err)
	}
	return d.sync()
}

func (d folder) remove(name string) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("lockfile: %w", err)
	}
	return d.sync()
}

// sync makes renames and removals durable. Windows has no such call, and does
// it by itself.
func (d folder) sync() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := d.root.Open(".")
	if err != nil {
		return fmt.Errorf("lockfile: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("lockfile: %w", err)
	}
	return nil
}
