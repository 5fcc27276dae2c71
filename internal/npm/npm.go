// Package npm installs programs of Node.js that tests need, once for all test
// runs. Their versions, and those of all that they need, are fixed by the hashes
// in a lock file.
package npm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNotInstalled says that npm is missing, or could not get what it was asked for.
var ErrNotInstalled = errors.New("not installed")

// Dir is the folder in the user's cache where [Install] puts what a lock file names.
func Dir(name string, packageLock []byte) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	sum := sha256.Sum256(packageLock)
	return filepath.Join(cache, "latchkey-tests", name+"-"+hex.EncodeToString(sum[:6]))
}

// Install installs what a lock file names, if it isn't installed.
func Install(ctx context.Context, name string, packageJSON, packageLock []byte) error {
	dir := Dir(name, packageLock)
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	// Installed beside and then renamed: other test binaries may be at it too.
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for file, data := range map[string][]byte{"package.json": packageJSON, "package-lock.json": packageLock} {
		if err := os.WriteFile(filepath.Join(tmp, file), data, 0o644); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = tmp
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %w\n%s", name, ErrNotInstalled, err, bytes.TrimSpace(out))
	}
	if err := os.Rename(tmp, dir); err != nil {
		if _, there := os.Stat(dir); there != nil {
			return err
		}
	}
	return nil
}
