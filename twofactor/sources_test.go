package twofactor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// eachSource visits the files of the module that are not tests, by folder.
func eachSource(t *testing.T, mode parser.Mode, visit func(dir string, f *ast.File)) {
	t.Helper()
	n := 0
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != ".." || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, mode|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		n++
		visit(strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../"), f)
		return nil
	}))
	require.Greater(t, n, 150)
}

// Old algorithms have their places and no others: SHA-1 is in the codes of
// authenticator apps, which know no other hash, and in the names by which Redis
// calls scripts (OWASP ASVS 11.4.1). And CPace is computed without big integers,
// whose time tells their value (its section 9.10).
func TestAlgorithmsHaveTheirPlaces(t *testing.T) {
	t.Parallel()
	places := map[string][]string{
		"crypto/sha1": {"totp", "providers/redisstore"}, "crypto/md5": nil, "crypto/des": nil, "crypto/rc4": nil, "crypto/dsa": nil,
		"golang.org/x/crypto/md4": nil, "golang.org/x/crypto/ripemd160": nil, "golang.org/x/crypto/blowfish": nil,
	}
	used := make(map[string]bool)
	eachSource(t, parser.ImportsOnly, func(dir string, f *ast.File) {
		for _, i := range f.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			require.NoError(t, err)
			if allowed, old := places[path]; old {
				require.Contains(t, allowed, dir, path)
				used[path] = true
			}
			require.False(t, path == "math/big" && within(dir, "lockcode/internal"), dir)
		}
	})
	require.True(t, used["crypto/sha1"])
}

// Tags, hashes and keys are compared in constant time, and not by an operator or
// a function that stops at the first byte that differs (OWASP ASVS 11.2.4).
func TestTagsAreComparedInConstantTime(t *testing.T) {
	t.Parallel()
	secret := []string{"Tag", "TagA", "TagB", "Hash", "Credential", "PIN", "MAC", "ISK"}
	early := []string{"bytes.Equal", "bytes.Compare", "bytes.HasPrefix", "slices.Equal", "strings.EqualFold", "reflect.DeepEqual"}
	careful := []string{"subtle.ConstantTimeCompare", "subtle.ConstantTimeEq", "hmac.Equal"}
	core := []string{"totp", "otpcode", "recovery", "devicetrust", "lockcode", "twofactor", "providers/webhook"}
	used := make(map[string]bool)
	eachSource(t, 0, func(dir string, f *ast.File) {
		i := slices.IndexFunc(core, func(c string) bool { return within(dir, c) })
		if i < 0 {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			var operands []ast.Expr
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if n.Op == token.EQL || n.Op == token.NEQ {
					operands = []ast.Expr{n.X, n.Y}
				}
			case *ast.CallExpr:
				switch name := dotted(n.Fun); {
				case slices.Contains(early, name):
					operands = n.Args
				case slices.Contains(careful, name):
					used[core[i]] = true
				}
			}
			for _, x := range operands {
				require.NotContains(t, secret, lastName(x), "%s compares it early out", dir)
			}
			return true
		})
	})
	for _, c := range core {
		require.True(t, used[c], c)
	}
}

// dotted is a name such as bytes.Equal, or empty.
func dotted(x ast.Expr) string {
	if s, ok := x.(*ast.SelectorExpr); ok {
		if p, ok := s.X.(*ast.Ident); ok {
			return p.Name + "." + s.Sel.Name
		}
	}
	return ""
}

// lastName is the name that an operand ends with, or empty.
func lastName(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	case *ast.SliceExpr:
		return lastName(x.X)
	case *ast.ParenExpr:
		return lastName(x.X)
	}
	return ""
}
