package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
)

func loadMissing(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	wantMissing(ctx, t, "nobody", a, b)
	mustSave(ctx, t, a, "somebody", "", "data")
	wantMissing(ctx, t, "nobody", a, b)
}

func saveLoad(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	v1 := mustSave(ctx, t, a, "k", "", "one")
	wantRecord(ctx, t, "k", v1, "one", a, b)
	v2 := mustSave(ctx, t, b, "k", v1, "two")
	wantRecord(ctx, t, "k", v2, "two", a, b)
	// The same data again is a write as well. A database that counts the rows
	// changed and not the rows matched would call it none.
	v3 := mustSave(ctx, t, a, "k", v2, "two")
	wantRecord(ctx, t, "k", v3, "two", a, b)
	if v3 == v1 {
		t.Errorf("version %q came back after two writes", v1)
	}
}

func saveIsACopy(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	data := []byte("before")
	v, err := a.Save(ctx, "k", "", data)
	if err != nil {
		t.Fatalf("Save: %v", err)
	}
	copy(data, "AFTER!")
	wantRecord(ctx, t, "k", v, "before", a, b)
}

func loadIsACopy(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	v := mustSave(ctx, t, a, "k", "", "before")
	for _, s := range []twofactor.Store{a, b} {
		rec, err := s.Load(ctx, "k")
		if err != nil {
			t.Fatalf("Load: %v", err)
		}
		copy(rec.Data, "AFTER!")
		_ = append(rec.Data, "more"...)
	}
	wantRecord(ctx, t, "k", v, "before", a, b)
}

func createOnce(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	v := mustSave(ctx, t, a, "k", "", "first")
	for _, s := range []twofactor.Store{a, b} {
		_, err := s.Save(ctx, "k", "", []byte("second"))
		wantConflict(t, "Save with the zero Version over a record", err)
	}
	wantRecord(ctx, t, "k", v, "first", a, b)
}

func staleSave(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	v1 := mustSave(ctx, t, a, "k", "", "one")
	v2 := mustSave(ctx, t, b, "k", v1, "two")
	other := mustSave(ctx, t, a, "other", "", "other")
	for _, s := range []twofactor.Store{a, b} {
		for _, stale := range []twofactor.Version{v1, other, v2 + "x", "0", "no version of this store"} {
			_, err := s.Save(ctx, "k", stale, []byte("stale"))
			wantConflict(t, "Save over a newer record", err)
			// Writing what is already there is no excuse.
			_, err = s.Save(ctx, "k", stale, []byte("two"))
			wantConflict(t, "Save of the same data over a newer record", err)
		}
	}
	wantRecord(ctx, t, "k", v2, "two", a, b)
	wantRecord(ctx, t, "other", other, "other", a, b)
}

func saveMissing(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	_, err := a.Save(ctx, "never", "no version of this store", []byte("data"))
	wantConflict(t, "Save with a version where there never was a record", err)
	wantMissing(ctx, t, "never", a, b)

	v := mustSave(ctx, t, a, "gone", "", "data")
	mustDelete(ctx, t, a, "gone", v)
	_, err = b.Save(ctx, "gone", v, []byte("data"))
	wantConflict(t, "Save with the version of a deleted record", err)
	wantMissing(ctx, t, "gone", a, b)
}

// fresh writes on one handle and reads at once on the other, both with and
// without a conflict in between.
func fresh(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	var old, v twofactor.Version
	for i := range 50 {
		data := strings.Repeat("x", i)
		old, v = v, mustSave(ctx, t, a, "k", v, data)
		wantRecord(ctx, t, "k", v, data, b)
		_, err := b.Save(ctx, "k", old, []byte("stale"))
		wantConflict(t, "Save over a newer record", err)
		wantRecord(ctx, t, "k", v, data, b)
		if t.Failed() {
			return
		}
		a, b = b, a
	}
	mustDelete(ctx, t, a, "k", v)
	wantMissing(ctx, t, "k", b)
}

func versionAfterDelete(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	var seen []twofactor.Version
	for range 5 {
		v1 := mustSave(ctx, t, a, "k", "", "data")
		v2 := mustSave(ctx, t, b, "k", v1, "data")
		for _, v := range []twofactor.Version{v1, v2} {
			if slices.Contains(seen, v) {
				t.Errorf("version %q came back after Delete", v)
			}
			seen = append(seen, v)
		}
		mustDelete(ctx, t, a, "k", v2)
	}
	v := mustSave(ctx, t, a, "k", "", "new")
	for _, old := range seen {
		_, err := b.Save(ctx, "k", old, []byte("stale"))
		wantConflict(t, "Save with the version of a deleted record", err)
		wantConflict(t, "Delete with the version of a deleted record", b.Delete(ctx, "k", old))
	}
	wantRecord(ctx, t, "k", v, "new", a, b)
}

func deleteMissing(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	for _, v := range []twofactor.Version{"", "no version of this store"} {
		if err := a.Delete(ctx, "never", v); err != nil {
			t.Errorf("Delete where there never was a record, version %q: %v", v, err)
		}
	}
	v := mustSave(ctx, t, a, "k", "", "data")
	mustDelete(ctx, t, a, "k", v)
	wantMissing(ctx, t, "k", a, b)
	for _, s := range []twofactor.Store{a, b} {
		if err := s.Delete(ctx, "k", v); err != nil {
			t.Errorf("Delete of a deleted record: %v", err)
		}
	}
}

func deleteStale(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	v1 := mustSave(ctx, t, a, "k", "", "one")
	v2 := mustSave(ctx, t, b, "k", v1, "two")
	for _, s := range []twofactor.Store{a, b} {
		for _, stale := range []twofactor.Version{"", v1, v2 + "x", "no version of this store"} {
			wantConflict(t, "Delete of a newer record", s.Delete(ctx, "k", stale))
		}
	}
	wantRecord(ctx, t, "k", v2, "two", a, b)
}

func canceled(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	v := mustSave(ctx, t, a, "k", "", "data")
	ended, cancel := context.WithCancel(ctx)
	cancel()
	check := func(what string, err error) {
		t.Helper()
		if err == nil || errors.Is(err, twofactor.ErrNotFound) || errors.Is(err, twofactor.ErrConflict) {
			t.Errorf("%s with a canceled context: error %v, want one that is no answer", what, err)
		}
	}
	_, err := a.Load(ended, "k")
	check("Load", err)
	_, err = a.Load(ended, "never")
	check("Load where there is no record", err)
	_, err = a.Save(ended, "new", "", []byte("data"))
	check("Save", err)
	_, err = a.Save(ended, "k", "no version of this store", []byte("data"))
	check("Save in a stale version", err)
	check("Delete", a.Delete(ended, "never", ""))
	check("Delete in a stale version", a.Delete(ended, "k", ""))
	// The handle isn't spoiled for the next request.
	wantRecord(ctx, t, "k", v, "data", a, b)
}

func wholeData(ctx context.Context, t *testing.T, a, b twofactor.Store) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for name, data := range map[string][]byte{
		"nil":           nil,
		"empty":         {},
		"one zero byte": {0},
		"zero bytes":    make([]byte, 100),
		"spaces":        []byte("  trailing \n\r\n\x00"),
		"quotes":        []byte(`'";\%_--` + "`"),
		"not UTF-8":     {0xff, 0xfe, 0xc0, 0x80},
		"every byte":    all,
		"64 kB":         bytes.Repeat(all, 256),
	} {
		v, err := a.Save(ctx, name, "", data)
		if err != nil {
			t.Errorf("Save of %s: %v", name, err)
			continue
		}
		wantRecord(ctx, t, name, v, string(data), a, b)
		v = mustSave(ctx, t, b, name, v, "something else")
		if v, err = b.Save(ctx, name, v, data); err != nil {
			t.Errorf("Save of %s over something else: %v", name, err)
			continue
		}
		wantRecord(ctx, t, name, v, string(data), a, b)
	}
}
