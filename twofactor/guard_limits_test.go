package twofactor_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// floods are what someone can do who is held up by one limit alone, and what it
// lets through in 24 hours, for all of the documentation's table.
var floods = []struct {
	limit string
	every time.Duration
	next  traffic
	enter bool // the codes are entered
	want  string
}{
	{limit: "Proven", every: time.Hour, want: "29", next: func(int) twofactor.SendRequest {
		return proven(text("alice", aliceMobile), false)
	}},
	{limit: "Proven", every: time.Hour, want: "29", next: func(int) twofactor.SendRequest {
		return proven(text("alice", aliceMobile), true)
	}},
	{limit: "Proven", every: time.Hour, want: "29", next: func(n int) twofactor.SendRequest {
		return proven(text("alice", anywhere(n)), false) // any number of numbers
	}},
	{limit: "ProvenDestination", every: 30 * time.Minute, want: "58", next: func(n int) twofactor.SendRequest {
		return proven(text(someone(n), aliceMobile), n%2 == 0)
	}},
	{limit: "User", every: time.Hour, want: "17", next: func(n int) twofactor.SendRequest {
		return from(text("mallory", anywhere(n)), somewhere(n))
	}},
	{limit: "Client", every: 30 * time.Minute, want: "58", next: func(n int) twofactor.SendRequest {
		return from(text(someone(n), anywhere(n)), fmt.Sprintf("2001:db8::%x", n&0xffff))
	}},
	{limit: "Client", every: 30 * time.Minute, want: "58", next: func(n int) twofactor.SendRequest {
		return from(letter(someone(n), someone(n)+"@example.net"), "::ffff:192.0.2.7")
	}},
	{limit: "Destination", every: time.Hour, want: "17", next: func(n int) twofactor.SendRequest {
		return from(text(someone(n), aliceMobile), somewhere(n))
	}},
	{limit: "Destination", every: time.Hour, want: "17", next: func(n int) twofactor.SendRequest {
		return letter(someone(n), fmt.Sprintf([]string{"Alice+%d@example.com", "alice+x%d@EXAMPLE.com"}[n%2], n))
	}},
	{limit: "Prefix", every: 15 * time.Minute, enter: true, want: "116", next: func(n int) twofactor.SendRequest {
		return text(someone(n), mobile(7, n%10000))
	}},
	{limit: "Unentered", every: time.Hour, want: "34", next: func(n int) twofactor.SendRequest {
		return text(someone(n), mobile(7, n%10000))
	}},
}

// Each limit holds by itself, on two nodes, and lets through what the
// documentation says.
func TestBypass_W46_EachLimit(t *testing.T) {
	t.Parallel()
	doc := limitsTable(t)
	for i, f := range floods {
		t.Run(fmt.Sprintf("%d %s", i, f.limit), func(t *testing.T) {
			t.Parallel()
			p := newTurnpike(t, inMemory)
			entered := func(r twofactor.SendRequest) {
				if f.enter {
					require.NoError(t, p.nodes[0].Entered(t.Context(), r))
				}
			}
			require.Equal(t, f.want, strconv.Itoa(p.flood(f.every, f.next, entered)))
			require.Contains(t, doc[f.limit], f.want)
			require.NotContains(t, p.log.String(), "1234", "numbers are nobody's business")
		})
	}
}

// limitsTable is the last column of the table in the documentation.
func limitsTable(t *testing.T) map[string]string {
	t.Helper()
	source, err := os.ReadFile("guard_limits.go")
	require.NoError(t, err)
	out := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^//\t([A-Z]\w+) .*?  +([\d,+ ]+)$`).FindAllStringSubmatch(string(source), -1) {
		out[m[1]] = m[2]
	}
	require.Len(t, out, 9)
	return out
}

// What 1,000 accounts in one hand make the app send in a day.
func TestBypass_W46_AThousandAccounts(t *testing.T) {
	t.Parallel()
	const accounts = 1000
	source, err := os.ReadFile("guard_limits.go")
	require.NoError(t, err)
	day := func(channel func(n int) twofactor.SendRequest, tries int) int {
		p := newTurnpike(t, inMemory)
		total := 0
		for range 49 {
			for n := range accounts {
				for k := range tries {
					if p.reserve(channel(n+k*accounts)) == nil {
						total++
					}
				}
			}
			p.clock.Advance(30 * time.Minute)
		}
		return total
	}
	texts := day(func(n int) twofactor.SendRequest {
		return from(text(someone(n%accounts), anywhere(n)), somewhere(n))
	}, 1)
	t.Logf("to unproven numbers: %d SMS", texts)
	require.LessOrEqual(t, texts, 1000)
	require.Greater(t, texts, 900, "what the limit says is there")
	held := day(func(n int) twofactor.SendRequest {
		return proven(text(someone(n%accounts), anywhere(n%accounts)), n/accounts%2 == 0)
	}, 2)
	t.Logf("to 1,000 numbers of their own: %d SMS", held)
	require.LessOrEqual(t, held, 58000)
	require.Contains(t, strings.ReplaceAll(string(source), "\n// ", " "), "at most 1,000 SMS while they have proven no number")
	require.Contains(t, strings.ReplaceAll(string(source), "\n// ", " "), "so 58,000 with 1,000 telephones")
}

// No 24 hours see more than a day's limit, wherever they begin.
func TestBypass_W46_DayIsADay(t *testing.T) {
	t.Parallel()
	p := newTurnpike(t, inMemory, func(c *twofactor.GuardConfig) { c.Limits.Day, c.Limits.MailDay = 64, 96 })
	var sms, mails []time.Time
	for n := range 4 * 24 {
		for k := range 40 {
			at := n*40 + k
			if p.reserve(text(someone(at), anywhere(at))) == nil {
				sms = append(sms, p.clock.Now())
			}
			if p.reserve(letter(someone(at), someone(at)+"@example.net")) == nil {
				mails = append(mails, p.clock.Now())
			}
		}
		p.clock.Advance(time.Hour)
	}
	for limit, sent := range map[int][]time.Time{64: sms, 96: mails} {
		require.NotEmpty(t, sent)
		for i := range sent {
			n := 0
			for _, at := range sent[i:] {
				if at.Before(sent[i].Add(24 * time.Hour)) {
					n++
				}
			}
			require.LessOrEqual(t, n, limit)
		}
	}
}

func TestLimitsAreChecked(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]twofactor.Limits{
		"no burst":          {User: twofactor.Limit{Every: time.Hour}},
		"no time":           {Client: twofactor.Limit{Burst: 1}},
		"less than seconds": {Prefix: twofactor.Limit{Burst: 1, Every: 1500 * time.Millisecond}},
		"small day":         {Day: 31},
		"large day":         {MailDay: 1_000_001},
	} {
		_, err := twofactor.NewGuard(twofactor.GuardConfig{
			Store: newTurnpike(t, inMemory).cfg.Store, Keys: []twofactor.Key{twofactor.NewKey()}, Limits: l,
		})
		require.ErrorContains(t, err, "GuardConfig.Limits", name)
	}
	for _, country := range []string{"", "au", "AUS"} {
		_, err := twofactor.NewGuard(twofactor.GuardConfig{
			Store: newTurnpike(t, inMemory).cfg.Store, Keys: []twofactor.Key{twofactor.NewKey()}, Countries: []string{country},
		})
		require.ErrorContains(t, err, "GuardConfig.Countries")
	}
}
