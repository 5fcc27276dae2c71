package twofactor_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// Someone who has the password opens logins and asks for codes all day, one after
// the other and at once: the owner's phone rings a few times an hour, and the
// owner, in the usual browser, still gets a code at each sign-in.
func TestBypass_W46_FreshLogins(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		alice.signIn(twofactor.TOTP)
		browser := alice.browser
		before := r.sms(aliceMobile)
		drain := func() {
			alice.browser = ""
			together(8, func(i int) error {
				o, err := r.b.Begin(r.ctx(), twofactor.SignIn{UserID: "alice"})
				require.NoError(t, err)
				_, err = r.b.Send(r.ctx(), o.(*twofactor.Pending).Token(), alice.ids[twofactor.SMS], twofactor.Client{
					Addr: netip.MustParseAddr(somewhere(i)),
				})
				return err
			})
		}
		for h := range 24 {
			drain()
			if h%6 == 0 {
				alice.browser = browser
				alice.signIn(twofactor.SMS)
			}
			r.clock.Advance(time.Hour)
		}
		require.LessOrEqual(t, r.sms(aliceMobile)-before, 29+4)
	})
}

// One account asks for codes to all numbers that there are, in the settings.
func TestBypass_W46_FreshEnrollments(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r := newRealm(t, on, accessPlatform())
		mallory := r.join("mallory", "")
		for h := range 24 {
			mallory.session = mallory.begin().(twofactor.Session)
			mallory.grantByPassword()
			for n := range 8 {
				_, err := r.a.Enroll(r.ctx(), mallory.session, mallory.grant, twofactor.EnrollRequest{
					Kind: twofactor.SMS, Phone: anywhere(h*8 + n),
				})
				if err != nil {
					denied(t, err, twofactor.ReasonSendLimited)
				}
			}
			r.clock.Advance(time.Hour)
		}
		require.LessOrEqual(t, r.sms(""), 17)
		require.Positive(t, r.sms(""))
	})
}

// A number of a country that the app doesn't send to gets nothing.
func TestBypass_W46_OtherCountries(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r := newRealm(t, on, accessPlatform())
		mallory := r.join("mallory", "")
		for _, number := range []string{"+447911123456", "+14155552671"} {
			_, err := r.a.Enroll(r.ctx(), mallory.session, mallory.grant, twofactor.EnrollRequest{
				Kind: twofactor.SMS, Phone: number,
			})
			denied(t, err, twofactor.ReasonSendLimited)
		}
		require.Zero(t, r.sms(""))
		require.Equal(t, 2, r.seen(twofactor.EventSendRefused))
	})
}

// Whatever others do with my number, my sign-in code goes out.
func TestBypass_W46_MyNumberElsewhere(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r := newRealm(t, on, accessPlatform())
		alice := r.join("alice", "")
		alice.mobile = aliceMobile
		alice.finish(alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS, Phone: aliceMobile}))
		r.clock.Advance(time.Minute)
		refused := 0
		for n := range 30 {
			m := r.join(fmt.Sprintf("mallory%d", n), "")
			for _, number := range []string{aliceMobile, fmt.Sprintf("+6141234%04d", 5000+n)} {
				_, err := r.a.Enroll(r.ctx(), m.session, m.grant, twofactor.EnrollRequest{Kind: twofactor.SMS, Phone: number})
				if err != nil {
					denied(t, err, twofactor.ReasonSendLimited)
					refused++
				}
			}
		}
		require.Greater(t, refused, 40)
		alice.signIn(twofactor.SMS)
	})
}

// Nothing that an operator or a client sees holds a code, a number or an address,
// whatever went wrong.
func TestBypass_W49_NothingLeaks(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		r, alice := pathUser(t, on)
		secrets := []string{"412345678", "98765432", "alice@", "mallory@"}
		var said []string
		note := func(v any, err error) {
			said = append(said, fmt.Sprintf("%v %+v", v, err))
		}
		for _, way := range paths(alice) {
			r.onSend(unknown)
			note(nil, way.send(alice))
			secrets = append(secrets, r.read(aliceMobile))
			note(nil, way.enter(alice, otherCode(r.read(aliceMobile), 1)))
			r.clock.Advance(31 * time.Second)
			r.onSend(notSent)
			note(nil, way.send(alice))
			r.onSend(nil)
		}
		_, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, "+61412345678x")
		note(nil, err)
		p, err := r.a.SetPhone(r.ctx(), alice.session, alice.grant, "+61498765432")
		require.NoError(t, err)
		note(p.Hint, err)
		note(r.a.Explain(r.ctx(), twofactor.SignIn{UserID: "alice"}))
		r.setProfile("alice", func(p *twofactor.Profile) { p.Email = "mallory@ example.com" })
		_, err = r.a.Enroll(r.ctx(), alice.session, alice.grant, twofactor.EnrollRequest{Kind: twofactor.Email})
		require.ErrorAs(t, err, new(*twofactor.InputError))
		note(nil, err)
		r.settle()
		r.mu.Lock()
		defer r.mu.Unlock()
		said = append(said, r.log.String(), fmt.Sprintf("%+v", r.events))
		require.Greater(t, len(r.events), 15)
		for _, text := range said {
			for _, secret := range secrets {
				require.False(t, strings.Contains(text, secret), "%q in %s", secret, text)
			}
		}
	})
}
