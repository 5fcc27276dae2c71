package lockcode

import (
	"context"
	"crypto/hmac"
	"errors"
	"maps"
	"slices"
	"strconv"
)

// code answers a Code that was typed on a web page. The relay is told yes or
// no, and never why.
func (c *Controller) code(ctx context.Context, userID, chars string, b Binding) ([]byte, error) {
	code, err := ParseCode(chars)
	if err != nil {
		return nil, refuse(InvalidCode)
	}
	if err := c.VerifyCode(ctx, userID, code, b); err != nil {
		return nil, refuse(InvalidCode)
	}
	return encode(kindDone), nil
}

// VerifyCode checks a Code for OpenDoor, OfficeMode or ResetPIN and carries
// out what it asks for. A nil error, and nothing else, means that it was done.
//
// AddDevice is refused: a Code that pairs a device never comes this way, so one
// that was overheard on a web page pairs nothing.
func (c *Controller) VerifyCode(ctx context.Context, userID string, code Code, b Binding) error {
	if !code.valid || !validID(userID) || !validID(b.Target) || !b.Purpose.aimed() {
		return refuse(InvalidCode)
	}
	j := c.journal()
	// Paid for before looking, and durably: neither a power cut nor a full
	// disk gives a free guess.
	err := c.update(ctx, func(s *lockState) error {
		u := s.Users[userID]
		if u == nil {
			return refuse(InvalidCode)
		}
		if !pay(&u.Budget, &s.Budget, j.now) {
			j.add(CodeThrottled, userID, nil, b)
			return refuse(InvalidCode)
		}
		return nil
	})
	if err != nil {
		return j.close(err)
	}
	err = c.update(ctx, func(s *lockState) error {
		u := s.Users[userID]
		if u == nil {
			return refuse(InvalidCode)
		}
		codes := slices.DeleteFunc(slices.Clone(u.Devices), func(d *device) bool { return d.Wrong >= wrongForCodes || d.left(j.now) == 0 })
		found := c.look(s, userID, codes, code, b, j.now)
		if err := found.settle(j, userID, b); err != nil {
			return err
		}
		refund(&u.Budget, &s.Budget)
		j.add(CodeAccepted, userID, found.device.ID, b)
		return c.authorize(ctx, s, j, userID, b)
	})
	if err == nil {
		err = c.act(ctx, j, userID, b)
	}
	return j.close(err)
}

// authorize decides whether somebody whose PIN was right may do what they ask
// for, and does it as far as it is a matter of the state.
func (c *Controller) authorize(ctx context.Context, s *lockState, j *journal, userID string, b Binding) error {
	err := func() error {
		switch u := s.Users[userID]; {
		case u.MustPIN:
			return refuse(MustChangePIN)
		case b.Purpose == OpenDoor || b.Purpose == OfficeMode:
			return c.allow(ctx, s, userID, b)
		case b.Purpose == ResetPIN:
			return s.reset(j, userID, b.Target)
		}
		return refuse(NotAllowed)
	}()
	if err != nil {
		j.add(Refused, userID, nil, b)
	}
	return err
}

// act moves the lock. It comes after the transaction, never in it.
func (c *Controller) act(ctx context.Context, j *journal, userID string, b Binding) error {
	if b.Purpose != OpenDoor && b.Purpose != OfficeMode {
		return nil
	}
	if err := c.cfg.Doors.Act(ctx, userID, b); err != nil {
		j.add(Fault, userID, nil, b)
		return refuse(NotDone)
	}
	return nil
}

// reset takes a user's PIN and devices away. Only the owner may, and not from
// themselves: an owner who forgot presses the button of the box.
func (s *lockState) reset(j *journal, owner, target string) error {
	waits := slices.ContainsFunc(s.Pending, func(p *pending) bool { return p.User == target })
	if owner != s.Owner || target == s.Owner || s.Users[target] == nil && !waits {
		return refuse(NotAllowed)
	}
	s.forget(target)
	j.add(UserReset, target, nil, Binding{})
	return nil
}

func (s *lockState) forget(userID string) {
	delete(s.Users, userID)
	s.Pending = slices.DeleteFunc(s.Pending, func(p *pending) bool { return p.User == userID })
}

// A finding is what the devices of a user make of one Code.
type finding struct {
	device *device // whose Code it is, if the PIN is right
	step   int64
	use    string
	replay bool
	wrong  []*device // once for each wrong PIN that the Code stands for
}

// look deciphers the Code for every device and every minute of the window,
// and always for all of them, so that time tells nothing about the PIN.
func (c *Controller) look(s *lockState, userID string, devices []*device, code Code, b Binding, now int64) finding {
	u := s.Users[userID]
	b = b.forCode(c.flags(s, userID))
	f := finding{use: strconv.Itoa(int(b.Purpose)) + ":" + b.Target}
	current := now / (stepSeconds * 1000)
	for _, d := range devices {
		sc := scope(c.cfg.LockID, s.Epoch, userID, DeviceID(d.ID))
		var key []byte
		keyDay := int64(-1)
		for step := max(0, current-stepsBack); step <= current+stepsAhead; step++ {
			// The highest step ever accepted counts, not the clock alone:
			// setting the clock back revives no Code.
			if step+stepsBack < d.Floor {
				continue
			}
			if day := step / daySteps; day != keyDay {
				chain, err := walk(d.Chain, d.Day, day)
				if err != nil {
					continue
				}
				key, keyDay = dayKey(chain), day
			}
			pin, err := decipher(key, tweak(sc, b, step), code)
			if err != nil {
				continue
			}
			switch {
			case !hmac.Equal(u.PIN, pinMAC(u.Salt, c.cfg.LockID, s.Epoch, userID, pin)):
				f.wrong = append(f.wrong, d)
			case step <= d.Used[f.use]:
				f.replay = true
			default:
				f.device, f.step = d, step
			}
		}
	}
	return f
}

// settle writes down what look found. A nil error means that the Code is good
// and is now used up.
func (f *finding) settle(j *journal, userID string, b Binding) error {
	d := f.device
	if d == nil {
		switch {
		case f.replay:
			j.add(CodeReplayed, userID, nil, b)
		case len(f.wrong) == 0:
			j.add(CodeGarbage, userID, nil, b)
		default:
			// One Code can stand for two PINs. Each one counts, or somebody
			// with the phone's key would get two tries for one.
			for _, w := range f.wrong {
				w.miss(j.now)
				j.add(CodeWrongPIN, userID, w.ID, b)
			}
		}
		return refuse(InvalidCode)
	}
	floor := max(d.Floor, f.step)
	// What lies below the window is kept out by the floor from now on.
	maps.DeleteFunc(d.Used, func(_ string, used int64) bool { return used+stepsBack < floor })
	if len(d.Used) >= maxUsed {
		j.add(Refused, userID, d.ID, b)
		return refuse(InvalidCode)
	}
	if d.Used == nil {
		d.Used = map[string]int64{}
	}
	d.Used[f.use], d.Floor, d.Proven = f.step, floor, true
	d.right()
	// The accepted step shows that both clocks have left the days before
	// yesterday behind, so their keys can go.
	if day := f.step/daySteps - 1; day > d.Day {
		chain, err := walk(d.Chain, d.Day, day)
		if err != nil {
			return errors.Join(refuse(InvalidCode), err)
		}
		d.Chain, d.Day = chain, day
	}
	return nil
}
