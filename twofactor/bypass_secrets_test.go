package twofactor_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// forms are the ways to write bytes down that a careless program has.
func forms(b []byte) []string {
	noPadding := base32.StdEncoding.WithPadding(base32.NoPadding)
	return []string{
		string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), noPadding.EncodeToString(b),
		strings.ToLower(noPadding.EncodeToString(b)), base64.RawStdEncoding.EncodeToString(b),
		base64.RawURLEncoding.EncodeToString(b), strings.Trim(fmt.Sprint(b), "[]"), strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", b), "[]byte{"), "}"),
	}
}

// secrets collects what must not be seen anywhere, by what it is.
type secrets map[string]string

// of adds all that a person holds.
func (c secrets) of(p *person) {
	if p.session != nil {
		c.token("session token", p.session.Token())
		if v, ok := p.session.(*twofactor.Verified); ok {
			c.token("known-browser token", v.Made().KnownBrowser)
		}
	}
	c.token("grant", p.grant)
	for _, code := range p.codes {
		c["recovery code "+code] = code
		c["recovery code in one piece "+code] = strings.ReplaceAll(code, "-", "")
	}
	if p.begun != nil {
		for i, form := range forms(p.begun.URI.Key.Secret.Bytes()) {
			c[fmt.Sprint("TOTP secret of ", p.begun.ID, " in form ", i)] = form
		}
		c["TOTP secret in groups of "+p.begun.ID] = p.begun.URI.Key.Secret.Groups()
	}
}

func (c secrets) token(what, text string) {
	if text == "" {
		return
	}
	c[what+" "+text] = text
	if box, err := base64.RawURLEncoding.DecodeString(text); err == nil {
		c[what+" decoded "+text] = string(box)
	}
}

// absent requires that nothing of what was collected is in a text.
func (c secrets) absent(t testing.TB, where, text string) {
	t.Helper()
	for what, secret := range c {
		if i := strings.Index(text, secret); i >= 0 { // not by require, which would print all of it
			require.Failf(t, "a secret is out", "%s in %s: …%q…", what, where, text[max(0, i-20):min(len(text), i+len(secret)+20)])
		}
	}
}

func TestBypass_W49_SecretsInLogsErrorsAndEvents(t *testing.T) {
	t.Parallel()
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, on realserver.Named) {
				places := []int{6, 0, 1, 3, 10, 15, 21} // at 0 nothing fails
				for i := 0; i < len(places); i += stride(on) {
					var log bytes.Buffer
					a, b := on.Part(t)
					w := newWorld(t, a, b, func(c *twofactor.Config) {
						c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: timeless}))
					})
					seen := make(secrets)
					var errs strings.Builder
					s := newStory(w)
					s.after = func(err error) {
						fmt.Fprintf(&errs, "%v %+v %#v\n", err, err, err)
						seen.of(s.person)
						seen.token("pending token", s.login)
						if s.code != "" {
							seen["code "+s.code] = s.code
						}
					}
					s.tell(t, places[i], f)
					require.Greater(t, len(seen), 50)

					seen.absent(t, "the log", log.String())
					seen.absent(t, "an error", errs.String())
					require.Contains(t, log.String(), string(twofactor.EventVerified), "there is a log")
					require.NotEmpty(t, w.events)
					for _, e := range w.events {
						text, err := json.Marshal(e)
						require.NoError(t, err)
						seen.absent(t, "an event", fmt.Sprintf("%s %v %+v %#v", text, e, e, e))
					}
				}
			})
		})
	}
	t.Run("what was typed", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.withGrant("alice")
			for _, typed := range []string{"hunter2", "12345", "1234567", "7K2M9", slip(alice.codes[0]), strings.Repeat("A", 24)} {
				login := alice.login()
				_, err1 := w.a.Verify(t.Context(), login, twofactor.Answer{Code: typed})
				_, err2 := w.a.Verify(t.Context(), login, twofactor.Answer{Code: typed, Method: twofactor.MethodRecovery})
				_, err3 := w.a.Verify(t.Context(), login, twofactor.Answer{Codes: []string{typed, typed, typed}})
				_, err4 := w.a.Verify(t.Context(), typed, twofactor.Answer{Code: "123456"})
				_, err5 := alice.confirm(alice.begun, typed)
				_, err6 := w.a.Resume(typed)
				_, err7 := twofactor.ParseKey(typed)
				for i, err := range []error{err1, err2, err3, err4, err5, err6, err7} {
					require.Error(t, err)
					require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), typed, "error %d", i+1)
				}
			}
		})
	})
	t.Run("keys", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			master, err := base64.RawURLEncoding.DecodeString(w.keys[0].Encode())
			require.NoError(t, err)
			seen := make(secrets)
			for i, form := range forms(master) {
				seen[fmt.Sprint("key in form ", i)] = form[:16]
			}
			inside := struct{ key twofactor.Key }{w.keys[0]}
			var log bytes.Buffer
			for _, l := range []*slog.Logger{slog.New(slog.NewJSONHandler(&log, nil)), slog.New(slog.NewTextHandler(&log, nil))} {
				l.Info("x", "key", w.keys[0], "keys", w.config.Keys, "config", w.config, "service", w.a, "inside", inside)
			}
			for _, format := range []string{"%v", "%+v", "%#v", "%x"} {
				for _, v := range []any{w.keys[0], &w.keys[0], w.keys, w.config, w.a, inside, &inside} {
					fmt.Fprintf(&log, format+"\n", v)
				}
			}
			seen.absent(t, "what was printed", log.String())
		})
	})
}

// timeless drops the time from a log, whose digits may be those of a code.
func timeless(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// dump is everything that the store holds of these users.
func (w *world) dump(users ...string) string {
	w.t.Helper()
	var b strings.Builder
	for _, user := range users {
		r := w.raw(user)
		b.Write(r.Data)
		b.WriteString("\n" + string(r.Version) + "\n")
	}
	return b.String()
}

func TestBypass_W50_DumpOfTheStore(t *testing.T) {
	t.Parallel()
	t.Run("has no secrets in it", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			seen := make(secrets)
			s := newStory(w)
			s.ctx = t.Context()
			for _, scene := range scenes {
				if scene.prepare != nil {
					scene.prepare(s)
				}
				require.NoError(t, scene.act(s))
				seen.of(s.person)
				seen.token("pending token", s.login)
				seen.absent(t, "the dump after "+scene.name, w.dump("alice"))
			}
			require.Greater(t, len(seen), 50)
			r := w.record("alice")
			for _, inner := range [][]byte{r.Key[:], r.ID[:], r.Epoch[:], r.Factors[0].TOTP.Secret, r.Recovery.Raw[:40]} {
				require.NotContains(t, w.dump("alice"), string(inner))
			}
		})
	})
	t.Run("gives no tokens", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.withGrant("alice")
			row := w.raw("alice").Data
			r := w.record("alice") // even with the key, what is kept is no token itself
			parts := [][]byte{row, row[1:], row[5:], row[29:], row[:60], r.Key[:], r.ID[:], r.Epoch[:], r.Grants[0].Hash[:], r.Recovery.Raw}
			for _, part := range parts {
				for _, token := range forms(part) {
					_, err := w.a.Resume(token)
					refused(t, err, twofactor.ReasonLoginEnded)
					_, err = w.a.Verify(t.Context(), token, twofactor.Answer{Code: "123456"})
					refused(t, err, twofactor.ReasonLoginEnded)
					refused(t, w.a.Rename(t.Context(), alice.in(), token, alice.factor, "x"), twofactor.ReasonGrantRequired)
					_, err = w.a.Verify(t.Context(), alice.login(), twofactor.Answer{Code: token, Method: twofactor.MethodRecovery})
					require.ErrorIs(t, err, twofactor.ErrRejected)
				}
			}
		})
	})
	t.Run("is nothing to a service with another key", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			login := alice.login()
			thief := w.node(w.tap, func(c *twofactor.Config) { c.Keys = []twofactor.Key{twofactor.NewKey()} })
			_, err := thief.Begin(t.Context(), twofactor.SignIn{UserID: "alice"})
			fault(t, err)
			_, err = thief.Verify(t.Context(), login, twofactor.Answer{Code: alice.newCode()})
			refused(t, err, twofactor.ReasonLoginEnded)
			_, err = thief.Resume(alice.session.Token())
			refused(t, err, twofactor.ReasonLoginEnded)
		})
	})
}

func TestBypass_W51_RowsMoved(t *testing.T) {
	t.Parallel()
	t.Run("over another user's", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			eve := w.enrolled("eve") // whose phone would then open alice's account
			p, login, code := w.ready("alice")
			w.putRaw("alice", w.raw("eve").Data)
			row := w.raw("alice")
			for name, call := range calls {
				if name != "Reset" {
					fault(t, call(p, login, code), name)
				}
			}
			fault(t, (&person{w: w, id: "alice", phone: eve.phone}).beginErr())
			require.Equal(t, row, w.raw("alice"))
		})
	})
	t.Run("to a user who has none", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			w.enrolled("eve")
			w.putRaw("alice", w.raw("eve").Data)
			fault(t, (&person{w: w, id: "alice"}).beginErr())
		})
	})
	// This is no refusal but a limit. Whoever can write into the store can put an
	// older row of the same user back, and nothing in the row can tell: codes used
	// since are good once more, and a factor set up since is gone. A store has to
	// be as safe from writers as the app's own table of passwords.
	t.Run("back to an older row of the same user", func(t *testing.T) {
		t.Parallel()
		onEachStore(t, func(t *testing.T, w *world) {
			alice := w.enrolled("alice")
			old := w.raw("alice").Data
			code := alice.newCode()
			require.NoError(t, alice.try(code))
			refused(t, alice.try(code), twofactor.ReasonAlreadyUsed)
			w.putRaw("alice", old)
			require.NoError(t, alice.try(code))
		})
	})
}

func (p *person) beginErr() error {
	_, err := p.w.a.Begin(p.w.ctx(), twofactor.SignIn{UserID: p.id})
	return err
}

func TestBypass_W53_PendingLoginHoldsACredential(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, w *world) {
		alice := w.enrolled("alice")
		const hash = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
		o, err := w.a.Begin(t.Context(), twofactor.SignIn{UserID: "alice", CredentialVersion: hash})
		require.NoError(t, err)
		token := o.(*twofactor.Pending).Token()
		v, err := alice.answer(token, alice.newCode())
		require.NoError(t, err)

		for kind, text := range map[string]string{"pending": token, "session": v.Token(), "browser": v.Made().KnownBrowser} {
			require.Less(t, len(text), 1000)
			box, err := base64.RawURLEncoding.DecodeString(text)
			require.NoError(t, err)
			plain, err := w.ring("token").Open(box, []byte(kind))
			require.NoError(t, err)
			require.Contains(t, string(plain), "alice", "this is what the token holds")
			for i := range len(hash) - 10 {
				require.NotContains(t, string(plain), hash[i:i+10], kind)
			}
			for _, secret := range forms(w.record("alice").Factors[0].TOTP.Secret) {
				require.NotContains(t, string(plain), secret, kind)
			}
		}
	})
}
