package main

import (
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// A config says who may do what at one controller. The cloud keeps it and shows
// it to everybody; it counts from when the owner has confirmed it in the App.
type config struct {
	Lock  string   `json:"lock"`
	Doors []string `json:"doors"`
	Users []member `json:"users"`
}

type member struct {
	ID     string `json:"id"`
	Role   string `json:"role"` // owner, admin, super user, user: for people to read
	Open   bool   `json:"open"`
	Office bool   `json:"office"`
}

// sites are the controllers and the doors that each one drives.
var sites = map[string][]string{"house": {"front", "garage"}, "garden": {"gate"}}

func newConfig(lock string) config {
	return config{lock, sites[lock], []member{
		{"olga", "owner", true, true},
		{"adam", "admin", true, true},
		{"sue", "super user", true, false},
		{"uwe", "user", true, false},
	}}
}

// hash is over the text that the App shows, so that what the owner reads is
// what they confirm.
func (c config) hash() lockcode.ConfigHash { return sha256.Sum256(c.text()) }

func (c config) text() []byte {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		panic(err) // strings and booleans always encode
	}
	return b
}

// allows is what a controller goes by.
func (c config) allows(userID string, b lockcode.Binding) bool {
	i := slices.IndexFunc(c.Users, func(m member) bool { return m.ID == userID })
	if i < 0 {
		return false
	}
	switch b.Purpose {
	case lockcode.Activate:
		return true
	case lockcode.OpenDoor:
		return c.Users[i].Open && slices.Contains(c.Doors, b.Target)
	case lockcode.OfficeMode:
		return c.Users[i].Office && slices.Contains(c.Doors, b.Target)
	}
	return false
}
