package lockcode

import (
	"context"
	"slices"
)

// hello begins a pairing: it says which epoch it is and gives the controller's
// half of the session id. In modeSendPIN a new PIN is drawn and sent first.
func (c *Controller) hello(ctx context.Context, m mode, userID string) ([]byte, error) {
	if !validID(userID) {
		return nil, errMessage
	}
	j := c.journal()
	var welcome []byte
	if m != modeSendPIN {
		err := c.transact(ctx, func(s *lockState) error {
			p := s.find(userID, m)
			if p == nil || !p.live(j.now) {
				return refuse(ActivationFailed)
			}
			welcome = encode(kindWelcome, s.Epoch, p.SID)
			return nil
		})
		return welcome, j.close(err)
	}

	pin, err := randomPIN()
	if err != nil {
		return nil, j.close(err)
	}
	toOwner := false
	err = c.update(ctx, func(s *lockState) error {
		if err := c.mayActivate(ctx, s, userID, j.now); err != nil {
			return err
		}
		if !s.find(userID, modeActivate).maySend(j.now) {
			return refuse(NotDone)
		}
		p, err := s.arm(userID, modeActivate, pin.Digits(), j.now, activateLife)
		if err != nil {
			return err
		}
		p.sent(j.now)
		toOwner = c.cfg.PINToOwner && s.Owner != "" && s.Owner != userID
		p.ToOwner = toOwner
		welcome = encode(kindWelcome, s.Epoch, p.SID)
		return nil
	})
	if err != nil {
		return nil, j.close(err)
	}
	// The old PIN died with the transaction; runs that still use it end here.
	c.dropRuns(func(r *run) bool { return r.user == userID && r.mode == modeActivate })
	if !toOwner {
		if err := c.cfg.PINs.SendPIN(ctx, userID, pin); err != nil {
			return nil, j.close(err)
		}
	}
	j.add(PINSent, userID, nil, Binding{})
	return welcome, j.close(nil)
}

// mayActivate answers whether a first device of the user may be activated now.
func (c *Controller) mayActivate(ctx context.Context, s *lockState, userID string, now int64) error {
	if len(s.Epoch) == 0 {
		return refuse(NotConfirmed)
	}
	// A device that never spoke after its pairing doesn't count: its App may
	// have lost power before it stored the key, and must be able to try again.
	if u := s.Users[userID]; u != nil && slices.ContainsFunc(u.Devices, func(d *device) bool { return d.Proven }) {
		return refuse(AlreadyActivated)
	}
	if len(s.Confirmed) == 0 {
		claimed := s.Owner != "" && s.Owner != userID
		if claimed || now < s.Claim || now >= s.Claim+claimLife {
			return refuse(NotConfirmed)
		}
		return nil
	}
	return c.allow(ctx, s, userID, Binding{Purpose: Activate})
}

// allow asks the Authorizer, by the configuration that the owner confirmed.
func (c *Controller) allow(ctx context.Context, s *lockState, userID string, b Binding) error {
	if len(s.Confirmed) == 0 {
		return refuse(NotConfirmed)
	}
	if err := c.cfg.Rights.Allow(ctx, ConfigHash(s.Confirmed), userID, b); err != nil {
		return refuse(NotAllowed)
	}
	return nil
}

func (s *lockState) find(userID string, m mode) *pending {
	for _, p := range s.Pending {
		if p.User == userID && p.Mode == m {
			return p
		}
	}
	return nil
}

// maySend bounds what hellos cost, which anybody can send: messages, and the
// PIN that each new one makes worthless. A day that is over doesn't begin anew
// when the clock is set back. No PIN was sent yet where p is nil.
func (p *pending) maySend(now int64) bool {
	if p == nil {
		return true
	}
	soon := now >= p.Made && now < p.Made+pinEvery
	return !soon && (now/dayMillis > p.Day || p.Sent < pinsPerDay)
}

func (p *pending) sent(now int64) {
	newDay(&p.Day, &p.Sent, now)
	p.Sent++
}

func (p *pending) over(now int64) bool { return p.Fails == 0 && !p.live(now) }

// arm makes one secret the only one that the user can pair with. Wrong PINs
// are counted over all PINs that were sent: otherwise each hello would buy
// three more guesses, and a relay would reach any user in a few thousand.
func (s *lockState) arm(userID string, m mode, secret string, now, life int64) (*pending, error) {
	p := s.find(userID, m)
	if p == nil {
		// What is over may still know how many PINs were sent today.
		s.Pending = slices.DeleteFunc(s.Pending, func(q *pending) bool { return q.over(now) && q.Day < now/dayMillis })
		if len(s.Pending) >= maxPending {
			s.Pending = slices.DeleteFunc(s.Pending, func(q *pending) bool { return q.over(now) })
		}
		if len(s.Pending) >= maxPending {
			return nil, refuse(NoRoom)
		}
		p = &pending{User: userID, Mode: m}
		s.Pending = append(s.Pending, p)
	}
	if p.Fails >= pairFails {
		p.Secret = ""
		return nil, refuse(ActivationFailed)
	}
	p.Secret, p.SID, p.Tries, p.Made, p.Until = secret, random(16), pairTries, now, now+life
	return p, nil
}

// addRun keeps at most maxRuns exchanges of one pending pairing, by the App's
// half of the session id, so that one App can't spoil another's with one.
func (c *Controller) addRun(r *run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	same, oldest := 0, -1
	for i, q := range c.runs {
		if q.user == r.user && q.mode == r.mode {
			if same++; oldest < 0 {
				oldest = i
			}
		}
	}
	if same >= maxRuns {
		c.runs = slices.Delete(c.runs, oldest, oldest+1)
	}
	c.runs = append(c.runs, r)
	if len(c.runs) > maxPending*maxRuns {
		c.runs = slices.Delete(c.runs, 0, 1)
	}
}

// takeRun removes the run, so that it can be decided once only.
func (c *Controller) takeRun(m mode, userID string, sidA []byte) *run {
	var found *run
	c.dropRuns(func(r *run) bool {
		if r.mode != m || r.user != userID || string(r.sidA) != string(sidA) {
			return false
		}
		found = r
		return true
	})
	return found
}

func (c *Controller) dropRuns(which func(*run) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs = slices.DeleteFunc(c.runs, which)
}
