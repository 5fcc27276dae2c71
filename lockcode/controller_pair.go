package lockcode

import (
	"bytes"
	"context"
	"crypto/hmac"
	"slices"

	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// A run is one CPace exchange that waits for the App's tag. Runs are in memory
// only: after a power cut the App begins another.
type run struct {
	mode mode
	user string
	sidA []byte // the App's half, which names the run
	sidC []byte // the controller's half, which names the pending PIN
	keys *cpace.Keys
	dev  device
}

// channel is CPace's CI: who pairs with whom, for what, since which reset.
func channel(m mode, userID, lockID string, epoch []byte) []byte {
	what := "lockcode/v1 activate"
	if m == modeAdd {
		what = "lockcode/v1 add device"
	}
	return cpace.Cat([]byte(what), []byte("app"), []byte(userID), []byte("lock"), []byte(lockID), epoch)
}

// share answers the App's half of the exchange. It costs nothing and changes
// nothing: as long as the App's tag hasn't come, nobody has learnt anything.
func (c *Controller) share(ctx context.Context, m mode, userID string, sidA, ya, ada []byte) ([]byte, error) {
	name, phoneTime, err := parseADa(ada)
	if err != nil {
		return nil, err
	}
	j := c.journal()
	var p pending
	var epoch, private []byte
	var fl flags
	err = c.transact(ctx, func(s *lockState) error {
		found := s.find(userID, m)
		if found == nil || !found.live(j.now) {
			return refuse(ActivationFailed)
		}
		p, epoch, private, fl = *found, bytes.Clone(s.Epoch), bytes.Clone(s.Key), c.flags(s, userID)
		p.SID = bytes.Clone(p.SID)
		return nil
	})
	if err != nil {
		return nil, j.close(err)
	}
	key, err := kem().NewPrivateKey(private)
	if err != nil {
		return nil, j.close(err)
	}
	party, err := cpace.New([]byte(p.Secret), channel(m, userID, c.cfg.LockID, epoch), append(bytes.Clone(p.SID), sidA...))
	if err != nil {
		return nil, j.close(err)
	}
	id := DeviceID(random(16))
	adb := cpace.Cat(id[:], key.PublicKey().Bytes(), putInt(j.now), []byte{byte(fl)})
	keys, err := party.Responder(ya, ada, adb)
	if err != nil {
		return nil, refuse(ActivationFailed)
	}
	derived, err := deriveKeys(keys.ISK[:], scope(c.cfg.LockID, epoch, userID, id))
	clear(keys.ISK[:])
	if err != nil {
		return nil, j.close(err)
	}
	c.addRun(&run{m, userID, bytes.Clone(sidA), p.SID, keys, device{
		ID: id[:], Name: name, Added: j.now, Print: derived.print[:],
		Chain: derived.chain, Day: firstDay(j.now, phoneTime), Request: derived.request,
	}})
	return encode(kindShareB, party.Share(), adb), nil
}

// firstDay is the day of the chain's first value: the one before the earlier
// of both clocks' days, so that a clock that is ahead strands nobody.
func firstDay(a, b int64) int64 { return min(a, b)/dayMillis - 1 }

// confirm decides a pairing. The App shows first that it knows the password;
// the controller's own tag goes out only to an App that does.
func (c *Controller) confirm(ctx context.Context, m mode, userID string, sidA, tag []byte) ([]byte, error) {
	r := c.takeRun(m, userID, sidA)
	if r == nil {
		return nil, refuse(ActivationFailed)
	}
	j := c.journal()
	// The try is spent, and durably, before anything is compared: a power cut
	// in between costs a try and gives none.
	err := c.update(ctx, func(s *lockState) error {
		p := s.find(userID, m)
		if p == nil || !p.live(j.now) || !bytes.Equal(p.SID, r.sidC) {
			return refuse(ActivationFailed)
		}
		p.Tries--
		if m == modeActivate {
			p.Fails++
		}
		return nil
	})
	if err != nil {
		return nil, j.close(err)
	}
	if !hmac.Equal(tag, r.keys.TagA[:]) {
		j.add(ActivationWrong, userID, nil, Binding{})
		return nil, j.close(refuse(ActivationFailed))
	}
	err = c.update(ctx, func(s *lockState) error {
		if err := c.enroll(ctx, s, r, j.now); err != nil {
			return err
		}
		j.add(Activated, userID, r.dev.ID, Binding{})
		return nil
	})
	if err := j.close(err); err != nil {
		return nil, err
	}
	return encode(kindTagB, r.keys.TagB[:]), nil
}

// enroll stores the new device, and with a first one its user.
func (c *Controller) enroll(ctx context.Context, s *lockState, r *run, now int64) error {
	p := s.find(r.user, r.mode)
	if p == nil || !bytes.Equal(p.SID, r.sidC) {
		return refuse(ActivationFailed) // replaced while this one was checked
	}
	d := r.dev.clone()
	d.Used = map[string]int64{}
	switch r.mode {
	case modeActivate:
		// Asked again: since the hello, somebody else may have become owner.
		if err := c.mayActivate(ctx, s, r.user, now); err != nil {
			return err
		}
		pin, err := ParsePIN(p.Secret)
		if err != nil {
			return err
		}
		if s.Users[r.user] == nil && len(s.Users) >= maxUsers {
			return refuse(NoRoom)
		}
		if s.Users == nil {
			s.Users = map[string]*user{}
		}
		u := &user{MustPIN: !c.cfg.InsecureKeepActivationPIN, Devices: []*device{d}}
		u.setPIN(c.cfg.LockID, s.Epoch, r.user, pin)
		s.Users[r.user] = u
		if s.Owner == "" {
			s.Owner = r.user
		}
	default:
		u := s.Users[r.user]
		if u == nil || len(s.Confirmed) == 0 {
			return refuse(ActivationFailed)
		}
		if len(u.Devices) >= maxDevices {
			return refuse(NoRoom)
		}
		u.Devices = append(u.Devices, d)
	}
	s.Pending = slices.DeleteFunc(s.Pending, func(q *pending) bool { return q == p })
	s.tell(r.user, d, now)
	return nil
}

func (u *user) setPIN(lockID string, epoch []byte, userID string, p PIN) {
	u.Salt = random(32)
	u.PIN = pinMAC(u.Salt, lockID, epoch, userID, p)
}

// tell leaves word of a new device for the owner's Apps and the user's others.
func (s *lockState) tell(userID string, fresh *device, now int64) {
	for _, id := range slices.Compact([]string{s.Owner, userID}) {
		u := s.Users[id]
		if u == nil {
			continue
		}
		for _, d := range u.Devices {
			if d == fresh {
				continue
			}
			if len(d.Notices) >= maxNotices {
				// The user's own oldest one goes first: nobody pushes a notice
				// about somebody else out by pairing again and again.
				own := slices.IndexFunc(d.Notices, func(n notice) bool { return n.User == userID })
				d.Notices = slices.Delete(d.Notices, max(0, own), max(0, own)+1)
			}
			d.Noticed++
			d.Notices = append(d.Notices, notice{d.Noticed, userID, bytes.Clone(fresh.ID), bytes.Clone(fresh.Print), now})
		}
	}
}

func parseADa(ada []byte) (name string, phoneTime int64, err error) {
	f, err := split(ada, span{0, maxDeviceName}, u64)
	if err != nil {
		return "", 0, err
	}
	phoneTime, err = getInt(f[1])
	name = string(f[0])
	if err == nil && name != "" && !validID(name) {
		err = errMessage
	}
	return name, phoneTime, err
}
