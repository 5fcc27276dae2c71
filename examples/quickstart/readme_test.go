package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the README shows is what runs.
func TestTheReadmeShowsWhatRuns(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	var blocks []string
	for _, part := range strings.Split(string(readme), "```go\n")[1:] {
		block, _, found := strings.Cut(part, "```\n")
		require.True(t, found)
		blocks = append(blocks, block)
	}
	require.Len(t, blocks, 3)
	for i, name := range []string{"main.go", "site.go", "../../providers/memory/store_test.go"} {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Contains(t, string(source), blocks[i], name)
		require.Equal(t, name != "site.go", strings.HasSuffix(string(source), blocks[i]))
	}
	require.Contains(t, blocks[0], "twofactorhttp.New")
	require.Contains(t, string(readme), "    go run ./examples/quickstart\n")
}
