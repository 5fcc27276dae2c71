package lockfile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// KeyFile returns a Sealer (AES-256-GCM with random nonces) whose key is in a
// file of its own, with mode 0600, which is made if it isn't there. Keep it
// apart from what it seals: on another partition, say, that no backup takes.
//
// A file that others can read or write is refused, where the system has such
// modes, and so is a key that is one byte again and again: flash that was never
// written reads like that.
func KeyFile(path string) (lockcode.Sealer, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("lockfile: %w", err)
	}
	if len(key) != 32 {
		return nil, errors.New("lockfile: the key file doesn't hold 32 bytes")
	}
	if bytes.Count(key, key[:1]) == len(key) {
		return nil, errors.New("lockfile: the key file holds one byte again and again")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errors.New("lockfile: the key can't be used")
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, errors.New("lockfile: the key can't be used")
	}
	return sealer{aead}, nil
}

// readKey looks at the mode of the very file that it reads.
func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, errors.New("others can read or write the key file: its mode has to be 0600")
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// makeKey writes the key as carefully as what it will seal: half a key, or one
// that a power cut takes back, would make everything unreadable.
func makeKey(path string) ([]byte, error) {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	key := make([]byte, 32)
	rand.Read(key)
	return key, folder{root: dir, sealer: plain{}}.write(filepath.Base(path), "", key)
}

type sealer struct{ aead cipher.AEAD }

func (s sealer) Seal(plain, aad []byte) ([]byte, error) {
	return s.aead.Seal(nil, nil, plain, aad), nil
}

func (s sealer) Open(box, aad []byte) ([]byte, error) {
	return s.aead.Open(nil, nil, box, aad)
}

// plain is for the key itself, which nothing seals.
type plain struct{}

func (plain) Seal(p, _ []byte) ([]byte, error) { return p, nil }
func (plain) Open(b, _ []byte) ([]byte, error) { return b, nil }
