package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// module is a library with an exported name of each sort.
var module = map[string]string{
	"go.mod": "module example.com/door\n\ngo 1.26\n",
	"door.go": `package door

import "context"

const Open State = "open"

type State string

var ErrShut error

type Door struct {
	Name   string
	locked bool
}

func New(name string, keys ...int) (*Door, error) { return nil, nil }
func (d *Door) Try(ctx context.Context, key int) error { return nil }
func (d *Door) turn() {}

type Key interface {
	Turn(d *Door) State
	closed()
}
type Handle = Door

func hidden() {}
`,
	"internal/wood/wood.go": "package wood\n\nfunc Hidden() {}\n",
	"cmd/door/main.go":      "package main\n\nfunc main() {}\n",
	"knob/knob.go":          "package knob\n\nimport \"example.com/door\"\n\nfunc On(d *door.Door) {}\n",
}

func TestList(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range module {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
	}
	lines, err := list(root, "./...")
	require.NoError(t, err)
	require.Equal(t, `example.com/door: type Door struct
example.com/door: type Door struct, Name string
example.com/door: method (*Door) Try(context.Context, int) error
example.com/door: var ErrShut error
example.com/door: type Handle = Door
example.com/door: type Key interface
example.com/door: type Key interface, Turn(*Door) State
example.com/door: type Key interface, closed by a method that is not exported
example.com/door: func New(string, ...int) (*Door, error)
example.com/door: const Open State = "open"
example.com/door: type State string
knob: func On(*door.Door)
`, string(lines))
}

func TestChanges(t *testing.T) {
	t.Parallel()
	require.Empty(t, changes("a\nb\n", "a\nb\n"))
	require.Equal(t, "- b\n+ c\n", changes("a\nb\n", "a\nc\n"))
}
