package lockstoretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/latchkey-auth/latchkey/lockcode"
)

type appStore = lockcode.AppKeyStore

var appRules = []rule[appStore]{
	{"Missing", "Only a record that isn't there is ErrNoRecord; an App shows that as not activated.", appMissing},
	{"SaveLoad", "Load returns what was saved last, all of it.", appSaveLoad},
	{"KeysApart", "Records of controllers whose ids look alike are apart.", appKeysApart},
	{"Delete", "Delete removes one record, and is content if there is none.", appDelete},
	{"Reopened", "Save is durable: a counter that a power cut takes back is used twice, and the App is refused.", appReopened},
	{"Canceled", "A context that is over is an error that doesn't look like a missing record.", appCanceled},
	{"SameTime", "All methods may be called at the same time.", appSameTime},
}

func same(ctx context.Context, s appStore, want lockcode.AppRecord) error {
	got, err := s.Load(ctx, want.LockID())
	if err != nil {
		return err
	}
	a, errA := got.MarshalBinary()
	b, errB := want.MarshalBinary()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		return fmt.Errorf("another record under %q than the one that was saved", want.LockID())
	}
	return nil
}

func missing(ctx context.Context, s appStore, lockID string) error {
	if _, err := s.Load(ctx, lockID); !errors.Is(err, lockcode.ErrNoRecord) {
		return fmt.Errorf("Load of %q, which isn't there: %v", lockID, err)
	}
	return nil
}

func appMissing(ctx context.Context, open func() appStore) error { return missing(ctx, open(), "lock") }

func appSaveLoad(ctx context.Context, open func() appStore) error {
	s := open()
	for range 3 {
		rec, err := record(ctx, "lock")
		if err != nil {
			return err
		}
		if err := errors.Join(s.Save(ctx, rec), same(ctx, s, rec)); err != nil {
			return err
		}
	}
	return nil
}

func appKeysApart(ctx context.Context, open func() appStore) error {
	s := open()
	var recs []lockcode.AppRecord
	for _, id := range []string{
		"lock", "Lock", "lock ", " lock", "a/b", "a", "../lock", "..", "lock%20", "é", "e\u0301", "lock\\", "CON",
		strings.Repeat("x", 64), strings.Repeat("x", 63),
	} {
		if err := missing(ctx, s, id); err != nil {
			return err
		}
		rec, err := record(ctx, id)
		if err != nil {
			return err
		}
		if err := s.Save(ctx, rec); err != nil {
			return err
		}
		recs = append(recs, rec)
	}
	for _, rec := range recs {
		if err := same(ctx, s, rec); err != nil {
			return err
		}
	}
	return nil
}

func appDelete(ctx context.Context, open func() appStore) error {
	s := open()
	a, errA := record(ctx, "a")
	b, errB := record(ctx, "b")
	if err := errors.Join(errA, errB, s.Delete(ctx, "a"), s.Save(ctx, a), s.Save(ctx, b), s.Delete(ctx, "a")); err != nil {
		return err
	}
	return errors.Join(missing(ctx, s, "a"), same(ctx, s, b), s.Delete(ctx, "a"))
}

func appReopened(ctx context.Context, open func() appStore) error {
	for range 2 {
		rec, err := record(ctx, "lock")
		if err != nil {
			return err
		}
		if err := errors.Join(open().Save(ctx, rec), same(ctx, open(), rec)); err != nil {
			return err
		}
	}
	return errors.Join(open().Delete(ctx, "lock"), missing(ctx, open(), "lock"))
}

func appCanceled(ctx context.Context, open func() appStore) error {
	s := open()
	rec, err := record(ctx, "lock")
	if err != nil {
		return err
	}
	if err := s.Save(ctx, rec); err != nil {
		return err
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Load(over, "lock"); err == nil || errors.Is(err, lockcode.ErrNoRecord) {
		return fmt.Errorf("Load returned %v", err)
	}
	if s.Save(over, rec) == nil || s.Delete(over, "lock") == nil {
		return errors.New("Save or Delete returned nil")
	}
	return nil
}

func appSameTime(ctx context.Context, open func() appStore) error {
	s := open()
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for w := range errs {
		wg.Go(func() {
			rec, err := record(ctx, fmt.Sprint("lock", w%4))
			for range 20 {
				err = errors.Join(err, s.Save(ctx, rec))
				_, loadErr := s.Load(ctx, rec.LockID())
				err = errors.Join(err, loadErr)
			}
			errs[w] = err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
