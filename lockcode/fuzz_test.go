package lockcode_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// seeds are the messages of a whole working day, in both directions.
func seeds(f *testing.F) (*world, [][]byte) {
	f.Helper()
	s := newSite(f, "lock-1")
	r := &tap{next: s.Controller}
	w := settle(f, s, r)
	if c, err := w.user.NewDeviceCode(f.Context(), w.lock, w.userPIN); err == nil {
		_ = newPhone(f, "ute", w.clock, r).Join(f.Context(), w.lock, "ute", c)
	}
	_ = w.user.Do(f.Context(), w.lock, w.userPIN, open("front"))
	_ = lockcode.SubmitCode(f.Context(), r, w.lock, "ute", w.code(open("front")), open("front"))
	w.opened = nil
	return w, r.seen
}

// FuzzController: whatever comes, the answer is a message, and no door opens.
func FuzzController(f *testing.F) {
	w, msgs := seeds(f)
	for _, m := range msgs {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		answer, err := w.Do(t.Context(), w.lock, msg)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := lockcode.Decode(answer); err != nil {
			t.Fatalf("answer %x: %v", answer, err)
		}
		if w.opens() > 0 {
			t.Fatal("a door opened")
		}
	})
}

// FuzzApp: whatever a relay answers, the App takes nothing for the
// controller's word and keeps its record.
func FuzzApp(f *testing.F) {
	w, msgs := seeds(f)
	for _, m := range msgs {
		f.Add(m, m, m)
	}
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		w.user.t = t
		answers := [][]byte{a, b, c}
		relay := relayFunc(func(context.Context, string, []byte) ([]byte, error) {
			m := answers[0]
			answers = append(answers[1:], m)
			return m, nil
		})
		p, err := lockcode.NewApp(lockcode.AppConfig{Keys: w.user.keys, Relay: relay, Now: w.clock.now})
		if err != nil {
			t.Fatal(err)
		}
		before := w.user.record(w.lock)
		if _, err := p.Status(t.Context(), w.lock); err == nil {
			t.Fatal("a status from nowhere")
		}
		if p.Do(t.Context(), w.lock, w.userPIN, open("front")) == nil {
			t.Fatal("a yes from nowhere")
		}
		if p.Activate(t.Context(), w.lock, "ute", w.userPIN) == nil || p.Join(t.Context(), w.lock, "ute", lockcode.CodeFrom(1)) == nil {
			t.Fatal("paired with nobody")
		}
		if after := w.user.record(w.lock); after.DeviceID() != before.DeviceID() || !bytes.Equal(after.RequestKey(), before.RequestKey()) {
			t.Fatal("the record changed")
		}
	})
}

// FuzzDecode: what is read has one spelling only.
func FuzzDecode(f *testing.F) {
	_, msgs := seeds(f)
	for _, m := range msgs {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		k, fields, err := lockcode.Decode(msg)
		if err == nil && !bytes.Equal(lockcode.Encode(k, fields...), msg) {
			t.Fatalf("%x has another spelling", msg)
		}
	})
}

// FuzzInside: the parsers behind the seals, which an App with a right key and
// wrong intentions reaches on a controller, and the other way round.
func FuzzInside(f *testing.F) {
	for _, s := range []string{"", "\x08\x00\x00\x00\x00\x00\x00\x00\x01", "\x01a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = lockcode.ParseRequestPlain(b)
		_ = lockcode.ParseReplyPlain(b)
		_, _, _ = lockcode.StatusParse(b, 0xff)
		_, _, _ = lockcode.ParseADa(b)
	})
}

// FuzzState: a state or record that is read can be worked with and comes back
// as it was.
func FuzzState(f *testing.F) {
	w, _ := seeds(f)
	state, _ := w.state().MarshalBinary()
	record, _ := w.user.record(w.lock).MarshalBinary()
	f.Add(state)
	f.Add(record)
	f.Fuzz(func(t *testing.T, b []byte) {
		var s lockcode.LockState
		if s.UnmarshalBinary(b) == nil {
			again, err := s.Clone().MarshalBinary()
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("came back as %s, %v", again, err)
			}
		}
		var r lockcode.AppRecord
		if r.UnmarshalBinary(b) == nil {
			if again, err := r.MarshalBinary(); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("came back as %s, %v", again, err)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("A7K2Q")
	f.Add("1234")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := lockcode.ParseCode(s); err == nil {
			if d, err := lockcode.ParseCode(c.Characters()); err != nil || c != d {
				t.Fatal("a Code came back as another")
			}
		}
		if p, err := lockcode.ParsePIN(s); err == nil && p.Digits() != s {
			t.Fatal("a PIN came back as another")
		}
	})
}
