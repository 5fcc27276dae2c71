package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// small is everything once, and briefly.
func small(t *testing.T) options {
	t.Helper()
	town, err := newTown(10)
	require.NoError(t, err)
	return options{
		only: regexp.MustCompile(""), each: 50 * time.Millisecond, rounds: 1, clients: []int{1, 8},
		users: 200, active: 20, town: town, dir: t.TempDir(), logs: t.Output(),
	}
}

func sqlite(t *testing.T) backend {
	t.Helper()
	for _, b := range backends {
		if b.name == "SQLite NORMAL" {
			b.grouped = 1 // so that all that can be compared is
			return b
		}
	}
	t.Fatal("no SQLite")
	return backend{}
}

var cell = regexp.MustCompile(`^[1-9][0-9,]*/s, \d+\.\d\d$`)

func TestStore(t *testing.T) {
	t.Parallel()
	o := small(t)
	rows, err := measureStore(t.Context(), o, sqlite(t))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	for _, r := range rows {
		require.Len(t, r.cells, 2)
		for _, c := range r.cells {
			require.Regexp(t, cell, c)
		}
	}
	var out strings.Builder
	compared(&out, o.clients, rows)
	require.Contains(t, out.String(), "| Verify, SQLite NORMAL | bare load and update | "+rows[0].cells[0]+" | ")
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	rows, err := measureHTTP(t.Context(), small(t), sqlite(t))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Regexp(t, cell, rows[0].cells[1])
}

func TestInProcess(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, inProcess(t.Context(), small(t), &out))
	require.Equal(t, 5, strings.Count(out.String(), "\n"), out.String())
}

func TestUsers(t *testing.T) {
	t.Parallel()
	lines, err := measureUsers(t.Context(), small(t), sqlite(t))
	require.NoError(t, err)
	require.Len(t, lines, 2)
	for _, line := range lines {
		require.Len(t, line, 4)
		require.Regexp(t, `^[1-9]\d* → [1-9]\d* µs, \d+\.\d\d$`, line[2])
	}
}

// TestFill: the active are among those that fill the table, and nobody is there
// twice.
func TestFill(t *testing.T) {
	t.Parallel()
	o := small(t)
	p, err := sqlite(t).run(o.dir)
	require.NoError(t, err)
	defer p.stop()
	s, err := p.store(t.Context(), "filled", false)
	require.NoError(t, err)
	require.NoError(t, p.fill(t.Context(), "filled", o.users, 100))
	people, err := o.town.first(t.Context(), o.active)
	require.NoError(t, err)
	require.NoError(t, restore(t.Context(), s)(people))
	n := 0
	for _, err := range s.(*sqlstore.Store).Keys(t.Context()) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, o.users, n)
}

func TestSize(t *testing.T) {
	t.Parallel()
	people, err := small(t).town.first(t.Context(), 2)
	require.NoError(t, err)
	for _, p := range people {
		require.Less(t, len(p.record), 2000)
	}
	require.InDelta(t, len(people[0].record), len(people[1].record), 20, "the typical user isn't typical")
}

// TestTurnsAreGood: a turn lets its person in once, beginning from their record
// and from no other.
func TestTurnsAreGood(t *testing.T) {
	t.Parallel()
	ctx, town, store, c := t.Context(), small(t).town, new(memory.Store), new(clock)
	people, err := town.first(ctx, 1)
	require.NoError(t, err)
	require.NoError(t, town.prepare(ctx, people, 3))
	svc, err := town.service(store, c)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, restore(ctx, store)(people))
		for _, turn := range people[0].turns {
			c.set(turn.at)
			_, err := svc.Verify(ctx, turn.token, twofactor.Answer{Code: turn.code})
			require.NoError(t, err)
			_, err = svc.Verify(ctx, turn.token, twofactor.Answer{Code: turn.code})
			require.ErrorIs(t, err, twofactor.ErrRejected)
		}
	}
	status, err := svc.Status(ctx, people[0].id, "")
	require.NoError(t, err)
	require.Len(t, status.Methods, 3)
	require.Len(t, status.Devices, 3)
}

// TestBarestDoesItsWork: what we are compared with refuses what it has to.
func TestBarestDoesItsWork(t *testing.T) {
	t.Parallel()
	ctx, town, c := t.Context(), small(t).town, new(clock)
	people, err := town.first(ctx, 1)
	require.NoError(t, err)
	require.NoError(t, town.prepare(ctx, people, 1))
	p, turn := people[0], people[0].turns[0]
	w := bareWay(ctx, new(bareMap))
	require.NoError(t, w.reset(people))
	h, err := w.handler("/", c)
	require.NoError(t, err)
	c.set(turn.at)
	post := func(cookie, body string) int {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/"+verifyRoute, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Cookie", cookie)
		a := &answer{header: make(http.Header)}
		h.ServeHTTP(a, r)
		return a.status
	}
	wrong := "000000"
	if turn.code == wrong {
		wrong = "000001"
	}
	require.Equal(t, http.StatusUnauthorized, post("login=nobody", body(turn)))
	require.Equal(t, http.StatusForbidden, post(w.cookie(p, turn), `{"code":"`+wrong+`"}`))
	require.Equal(t, http.StatusOK, post(w.cookie(p, turn), body(turn)))
	require.Equal(t, http.StatusForbidden, post(w.cookie(p, turn), body(turn)))
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]string{0: "0", 999: "999", 1234: "1,230", 12345.6: "12,300", 999_999: "1,000,000"} {
		require.Equal(t, want, thousands(n))
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-only", "("}, {"-for", "0s"}, {"-rounds", "0"}, {"-users", "1"}} {
		require.Error(t, run(t.Context(), args, t.Output(), t.Output()), args)
	}
}
