package lockstoretest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// Each store is broken in one way, which the named rule has to find. Inside
// the package, since a suite can't be seen to fail from outside.

type lockFunc func(ctx context.Context, f func(*lockcode.LockState) error) error

func (u lockFunc) Update(ctx context.Context, f func(*lockcode.LockState) error) error {
	return u(ctx, f)
}

// disk is a sound store, to break.
type disk struct {
	mu sync.Mutex
	b  []byte
}

func (d *disk) read() *lockcode.LockState {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := new(lockcode.LockState)
	if d.b != nil && s.UnmarshalBinary(d.b) != nil {
		panic("unreadable")
	}
	return s
}

func (d *disk) write(s *lockcode.LockState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.b, _ = s.MarshalBinary()
}

func TestBrokenLockStores(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, rule string
		open       func(d *disk) lockStore
	}{
		{"rolls back on refusal", "KeepsOnRefusal", func(d *disk) lockStore {
			return lockFunc(func(_ context.Context, f func(*lockcode.LockState) error) error {
				s := d.read()
				if err := f(s); err != nil {
					return err
				}
				d.write(s)
				return nil
			})
		}},
		{"loses the refusal", "KeepsOnRefusal", func(d *disk) lockStore {
			return lockFunc(func(_ context.Context, f func(*lockcode.LockState) error) error {
				s := d.read()
				_ = f(s)
				d.write(s)
				return nil
			})
		}},
		{"writes later", "Reopened", func(d *disk) lockStore {
			s := d.read()
			return lockFunc(func(_ context.Context, f func(*lockcode.LockState) error) error { return f(s) })
		}},
		{"forgets", "Keeps", func(*disk) lockStore {
			return lockFunc(func(_ context.Context, f func(*lockcode.LockState) error) error { return f(new(lockcode.LockState)) })
		}},
		{"retries", "OnceEach", func(d *disk) lockStore {
			return lockFunc(func(_ context.Context, f func(*lockcode.LockState) error) error {
				s := d.read()
				err := f(s)
				if err != nil {
					err = f(s)
				}
				d.write(s)
				return err
			})
		}},
		{"overlaps", "OneAfterTheOther", func(d *disk) lockStore {
			return lockFunc(func(_ context.Context, f func(*lockcode.LockState) error) error {
				s := d.read()
				err := f(s)
				d.write(s)
				return err
			})
		}},
		{"lends its own", "LentNotGiven", func() func(*disk) lockStore {
			s := new(lockcode.LockState)
			return func(*disk) lockStore {
				return lockFunc(func(_ context.Context, f func(*lockcode.LockState) error) error { return f(s) })
			}
		}()},
		{"ignores the context", "Canceled", func(d *disk) lockStore {
			return lockFunc(func(_ context.Context, f func(*lockcode.LockState) error) error {
				s := d.read()
				err := f(s)
				d.write(s)
				return err
			})
		}},
		{"begins with a state", "New", func(d *disk) lockStore {
			s := new(oneState)
			c, _, _ := controller("lock", s)
			_ = c.HardwareReset(context.Background())
			return s
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := new(disk)
			finds(t, lockRules, tt.rule, func() lockStore { return tt.open(d) })
		})
	}
}

// finds fails the test unless the rule finds fault with the store.
func finds[S any](t *testing.T, rules []rule[S], name string, open func() S) {
	t.Helper()
	for _, r := range rules {
		if r.name != name {
			continue
		}
		for range 20 { // what overlaps does so by chance
			if r.test(t.Context(), open) != nil {
				return
			}
		}
		t.Fatalf("rule %s finds nothing", name)
	}
	t.Fatalf("there is no rule %s", name)
}

type brokenApp struct {
	mu  sync.Mutex
	m   map[string]lockcode.AppRecord
	key func(string) string
	// What goes wrong.
	missing     error
	keepsOld    bool
	noDelete    bool
	deleteError bool
	noContext   bool
}

func (b *brokenApp) Load(ctx context.Context, id string) (lockcode.AppRecord, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := ctx.Err(); err != nil && !b.noContext {
		return lockcode.AppRecord{}, err
	}
	rec, ok := b.m[b.key(id)]
	if !ok {
		return rec, b.missing
	}
	return rec, nil
}

func (b *brokenApp) Save(ctx context.Context, rec lockcode.AppRecord) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := ctx.Err(); err != nil && !b.noContext {
		return err
	}
	if _, ok := b.m[b.key(rec.LockID())]; !ok || !b.keepsOld {
		b.m[b.key(rec.LockID())] = rec
	}
	return nil
}

func (b *brokenApp) Delete(ctx context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := ctx.Err(); err != nil && !b.noContext {
		return err
	}
	if _, ok := b.m[b.key(id)]; !ok && b.deleteError {
		return errors.New("nothing there")
	}
	if !b.noDelete {
		delete(b.m, b.key(id))
	}
	return nil
}

func TestBrokenAppStores(t *testing.T) {
	t.Parallel()
	sound := func() *brokenApp {
		return &brokenApp{m: map[string]lockcode.AppRecord{}, key: func(s string) string { return s }, missing: lockcode.ErrNoRecord}
	}
	whole := sound()
	for _, r := range appRules {
		*whole = *sound()
		require.NoError(t, r.test(t.Context(), func() appStore { return whole }), r.name)
	}
	for _, tt := range []struct {
		name, rule string
		spoil      func(b *brokenApp)
	}{
		{"zero record for missing", "Missing", func(b *brokenApp) { b.missing = nil }},
		{"other error for missing", "Missing", func(b *brokenApp) { b.missing = errors.New("no rows") }},
		{"keeps the first", "SaveLoad", func(b *brokenApp) { b.keepsOld = true }},
		{"folds case", "KeysApart", func(b *brokenApp) { b.key = strings.ToLower }},
		{"trims", "KeysApart", func(b *brokenApp) { b.key = strings.TrimSpace }},
		{"cuts long ids", "KeysApart", func(b *brokenApp) { b.key = func(s string) string { return s[:min(len(s), 63)] } }},
		{"never deletes", "Delete", func(b *brokenApp) { b.noDelete = true }},
		{"missing delete is an error", "Delete", func(b *brokenApp) { b.deleteError = true }},
		{"ignores the context", "Canceled", func(b *brokenApp) { b.noContext = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := sound()
			tt.spoil(b)
			finds(t, appRules, tt.rule, func() appStore { return b })
		})
	}
	t.Run("forgets with its process", func(t *testing.T) {
		t.Parallel()
		finds(t, appRules, "Reopened", func() appStore { return sound() })
	})
}
