package main

import (
	"bytes"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// list returns the exported names of the packages in the module at root that
// other modules can import.
func list(root, pattern string) ([]byte, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Name}}\t{{.Export}}\t{{with .Module}}{{if .Main}}{{.Path}}{{end}}{{end}}", pattern)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	compiled := make(map[string]string)
	public := make(map[string]string) // by what to call them: the path within the module
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		compiled[f[0]] = f[2]
		if f[3] != "" && f[1] != "main" && !slices.Contains(strings.Split(f[0], "/"), "internal") {
			public[strings.TrimPrefix(f[0], f[3]+"/")] = f[0]
		}
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(compiled[path])
	})
	var lines bytes.Buffer
	for _, p := range slices.Sorted(maps.Keys(public)) {
		pkg, err := from.Import(public[p])
		if err != nil {
			return nil, err
		}
		for _, name := range pkg.Scope().Names() {
			if object := pkg.Scope().Lookup(name); object.Exported() {
				for _, line := range describe(object) {
					fmt.Fprintf(&lines, "%s: %s\n", p, line)
				}
			}
		}
	}
	return lines.Bytes(), nil
}

// describe returns an exported object, and below a type its exported fields and
// methods. Names of parameters are left out: to change one breaks nobody.
func describe(object types.Object) []string {
	short := func(p *types.Package) string {
		if p == object.Pkg() {
			return ""
		}
		return path.Base(p.Path())
	}
	name := object.Name()
	switch o := object.(type) {
	case *types.Const:
		return []string{fmt.Sprintf("const %s %s = %s", name, types.TypeString(o.Type(), short), o.Val())}
	case *types.Var:
		return []string{fmt.Sprintf("var %s %s", name, types.TypeString(o.Type(), short))}
	case *types.Func:
		return []string{"func " + name + signature(o.Signature(), short)}
	}
	if alias, ok := object.Type().(*types.Alias); ok {
		return []string{fmt.Sprintf("type %s = %s", name, types.TypeString(alias.Rhs(), short))}
	}
	var lines []string
	under := object.Type().Underlying()
	switch u := under.(type) {
	case *types.Struct:
		lines = append(lines, "type "+name+" struct")
		for field := range u.Fields() {
			if field.Exported() {
				lines = append(lines, fmt.Sprintf("type %s struct, %s %s", name, field.Name(), types.TypeString(field.Type(), short)))
			}
		}
	case *types.Interface:
		lines = append(lines, "type "+name+" interface")
		for method := range u.Methods() {
			if !method.Exported() {
				lines = append(lines, "type "+name+" interface, closed by a method that is not exported")
				continue
			}
			lines = append(lines, fmt.Sprintf("type %s interface, %s%s", name, method.Name(), signature(method.Signature(), short)))
		}
		return lines
	default:
		lines = append(lines, "type "+name+" "+types.TypeString(under, short))
	}
	for method := range types.NewMethodSet(types.NewPointer(object.Type())).Methods() {
		if f := method.Obj().(*types.Func); f.Exported() {
			receiver := types.TypeString(f.Signature().Recv().Type(), short)
			lines = append(lines, fmt.Sprintf("method (%s) %s%s", receiver, f.Name(), signature(f.Signature(), short)))
		}
	}
	return lines
}

// signature returns parameters and results without the names of the parameters.
func signature(s *types.Signature, short types.Qualifier) string {
	bare := func(t *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range t.Variables() {
			vars = append(vars, types.NewVar(token.NoPos, nil, "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	whole := types.NewSignatureType(nil, nil, nil, bare(s.Params()), bare(s.Results()), s.Variadic())
	return strings.TrimPrefix(types.TypeString(whole, short), "func")
}
