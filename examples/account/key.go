package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// loadKey reads the key that seals the records, or makes one at the first start.
// In production it comes from a secrets manager or a key management service, see
// [twofactor.UnwrapKey]: who has both the database and the key has it all.
func loadKey(path string) (twofactor.Key, error) {
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return twofactor.Key{}, err
	}
	// O_EXCL: a key that is there is never overwritten, and of two processes
	// that start at once one fails in place of sealing with a key that is lost.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return twofactor.Key{}, err
	}
	key = twofactor.NewKey()
	_, err = f.WriteString(key.Encode() + "\n")
	return key, errors.Join(err, f.Sync(), f.Close())
}

func readKey(path string) (twofactor.Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return twofactor.Key{}, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return twofactor.Key{}, fmt.Errorf("%s can be read by others: its mode has to be 0600", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return twofactor.Key{}, err
	}
	key, err := twofactor.ParseKey(strings.TrimSpace(string(text)))
	if err != nil {
		return twofactor.Key{}, fmt.Errorf("%s holds no key", path)
	}
	return key, nil
}
