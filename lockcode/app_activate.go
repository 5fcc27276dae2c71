package lockcode

import (
	"bytes"
	"context"
	"crypto/hmac"
	"maps"

	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// quickMillis is how long an answer may take for its time to be believed: a
// relay could otherwise shift the App's clock by holding answers back.
const quickMillis = 10 * 1000

// RequestActivation asks the controller to send a PIN to the user, for the
// first device there. A new PIN replaces one that was sent before. A user is
// sent one a minute and ten a day (UTC); the rest are refused as NotDone.
func (a *App) RequestActivation(ctx context.Context, lockID, userID string) error {
	release, err := a.hold(ctx, lockID)
	if err != nil {
		return err
	}
	defer release()
	if !validID(userID) {
		return errID
	}
	_, err = a.exchange(ctx, lockID, kindWelcome, encode(kindHello, []byte{byte(modeSendPIN)}, []byte(userID)))
	return err
}

// Activate makes this the first device of a user, with the PIN that was sent.
// If the App loses power before it has stored its key, the user asks for
// another PIN.
func (a *App) Activate(ctx context.Context, lockID, userID string, p PIN) error {
	if !p.valid() {
		return ErrMalformedPIN
	}
	return a.pair(ctx, modeActivate, lockID, userID, p.Digits())
}

// Join makes this another device of a user, with a Code from [App.NewDeviceCode]
// on one that is active. The PIN is the same on both.
func (a *App) Join(ctx context.Context, lockID, userID string, c Code) error {
	if !c.valid {
		return ErrMalformedCode
	}
	return a.pair(ctx, modeAdd, lockID, userID, c.Characters())
}

func (a *App) pair(ctx context.Context, m mode, lockID, userID, secret string) error {
	if !validID(userID) {
		return errID
	}
	release, err := a.hold(ctx, lockID)
	if err != nil {
		return err
	}
	defer release()
	if err := a.spend(m, lockID, secret); err != nil {
		return err
	}
	rec, err := a.agree(ctx, m, lockID, userID, secret)
	if err != nil {
		return err
	}
	if err := a.cfg.Keys.Save(ctx, AppRecord{*rec}); err != nil {
		return err
	}
	a.forgetTries(lockID)
	// The controller counts the device once it has heard from it. If this
	// message is lost, the next one does it.
	_, _, _ = a.send(ctx, rec, request{b: Binding{Purpose: ReadStatus}, body: putInt(0)})
	return nil
}

// agree runs CPace with the controller. The App's tag goes first; the record
// exists only if the controller's tag is right.
func (a *App) agree(ctx context.Context, m mode, lockID, userID, secret string) (*appRecord, error) {
	f, err := a.exchange(ctx, lockID, kindWelcome, encode(kindHello, []byte{byte(m)}, []byte(userID)))
	if err != nil {
		return nil, err
	}
	epoch, sidC, sidA := bytes.Clone(f[0]), f[1], random(16)
	party, err := cpace.New([]byte(secret), channel(m, userID, lockID, epoch), append(bytes.Clone(sidC), sidA...))
	if err != nil {
		return nil, err
	}
	asked := millis(a.cfg.Now())
	ada := cpace.Cat([]byte(a.cfg.Name), putInt(asked))
	f, err = a.exchange(ctx, lockID, kindShareB, encode(kindShareA, []byte{byte(m)}, []byte(userID), sidA, party.Share(), ada))
	if err != nil {
		return nil, err
	}
	got := millis(a.cfg.Now())
	yb, adb := f[0], bytes.Clone(f[1])
	keys, err := party.Initiator(ada, yb, adb)
	if err != nil {
		return nil, ErrReply
	}
	f, err = a.exchange(ctx, lockID, kindTagB, encode(kindTagA, []byte{byte(m)}, []byte(userID), sidA, keys.TagA[:]))
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(f[0], keys.TagB[:]) {
		return nil, ErrReply
	}
	// From here on adb is the controller's word.
	f, err = split(adb, id16, k32, u64, one)
	if err != nil {
		return nil, ErrReply
	}
	lockTime, err := getInt(f[2])
	if err != nil {
		return nil, ErrReply
	}
	derived, err := deriveKeys(keys.ISK[:], scope(lockID, epoch, userID, DeviceID(f[0])))
	clear(keys.ISK[:])
	if err != nil {
		return nil, err
	}
	rec := &appRecord{
		Lock: lockID, User: userID, Device: f[0], Epoch: epoch, Public: f[1], Print: derived.print[:],
		Chain: derived.chain, Day: firstDay(lockTime, asked), Request: derived.request, Flags: flags(f[3][0]),
	}
	return rec, rec.learn(got, lockTime, quick(asked, got))
}

func quick(asked, got int64) bool { return got >= asked && got-asked < quickMillis }

// An attempt is what runs are counted by. Nothing that the relay says is in it,
// or it could have the count begin anew with a welcome of its own.
type attempt struct {
	lockID string
	mode   mode
	secret string
}

// spend counts the runs with one PIN or one Code on this side. Each of them
// tells a relay that plays the controller whether its one guess was right.
func (a *App) spend(m mode, lockID, secret string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	this := attempt{lockID, m, secret}
	if a.tries[this] >= pairTries {
		return refuse(ActivationFailed)
	}
	a.tries[this]++
	return nil
}

// forgetTries is for a pairing in which the controller showed that it knew the
// secret.
func (a *App) forgetTries(lockID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.tries, func(t attempt, _ int) bool { return t.lockID == lockID })
}
