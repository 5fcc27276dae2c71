package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// TestMain lets the tests' own program be a node.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "-node" {
		err := runNode(context.Background(), os.Stdin, os.Stdout, func(s twofactor.Store) twofactor.Store { return s })
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	realserver.Main(m)
}

func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) string{
		"on a server of its own": func(*testing.T) string { return "" },
		"on PostgreSQL":          func(t *testing.T) string { return realserver.PostgreSQLDSN(realserver.PostgreSQL.Shared(t).Addr) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := run(t.Context(), &out, database(t), 24, "-node")
			if errors.Is(err, errNoServer) {
				t.Skip("missing binary: redis-server; install with: apt-get install -y redis-server")
			}
			require.NoError(t, err, out.String())
			for _, line := range []string{
				"24 people have an authenticator app", "after 12 sign-ins", "24 of 24 people are still signed in",
				"24 got one yes", "lost      nothing",
			} {
				require.Contains(t, out.String(), line)
			}
			require.NotContains(t, out.String(), "warning")
		})
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"mysql://a:secret@b/c", "postgres://a:secret@b:port", "redis://a:secret@b:port", "secret"} {
		err := run(t.Context(), new(bytes.Buffer), address, 2, "-node")
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, run(t.Context(), new(bytes.Buffer), "", 1, "-node"), "-people")
}
