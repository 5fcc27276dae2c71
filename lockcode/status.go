package lockcode

import (
	"bytes"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/lockcode/internal/cpace"
)

// A Status is what a controller tells an App about itself.
type Status struct {
	Owner         bool // the user is the owner
	Confirmed     bool // the owner has confirmed a configuration
	MustChangePIN bool
	Devices       []DeviceInfo // all of the user's, this one too
	Notices       []Notice     // new devices since the last Status
	PINs          []SentPIN    // for the owner only, see ControllerConfig.PINToOwner
}

// DeviceInfo describes a device of the user.
type DeviceInfo struct {
	ID          DeviceID
	Name        string
	Added       time.Time
	Fingerprint Fingerprint
	This        bool // the App that asked
}

// A Notice tells the user's other Apps and the owner's of a new device. If the
// new App shows another fingerprint, somebody sat in between.
type Notice struct {
	UserID      string
	Device      DeviceID
	Fingerprint Fingerprint
	Time        time.Time
}

// A SentPIN is a PIN for a first activation, which the owner passes on.
type SentPIN struct {
	UserID string
	PIN    PIN
}

// maxPINs bounds a status; the rest come when these are used or over.
const maxPINs = 16

// status encodes a Status, and drops the notices up to the number that the App
// says it has seen.
func (s *lockState) status(userID string, u *user, d *device, body []byte, now int64) ([]byte, error) {
	if len(body) != 8 {
		return nil, errMessage
	}
	seen, err := getInt(body)
	if err != nil {
		return nil, err
	}
	d.Notices = slices.DeleteFunc(d.Notices, func(n notice) bool { return n.Number <= seen })
	var devices, notices, pins [][]byte
	for _, e := range u.Devices {
		this := byte(0)
		if e == d {
			this = 1
		}
		devices = append(devices, cpace.Cat(e.ID, []byte(e.Name), putInt(e.Added), e.Print, []byte{this}))
	}
	for _, n := range d.Notices {
		notices = append(notices, cpace.Cat(putInt(n.Number), []byte(n.User), n.Device, n.Print, putInt(n.Time)))
	}
	if userID == s.Owner {
		for _, p := range s.Pending {
			if p.ToOwner && p.live(now) && len(pins) < maxPINs {
				pins = append(pins, cpace.Cat([]byte(p.User), []byte(p.Secret)))
			}
		}
	}
	return cpace.Cat(cpace.Cat(devices...), cpace.Cat(notices...), cpace.Cat(pins...)), nil
}

// parseStatus returns the status and the number of its last notice.
func parseStatus(body []byte, f flags) (st Status, last int64, err error) {
	st = Status{Owner: f&flagOwner != 0, Confirmed: f&flagConfirmed != 0, MustChangePIN: f&flagMustPIN != 0}
	lists, err := split(body, span{0, maxBody}, span{0, maxBody}, span{0, maxBody})
	if err != nil {
		return Status{}, 0, err
	}
	err = each(lists[0], maxDevices, []span{id16, {0, maxDeviceName}, u64, u64, one}, func(f [][]byte) error {
		at, err := getInt(f[2])
		st.Devices = append(st.Devices, DeviceInfo{DeviceID(f[0]), string(f[1]), time.UnixMilli(at), Fingerprint(f[3]), f[4][0] == 1})
		return err
	})
	if err != nil {
		return Status{}, 0, err
	}
	err = each(lists[1], maxNotices, []span{u64, name, id16, u64, u64}, func(f [][]byte) error {
		number, err := getInt(f[0])
		if err != nil || number <= last {
			return errMessage
		}
		last = number
		at, err := getInt(f[4])
		st.Notices = append(st.Notices, Notice{string(f[1]), DeviceID(f[2]), Fingerprint(f[3]), time.UnixMilli(at)})
		return err
	})
	if err != nil {
		return Status{}, 0, err
	}
	err = each(lists[2], maxPINs, []span{name, {PINDigits, PINDigits}}, func(f [][]byte) error {
		p, err := ParsePIN(string(f[1]))
		st.PINs = append(st.PINs, SentPIN{string(f[0]), p})
		return err
	})
	if err != nil {
		return Status{}, 0, err
	}
	return st, last, nil
}

func each(list []byte, limit int, spans []span, f func([][]byte) error) error {
	items, err := splitList(list, limit)
	if err != nil {
		return err
	}
	for _, item := range items {
		fields, err := split(bytes.Clone(item), spans...)
		if err != nil {
			return err
		}
		if err := f(fields); err != nil {
			return err
		}
	}
	return nil
}
