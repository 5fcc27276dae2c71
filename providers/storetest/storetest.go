package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// Test runs the suite, one subtest per case. For each it calls open, which
// returns two handles on one empty backend, as two nodes of an application
// would have them: two connections, two clients, two caches if there are any.
// They may be the same value if the Store can only live in one process.
//
// If a is a twofactor.Lister, its Keys method is checked too.
func Test(t *testing.T, open func(t *testing.T) (a, b twofactor.Store)) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			a, b := open(t)
			defer func() {
				if t.Failed() {
					t.Log("why: " + c.why)
				}
			}()
			c.run(ctx, t, a, b)
		})
	}
}

// Patience bounds one case, so that a Store that hangs is a finding and not a
// test run that never ends.
const patience = 2 * time.Minute

type testCase struct {
	name string
	why  string
	run  func(ctx context.Context, t *testing.T, a, b twofactor.Store)
}

var cases = []testCase{
	{"LoadMissing", "a record that is missing by accident would read as a user without a second factor", loadMissing},
	{"SaveLoad", "what was saved on one node has to be what the next request finds on another", saveLoad},
	{"SaveIsACopy", "the caller uses its buffer again, and the stored record would change without a version", saveIsACopy},
	{"LoadIsACopy", "the caller changes what it loaded before it decides, and others would see the change", loadIsACopy},
	{"CreateOnce", "of two enrolments at the same moment the second would silently replace the first", createOnce},
	{"StaleSave", "a write that began before the code was used up would put the unused code back", staleSave},
	{"SaveMissing", "a late write would bring back the record of a deleted account", saveMissing},
	{"Fresh", "a retry that reads from a lagging replica decides on the state before the code was used", fresh},
	{"VersionAfterDelete", "with a version that returns, a write meant for the deleted record hits the new one", versionAfterDelete},
	{"DeleteMissing", "deleting an account has to be repeatable when nobody knows if the first try got through", deleteMissing},
	{"DeleteStale", "a delete decided on old state would wipe a second factor enrolled since, and every counter", deleteStale},
	{"KeysApart", "two users whose ids look alike to the backend would share one second factor", keysApart},
	{"Data", "a record cut short or changed on its way doesn't decrypt, and its owner is locked out", wholeData},
	{"Concurrent", "if two writers win on one version, the same code is accepted twice", concurrent},
	{"ConcurrentDelete", "if a save and a delete of the same version both win, one of two verdicts was for nothing", concurrentDelete},
	{"Counter", "a lost increment is a guess that nobody counted", counter},
	{"Canceled", "an end of the context that looks like an answer would be taken for one", canceled},
	{"Keys", "upkeep that doesn't see a record leaves it under an old key for ever", keys},
}

// mustSave saves and ends the case on any error, and also on the zero Version,
// with which no later step would mean anything.
func mustSave(ctx context.Context, t *testing.T, s twofactor.Store, key string, old twofactor.Version, data string) twofactor.Version {
	t.Helper()
	v, err := s.Save(ctx, key, old, []byte(data))
	if err != nil {
		t.Fatalf("Save(%q) in the right version: %v", key, err)
	}
	if v == "" {
		t.Fatalf("Save(%q) returned the zero Version", key)
	}
	if v == old {
		t.Fatalf("Save(%q) returned the version that it replaced", key)
	}
	return v
}

func mustDelete(ctx context.Context, t *testing.T, s twofactor.Store, key string, old twofactor.Version) {
	t.Helper()
	if err := s.Delete(ctx, key, old); err != nil {
		t.Fatalf("Delete(%q) in the right version: %v", key, err)
	}
}

// wantRecord checks what each of the stores holds under key.
func wantRecord(ctx context.Context, t *testing.T, key string, v twofactor.Version, data string, stores ...twofactor.Store) {
	t.Helper()
	for i, s := range stores {
		rec, err := s.Load(ctx, key)
		switch {
		case err != nil:
			t.Errorf("Load(%q) on handle %d: %v", key, i, err)
		case rec.Version != v:
			t.Errorf("Load(%q) on handle %d: version %q, want %q", key, i, rec.Version, v)
		case !bytes.Equal(rec.Data, []byte(data)):
			t.Errorf("Load(%q) on handle %d: %d bytes that are not the %d bytes saved", key, i, len(rec.Data), len(data))
		}
	}
}

func wantMissing(ctx context.Context, t *testing.T, key string, stores ...twofactor.Store) {
	t.Helper()
	for i, s := range stores {
		rec, err := s.Load(ctx, key)
		if !errors.Is(err, twofactor.ErrNotFound) {
			t.Errorf("Load(%q) on handle %d, no such record: %d bytes, version %q, error %v; want ErrNotFound",
				key, i, len(rec.Data), rec.Version, err)
		}
		if errors.Is(err, twofactor.ErrConflict) {
			t.Errorf("Load(%q) on handle %d: ErrNotFound and ErrConflict in one error", key, i)
		}
	}
}

// wantConflict checks that a write was refused, and refused clearly.
func wantConflict(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, twofactor.ErrConflict) {
		t.Errorf("%s: error %v, want ErrConflict", what, err)
	}
	if errors.Is(err, twofactor.ErrNotFound) {
		t.Errorf("%s: ErrNotFound and ErrConflict in one error", what)
	}
}
