package twofactor_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// An usher is a Guard that lets everything through and counts.
type usher struct {
	mu        sync.Mutex
	in, out   int
	onReserve func()
}

func (g *usher) Reserve(context.Context, twofactor.SendRequest) error {
	g.mu.Lock()
	g.in++
	f := g.onReserve
	g.mu.Unlock()
	if f != nil {
		f()
	}
	return nil
}

func (g *usher) Release(context.Context, twofactor.SendRequest) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out++
	return nil
}

func (*usher) Entered(context.Context, twofactor.SendRequest) error { return nil }

func ushered(t testing.TB, p twofactor.Policy) (*realm, *usher) {
	g := new(usher)
	return newRealm(t, p, func(c *twofactor.Config) { c.Messaging.Guard = g }), g
}

// Codes are sent for factors of the user's that take them, in a login that is
// pending, five times and not too soon after each other; and what is refused takes
// no place with the guard.
func TestSendsThatAreRefused(t *testing.T) {
	t.Parallel()
	r, g := ushered(t, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.Email}})
	alice := r.join("alice", "")
	alice.setUp(twofactor.TOTP)
	alice.setUp(twofactor.Email)
	r.clock.Advance(time.Minute)
	login, was := alice.login(), g.in
	for _, method := range []string{"", "x", alice.ids[twofactor.TOTP]} {
		_, err := r.a.Send(r.ctx(), login, method, twofactor.Client{})
		denied(t, err, twofactor.ReasonNotUsable)
		_, err = r.a.SendForGrant(r.ctx(), alice.session, method, twofactor.Client{})
		denied(t, err, twofactor.ReasonNotUsable)
	}
	_, err := r.a.Send(r.ctx(), "x", alice.ids[twofactor.Email], twofactor.Client{})
	denied(t, err, twofactor.ReasonLoginEnded)
	require.Equal(t, was, g.in)

	for n := range 5 {
		_, err := alice.send(login, twofactor.Email)
		require.NoError(t, err, n)
		_, err = alice.send(login, twofactor.Email)
		no := denied(t, err, twofactor.ReasonSendLimited)
		if n < 4 {
			require.WithinDuration(t, r.clock.Now().Add(30*time.Second), no.RetryAt, 0)
		}
		r.clock.Advance(31 * time.Second)
	}
	_, err = alice.send(login, twofactor.Email)
	require.Zero(t, denied(t, err, twofactor.ReasonSendLimited).RetryAt, "waiting doesn't help")
	require.Equal(t, was+5, g.in)

	other := alice.login()
	code := alice.sent(other, twofactor.Email)
	require.NoError(t, alice.answer(other, code))
	_, err = alice.send(other, twofactor.Email)
	denied(t, err, twofactor.ReasonLoginEnded)
	require.Equal(t, was+6, g.in)
	require.Zero(t, g.out)
}

// A message that doesn't go out leaves nothing of its own login, and all of others.
func TestFailedSendLeavesOtherLogins(t *testing.T) {
	t.Parallel()
	r, _ := ushered(t, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.Email}})
	alice := r.join("alice", "")
	alice.setUp(twofactor.Email)
	r.clock.Advance(time.Minute)
	one, two := alice.login(), alice.login()
	code := alice.sent(one, twofactor.Email)
	before, _ := r.peek("alice")
	r.onSend(notSent)
	_, err := alice.send(two, twofactor.Email)
	denied(t, err, twofactor.ReasonSendFailed)
	after, _ := r.peek("alice")
	require.Equal(t, before.Attempts, after.Attempts)
	require.NoError(t, alice.answer(one, code))
}

// A place with the guard is for one destination. Where another one has come in
// between, it is given back and nothing is sent.
func TestNumberThatChangesWhileACodeIsSent(t *testing.T) {
	t.Parallel()
	r, g := ushered(t, hosting())
	alice := r.join("alice", "0412 345 678")
	g.onReserve = func() {
		g.onReserve = nil
		_, err := r.b.SetPhone(r.ctx(), alice.session, alice.grant, mobile(3, 3))
		require.NoError(t, err)
	}
	_, err := r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
	denied(t, err, twofactor.ReasonConflict)
	require.Equal(t, 1, g.out)
	require.Empty(t, r.messages(""))
	_, err = r.a.SendPhoneCode(r.ctx(), alice.session, alice.grant, twofactor.Client{})
	require.NoError(t, err)
	require.Equal(t, 1, r.sms(mobile(3, 3)))
}

// The way for a lost device is there for a login that is pending, and its code is
// paid for like any other.
func TestLostDeviceThatIsRefused(t *testing.T) {
	t.Parallel()
	r := newRealm(t, crm())
	alice := r.join("alice", "0412 345 678")
	alice.mobile = aliceMobile
	r.setProfile("alice", func(p *twofactor.Profile) {
		p.PhoneSince, p.VerifiedPhones = r.clock.Now().Add(-100*time.Hour), []string{aliceMobile}
	})
	alice.setUp(twofactor.TOTP)
	denied(t, r.a.LostDevice(r.ctx(), "x", "5678", twofactor.Client{}), twofactor.ReasonLoginEnded)
	login := alice.login()
	require.NoError(t, alice.answer(login, alice.appCode()))
	denied(t, r.a.LostDevice(r.ctx(), login, "5678", twofactor.Client{}), twofactor.ReasonLoginEnded)
	r.settle()
	require.Zero(t, r.sms(aliceMobile))

	login = alice.login()
	require.NoError(t, r.a.LostDevice(r.ctx(), login, "5678", twofactor.Client{}))
	r.settle()
	code := r.read(aliceMobile)
	lost := func(code string) error {
		_, err := alice.verify(login, twofactor.Answer{Method: twofactor.MethodLostDevice, Code: code})
		return err
	}
	for range 6 {
		denied(t, lost(code+"0"), twofactor.ReasonMalformedCode, "which is free")
	}
	for n := range 10 {
		denied(t, alice.answer(alice.login(), otherCode(alice.app.Code(r.clock.Now()), n)), twofactor.ReasonWrongCode)
	}
	denied(t, lost(code), twofactor.ReasonPaused)
}

// A guard whose store fails lets nothing through, and says so as a fault.
func TestGuardThatCannotCount(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*tap){
		"no version": func(s *tap) {
			s.onLoad = func(context.Context, string) (twofactor.Record, error) {
				return twofactor.Record{Data: []byte("x")}, nil
			}
		},
		"not what was sealed": func(s *tap) {
			s.onLoad = func(context.Context, string) (twofactor.Record, error) {
				return twofactor.Record{Data: []byte("x"), Version: "1"}, nil
			}
		},
		"the store is down": func(s *tap) {
			s.onLoad = func(context.Context, string) (twofactor.Record, error) { return twofactor.Record{}, errLost }
		},
		"nothing can be saved": func(s *tap) {
			s.onSave = func(context.Context, string, twofactor.Version, []byte) (twofactor.Version, error) {
				return "", errLost
			}
		},
		"others are always faster": func(s *tap) {
			s.onSave = func(context.Context, string, twofactor.Version, []byte) (twofactor.Version, error) {
				return "", twofactor.ErrConflict
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // a conflict is retried for a second
				s := &tap{Store: new(memory.Store)}
				g, err := twofactor.NewGuard(twofactor.GuardConfig{
					Store: s, Keys: []twofactor.Key{twofactor.NewKey()}, Countries: []string{"AU"},
				})
				require.NoError(t, err)
				req := twofactor.SendRequest{User: "alice", Channel: otpcode.SMS, To: aliceMobile, Country: "AU"}
				require.NoError(t, g.Reserve(t.Context(), req))
				saves := 0
				spoil(s)
				if f := s.onSave; f != nil {
					s.onSave = func(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
						saves++
						return f(ctx, key, old, data)
					}
				}
				fault(t, g.Reserve(t.Context(), req))
				if name == "nothing can be saved" {
					require.Equal(t, 1, saves)
				}
				fault(t, g.Release(t.Context(), req))
			})
		})
	}
}

// Records of others in the same store are left alone.
func TestUpkeepAmongOthersRecords(t *testing.T) {
	t.Parallel()
	s := new(memory.Store)
	w := newWorld(t, s, s)
	w.enrolled("alice")
	_, err := s.Save(t.Context(), "x/1", "", []byte("another's"))
	require.NoError(t, err)
	p, err := w.node(s).Reseal(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, twofactor.Progress{Seen: 1}, p)
	st, err := w.node(s).Statistics(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, st.Users)
	require.Zero(t, st.Unreadable)
	_, err = w.a.Reseal(t.Context(), nil)
	require.ErrorIs(t, err, twofactor.ErrNoListing)
	_, err = w.a.Statistics(t.Context())
	require.ErrorIs(t, err, twofactor.ErrNoListing)
}

// Both ends of what a policy may say.
func TestPolicyBounds(t *testing.T) {
	t.Parallel()
	r := newRealm(t, everyPath())
	sms := []twofactor.Kind{twofactor.SMS}
	trusted := func(p twofactor.TrustPolicy) twofactor.Policy {
		p.Kinds = []twofactor.Kind{twofactor.TOTP}
		return twofactor.Policy{Trust: p}
	}
	for name, p := range map[string]twofactor.Policy{
		"an enrollment of seconds":    {EnrollmentLife: 59 * time.Second},
		"a code of seconds":           {Kinds: sms, SMSLife: 29 * time.Second},
		"eleven digits":               {Kinds: sms, Digits: 11},
		"trust of seconds":            trusted(twofactor.TrustPolicy{Life: 59 * time.Second}),
		"less than no device":         trusted(twofactor.TrustPolicy{Max: -1}),
		"a life of no trust":          {Trust: twofactor.TrustPolicy{Life: time.Hour}},
		"an end of no trust":          {Trust: twofactor.TrustPolicy{EndsAtSignOut: true}},
		"a number of no devices":      {Trust: twofactor.TrustPolicy{Max: 1}},
		"less than no recovery codes": {Recovery: twofactor.RecoveryPolicy{Codes: -1}},
		"a mark below none":           {Recovery: twofactor.RecoveryPolicy{Low: -1}},
	} {
		cfg := r.config
		cfg.Policy = p
		_, err := twofactor.New(cfg)
		require.ErrorContains(t, err, "Config.Policy", name)
		require.Empty(t, p.Warnings(), name)
	}
	for _, id := range []string{"a\x7f", "a\x1f"} {
		_, err := r.a.Begin(r.ctx(), twofactor.SignIn{UserID: id})
		fault(t, err)
	}
	alice := r.join("alice", "0412 345 678")
	alice.setUp(twofactor.TOTP)
	_, err := r.a.Begin(r.ctx(), twofactor.SignIn{UserID: "alice", Audience: string(make([]byte, 4000))})
	fault(t, err, "a token that no cookie can hold")
}
