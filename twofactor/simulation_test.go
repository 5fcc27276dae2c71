package twofactor_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// A year of one account against the real Service, two nodes of it over one
// store: somebody who has the password tries all he can, all the time, while
// the owner signs in once a day. The figures are in the package's documentation
// and come from
//
//	go test -run TestSimulation -v ./twofactor
//
// Whether one attacker in 200 gets in is nothing to wait for. So all guesses are
// wrong, and those that were compared with a code are counted: each would have
// been right with p = 3/10⁶, one code for each step of the window, and one of n
// with 1-(1-p)ⁿ.
func TestSimulation(t *testing.T) {
	t.Parallel()
	for i, v := range []variant{
		{name: "one app", apps: 1, in: 0.005, three: 0.15},
		{name: "three apps", apps: 3, in: 0.005, three: 0.15},
		{name: "cookie", apps: 1, cookie: true, in: 0.01, three: 1},
		{name: "cookie, three apps", apps: 3, cookie: true, in: 0.01, three: 1},
		{name: "cookie, leaves one", apps: 1, cookie: true, leaves: 1, in: 0.01, three: 0.25},
		{name: "saboteur", apps: 1, saves: 3, in: 0.005, three: 0.5},
		{name: "saboteur, three apps", apps: 3, saves: 1, leaves: 2, in: 0.005, three: 0.5},
		{name: "saboteur, cookie", apps: 1, cookie: true, saves: 3, in: 0.01, three: 1},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			s := newSimulation(t, v, rand.New(rand.NewPCG(1, uint64(i))))
			s.year()

			a, o := s.attacker, s.owner
			in := chance(a.compared, totp.Window{Back: 1, Ahead: 1})
			t.Logf("attacker: %d logins, %d answers, %d comparisons, in %.2f %%", a.logins, a.answers, a.compared, 100*in)
			t.Logf("owner: in %d of %d times, %d of them with three codes; %d typos; record of %d bytes at most", o.in, o.tried, o.three, o.typos, s.store.largest)

			require.Less(t, in, v.in, "attacker in")
			require.GreaterOrEqual(t, float64(o.in), 0.99*float64(o.tried), "owner in")
			require.LessOrEqual(t, float64(o.three), v.three*float64(o.tried), "owner asked for three codes")
			require.Equal(t, s.told, a.wrong+o.typos, "every comparison is told")
			require.LessOrEqual(t, s.store.largest, 2000, "bytes of the largest record")
			if v.saves == 0 {
				most := inAYear(tries) * len(a.cookies)
				require.Greater(t, float64(a.compared), 0.9*float64(most), "he got what there was")
			}
		})
	}
}

// chance is how likely one of so many wrong guesses would have been right.
func chance(compared int, w totp.Window) float64 {
	p := float64(w.Back+1+w.Ahead) / 1e6
	return -math.Expm1(float64(compared) * math.Log1p(-p))
}

// A variant is an account and its attacker, with the bounds to hold.
type variant struct {
	name   string
	apps   int
	cookie bool // he has the cookie of a known browser
	saves  int  // if not 0: he saves his tries for the minute before the owner's on every so manyth day
	leaves int  // tries that he leaves, so that the owner's own code is accepted

	in    float64 // chance of the attacker in a year
	three float64 // share of the owner's sign-ins with three codes
}

const year = 365 * 24 * time.Hour

// A simulation is one account, its owner, its attacker and the clock of all.
type simulation struct {
	*world
	rand     *rand.Rand
	store    *sizedStore
	told     int // wrong codes, as the events tell
	owner    *owner
	attacker *attacker
}

func newSimulation(t testing.TB, v variant, r *rand.Rand) *simulation {
	s := &simulation{rand: r, store: new(sizedStore)}
	s.world = newWorld(t, s.store, s.store, func(c *twofactor.Config) { c.OnEvent = s.onEvent })
	o := &owner{simulation: s}
	p := s.enrolled("alice")
	o.phones = append(o.phones, p.phone)
	for len(o.phones) < v.apps {
		e, phone := p.enroll(twofactor.EnrollRequest{})
		c, err := p.confirm(e, phone.Code(s.clock.Now()))
		require.NoError(t, err)
		p.session = c.Session
		o.phones = append(o.phones, phone)
	}
	s.clock.Advance(step)
	o.signIn(false) // its browser is known from now on
	s.owner = &owner{simulation: s, phones: o.phones, cookie: o.cookie}
	s.attacker = &attacker{simulation: s, variant: v, tactics: []tactic{guess, guessThree, openLogins}, cookies: []string{""}}
	if v.cookie {
		s.attacker.cookies = append(s.attacker.cookies, o.cookie)
	}
	s.told = 0
	return s
}

// onEvent counts the codes that were compared one by one.
func (s *simulation) onEvent(_ context.Context, e twofactor.Event) {
	if e.Type == twofactor.EventRejected && e.Method != "" && wasCompared(e.Reason) {
		s.told++
	}
}

// wasCompared reports whether a refusal means that a code was compared.
func wasCompared(r twofactor.Reason) bool {
	return r == twofactor.ReasonWrongCode || r == twofactor.ReasonAlreadyUsed
}

// node is one of the two, as a load balancer chooses it.
func (s *simulation) node() *twofactor.Service {
	if s.rand.IntN(2) == 0 {
		return s.a
	}
	return s.b
}

// year lets owner and attacker act at their times. Whatever could bring tries
// back, the attacker is there right after it.
func (s *simulation) year() {
	start := s.clock.Now()
	s.attacker.act(0)
	for day := 1; day <= 365; day++ {
		today := start.AddDate(0, 0, day-1)
		signIn := today.Add(time.Hour + time.Duration(s.rand.Int64N(int64(16*time.Hour))))
		s.attackUntil(signIn.Add(-time.Minute))
		s.clock.Set(signIn.Add(-time.Minute))
		s.attacker.act(day)
		s.clock.Set(signIn)
		s.owner.signIn(s.rand.IntN(10) > 0)
		s.attacker.act(0)
		s.attackUntil(today.Add(24 * time.Hour))
		s.a, s.b = s.world.node(s.store), s.world.node(s.store) // as a deployment does
		s.attacker.act(0)
	}
}

// attackUntil lets the attacker act every four hours, and when he was told that
// a try comes back.
func (s *simulation) attackUntil(end time.Time) {
	for {
		now := s.clock.Now()
		next := now.Add(4 * time.Hour)
		if s.attacker.retry.After(now) && s.attacker.retry.Before(next) {
			next = s.attacker.retry
		}
		if !next.Before(end) {
			return
		}
		s.clock.Set(next)
		s.attacker.act(0)
	}
}

// A sizedStore is a memory.Store that knows how large records became.
type sizedStore struct {
	memory.Store
	largest int
}

func (s *sizedStore) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	s.largest = max(s.largest, len(data))
	return s.Store.Save(ctx, key, old, data)
}
