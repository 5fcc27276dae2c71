package twofactor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/devicetrust"
	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// sources parses the files of a package that are not tests.
func sources(t *testing.T, dir string) []*ast.File {
	t.Helper()
	var out []*ast.File
	entries, err := fs.Glob(os.DirFS(dir), "*.go")
	require.NoError(t, err)
	for _, name := range entries {
		if !strings.HasSuffix(name, "_test.go") {
			f, err := parser.ParseFile(token.NewFileSet(), dir+"/"+name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			out = append(out, f)
		}
	}
	require.NotEmpty(t, out)
	return out
}

// Whoever writes ok, _ := or if ok || err == nil has let somebody in. A verdict
// is therefore one value: an error, and nil is the only yes.
func TestBypass_W04_ResultsThatCanBeMisread(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{".", "../totp", "../recovery", "../otpcode", "../devicetrust"} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			files := sources(t, dir)
			bools := map[string]bool{"bool": true}
			for _, f := range files { // and the names that stand for it
				ast.Inspect(f, func(n ast.Node) bool {
					if spec, ok := n.(*ast.TypeSpec); ok {
						if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "bool" {
							bools[spec.Name.Name] = true
						}
					}
					return true
				})
			}
			seen := 0
			for _, f := range files {
				ast.Inspect(f, func(n ast.Node) bool {
					name, typ := "a function type", (*ast.FuncType)(nil)
					switch n := n.(type) {
					case *ast.FuncDecl:
						if !n.Name.IsExported() {
							return false // nor what it has inside
						}
						name, typ = n.Name.Name, n.Type
					case *ast.FuncType:
						typ = n
					case *ast.BlockStmt:
						return false
					}
					if typ == nil || typ.Results == nil {
						return true
					}
					seen++
					boolean, failed := false, false
					for _, r := range typ.Results.List {
						if id, ok := r.Type.(*ast.Ident); ok {
							boolean = boolean || bools[id.Name]
							failed = failed || id.Name == "error"
						}
					}
					require.Falsef(t, boolean && failed, "%s returns a bool beside an error", name)
					return true
				})
			}
			require.Greater(t, seen, 5)
		})
	}
	t.Run("methods", func(t *testing.T) {
		t.Parallel()
		for _, typ := range []reflect.Type{
			reflect.TypeFor[*twofactor.Service](), reflect.TypeFor[*twofactor.StoreGuard](), reflect.TypeFor[*twofactor.Verified](),
			reflect.TypeFor[*twofactor.Pending](), reflect.TypeFor[*twofactor.EnrollmentOnly](), reflect.TypeFor[twofactor.Session](),
			reflect.TypeFor[twofactor.Store](), reflect.TypeFor[totp.Key](), reflect.TypeFor[recovery.Set](),
			reflect.TypeFor[otpcode.Challenge](), reflect.TypeFor[devicetrust.List](),
		} {
			require.Positive(t, typ.NumMethod())
			for m := range typ.Methods() {
				boolean, failed := false, false
				for out := range m.Type.Outs() {
					boolean = boolean || out.Kind() == reflect.Bool
					failed = failed || out == reflect.TypeFor[error]()
				}
				require.Falsef(t, boolean && failed, "%v.%s returns a bool beside an error", typ, m.Name)
			}
		}
	})
	t.Run("a refusal comes with nothing", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			v, err := alice.answer(alice.login(), alice.wrongCode(1))
			require.Error(t, err)
			require.Nil(t, v)
			s, err := w.a.Resume("")
			require.Error(t, err)
			require.Nil(t, s)
		})
	})
}

// exported visits every exported type that can be reached from a type.
func exported(t reflect.Type, seen map[reflect.Type]bool, visit func(of reflect.Type, f reflect.StructField)) {
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		exported(t.Elem(), seen, visit)
	case reflect.Struct:
		for f := range t.Fields() {
			if f.IsExported() {
				visit(t, f)
				exported(f.Type, seen, visit)
			}
		}
	}
}

// inputs are the types that what a browser sends ends up in.
var inputs = []reflect.Type{
	reflect.TypeFor[twofactor.EnrollRequest](), reflect.TypeFor[twofactor.Answer](), reflect.TypeFor[twofactor.SignIn](),
}

func TestBypass_W09_ClientChoosesTheSecret(t *testing.T) {
	t.Parallel()
	t.Run("no request has a place for one", func(t *testing.T) {
		t.Parallel()
		suspicious := regexp.MustCompile(`(?i)secret|key|seed|verified|proven|confirmed|skip|bypass`)
		for _, input := range inputs {
			exported(input, make(map[reflect.Type]bool), func(of reflect.Type, f reflect.StructField) {
				require.Falsef(t, suspicious.MatchString(f.Name), "%v.%s", of, f.Name)
				require.NotEqual(t, reflect.TypeFor[totp.Secret](), f.Type, "%v.%s", of, f.Name)
				require.NotEqual(t, reflect.TypeFor[totp.Key](), f.Type, "%v.%s", of, f.Name)
				require.NotEqual(t, reflect.TypeFor[[]byte](), f.Type, "%v.%s", of, f.Name)
			})
		}
	})
	t.Run("nor is one taken from anywhere else", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			const chosen = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // twinSecret
			p := w.newcomer("alice")
			for _, req := range []twofactor.EnrollRequest{
				{Name: chosen}, {Account: chosen}, {Account: "alice&secret=" + chosen}, {Account: "alice?secret=" + chosen + "#"},
				{Name: "secret=" + chosen, Account: "otpauth%3A//totp/x%3Fsecret=" + chosen},
			} {
				e, phone := p.enroll(req)
				require.NotEqual(t, chosen, e.URI.Key.Secret.Base32())
				require.NotEqual(t, phoneOf(t, twinSecret).Code(w.clock.Now()), phone.Code(w.clock.Now()))
				text, err := e.URI.Encode()
				require.NoError(t, err)
				require.Equal(t, 1, strings.Count(text, "secret="+e.URI.Key.Secret.Base32()))
				require.NotContains(t, text, "secret="+chosen)
				_, err = p.confirm(e, phoneOf(t, twinSecret).Code(w.clock.Now()))
				refused(t, err, twofactor.ReasonWrongCode)
			}
		})
	})
}

func TestBypass_W53_NoPlaceForAPassword(t *testing.T) {
	t.Parallel()
	for _, v := range []reflect.Type{
		reflect.TypeFor[twofactor.SignIn](), reflect.TypeFor[twofactor.Answer](), reflect.TypeFor[twofactor.Event](),
		reflect.TypeFor[twofactor.Login](), reflect.TypeFor[twofactor.Made](), reflect.TypeFor[twofactor.Config](),
	} {
		exported(v, make(map[reflect.Type]bool), func(of reflect.Type, f reflect.StructField) {
			require.NotRegexp(t, `(?i)passw|credential$`, f.Name, "%v", of)
		})
	}
}
