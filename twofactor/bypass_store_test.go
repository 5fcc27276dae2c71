package twofactor_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/latchkey-auth/latchkey/twofactor/internal/seal"
	"github.com/stretchr/testify/require"
)

// ready is a user for whom each of calls says yes.
func (w *world) ready(id string) (p *person, login, code string) {
	w.t.Helper()
	p = w.enrolled(id)
	p.signIn()
	p.prove()
	w.clock.Advance(3 * step)
	return p, p.login(), p.phone.Code(w.clock.Now())
}

func TestCallsSayYes(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		for name, call := range calls {
			p, login, code := w.ready(name)
			require.NoError(t, call(p, login, code), name)
		}
	})
}

func TestBypass_W39_StoreThatSaysNothingIsThere(t *testing.T) {
	t.Parallel()
	loads := map[string]func(real twofactor.Record) (twofactor.Record, error){
		"a zero record": func(twofactor.Record) (twofactor.Record, error) { return twofactor.Record{}, nil },
		"a record without a version": func(r twofactor.Record) (twofactor.Record, error) {
			return twofactor.Record{Data: r.Data}, nil
		},
		"no data": func(r twofactor.Record) (twofactor.Record, error) {
			return twofactor.Record{Version: r.Version}, nil
		},
		"an error": func(twofactor.Record) (twofactor.Record, error) { return twofactor.Record{}, errLost },
		"an error with the record": func(r twofactor.Record) (twofactor.Record, error) {
			return r, errLost
		},
		"not found": func(twofactor.Record) (twofactor.Record, error) {
			return twofactor.Record{}, fmt.Errorf("replica: %w", twofactor.ErrNotFound)
		},
	}
	for what, load := range loads {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				for name, call := range calls {
					if name == "Reset" {
						continue // reads nothing, so there is nothing to believe
					}
					p, login, code := w.ready(name)
					real := w.raw(p.id)
					w.tap.onLoad = func(context.Context, string) (twofactor.Record, error) { return load(real) }
					err := call(p, login, code)
					w.tap.onLoad = nil
					require.Equal(t, real, w.raw(p.id), "%s wrote over what it could not read", name)
					if !believed[name] || what != "not found" {
						fault(t, err, name)
					}
				}
			})
		})
	}
	t.Run("for good", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			require.NoError(t, w.tap.Store.Delete(t.Context(), storeKey("alice"), w.raw("alice").Version))
			_, err := w.a.Begin(t.Context(), twofactor.SignIn{UserID: "alice", Enrolled: true})
			fault(t, err)
			require.Equal(t, 1, w.saw(twofactor.EventFault))
			_, err = w.a.Grant(t.Context(), alice.session, twofactor.Answer{Code: alice.newCode()})
			fault(t, err)

			// Without a note of its own, the app can't be helped: a row that is gone
			// and a user who never had one are the same to anybody.
			require.IsType(t, (*twofactor.Verified)(nil), w.begin("alice"))
		})
	})
}

// believed are the calls that take a missing record for a user who has nothing:
// with them nobody gets in.
var believed = map[string]bool{
	"Status":          true, // shows nothing
	"PasswordChanged": true, // has nothing to end
}

// Whatever a row was turned into, it is a fault: neither "no second factor" nor
// a yes.
func TestBypass_W39_RowsThatDoNotOpen(t *testing.T) {
	t.Parallel()
	other, err := seal.New([][]byte{bytes.Repeat([]byte{7}, seal.KeySize)}, "record")
	require.NoError(t, err)
	newer := func(w *world, plain []byte) []byte { return w.ring("record").Seal(plain, []byte(storeKey("alice"))) }
	rows := map[string]func(w *world, row []byte) []byte{
		"of an unknown format": func(_ *world, row []byte) []byte { row[0]++; return row },
		"of format zero":       func(_ *world, row []byte) []byte { row[0] = 0; return row },
		"under an unknown key": func(_ *world, _ []byte) []byte { return other.Seal([]byte{0xa0}, []byte(storeKey("alice"))) },
		"without seal":         func(w *world, _ []byte) []byte { return plainOf(w, "alice") },
		"of text":              func(*world, []byte) []byte { return []byte("{}") },
		"sealed as a token": func(w *world, _ []byte) []byte {
			return w.ring("token").Seal(plainOf(w, "alice"), []byte(storeKey("alice")))
		},
		"with nothing inside":    func(w *world, _ []byte) []byte { return newer(w, nil) },
		"with an empty map":      func(w *world, _ []byte) []byte { return newer(w, []byte{0xa0}) },
		"with null":              func(w *world, _ []byte) []byte { return newer(w, []byte{0xf6}) },
		"with more after it":     func(w *world, _ []byte) []byte { return newer(w, append(plainOf(w, "alice"), 0)) },
		"with half a record":     func(w *world, _ []byte) []byte { p := plainOf(w, "alice"); return newer(w, p[:len(p)/2]) },
		"with an unknown field":  func(w *world, _ []byte) []byte { return newer(w, withField(w)) },
		"with an endless list":   func(w *world, _ []byte) []byte { return newer(w, []byte{0xa1, 0x06, 0x9f, 0xff}) },
		"with no kind of state":  func(w *world, _ []byte) []byte { return newer(w, stateless(w)) },
		"with a factor too many": func(w *world, _ []byte) []byte { return newer(w, crowded(w)) },
	}
	for name, turn := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, w *world) {
				p, login, code := w.ready("alice")
				w.putRaw("alice", turn(w, w.raw("alice").Data))
				row := w.raw("alice")
				for name, call := range calls {
					if name == "Reset" {
						continue // of another user
					}
					fault(t, call(p, login, code), name)
					require.Equal(t, row, w.raw("alice"), name)
				}
			})
		})
	}
	t.Run("with any byte flipped or missing", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			p, login, code := w.ready("alice")
			row := w.raw("alice").Data
			for i := 0; i < len(row); i += w.stride * w.stride {
				flipped := bytes.Clone(row)
				flipped[i] ^= 1 << (i % 8)
				for _, bad := range [][]byte{flipped, row[:i]} {
					w.putRaw("alice", bad)
					for _, name := range []string{"Begin", "Verify", "Status"} {
						fault(t, calls[name](p, login, code), "%s at %d", name, i)
					}
				}
			}
			w.putRaw("alice", row)
			require.NoError(t, calls["Verify"](p, login, code))
		})
	})
	t.Run("and an administrator gets the user out of it", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			admin := w.enrolled("admin")
			w.enrolled("alice")
			w.putRaw("alice", []byte("no box at all"))
			_, err := w.a.Begin(t.Context(), twofactor.SignIn{UserID: "alice"})
			require.ErrorIs(t, err, seal.ErrFormat)
			require.NoError(t, w.a.Reset(t.Context(), admin.signIn(), "alice", "the key is lost"))
			require.IsType(t, (*twofactor.Verified)(nil), w.begin("alice"))
			require.Equal(t, 1, w.saw(twofactor.EventReset))
		})
	})
}

func plainOf(w *world, user string) []byte {
	w.t.Helper()
	plain, err := w.ring("record").Open(w.raw(user).Data, []byte(storeKey(user)))
	require.NoError(w.t, err)
	return plain
}

// reencoded is alice's record after a change of its fields, in the same encoding.
func reencoded(w *world, change func(fields map[int]cbor.RawMessage)) []byte {
	w.t.Helper()
	mode, err := cbor.CoreDetEncOptions().EncMode()
	require.NoError(w.t, err)
	var fields map[int]cbor.RawMessage
	plain := plainOf(w, "alice")
	require.NoError(w.t, cbor.Unmarshal(plain, &fields))
	same, err := mode.Marshal(fields)
	require.NoError(w.t, err)
	require.Equal(w.t, plain, same, "but for the change there would be nothing to refuse")
	change(fields)
	out, err := mode.Marshal(fields)
	require.NoError(w.t, err)
	return out
}

// withField adds a field that only a later release knows.
func withField(w *world) []byte {
	return reencoded(w, func(fields map[int]cbor.RawMessage) { fields[22] = cbor.RawMessage{0xf5} }) // true
}

// crowded is a record with more factors than the cap allows.
func crowded(w *world) []byte {
	return reencoded(w, func(fields map[int]cbor.RawMessage) {
		require.Equal(w.t, byte(0x81), fields[6][0], "a list of one")
		one := fields[6][1:]
		fields[6] = append(cbor.RawMessage{0x80 + record.MaxFactors + 1}, bytes.Repeat(one, record.MaxFactors+1)...)
	})
}

// stateless is a record whose factor has nothing that could say no.
func stateless(w *world) []byte {
	return reencoded(w, func(fields map[int]cbor.RawMessage) {
		var list []map[int]cbor.RawMessage
		require.NoError(w.t, cbor.Unmarshal(fields[6], &list))
		delete(list[0], 6)
		mode, err := cbor.CoreDetEncOptions().EncMode()
		require.NoError(w.t, err)
		fields[6], err = mode.Marshal(list)
		require.NoError(w.t, err)
	})
}
