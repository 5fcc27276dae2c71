package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// sessionStore is an scs.CtxStore beside the records, so that every node knows
// every session. It doesn't remove those that have run out; scs has stores of
// its own for many databases, which do.
type sessionStore struct{ store twofactor.Store }

// sessionKey is not the cookie's value itself: nobody who can read the database
// has a session from it.
func sessionKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "session/" + hex.EncodeToString(sum[:])
}

// FindCtx implements scs.CtxStore.
func (s sessionStore) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	rec, err := s.store.Load(ctx, sessionKey(token))
	switch {
	case errors.Is(err, twofactor.ErrNotFound):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case len(rec.Data) < 8:
		return nil, false, errors.New("the session is damaged")
	}
	ends := time.Unix(int64(binary.BigEndian.Uint64(rec.Data)), 0)
	return rec.Data[8:], time.Now().Before(ends), nil
}

// CommitCtx implements scs.CtxStore. Of several at once the last one stays.
func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, ends time.Time) error {
	data = append(binary.BigEndian.AppendUint64(nil, uint64(ends.Unix())), data...)
	return s.settle(ctx, token, func(old twofactor.Version) error {
		_, err := s.store.Save(ctx, sessionKey(token), old, data)
		return err
	})
}

// DeleteCtx implements scs.CtxStore.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.settle(ctx, token, func(old twofactor.Version) error {
		return s.store.Delete(ctx, sessionKey(token), old)
	})
}

// settle writes over what is there, until nobody else was faster.
func (s sessionStore) settle(ctx context.Context, token string, write func(old twofactor.Version) error) error {
	for {
		rec, err := s.store.Load(ctx, sessionKey(token))
		if err != nil && !errors.Is(err, twofactor.ErrNotFound) {
			return err
		}
		if err := write(rec.Version); !errors.Is(err, twofactor.ErrConflict) {
			return err
		}
	}
}

// Find, Commit and Delete implement scs.Store, of which scs calls none where
// there is the one with a context.
func (s sessionStore) Find(token string) (data []byte, found bool, err error) {
	return s.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (s sessionStore) Commit(token string, data []byte, ends time.Time) error {
	return s.CommitCtx(context.Background(), token, data, ends)
}

// Delete implements scs.Store.
func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
