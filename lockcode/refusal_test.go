package lockcode_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// ask sends a request that no App would make, and returns what came of it.
func (w *world) ask(p lockcode.PIN, b lockcode.Binding, body []byte) lockcode.Reason {
	w.t.Helper()
	w.clock.advance(time.Second)
	at := w.clock.now().UnixMilli()
	rec := w.user.record(w.lock)
	rec = rec.WithCtr(rec.Ctr() + 1)
	require.NoError(w.t, w.user.keys.Save(w.t.Context(), rec))
	msg, key, err := rec.SealRaw(rec.Ctr(), at, p, b, body)
	require.NoError(w.t, err)
	answer, err := w.Do(w.t.Context(), w.lock, msg)
	require.NoError(w.t, err)
	why, err := lockcode.OpenSealed(key, answer)
	require.NoError(w.t, err)
	return why
}

// What only a program of an attacker's own asks for, with the user's phone in his
// hand and, where it helps, the PIN.
func TestRequestsThatNoAppMakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.state()
	own := w.user.record(w.lock).DeviceID()
	purpose := func(p lockcode.Purpose) lockcode.Binding { return lockcode.Binding{Purpose: p} }
	require.Equal(t, lockcode.WrongPIN, w.ask(lockcode.PIN{}, open("front"), nil), "without a PIN")
	require.Equal(t, 1, w.state().Wrong(own))
	require.Equal(t, lockcode.NotAllowed, w.ask(w.userPIN, purpose(lockcode.RevokeDevice), nil), "a right PIN ends the row")
	for name, c := range map[string]struct {
		b    lockcode.Binding
		body []byte
		why  lockcode.Reason
	}{
		"a configuration of someone who isn't the owner": {purpose(lockcode.ConfirmConfig), make([]byte, 32), lockcode.NotAllowed},
		"a device with half an id":                       {purpose(lockcode.RevokeDevice), own[:8], lockcode.NotAllowed},
		"a device without one":                           {purpose(lockcode.RevokeDevice), nil, lockcode.NotAllowed},
		"a device that isn't there":                      {purpose(lockcode.RevokeDevice), bytes.Repeat([]byte{7}, 16), lockcode.NotAllowed},
		"the device in one's hand":                       {purpose(lockcode.RevokeDevice), own[:], lockcode.NotAllowed},
		"a PIN of five digits":                           {purpose(lockcode.ChangePIN), []byte("73062"), lockcode.NotDone},
		"no PIN":                                         {purpose(lockcode.ChangePIN), nil, lockcode.NotDone},
		"the PIN that it is":                             {purpose(lockcode.ChangePIN), []byte(w.userPIN.Digits()), lockcode.WeakPIN},
		"an activation":                                  {purpose(lockcode.Activate), nil, lockcode.NotAllowed},
		"a purpose that there is none of":                {purpose(77), nil, lockcode.NotAllowed},
		"a status without a number":                      {purpose(lockcode.ReadStatus), nil, lockcode.NotDone},
		"a status with half a number":                    {purpose(lockcode.ReadStatus), make([]byte, 4), lockcode.NotDone},
		"a status with a longer one":                     {purpose(lockcode.ReadStatus), make([]byte, 9), lockcode.NotDone},
		"a status with one without end":                  {purpose(lockcode.ReadStatus), bytes.Repeat([]byte{0x7f}, 8), lockcode.NotDone},
		"a Code that is none":                            {lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"}, []byte("!!!!!"), lockcode.InvalidCode},
	} {
		require.Equal(t, c.why, w.ask(w.userPIN, c.b, c.body), name)
		require.Zero(t, w.state().Wrong(own), name)
	}
	require.Zero(t, w.opens())
	was, _, _, _ := before.Peek("ute")
	is, _, _, _ := w.state().Peek("ute")
	require.Equal(t, was, is)
	w.clock.advance(time.Second)
	require.NoError(t, w.user.Do(t.Context(), w.lock, w.userPIN, open("front")))
}

// A configuration is a hash of 32 bytes, from the owner as well.
func TestOwnersRequestsThatNoAppMakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user, w.userPIN = w.owner, w.ownerPIN
	for _, n := range []int{0, 31, 33} {
		require.Equal(t, lockcode.NotAllowed, w.ask(w.ownerPIN, lockcode.Binding{Purpose: lockcode.ConfirmConfig}, make([]byte, n)), n)
	}
	// Nor does the owner take a device away that isn't there.
	require.Equal(t, lockcode.NotAllowed, w.ask(w.ownerPIN, lockcode.Binding{Purpose: lockcode.RevokeDevice}, bytes.Repeat([]byte{7}, 16)))
	w.clock.advance(time.Second)
	require.NoError(t, w.owner.Do(t.Context(), w.lock, w.ownerPIN, open("front")))
}

// A PIN that was sent and has to be changed opens nothing over the web, and pairs
// no second device, though it is the right one.
func TestSentPINOverTheWeb(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newSite(t, "lock-1", func(c *lockcode.ControllerConfig) { c.InsecureKeepActivationPIN = false })
	s.grant("olga", lockcode.Binding{Purpose: lockcode.Activate})
	s.grant("ute", open("front"), lockcode.Binding{Purpose: lockcode.Activate})
	require.NoError(t, s.HardwareReset(ctx))
	w := &world{site: s, owner: newPhone(t, "olga", s.clock, s), user: newPhone(t, "ute", s.clock, s)}
	sent := w.owner.activate(s)
	w.ownerPIN = chosen(t, sent)
	require.NoError(t, w.owner.ChangePIN(ctx, w.lock, sent, w.ownerPIN))
	require.NoError(t, w.owner.ConfirmConfig(ctx, w.lock, w.ownerPIN, s.config))
	w.userPIN = w.user.activate(s)

	rec := w.user.record(w.lock)
	c, err := rec.Encipher(w.userPIN, open("front"), w.clock.now().Unix()/60)
	require.NoError(t, err)
	require.Equal(t, lockcode.MustChangePIN, reason(t, w.verify(c, open("front"))))
	require.Zero(t, w.opens())

	b := lockcode.Binding{Purpose: lockcode.AddDevice, Target: "ute"}
	c, err = rec.Encipher(w.userPIN, b, w.clock.now().Unix()/60)
	require.NoError(t, err)
	require.Equal(t, lockcode.MustChangePIN, w.ask(lockcode.PIN{}, b, []byte(c.Characters())))
	require.Zero(t, w.state().Wrong(rec.DeviceID()), "no PIN was tried")
	require.Zero(t, w.count(lockcode.PairingArmed))
}

// An App needs a relay, a place for its keys and a name that fits.
func TestAppThatLacksSomething(t *testing.T) {
	t.Parallel()
	s := newSite(t, "lock-1")
	keys := newPhone(t, "u", s.clock, s).keys
	for name, cfg := range map[string]lockcode.AppConfig{
		"no relay": {Keys: keys}, "no keys": {Relay: s}, "a name with a line break": {Keys: keys, Relay: s, Name: "a\nb"},
	} {
		_, err := lockcode.NewApp(cfg)
		require.Error(t, err, name)
	}
}

// No target is none, and never all of them: without one, neither an App nor a
// program of an attacker's own reaches the Authorizer.
func TestNoTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.events = nil
	for i, p := range []lockcode.Purpose{lockcode.OpenDoor, lockcode.OfficeMode, lockcode.ResetPIN} {
		b := lockcode.Binding{Purpose: p}
		w.grant("ute", b)
		require.Error(t, w.user.Do(t.Context(), w.lock, w.userPIN, b))
		at := w.clock.now().UnixMilli() + int64(i)
		msg, _, err := w.user.record(w.lock).SealRaw(at, at, w.userPIN, b, nil)
		require.NoError(t, err)
		answer, err := w.Do(t.Context(), w.lock, msg)
		require.NoError(t, err)
		require.Equal(t, lockcode.Encode(lockcode.KindRefusal, []byte{byte(lockcode.NotDone)}), answer)
		require.Error(t, w.verify(w.junk(), b))
	}
	require.Zero(t, w.opens())
	require.Zero(t, w.count(lockcode.RequestAccepted))
	require.Zero(t, w.count(lockcode.CodeGarbage))
	require.NoError(t, w.user.Do(t.Context(), w.lock, w.userPIN, open("front")))
}
