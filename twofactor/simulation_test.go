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
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// A year of one account against the real Service, two nodes of it over one
// store: somebody who has the password tries all he can, every hour and whenever
// a try comes back, while the owner signs in once a day. The figures are in the
// package's documentation and come from
//
//	go test -run TestSimulation -v ./twofactor
//
// Half a percent of attackers a year would be luck if they were let guess, so
// nobody waits for it: all guesses are wrong, and those that were compared with
// a code are counted. Each of n comparisons wins with p = 3/10⁶, one for each
// step of the window, and the attacker is in with 1-(1-p)ⁿ.
func TestSimulation(t *testing.T) {
	t.Parallel()
	for i, v := range []variant{
		{name: "one app", apps: 1, in: 0.005, three: 0.15},
		{name: "three apps", apps: 3, in: 0.005, three: 0.15},
		{name: "cookie", apps: 1, cookie: true, in: 0.01, three: 1},
		{name: "cookie, three apps", apps: 3, cookie: true, in: 0.01, three: 1},
		{name: "saboteur", apps: 1, saves: true, in: 0.005, three: 1},
		{name: "saboteur, three apps", apps: 3, saves: true, leaves: 2, in: 0.005, three: 1},
		{name: "saboteur, cookie", apps: 1, cookie: true, saves: true, in: 0.01, three: 1},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			s := newSimulation(t, v, rand.New(rand.NewPCG(1, uint64(i))))
			s.year()

			a, o := s.attacker, s.owner
			in := chance(a.compared, totp.Window{Back: 1, Ahead: 1})
			t.Logf("attacker: %d logins, %d answers, %d comparisons, in %.2f %%", a.logins, a.answers, a.compared, 100*in)
			t.Logf("owner: in %d of %d times, %d of them with three codes; %d typos", o.in, o.tried, o.three, o.typos)

			require.Less(t, in, v.in, "attacker in")
			require.GreaterOrEqual(t, float64(o.in), 0.99*float64(o.tried), "owner in")
			require.LessOrEqual(t, float64(o.three), v.three*float64(o.tried), "owner asked for three codes")
			require.Equal(t, s.told, a.wrong+o.typos, "every comparison is told")
			require.LessOrEqual(t, s.store.largest, 3000, "bytes of the largest record")
			if !v.saves {
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
	saves  bool // he saves his tries for the minute before the owner's
	leaves int  // tries that he leaves

	in    float64 // chance of the attacker in a year
	three float64 // share of the owner's sign-ins with three codes
}

const year = 365 * 24 * time.Hour

// A simulation is one account, its owner, its attacker and the clock of all.
type simulation struct {
	t        testing.TB
	rand     *rand.Rand
	clock    *twofactortest.Clock
	store    *sizedStore
	key      twofactor.Key
	nodes    [2]*twofactor.Service
	told     int // wrong codes, as the events tell
	owner    *owner
	attacker *attacker
}

func newSimulation(t testing.TB, v variant, r *rand.Rand) *simulation {
	s := &simulation{
		t: t, rand: r, store: new(sizedStore), key: twofactor.NewKey(),
		clock: twofactortest.NewClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
	}
	s.restart()
	o := &owner{simulation: s}
	o.phones, _ = simEnroll(t, s.nodes[0], s.clock, v.apps)
	o.signIn(false) // its browser is known from now on
	s.owner = &owner{simulation: s, phones: o.phones, cookie: o.cookie}
	s.attacker = &attacker{
		simulation: s, ways: []way{guess, guessThree, openLogins},
		cookies: []string{""}, saves: v.saves, leaves: v.leaves,
	}
	if v.cookie {
		s.attacker.cookies = append(s.attacker.cookies, o.cookie)
	}
	return s
}

// restart replaces the nodes by new ones, as a deployment does.
func (s *simulation) restart() {
	for i := range s.nodes {
		var err error
		s.nodes[i], err = twofactor.New(twofactor.Config{
			Store: s.store, Keys: []twofactor.Key{s.key}, Issuer: "Example", Now: s.clock.Now,
			OnEvent: func(_ context.Context, e twofactor.Event) {
				if e.Type == twofactor.EventRejected && e.Method != "" && compared(e.Reason) {
					s.told++
				}
			},
		})
		require.NoError(s.t, err)
	}
}

// compared reports whether a refusal means that a code was compared.
func compared(r twofactor.Reason) bool {
	return r == twofactor.ReasonWrongCode || r == twofactor.ReasonAlreadyUsed
}

// node is any of the nodes, as a load balancer chooses it.
func (s *simulation) node() *twofactor.Service { return s.nodes[s.rand.IntN(len(s.nodes))] }

// year lets owner and attacker act at their times.
func (s *simulation) year() {
	start := s.clock.Now().Truncate(24 * time.Hour)
	s.attacker.act(false)
	for day := range 365 {
		midnight := start.AddDate(0, 0, day)
		signIn := midnight.Add(7*time.Hour + time.Duration(s.rand.Int64N(int64(16*time.Hour))))
		s.attackUntil(signIn.Add(-time.Minute))
		s.clock.Set(signIn.Add(-time.Minute))
		s.attacker.act(true)
		s.clock.Set(signIn)
		s.owner.signIn(s.rand.IntN(10) > 0)
		s.attacker.act(false) // whatever a success brings, he is there
		s.attackUntil(midnight.Add(24 * time.Hour))
		s.restart()
		s.attacker.act(false)
	}
}

// attackUntil lets the attacker act every hour, and when he was told that a try
// comes back.
func (s *simulation) attackUntil(end time.Time) {
	for {
		now := s.clock.Now()
		next := now.Add(time.Hour)
		if s.attacker.retry.After(now) && s.attacker.retry.Before(next) {
			next = s.attacker.retry
		}
		if !next.Before(end) {
			return
		}
		s.clock.Set(next)
		s.attacker.act(false)
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
