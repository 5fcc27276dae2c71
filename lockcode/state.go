package lockcode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Bounds of every list that a controller keeps.
const (
	maxUsers    = 256
	maxDevices  = 4 // of one user
	maxPending  = maxUsers
	maxRuns     = 4 // of one pending pairing
	maxUsed     = 64
	maxNotices  = 8
	stateFormat = 1
)

// LockState is everything that a controller keeps. A [LockKeyStore] stores it
// by MarshalBinary and UnmarshalBinary and never looks inside. It holds keys:
// it prints as "[LockState]".
type LockState struct{ s lockState }

type lockState struct {
	Format    int              `json:"format"`
	Serial    uint64           `json:"serial"`
	Epoch     []byte           `json:"epoch"` // empty until the first hardware reset
	Key       []byte           `json:"key"`   // HPKE private key
	Claim     int64            `json:"claim"` // when the button was pressed
	Owner     string           `json:"owner,omitzero"`
	Confirmed []byte           `json:"confirmed,omitzero"`
	Budget    budget           `json:"budget"`
	Users     map[string]*user `json:"users"`
	Pending   []*pending       `json:"pending"`
}

type user struct {
	Salt    []byte    `json:"salt"`
	PIN     []byte    `json:"pin"`
	MustPIN bool      `json:"must_pin,omitzero"`
	Budget  budget    `json:"budget"`
	Devices []*device `json:"devices"`
}

type device struct {
	ID         []byte           `json:"id"`
	Name       string           `json:"name"`
	Added      int64            `json:"added"`
	Print      []byte           `json:"print"`
	Chain      []byte           `json:"chain"`
	Day        int64            `json:"day"`
	Request    []byte           `json:"request"`
	Used       map[string]int64 `json:"used"`
	Floor      int64            `json:"floor,omitzero"`
	Ctr        int64            `json:"ctr,omitzero"`
	Wrong      int              `json:"wrong,omitzero"` // in a row, with those paid for and not yet looked at
	Round      int64            `json:"round,omitzero"` // counts the right PINs, see payment
	WrongDay   int64            `json:"wrong_day,omitzero"`
	WrongToday int              `json:"wrong_today,omitzero"` // the same on that day, right PINs or not
	Proven     bool             `json:"proven,omitzero"`      // the App has shown that it has the key
	Notices    []notice         `json:"notices"`
	Noticed    int64            `json:"noticed,omitzero"` // number of the last notice
}

type notice struct {
	Number int64  `json:"number"`
	User   string `json:"user"`
	Device []byte `json:"device"`
	Print  []byte `json:"print"`
	Time   int64  `json:"time"`
}

// A pending is a PIN or Code that is waited for.
type pending struct {
	User   string `json:"user"`
	Mode   mode   `json:"mode"`
	Secret string `json:"secret,omitzero"`
	SID    []byte `json:"sid"`
	Tries  int    `json:"tries"`
	Fails  int    `json:"fails,omitzero"`
	Made   int64  `json:"made"`
	Until  int64  `json:"until"`

	Day  int64 `json:"day,omitzero"`  // on which PINs were last sent to the user
	Sent int   `json:"sent,omitzero"` // on that day

	ToOwner bool `json:"to_owner,omitzero"` // the owner's App shows the PIN
}

// live reports whether the pairing can still be tried. A clock set back to
// before it began doesn't lengthen its life.
func (p *pending) live(now int64) bool {
	return p.Secret != "" && p.Tries > 0 && now >= p.Made && now < p.Until
}

// String hides the state.
func (s LockState) String() string { return "[LockState]" }

// Format hides the state under every verb.
func (s LockState) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// Serial counts the transactions that were agreed to since the state was new. A store with a
// monotonic counter in hardware can tell a restored backup by it.
func (s *LockState) Serial() uint64 { return s.s.Serial }

// Clone returns a copy that shares nothing with s.
func (s *LockState) Clone() *LockState {
	c := s.s
	c.Epoch, c.Key, c.Confirmed = bytes.Clone(c.Epoch), bytes.Clone(c.Key), bytes.Clone(c.Confirmed)
	c.Users = maps.Clone(c.Users)
	for id, u := range c.Users {
		v := *u
		v.Salt, v.PIN = bytes.Clone(u.Salt), bytes.Clone(u.PIN)
		v.Devices = slices.Clone(u.Devices)
		for i, d := range v.Devices {
			v.Devices[i] = d.clone()
		}
		c.Users[id] = &v
	}
	c.Pending = slices.Clone(c.Pending)
	for i, p := range c.Pending {
		q := *p
		q.SID = bytes.Clone(p.SID)
		c.Pending[i] = &q
	}
	return &LockState{c}
}

func (d *device) clone() *device {
	c := *d
	c.ID, c.Print, c.Chain, c.Request = bytes.Clone(d.ID), bytes.Clone(d.Print), bytes.Clone(d.Chain), bytes.Clone(d.Request)
	c.Used, c.Notices = maps.Clone(d.Used), slices.Clone(d.Notices)
	for i, n := range c.Notices {
		c.Notices[i].Device, c.Notices[i].Print = bytes.Clone(n.Device), bytes.Clone(n.Print)
	}
	return &c
}

var errState = errors.New("lockcode: the stored state is damaged or of another format")

// MarshalBinary encodes the state; every release reads what earlier ones wrote.
// It refuses what UnmarshalBinary would refuse, so that no fault outlives the
// transaction in which it happened.
func (s *LockState) MarshalBinary() ([]byte, error) {
	c := s.s
	c.Format = stateFormat
	if !c.valid() {
		return nil, errState
	}
	return json.Marshal(&c)
}

// UnmarshalBinary accepts exactly what MarshalBinary makes.
func (s *LockState) UnmarshalBinary(b []byte) error {
	var c lockState
	if err := strictJSON(b, &c); err != nil || !c.valid() {
		return errState
	}
	s.s = c
	return nil
}

// strictJSON refuses all that json.Unmarshal lets pass (unknown and repeated
// names, other letter cases, trailing text): only the canonical form is read.
func strictJSON(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return errState // not wrapped: it may quote what is secret
	}
	again, err := json.Marshal(v)
	if err != nil || !bytes.Equal(again, b) {
		return errState
	}
	return nil
}
