package twofactor_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/latchkey-auth/latchkey/"

// pkg is what go list says of a package, its tests left out.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string // by its own files
	Deps       []string // by theirs too
}

// allowed is what the core may pull in of other people's modules, package by
// package. More than this is a decision, to be made here.
var allowed = map[string][]string{
	"totp":        {"github.com/pquerna/otp", "github.com/boombuler/barcode"},
	"otpcode":     {"golang.org/x/text"},
	"recovery":    {"golang.org/x/crypto"},
	"devicetrust": {},
	"lockcode":    {"golang.org/x/crypto", "filippo.io/edwards25519"},
	"twofactor": {
		"github.com/pquerna/otp", "github.com/boombuler/barcode", "golang.org/x/text",
		"golang.org/x/crypto", "golang.org/x/sys", "github.com/fxamacker/cbor", "github.com/x448/float16",
	},
	"twofactor/twofactorhttp": {
		"github.com/pquerna/otp", "github.com/boombuler/barcode", "golang.org/x/text",
		"golang.org/x/crypto", "golang.org/x/sys", "github.com/fxamacker/cbor", "github.com/x448/float16",
	},
}

// pure packages take state and the time, and return new state: no clock of their
// own, no network, no files, and nothing of ours.
var pure = []string{"totp", "otpcode", "recovery", "devicetrust", "lockcode"}

func TestArrows(t *testing.T) {
	t.Parallel()
	all := list(t)
	for name, modules := range allowed {
		p, ok := all[module+name]
		require.True(t, ok, name)
		for _, dep := range p.Deps {
			if d, ok := all[dep]; ok && d.Standard {
				require.NotContains(t, []string{"testing", "database/sql"}, dep, name)
				require.False(t, dep == "net/http" && name != "twofactor/twofactorhttp", "%s needs %s", name, dep)
				continue
			}
			if strings.HasPrefix(dep, module) {
				require.False(t, provider(dep) || strings.HasSuffix(dep, "test"), "%s needs %s", name, dep)
				continue
			}
			require.True(t, slices.ContainsFunc(modules, func(m string) bool { return within(dep, m) }), "%s needs %s", name, dep)
		}
	}
	for _, name := range pure {
		for _, dep := range all[module+name].Deps {
			require.False(t, strings.HasPrefix(dep, module) && !within(dep, module+name), "%s needs %s", name, dep)
		}
		for path, p := range all {
			if within(path, module+name) {
				for _, i := range p.Imports {
					require.NotContains(t, []string{"os", "net", "net/http", "log"}, i, path)
				}
			}
		}
	}
}

func TestNobodyNeedsProvidersOrTests(t *testing.T) {
	t.Parallel()
	for path, p := range list(t) {
		name, ours := strings.CutPrefix(path, module)
		if !ours {
			continue
		}
		helper := strings.HasSuffix(name, "test") || within(name, "internal") || within(name, "providers/internal") || within(name, "providers/storetest")
		for _, i := range p.Imports {
			require.False(t, within(i, "math/rand") && !helper, "%s imports %s outside of its tests", name, i)
			require.False(t, within(i, "github.com/stretchr/testify"), "%s imports %s outside of its tests", name, i)
			require.False(t, within(i, module+"internal") && !within(name, "internal"), "%s imports %s outside of its tests", name, i)
			suite := i == "testing" || strings.HasPrefix(i, module) && (strings.HasSuffix(i, "test") || strings.HasSuffix(i, "test/linear"))
			require.False(t, suite && !helper, "%s imports %s outside of its tests", name, i)
			if provider(i) && !suite && !strings.Contains(i, "/internal/") {
				require.True(t, within(name, "examples") || within(name, "internal"), "%s imports %s", name, i)
			}
		}
	}
}

func provider(path string) bool { return within(path, module+"providers") }

// within reports whether a path is root or below it.
func within(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

// list returns all packages of the module and all that they pull in, by path.
func list(t *testing.T) map[string]pkg {
	t.Helper()
	// What a command reads is unknown to the cache of go test. Looking at the
	// folders here makes it run this again when a file in them has changed.
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != ".." || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		return err
	}))
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", module+"...")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %s", exit.Stderr)
	}
	require.NoError(t, err)
	all := make(map[string]pkg)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		all[p.ImportPath] = p
	}
	require.Greater(t, len(all), 100)
	return all
}
