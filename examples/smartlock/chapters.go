package main

import (
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/lockcode"
)

var (
	openFront   = lockcode.Binding{Purpose: lockcode.OpenDoor, Target: "front"}
	officeFront = lockcode.Binding{Purpose: lockcode.OfficeMode, Target: "front"}
)

func resetOf(user string) lockcode.Binding {
	return lockcode.Binding{Purpose: lockcode.ResetPIN, Target: user}
}

func (s *walker) e5() {
	s.title("E5", "First activation with a PIN that is sent, and a PIN of one's own")
	for _, lock := range []string{"house", "garden"} {
		s.button(lock)
		s.activate(0, "olga", lock)
		s.confirm(lock)
	}
	s.activate(1, "uwe", "house")
	s.activate(1, "uwe", "garden")
}

func (s *walker) e1() {
	s.title("E1", "A Code has five characters and a short life")
	code := s.code(0, "olga", "house", "code", "purpose", "open", "door", "front")
	s.later(5 * time.Minute)
	s.never("cloud", s.web("olga", "house", code, openFront), "a Code of five minutes ago")
	code = s.code(0, "olga", "house", "code", "purpose", "open", "door", "front")
	s.must(s.web("olga", "house", code, openFront))
	s.moved("house", "door front: open door, for olga")
	s.never("cloud", s.web("olga", "house", code, openFront), "the same Code again")
}

func (s *walker) e2() {
	s.title("E2", "No key and no chosen PIN was ever in the cloud")
	s.w.cloud.mu.Lock()
	defer s.w.cloud.mu.Unlock()
	hits := 0
	for _, line := range s.w.cloud.log {
		if strings.Contains(line, hex.EncodeToString([]byte(ownPIN))) || strings.HasSuffix(line, ownPIN) {
			hits++
		}
	}
	s.say("cloud", "%d lines in the log; the PIN that all have chosen stands in %d of them", len(s.w.cloud.log), hits)
	if hits > 1 { // four given bytes of noise are a rare accident
		s.must(errors.New("the cloud has seen a PIN"))
	}
}

func (s *walker) e3() {
	s.title("E3", "The Code is for the web page; in the App the PIN alone does it")
	s.later(2 * time.Minute)
	code := s.code(0, "olga", "house", "code", "purpose", "office", "door", "front")
	s.must(s.web("olga", "house", code, officeFront))
	s.moved("house", "door front: office mode, for olga")
	s.did(1, "uwe", "house", "open", "purpose", "open", "door", "garage")
	s.moved("house", "door garage: open door, for uwe")
	_, err := s.tap(1, "uwe", "house", "open", "purpose", "office", "door", "front")
	s.never("phone 2", err, "office mode for somebody without that right")
}

func (s *walker) e4() {
	s.title("E4", "Only one controller reads the Code")
	code := s.code(1, "uwe", "house", "code", "purpose", "open", "door", "front")
	s.never("cloud", s.web("uwe", "garden", code, openFront), "the house's Code at the garden")
	s.must(s.web("uwe", "house", code, openFront))
	_, err := s.tap(1, "uwe", "house", "open", "purpose", "open", "door", "front", "pin", "4821")
	s.never("phone 2", err, "another PIN")
}

func (s *walker) e8() {
	s.title("E8", "A second device, by a Code of the first")
	code := s.code(0, "olga", "house", "device")
	s.did(1, "olga", "house", "join", "code", strings.ToLower(code))
	s.did(1, "olga", "house", "open", "purpose", "open", "door", "front")
	s.moved("house", "door front: open door, for olga")
	s.did(0, "olga", "house", "open", "purpose", "open", "door", "garage")
	s.moved("house", "door garage: open door, for olga")
	_, err := s.tap(1, "adam", "house", "join", "code", code)
	s.never("phone 2", err, "that Code for adam")
}

func (s *walker) e6() {
	s.title("E6", "The owner resets a forgotten PIN, for one controller")
	s.later(2 * time.Minute)
	code := s.code(0, "olga", "house", "code", "purpose", "reset", "target", "uwe")
	s.must(s.web("olga", "house", code, resetOf("uwe")))
	_, err := s.tap(1, "uwe", "house", "open", "purpose", "open", "door", "front")
	s.never("phone 2", err, "uwe at the house")
	s.did(1, "uwe", "garden", "open", "purpose", "open", "door", "gate")
	s.moved("garden", "door gate: open door, for uwe")
	s.activate(1, "uwe", "house")
	s.did(1, "uwe", "house", "open", "purpose", "open", "door", "front")
}

func (s *walker) e7() {
	s.title("E7", "An owner who forgot the PIN presses the button")
	s.button("garden")
	for phone, user := range []string{"olga", "uwe"} {
		_, err := s.tap(phone, user, "garden", "open", "purpose", "open", "door", "gate")
		s.never(s.w.phones[phone].name, err, user+" at the garden")
	}
	s.activate(0, "olga", "garden")
	_, err := s.tap(0, "olga", "garden", "open", "purpose", "open", "door", "gate")
	s.never("phone 1", err, "opening before the configuration is confirmed")
	s.confirm("garden")
	s.activate(1, "uwe", "garden")
	s.did(1, "uwe", "garden", "open", "purpose", "open", "door", "gate")
	s.did(0, "olga", "house", "open", "purpose", "open", "door", "front")
}

func (s *walker) e9() {
	s.title("E9", "Only the owner resets, and a Code does one thing only")
	s.later(2 * time.Minute)
	code := s.code(1, "uwe", "house", "code", "purpose", "reset", "target", "adam")
	s.never("cloud", s.web("uwe", "house", code, resetOf("adam")), "a reset by uwe")
	code = s.code(0, "olga", "house", "code", "purpose", "open", "door", "front")
	s.never("cloud", s.web("olga", "house", code, officeFront), "a Code for opening as one for office mode")
	s.never("cloud", s.web("olga", "house", code, resetOf("uwe")), "the same as one for a reset")
	s.never("cloud", s.web("uwe", "house", code, openFront), "the same for uwe")
	s.must(s.web("olga", "house", code, openFront))
	s.moved("house", "door front: open door, for olga")
}
