package lockcode

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"slices"
)

// request answers a sealed request in two transactions. The first proves whose
// it is, moves the counter and pays for a try at the PIN; the second looks at
// the PIN and does the work. After the first there is exactly one sealed
// answer, whatever happens.
func (c *Controller) request(ctx context.Context, id DeviceID, enc, box, tag []byte) ([]byte, error) {
	j := c.journal()
	var userID string
	var req request
	var replyKey []byte
	var answer reply
	var paid payment
	err := c.update(ctx, func(s *lockState) error {
		var d *device
		if userID, d = s.device(id); d == nil {
			return refuse(NotActivated)
		}
		if !genuine(d.Request, enc, box, tag) {
			j.add(RequestForged, userID, id[:], Binding{})
			return refuse(NotDone)
		}
		var err error
		req, replyKey, err = openRequest(s.Key, d.Request, scope(c.cfg.LockID, s.Epoch, userID, id), enc, box)
		if err != nil {
			return err
		}
		if req.ctr <= d.Ctr {
			j.add(RequestReplayed, userID, id[:], req.b)
			return refuse(NotDone)
		}
		d.Ctr = req.ctr
		answer = reply{ctr: req.ctr, time: j.now, flags: c.flags(s, userID)}
		switch {
		case d.Wrong >= wrongForAll, d.left(j.now) == 0 && req.b.Purpose != ReadStatus:
			answer.reason = DeviceDisabled
		case max(req.time-j.now, j.now-req.time) > requestSkew:
			j.add(RequestWrongTime, userID, id[:], req.b)
			answer.reason = WrongClock
		case req.b.Purpose != ReadStatus:
			paid = d.pay(j.now)
		}
		return nil
	})
	if err != nil {
		return nil, j.close(err)
	}
	if answer.reason == 0 {
		err = c.update(ctx, func(s *lockState) error {
			_, d := s.device(id)
			if d == nil {
				return refuse(NotActivated)
			}
			body, err := c.perform(ctx, s, j, userID, d, req, paid)
			answer.body, answer.flags = body, c.flags(s, userID)
			answer.tries = d.left(j.now)
			return err
		})
		if err == nil {
			err = c.act(ctx, j, userID, req.b)
		}
		answer.reason = reasonOf(err)
	}
	j.close(err)
	sealed, err := sealReply(replyKey, answer)
	if err != nil {
		return nil, err
	}
	return encode(kindReply, sealed), nil
}

func reasonOf(err error) Reason {
	if err == nil {
		return 0
	}
	if r, ok := errors.AsType[*RefusedError](err); ok {
		return r.Reason
	}
	return NotDone
}

func (s *lockState) device(id DeviceID) (string, *device) {
	for userID, u := range s.Users {
		for _, d := range u.Devices {
			if bytes.Equal(d.ID, id[:]) {
				return userID, d
			}
		}
	}
	return "", nil
}

// perform does what a sealed request asks for, once its PIN is right.
func (c *Controller) perform(ctx context.Context, s *lockState, j *journal, userID string, d *device, req request, paid payment) ([]byte, error) {
	u := s.Users[userID]
	d.Proven = true
	if req.b.Purpose == ReadStatus {
		return s.status(userID, u, d, req.body, j.now)
	}
	// Where a right PIN came in between and wiped the payment away, the tries
	// since then may have used up what was left.
	d.unpay(paid)
	if d.left(j.now) == 0 {
		return nil, refuse(DeviceDisabled)
	}
	if req.b.Purpose == AddDevice {
		return nil, c.addDevice(s, j, userID, u, d, req)
	}
	given := pinMAC(u.Salt, c.cfg.LockID, s.Epoch, userID, req.pin)
	if !req.pin.valid() || !hmac.Equal(given, u.PIN) {
		d.miss(j.now)
		return nil, wrongPIN(j, userID, d, req.b)
	}
	d.right()
	if req.b.Purpose.aimed() {
		// As an accepted Code does: a clock set back then revives none that was
		// kept from before. By the earlier clock, since the App makes Codes by
		// its own. What else an App asks for, setting up a box whose clock is
		// still wrong, say, leaves its Codes alone.
		d.Floor = max(d.Floor, min(j.now, req.time)/(stepSeconds*1000))
	}
	u.Budget.heal(j.now)
	s.Budget.heal(j.now)
	j.add(RequestAccepted, userID, d.ID, req.b)
	if req.b.Purpose == ChangePIN {
		return nil, c.changePIN(s, j, userID, u, req)
	}
	if u.MustPIN {
		j.add(Refused, userID, d.ID, req.b)
		return nil, refuse(MustChangePIN)
	}
	switch req.b.Purpose {
	case RevokeDevice:
		return nil, s.revoke(j, userID, d, req.body)
	case ConfirmConfig:
		if userID != s.Owner || len(req.body) != 32 {
			j.add(Refused, userID, d.ID, req.b)
			return nil, refuse(NotAllowed)
		}
		s.Confirmed = bytes.Clone(req.body)
		j.add(ConfigConfirmed, userID, d.ID, req.b)
		return nil, nil
	}
	return nil, c.authorize(ctx, s, j, userID, req.b)
}

func wrongPIN(j *journal, userID string, d *device, b Binding) error {
	j.add(RequestWrongPIN, userID, d.ID, b)
	if d.left(j.now) == 0 {
		j.add(DeviceBlocked, userID, d.ID, Binding{})
	}
	return refuse(WrongPIN)
}

func (c *Controller) changePIN(s *lockState, j *journal, userID string, u *user, req request) error {
	fresh, err := ParsePIN(string(req.body))
	if err != nil {
		return refuse(NotDone)
	}
	if fresh.Weak() || fresh.equal(req.pin) {
		return refuse(WeakPIN)
	}
	u.setPIN(c.cfg.LockID, s.Epoch, userID, fresh)
	u.MustPIN = false
	j.add(PINChanged, userID, nil, Binding{})
	return nil
}

// revoke takes a lost device away: the user's own, or, for the owner,
// anybody's. Nobody revokes the device in their hand, so no user and above all
// no owner is left without one by a slip.
func (s *lockState) revoke(j *journal, userID string, own *device, id []byte) error {
	if len(id) != 16 || bytes.Equal(id, own.ID) {
		return refuse(NotAllowed)
	}
	whose, d := s.device(DeviceID(id))
	if d == nil || whose != userID && userID != s.Owner {
		return refuse(NotAllowed)
	}
	u := s.Users[whose]
	u.Devices = slices.DeleteFunc(u.Devices, func(e *device) bool { return e == d })
	if len(u.Devices) == 0 {
		s.forget(whose)
	}
	// A Code that the lost device made may still be waiting to pair another.
	s.Pending = slices.DeleteFunc(s.Pending, func(p *pending) bool { return p.User == whose && p.Mode == modeAdd })
	j.add(DeviceRevoked, whose, id, Binding{})
	return nil
}

// addDevice arms the pairing of a second device with a Code of the first. The
// Code comes sealed, so that the relay never sees one that could pair.
func (c *Controller) addDevice(s *lockState, j *journal, userID string, u *user, d *device, req request) error {
	code, err := ParseCode(string(req.body))
	switch {
	case err != nil:
		return refuse(InvalidCode)
	case len(s.Confirmed) == 0:
		return refuse(NotConfirmed)
	case u.MustPIN:
		return refuse(MustChangePIN)
	}
	b := Binding{AddDevice, userID}
	found := c.look(s, userID, []*device{d}, code, b, j.now)
	if 1+len(found.wrong) > d.left(j.now) {
		// The last try is one PIN, also for a Code that stands for two.
		found.device, found.replay = nil, false
	}
	if err := found.settle(j, userID, b); err != nil {
		if found.device != nil {
			return err // the PIN was right, and no try is spent on it
		}
		if !found.replay && len(found.wrong) == 0 {
			d.miss(j.now) // a Code that stands for nothing is a try like any other
		}
		if len(found.wrong) > 0 {
			return wrongPIN(j, userID, d, b)
		}
		return refuse(InvalidCode)
	}
	if len(u.Devices) >= maxDevices {
		return refuse(NoRoom)
	}
	if _, err := s.arm(userID, modeAdd, code.Characters(), j.now, addDeviceLife); err != nil {
		return err
	}
	j.add(PairingArmed, userID, d.ID, b)
	return nil
}
