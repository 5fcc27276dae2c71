package storetest

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// alike are keys that some backend or other takes for the same: by collation,
// padding, normalisation, path rules, number parsing, patterns or length.
var alike = []string{
	"user", "USER", "User", "user ", " user", "user\t", "user\n", "us er",
	"a/b", "a//b", "a/b/", "/a/b", "a", "a/", "a/.", "a/..", "../a", ".", "..", "a%2Fb", "a%2fb", `a\b`, "a:b", "a.b",
	"1", "01", "1.0", "1e0", "+1", "null", "NULL", "true",
	"%", "_", "*", "?", "'", `"`, "--", "{a}", "{a}b", "$a", "a b", "a+b",
	"caf\u00e9", "cafe\u0301", "cafe", "CAF\u00c9", "stra\u00dfe", "strasse",
	"\u212a", "k", "K", "\u0130", "i", "I", "\u0131", "\ufb01", "fi", "\u00a0", " ",
	"\U0001f511", "\U0001f512", "\ufeffuser", "user\u200b", "u\u0000", "u", "u\u0000v",
	strings.Repeat("x", 253), strings.Repeat("x", 254), strings.Repeat("x", 255), strings.Repeat("x", 254) + "y",
	strings.Repeat("\u00e9", 127), strings.Repeat("\u00e9", 127) + "x",
}

// mayRefuse tells for which keys a Store may return an error, as long as it
// doesn't take them for another key. The library's own keys are ASCII, without
// control characters, and shorter than 255 bytes.
func mayRefuse(key string) bool { return strings.ContainsRune(key, 0) || len(key) > 255 }

func keysApart(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	long := strings.Repeat("x", 300)
	versions := make(map[string]twofactor.Version)
	for _, key := range slices.Concat(alike, []string{long, long + "y"}) {
		v, err := a.Save(ctx, key, "", []byte("data of "+key))
		switch {
		case err == nil:
			versions[key] = v
		case !mayRefuse(key):
			t.Errorf("Save(%q), a new key: %v", key, err)
		}
	}
	for key, v := range versions {
		wantRecord(ctx, t, key, v, "data of "+key, a, b)
	}
	// Deleting is by key too.
	for key, v := range versions {
		if err := b.Delete(ctx, key, v); err != nil {
			t.Errorf("Delete(%q): %v", key, err)
		}
		wantMissing(ctx, t, key, a)
		delete(versions, key)
		for other, v := range versions {
			wantRecord(ctx, t, other, v, "data of "+other, a)
			break
		}
	}
}

// keys goes over more records than a backend gives in one page.
func keys(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	lister, ok := a.(twofactor.Lister)
	if !ok {
		t.Skip("not a twofactor.Lister")
	}
	list := func() map[string]bool {
		found := make(map[string]bool)
		for key, err := range lister.Keys(ctx) {
			if err != nil {
				t.Fatalf("Keys: %v", err)
			}
			found[key] = true
		}
		return found
	}
	if found := list(); len(found) != 0 {
		t.Errorf("Keys of an empty store yields %d keys", len(found))
	}

	want := make(map[string]bool)
	for i := range 300 {
		want["user "+strconv.Itoa(i)] = true
	}
	for _, key := range alike {
		if !mayRefuse(key) {
			want[key] = true
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 16)
	for key := range want {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if _, err := b.Save(ctx, key, "", []byte("data")); err != nil {
				t.Errorf("Save(%q): %v", key, err)
			}
		})
	}
	wg.Wait()
	v := mustSave(ctx, t, b, "deleted", "", "data")
	mustDelete(ctx, t, b, "deleted", v)
	if found := list(); !maps.Equal(found, want) {
		t.Errorf("Keys yields %d different keys, want the %d saved", len(found), len(want))
		for key := range want {
			if !found[key] {
				t.Errorf("Keys leaves out %q", key)
			}
		}
		for key := range found {
			if !want[key] {
				t.Errorf("Keys makes up %q", key)
			}
		}
	}

	for range lister.Keys(ctx) {
		break // A loop that ends early must not panic, nor hold on to a connection.
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	var failed error
	steps := 0
	for _, err := range lister.Keys(ended) {
		if failed != nil {
			t.Error("Keys goes on after an error")
		}
		if steps++; err != nil {
			failed = err
		}
	}
	if failed == nil {
		t.Errorf("Keys with a canceled context ends without an error after %d keys, as if these were all", steps)
	}
}
