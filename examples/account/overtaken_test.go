package main

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// A sign-in that has checked the old password, and goes on when it is the old one,
// signs nobody in, with a second factor or without.
func TestSignInThatMetANewPassword(t *testing.T) {
	t.Parallel()
	for _, enrolled := range []bool{false, true} {
		s := newSite(t, "access", func(c *config) { c.notes = &slowNotes{memoryNotes: new(memoryNotes)} })
		if enrolled {
			s.enrolled()
		}
		notes := s.app.notes.(*slowNotes)
		notes.meanwhile = func() { require.NoError(t, s.app.passwordChanged(t.Context(), "u-7f3a", "another-password")) }
		b := s.browser()
		b.api("POST", "/api/sign-in", fields{"user": "alice@example.com", "password": "alice-demo-password"}, 401)
		b.api("GET", "/api/me", nil, 401)
		b.api("GET", "/2fa/login", nil, 401)
		notes.meanwhile = nil
		b.api("POST", "/api/sign-in", fields{"user": "alice@example.com", "password": "another-password"}, 200)
	}
}

// slowNotes give something else the time to happen after the password was checked.
type slowNotes struct {
	*memoryNotes
	meanwhile func()
}

func (n *slowNotes) enrolled(ctx context.Context, user string) (bool, error) {
	if n.meanwhile != nil {
		n.meanwhile()
	}
	return n.memoryNotes.enrolled(ctx, user)
}

// An interrupted store lets something else happen once, after a record was read
// or saved.
type interrupted struct {
	twofactor.Store
	loaded, saved atomic.Pointer[func()]
}

func once(f *atomic.Pointer[func()]) {
	if do := f.Swap(nil); do != nil {
		(*do)()
	}
}

func (i *interrupted) Load(ctx context.Context, key string) (twofactor.Record, error) {
	rec, err := i.Store.Load(ctx, key)
	once(&i.loaded)
	return rec, err
}

func (i *interrupted) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v, err := i.Store.Save(ctx, key, old, data)
	once(&i.saved)
	return v, err
}

// next lets something happen at the app's next read or save, when no mail is
// being sent that could come first.
func (s *site) next(at *atomic.Pointer[func()], do func()) {
	s.t.Helper()
	require.NoError(s.t, s.app.drain(s.t.Context()))
	at.Store(&do)
}

// TestSignInOvertaken: what ends all sessions of a user ends the sign-ins too that
// were judged before it and start their session after it.
func TestSignInOvertaken(t *testing.T) {
	t.Parallel()
	t.Run("by a second factor", func(t *testing.T) {
		t.Parallel()
		store := &interrupted{Store: new(memory.Store)}
		s := newSite(t, "twostep", func(c *config) { c.store = store })
		owner, thief := s.browser(), s.browser()
		owner.signIn("bob")
		owner.grant("bob")
		s.next(&store.loaded, func() { owner.phone() }) // the thief's sign-in has found no factor
		thief.api("POST", "/api/sign-in", fields{"user": "bob@example.com", "password": "bob-demo-password"}, 401)
		thief.api("GET", "/api/me", nil, 401)
		owner.api("GET", "/api/me", nil, 200)
		require.Equal(t, statusSecondFactor, thief.signIn("bob"))
	})
	t.Run("by a password after the second step", func(t *testing.T) {
		t.Parallel()
		store := &interrupted{Store: new(memory.Store)}
		s := newSite(t, "twostep", func(c *config) { c.store = store })
		owner, thief := s.browser(), s.browser()
		owner.signIn("bob")
		owner.grant("bob")
		phone, _ := owner.phone()
		require.Equal(t, statusSecondFactor, thief.signIn("bob"))
		s.next(&store.saved, func() {
			owner.api("POST", "/api/password", fields{"old": "bob-demo-password", "new": "another-password"}, 204)
		})
		thief.api("POST", "/2fa/login/verify", fields{"code": phone.Code(s.clock.Now())}, 401)
		thief.api("GET", "/api/me", nil, 401)
		owner.api("GET", "/api/me", nil, 200)
	})
	t.Run("by another end of its own", func(t *testing.T) {
		t.Parallel()
		// The owner's own enrollment ends all sessions and goes on; but not if a
		// new password has overtaken it.
		store := &interrupted{Store: new(memory.Store)}
		s := newSite(t, "twostep", func(c *config) { c.store = store })
		b := s.browser()
		b.signIn("bob")
		b.grant("bob")
		e := b.api("POST", "/2fa/enrollments", fields{"kind": "totp"}, 201)
		phone, err := twofactortest.NewPhone(e["uri"].(string))
		require.NoError(t, err)
		s.next(&store.saved, func() { require.NoError(t, s.app.passwordChanged(t.Context(), "u-2c91", "another-password")) })
		b.api("POST", "/2fa/enrollments/"+e["id"].(string)+"/confirm", fields{"code": phone.Code(s.clock.Now())}, 401)
		b.api("GET", "/api/me", nil, 401)
	})
}
