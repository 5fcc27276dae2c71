package lockcode

import (
	"encoding/json"
	"fmt"
)

const recordFormat = 1

// AppRecord is what an App keeps of one controller: keys and counters, and
// neither the PIN nor anything that a PIN could be checked with. An
// [AppKeyStore] stores it by MarshalBinary and UnmarshalBinary, or as the value
// that it is: no method changes what a copy shares. It prints as "[AppRecord]".
type AppRecord struct{ r appRecord }

type appRecord struct {
	Format  int    `json:"format"`
	Lock    string `json:"lock"`
	User    string `json:"user"`
	Device  []byte `json:"device"`
	Epoch   []byte `json:"epoch"`
	Public  []byte `json:"public"`
	Print   []byte `json:"print"`
	Chain   []byte `json:"chain"`
	Day     int64  `json:"day"`
	Request []byte `json:"request"`
	Ctr     int64  `json:"ctr"`
	Offset  int64  `json:"offset"` // controller's clock minus the phone's, milliseconds
	Flags   flags  `json:"flags"`
	Noticed int64  `json:"noticed"`
}

// LockID is the key under which the record is stored.
func (r AppRecord) LockID() string { return r.r.Lock }

// UserID is the user whose App this is.
func (r AppRecord) UserID() string { return r.r.User }

// Fingerprint is what the notices to the user's other Apps show as well.
func (r AppRecord) Fingerprint() (f Fingerprint) {
	copy(f[:], r.r.Print)
	return f
}

// String hides the record.
func (r AppRecord) String() string { return "[AppRecord]" }

// Format hides the record under every verb.
func (r AppRecord) Format(f fmt.State, _ rune) { fmt.Fprint(f, r.String()) }

// MarshalBinary encodes the record; every release reads what earlier ones wrote.
func (r AppRecord) MarshalBinary() ([]byte, error) {
	r.r.Format = recordFormat
	return json.Marshal(r.r)
}

// UnmarshalBinary accepts exactly what MarshalBinary makes.
func (r *AppRecord) UnmarshalBinary(b []byte) error {
	var c appRecord
	if err := strictJSON(b, &c); err != nil {
		return err
	}
	if c.Format != recordFormat || !validID(c.Lock) || !validID(c.User) || len(c.Device) != 16 ||
		len(c.Epoch) != 16 || len(c.Public) != 32 || len(c.Print) != 8 || len(c.Chain) != 32 || len(c.Request) != 32 || c.Ctr < 0 {
		return errState
	}
	r.r = c
	return nil
}

func (r *appRecord) scope() []byte {
	return scope(r.Lock, r.Epoch, r.User, DeviceID(r.Device))
}

// learn takes over what the controller said, and drops keys of days that are
// over by both clocks.
func (r *appRecord) learn(phone, lock int64, quick bool) error {
	if quick {
		r.Offset = lock - phone
	}
	if day := firstDay(phone, lock); day > r.Day {
		chain, err := walk(r.Chain, r.Day, day)
		if err != nil {
			return err
		}
		r.Chain, r.Day = chain, day
	}
	return nil
}
