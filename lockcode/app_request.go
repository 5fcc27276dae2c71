package lockcode

import (
	"context"
	"errors"
)

// Do asks the controller directly, without a Code: OpenDoor, OfficeMode or,
// for the owner, ResetPIN.
func (a *App) Do(ctx context.Context, lockID string, p PIN, b Binding) error {
	if !b.Purpose.aimed() || !validID(b.Target) {
		return errors.New("lockcode: Do is for opening, office mode and PIN resets, with a target")
	}
	return a.ask(ctx, lockID, request{pin: p, b: b})
}

// ChangePIN replaces the user's PIN on all of their devices at this controller.
// A [PIN.Weak] one is refused, as is the old one.
func (a *App) ChangePIN(ctx context.Context, lockID string, old, fresh PIN) error {
	if !fresh.valid() {
		return ErrMalformedPIN
	}
	return a.ask(ctx, lockID, request{pin: old, b: Binding{Purpose: ChangePIN}, body: []byte(fresh.Digits())})
}

// ConfirmConfig says, as the owner, that the configuration with this hash is
// the right one. The hash must be computed on the phone, from the
// configuration that the owner was shown, names of users and doors included.
func (a *App) ConfirmConfig(ctx context.Context, lockID string, p PIN, config ConfigHash) error {
	return a.ask(ctx, lockID, request{pin: p, b: Binding{Purpose: ConfirmConfig}, body: config[:]})
}

// RevokeDevice takes a lost device away: another one of the user, or, for the
// owner, anybody's.
func (a *App) RevokeDevice(ctx context.Context, lockID string, p PIN, id DeviceID) error {
	return a.ask(ctx, lockID, request{pin: p, b: Binding{Purpose: RevokeDevice}, body: id[:]})
}

// NewDeviceCode makes a Code that activates another device of the same user,
// within three minutes and once, and announces it to the controller. It is for
// typing on that device, never on a web page.
func (a *App) NewDeviceCode(ctx context.Context, lockID string, p PIN) (Code, error) {
	var code Code
	err := a.session(ctx, lockID, func(r *appRecord) (request, error) {
		c, err := r.code(p, Binding{AddDevice, r.User}, millis(a.cfg.Now()))
		code = c
		return request{b: Binding{AddDevice, r.User}, body: []byte(c.Characters())}, err
	}, nil)
	if err != nil {
		return Code{}, err
	}
	return code, nil
}

// Status asks the controller how things stand. It needs no PIN. Its answer moves
// the keys of Codes on, as every sealed one does: call it whenever the phone is
// online, or a thief of the phone reads the Codes of all days since the last.
//
// A [RefusedError] with the reason NotActivated means that the controller has
// forgotten this App, after a reset of the PIN or of the box. It is not
// Sealed, so it may be a lie of the relay: the App shows it, and keeps its keys
// until an activation replaces them.
func (a *App) Status(ctx context.Context, lockID string) (Status, error) {
	var st Status
	err := a.session(ctx, lockID, func(r *appRecord) (request, error) {
		return request{b: Binding{Purpose: ReadStatus}, body: putInt(r.Noticed)}, nil
	}, func(r *appRecord, got reply) error {
		s, last, err := parseStatus(got.body, got.flags)
		if err != nil {
			return ErrReply
		}
		st, r.Noticed = s, max(r.Noticed, last)
		return nil
	})
	return st, err
}

// Record returns what the App keeps of a controller, for its user id and
// fingerprint, or an error that wraps [ErrNoRecord].
func (a *App) Record(ctx context.Context, lockID string) (AppRecord, error) {
	return a.load(ctx, lockID)
}

// Forget deletes what the App keeps of a controller. The controller isn't told:
// [App.RevokeDevice] on another device does that. It returns nil if there is
// nothing to delete.
func (a *App) Forget(ctx context.Context, lockID string) error {
	release, err := a.hold(ctx, lockID)
	if err != nil {
		return err
	}
	defer release()
	return a.cfg.Keys.Delete(ctx, lockID)
}

func (a *App) ask(ctx context.Context, lockID string, req request) error {
	if !req.pin.valid() {
		return ErrMalformedPIN
	}
	return a.session(ctx, lockID, func(*appRecord) (request, error) { return req, nil }, nil)
}

// session loads the record, asks, and keeps what the answer taught. If the
// controller found the App's clock wrong, and answered quickly, the App has
// learnt the right time from the answer and asks once more.
func (a *App) session(ctx context.Context, lockID string, build func(*appRecord) (request, error), then func(*appRecord, reply) error) error {
	release, err := a.hold(ctx, lockID)
	if err != nil {
		return err
	}
	defer release()
	rec, err := a.load(ctx, lockID)
	if err != nil {
		return err
	}
	r := &rec.r
	for retry := true; ; retry = false {
		req, err := build(r)
		if err != nil {
			return err
		}
		got, prompt, err := a.send(ctx, r, req)
		if err != nil {
			return err
		}
		if got.reason == WrongClock && prompt && retry {
			continue
		}
		if got.reason != 0 {
			refused := &RefusedError{Reason: got.reason, Sealed: true}
			if got.reason == WrongPIN {
				refused.TriesLeft = got.tries
			}
			return refused
		}
		if then == nil {
			return nil
		}
		if err := then(r, got); err != nil {
			return err
		}
		return a.cfg.Keys.Save(ctx, AppRecord{*r})
	}
}

// send seals one request and opens its answer. prompt says that the answer came
// so fast that its time was believed.
func (a *App) send(ctx context.Context, r *appRecord, req request) (got reply, prompt bool, err error) {
	asked := millis(a.cfg.Now())
	// No clock in it: a copy of the record that asked for anything is then told
	// from the phone, as soon as the other one asks.
	req.ctr = r.Ctr + 1
	req.time = max(0, asked+r.Offset)
	// The counter is stored before the request leaves: one that was used
	// twice would be refused, and reported as a cloned phone.
	r.Ctr = req.ctr
	if err := a.cfg.Keys.Save(ctx, AppRecord{*r}); err != nil {
		return reply{}, false, err
	}
	enc, box, tag, replyKey, err := sealRequest(r.Public, r.Request, r.scope(), req)
	if err != nil {
		return reply{}, false, err
	}
	f, err := a.exchange(ctx, r.Lock, kindReply, encode(kindRequest, r.Device, enc, box, tag))
	if err != nil {
		return reply{}, false, err
	}
	got, err = openReply(replyKey, f[0])
	if err != nil || got.ctr != req.ctr {
		return reply{}, false, ErrReply
	}
	now := millis(a.cfg.Now())
	prompt = quick(asked, now)
	r.Flags = got.flags
	if err := r.learn(now, got.time, prompt); err != nil {
		return reply{}, false, err
	}
	return got, prompt, a.cfg.Keys.Save(ctx, AppRecord{*r})
}
