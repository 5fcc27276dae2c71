//go:build linux || darwin || freebsd || netbsd || openbsd

package lockfile

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFolder keeps a second process out: two that don't see each other's
// writes would accept one Code twice. The system lets go when a process dies.
func lockFolder(root *os.Root) (release func() error, err error) {
	f, err := root.OpenFile("busy", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lockfile: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errors.New("lockfile: another process has this folder"), f.Close())
	}
	// Closing is not enough: a process that is being started has the file, too,
	// until its program is loaded.
	return func() error {
		return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
	}, nil
}
