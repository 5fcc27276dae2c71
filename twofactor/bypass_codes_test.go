package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

// everyPath is a policy under which codes go to one number for all purposes.
func everyPath() twofactor.Policy {
	return twofactor.Policy{
		Kinds:      []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email},
		Numbers:    twofactor.NumbersManaged,
		LostDevice: true,
	}
}

// pathUser has an app, a number that the app vouches for, and SMS to it.
func pathUser(t testing.TB, on realserver.Named, change ...func(*twofactor.Config)) (*realm, *member) {
	r := newRealm(t, on, everyPath(), change...)
	alice := r.join("alice", aliceMobile)
	r.setProfile("alice", func(p *twofactor.Profile) {
		p.PhoneSince, p.VerifiedPhones = realmStart.AddDate(0, -1, 0), []string{aliceMobile}
	})
	alice.setUp(twofactor.TOTP)
	alice.setUp(twofactor.SMS)
	r.clock.Advance(time.Minute)
	return r, alice
}

// A path is a way on which a code is sent, and entered again.
type path struct {
	name  string
	send  func(*member) error
	enter func(*member, string) error
}

// paths returns all ways of a user, each at the point where a code can be sent.
func paths(m *member) []path {
	r := m.r
	here := twofactor.Client{}
	login, other := m.login(), m.login()
	var enrolled *twofactor.Enrollment
	return []path{
		{
			"login", func(m *member) error { _, err := m.send(login, twofactor.SMS); return err },
			func(m *member, code string) error {
				_, err := r.b.Verify(r.ctx(), login, twofactor.Answer{Method: m.ids[twofactor.SMS], Code: code})
				return err
			},
		},
		{
			"other login", func(m *member) error { _, err := m.send(other, twofactor.SMS); return err },
			func(m *member, code string) error {
				_, err := r.b.Verify(r.ctx(), other, twofactor.Answer{Method: m.ids[twofactor.SMS], Code: code})
				return err
			},
		},
		{
			"grant", func(m *member) error {
				_, err := r.a.SendForGrant(r.ctx(), m.session, m.ids[twofactor.SMS], here)
				return err
			},
			func(m *member, code string) error {
				_, err := r.b.Grant(r.ctx(), m.session, twofactor.Answer{Method: m.ids[twofactor.SMS], Code: code})
				return err
			},
		},
		{
			"enroll", func(m *member) (err error) {
				enrolled, err = r.a.Enroll(r.ctx(), m.session, m.grant, twofactor.EnrollRequest{Kind: twofactor.SMS})
				return err
			},
			func(m *member, code string) error {
				_, err := r.b.Confirm(r.ctx(), m.session, m.grant, enrolled.ID, code)
				return err
			},
		},
		{
			"phone", func(m *member) error {
				_, err := r.a.SendPhoneCode(r.ctx(), m.session, m.grant, here)
				return err
			},
			func(m *member, code string) error {
				_, err := r.b.VerifyPhone(r.ctx(), m.session, m.grant, code)
				return err
			},
		},
		{
			"lost device", func(m *member) error {
				err := r.a.LostDevice(r.ctx(), login, "5678", here)
				r.settle()
				return err
			},
			func(m *member, code string) error {
				_, err := r.b.Verify(r.ctx(), login, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: code})
				return err
			},
		},
	}
}

// A code for one purpose is none for another, though it goes to the same number
// of the same user.
func TestBypass_W06_CodeForOnePurposeIsNoneForAnother(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		const n = 6
		for pair := 0; pair < n*n; pair += min(stride(on), n-1) {
			from, into := pair/n, pair%n
			r, alice := pathUser(t, on)
			ways := paths(alice)
			require.Len(t, ways, n)
			require.NoError(t, ways[from].send(alice))
			code := r.read(aliceMobile)
			if from == into {
				require.NoError(t, ways[into].enter(alice, code), ways[into].name)
				continue
			}
			require.NoError(t, ways[into].send(alice)) // so that there is a code to be wrong
			if r.read(aliceMobile) == code {
				continue
			}
			denied(t, ways[into].enter(alice, code), twofactor.ReasonWrongCode, ways[from].name, ways[into].name)
		}
	})
}

// What was kept of a code is worth nothing where it wasn't made for, even if
// someone moves it there.
func TestBypass_W06_KeptCodeIsBoundToItsPlace(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		ways := paths(alice)
		enroll, login := ways[3], ways[0]
		require.NoError(t, enroll.send(alice))
		code := r.read(aliceMobile)
		require.NoError(t, login.send(alice))
		r.tamper("alice", func(rec *record.Record) {
			kept := &rec.Attempts[0].Codes[0].Challenge
			*kept, *rec.Enrollments[0].Code = *rec.Enrollments[0].Code, *kept
			rec.Attempts[0].Codes[0].Factor = alice.ids[twofactor.SMS]
		})
		denied(t, login.enter(alice, code), twofactor.ReasonWrongCode)
	})
}

// A code that went to one number proves no other.
func TestBypass_W07_NumberChangedBetweenSendAndVerify(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		const other = "+61498765432"
		change := func(r *realm, m *member) {
			_, err := r.a.SetPhone(r.ctx(), m.session, m.grant, other)
			require.NoError(t, err)
		}
		t.Run("of the profile", func(t *testing.T) {
			t.Parallel()
			r, alice := pathUser(t, on)
			way := paths(alice)[4]
			require.NoError(t, way.send(alice))
			code := r.read(aliceMobile)
			change(r, alice)
			denied(t, way.enter(alice, code), twofactor.ReasonNotUsable)
			require.False(t, alice.status().Phone.Verified)
			_, err := r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
			require.NoError(t, err)
			denied(t, way.enter(alice, code), twofactor.ReasonWrongCode)
			require.False(t, alice.status().Phone.Verified)
		})
		t.Run("back again", func(t *testing.T) {
			t.Parallel()
			r, alice := pathUser(t, on)
			way := paths(alice)[4]
			require.NoError(t, way.send(alice))
			code := r.read(aliceMobile)
			change(r, alice)
			_, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, aliceMobile)
			require.NoError(t, err)
			denied(t, way.enter(alice, code), twofactor.ReasonNotUsable)
		})
		t.Run("kept with the old code", func(t *testing.T) {
			t.Parallel()
			r, alice := pathUser(t, on)
			way := paths(alice)[4]
			require.NoError(t, way.send(alice))
			code := r.read(aliceMobile)
			r.tamper("alice", func(rec *record.Record) { rec.Phone.Number = other })
			denied(t, way.enter(alice, code), twofactor.ReasonWrongCode)
		})
		t.Run("for a lost device, set by the user", func(t *testing.T) {
			t.Parallel()
			r, alice := pathUser(t, on)
			way := paths(alice)[5]
			require.NoError(t, way.send(alice))
			code := r.read(aliceMobile)
			change(r, alice)
			denied(t, way.enter(alice, code), twofactor.ReasonWrongCode)
		})
		t.Run("for a lost device, set by the app", func(t *testing.T) {
			t.Parallel()
			r, alice := pathUser(t, on)
			way := paths(alice)[5]
			require.NoError(t, way.send(alice))
			r.setProfile("alice", func(p *twofactor.Profile) { p.Phone, p.VerifiedPhones = other, []string{other} })
			denied(t, way.enter(alice, r.read(aliceMobile)), twofactor.ReasonWrongCode)
		})
		t.Run("of a factor", func(t *testing.T) {
			t.Parallel()
			r, alice := pathUser(t, on)
			way := paths(alice)[0]
			require.NoError(t, way.send(alice))
			code := r.read(aliceMobile)
			change(r, alice)
			_, err := r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
			require.NoError(t, err)
			_, err = r.a.VerifyPhone(r.ctx(), alice.session, alice.grant, r.read(other))
			require.NoError(t, err)
			denied(t, way.enter(alice, code), twofactor.ReasonLoginEnded)
		})
		t.Run("of two enrollments", func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, on, accessPlatform())
			alice := r.join("alice", "")
			alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS, Phone: aliceMobile})
			e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS, Phone: other})
			_, err := r.a.Confirm(r.ctx(), alice.session, alice.grant, e.ID, r.read(aliceMobile))
			denied(t, err, twofactor.ReasonWrongCode)
			require.Empty(t, alice.status().Methods)
		})
	})
}

// Success with one factor proves no other that is being set up.
func TestBypass_W08_OneFactorProvesNoOther(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r := newRealm(t, on, accessPlatform())
		alice := r.join("alice", aliceMobile)
		alice.setUp(twofactor.TOTP)
		sms := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS, Phone: aliceMobile})
		email := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.Email})
		code := r.read(aliceMobile)
		r.clock.Advance(time.Minute)
		alice.signIn(twofactor.TOTP)
		require.Len(t, alice.status().Methods, 1)

		alice.prove(twofactor.TOTP)
		_, err := r.a.Confirm(r.ctx(), alice.session, alice.grant, email.ID, code)
		denied(t, err, twofactor.ReasonWrongCode)
		_, err = r.a.Confirm(r.ctx(), alice.session, alice.grant, sms.ID, code)
		require.NoError(t, err)
		require.Len(t, alice.status().Methods, 2, "the one and not the other")
	})
}

// 64 submissions of one code, to another node than the one that sent it: one is
// right.
func TestBypass_W16_OneCodeManyRequests(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for i, name := range []string{"login", "other login", "grant", "enroll", "phone", "lost device"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for range rounds(t) {
					r, alice := pathUser(t, on, inEachOthersWay)
					way := paths(alice)[i]
					require.NoError(t, way.send(alice))
					code := r.read(aliceMobile)
					require.Equal(t, 1, yeses(64, func(int) error { return way.enter(alice, code) }))
					denied(t, way.enter(alice, code), reasonAfter(name))
				}
			})
		}
	})
}

// reasonAfter is why a code is refused that was right once.
func reasonAfter(path string) twofactor.Reason {
	switch path {
	case "grant", "phone":
		return twofactor.ReasonNotUsable // nothing was sent since
	case "enroll":
		return twofactor.ReasonExpired
	}
	return twofactor.ReasonLoginEnded
}
