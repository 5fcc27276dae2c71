package lockcode_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/providers/memory"
)

// A clock is moved by the test.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

var start = time.Date(2026, 11, 20, 10, 0, 30, 0, time.UTC)

// A site is one controller with everything around it.
type site struct {
	*lockcode.Controller
	t     testing.TB
	lock  string
	clock *clock // the controller's
	keys  *memory.LockKeys

	mu               sync.Mutex
	inbox            map[string]string // the last PIN sent to each user
	sent             int
	opened           []string
	events           []lockcode.Event
	rights           map[string]bool // "user/purpose/target"
	config           lockcode.ConfigHash
	sendErr, doorErr error
}

func (s *site) SendPIN(_ context.Context, userID string, p lockcode.PIN) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sendErr != nil {
		return s.sendErr
	}
	s.inbox[userID] = p.Digits()
	s.sent++
	return nil
}

func (s *site) Allow(_ context.Context, config lockcode.ConfigHash, userID string, b lockcode.Binding) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if config != s.config || !s.rights[fmt.Sprint(userID, "/", b.Purpose, "/", b.Target)] {
		return errors.New("no such right")
	}
	return nil
}

func (s *site) Act(_ context.Context, userID string, b lockcode.Binding) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doorErr != nil {
		return s.doorErr
	}
	s.opened = append(s.opened, fmt.Sprint(userID, " ", b.Purpose, " ", b.Target))
	return nil
}

func (s *site) Event(e lockcode.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

func (s *site) count(k lockcode.EventKind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, e := range s.events {
		if e.Kind == k {
			n++
		}
	}
	return n
}

func (s *site) opens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.opened)
}

func (s *site) grant(userID string, bs ...lockcode.Binding) {
	for _, b := range bs {
		s.rights[fmt.Sprint(userID, "/", b.Purpose, "/", b.Target)] = true
	}
}

// state is a look at what the controller keeps.
func (s *site) state() *lockcode.LockState {
	var out *lockcode.LockState
	require.NoError(s.t, s.keys.Update(s.t.Context(), func(st *lockcode.LockState) error {
		out = st.Clone()
		return nil
	}))
	return out
}

func newSite(t testing.TB, lock string, change ...func(*lockcode.ControllerConfig)) *site {
	t.Helper()
	s := &site{
		t: t, lock: lock, clock: &clock{t: start}, keys: new(memory.LockKeys),
		inbox: map[string]string{}, rights: map[string]bool{}, config: sha256.Sum256([]byte("configuration one")),
	}
	cfg := lockcode.ControllerConfig{
		LockID: lock, Store: s.keys, PINs: s, Rights: s, Doors: s, Audit: s, Now: s.clock.now,
		InsecureKeepActivationPIN: true, // as product E has it ("may change"); the default has its own test
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := lockcode.NewController(cfg)
	require.NoError(t, err)
	s.Controller = c
	return s
}

// A phone is an App whose store the test can reach.
type phone struct {
	*lockcode.App
	t    testing.TB
	user string
	keys *memory.AppKeys
}

func newPhone(t testing.TB, user string, c *clock, r lockcode.Relay) *phone {
	t.Helper()
	p := &phone{t: t, user: user, keys: new(memory.AppKeys)}
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: p.keys, Relay: r, Name: user + "'s phone", Now: c.now})
	require.NoError(t, err)
	p.App = a
	return p
}

func (p *phone) record(lock string) lockcode.AppRecord {
	p.t.Helper()
	rec, err := p.keys.Load(p.t.Context(), lock)
	require.NoError(p.t, err)
	return rec
}

// activate takes the phone through a first activation.
func (p *phone) activate(s *site) lockcode.PIN {
	p.t.Helper()
	require.NoError(p.t, p.RequestActivation(p.t.Context(), s.lock, p.user))
	got := pin(p.t, s.inbox[p.user])
	require.NoError(p.t, p.Activate(p.t.Context(), s.lock, p.user, got))
	return got
}

func pin(t testing.TB, digits string) lockcode.PIN {
	t.Helper()
	p, err := lockcode.ParsePIN(digits)
	require.NoError(t, err)
	return p
}

// chosen is a PIN that a user may change to from this one.
func chosen(t testing.TB, from lockcode.PIN) lockcode.PIN {
	t.Helper()
	if p := pin(t, "7306"); p != from {
		return p
	}
	return pin(t, "4907")
}

// other is a PIN that surely differs.
func other(t testing.TB, p lockcode.PIN, n int) lockcode.PIN {
	t.Helper()
	var v int
	_, err := fmt.Sscanf(p.Digits(), "%d", &v)
	require.NoError(t, err)
	return lockcode.PINFrom((v + n) % 10_000)
}

func open(door string) lockcode.Binding {
	return lockcode.Binding{Purpose: lockcode.OpenDoor, Target: door}
}

func office(door string) lockcode.Binding {
	return lockcode.Binding{Purpose: lockcode.OfficeMode, Target: door}
}

func reset(user string) lockcode.Binding {
	return lockcode.Binding{Purpose: lockcode.ResetPIN, Target: user}
}

// reason is why something was refused, 0 if it wasn't.
func reason(t testing.TB, err error) lockcode.Reason {
	t.Helper()
	if err == nil {
		return 0
	}
	r, ok := errors.AsType[*lockcode.RefusedError](err)
	require.True(t, ok, "not a refusal: %v", err)
	require.ErrorIs(t, err, lockcode.ErrRefused)
	return r.Reason
}

// A world is a site in use: an owner and a user with a phone each, one right
// to open the front door, and a confirmed configuration.
type world struct {
	*site
	owner, user       *phone
	ownerPIN, userPIN lockcode.PIN
}

func newWorld(t testing.TB, change ...func(*lockcode.ControllerConfig)) *world {
	t.Helper()
	s := newSite(t, "lock-1", change...)
	return settle(t, s, s.Controller)
}

func settle(t testing.TB, s *site, r lockcode.Relay) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{site: s, owner: newPhone(t, "olga", s.clock, r), user: newPhone(t, "ute", s.clock, r)}
	for _, u := range []string{"olga", "ute"} {
		s.grant(u, open("front"), open("back"), office("front"), lockcode.Binding{Purpose: lockcode.Activate})
	}
	require.NoError(t, s.HardwareReset(ctx))
	w.ownerPIN = w.owner.activate(s)
	require.NoError(t, w.owner.ConfirmConfig(ctx, s.lock, w.ownerPIN, s.config))
	w.userPIN = w.user.activate(s)
	return w
}

// code makes a Code on the user's phone.
func (w *world) code(b lockcode.Binding) lockcode.Code {
	w.t.Helper()
	c, err := w.user.Code(w.t.Context(), w.lock, w.userPIN, b)
	require.NoError(w.t, err)
	return c
}

// verify is what the cloud asks for when the user has typed a Code.
func (w *world) verify(c lockcode.Code, b lockcode.Binding) error {
	return w.VerifyCode(w.t.Context(), w.user.user, c, b)
}
