package lockcode

// valid looks at lengths and bounds only: a state that passes can't make the
// controller panic or grow, whatever its values are.
func (s *lockState) valid() bool {
	if s.Format != stateFormat || s.Claim < 0 || len(s.Users) > maxUsers || len(s.Pending) > maxPending {
		return false
	}
	if fresh := len(s.Epoch) == 0; fresh && (len(s.Key) != 0 || len(s.Users) != 0 || len(s.Pending) != 0) {
		return false
	} else if !fresh && (len(s.Epoch) != 16 || len(s.Key) != 32) {
		return false
	}
	if n := len(s.Confirmed); n != 0 && n != 32 || n == 32 && s.Users[s.Owner] == nil {
		return false
	}
	if s.Owner != "" && s.Users[s.Owner] == nil {
		return false
	}
	for id, u := range s.Users {
		if !validID(id) || u == nil || !u.valid() {
			return false
		}
	}
	for _, p := range s.Pending {
		if p == nil || !validID(p.User) || len(p.SID) != 16 || p.Mode != modeActivate && p.Mode != modeAdd || len(p.Secret) > 5 || p.Day < 0 || p.Sent < 0 {
			return false
		}
	}
	return s.Budget.valid()
}

func (b *budget) valid() bool {
	return b.Spent >= 0 && b.Since >= 0 && b.Day >= 0 && b.Fails >= 0
}

func (u *user) valid() bool {
	if len(u.Salt) != 32 || len(u.PIN) != 32 || len(u.Devices) == 0 || len(u.Devices) > maxDevices || !u.Budget.valid() {
		return false
	}
	for _, d := range u.Devices {
		if d == nil || len(d.ID) != 16 || len(d.Print) != 8 || len(d.Chain) != 32 || len(d.Request) != 32 ||
			len(d.Used) > maxUsed || len(d.Notices) > maxNotices || d.Wrong < 0 || d.Round < 0 || d.WrongDay < 0 || d.WrongToday < 0 || d.Day < -maxWalk || len(d.Name) > maxDeviceName {
			return false
		}
		for _, n := range d.Notices {
			if len(n.Device) != 16 || len(n.Print) != 8 {
				return false
			}
		}
	}
	return true
}
