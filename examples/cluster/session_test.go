package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// A store that keeps sessions from being deleted.
type keeping struct {
	*memory.Store
	on atomic.Bool
}

func (k *keeping) Delete(ctx context.Context, key string, old twofactor.Version) error {
	if k.on.Load() && strings.HasPrefix(key, "session/") {
		return errors.New("the database is away")
	}
	return k.Store.Delete(ctx, key, old)
}

// TestFailedStartSignsNobodyIn: the victim's browser has a session that somebody
// planted there, and its id can't be changed.
func TestFailedStartSignsNobodyIn(t *testing.T) {
	t.Parallel()
	store := &keeping{Store: new(memory.Store)}
	h, err := app(store, twofactor.NewKey())
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	site, err := url.Parse(server.URL)
	require.NoError(t, err)

	browser := func() *http.Client {
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		return &http.Client{Jar: jar}
	}
	signIn := func(c *http.Client, name string) int {
		body := `{"name":"` + name + `","password":"` + passwordOf(name) + `"}`
		res, err := c.Post(server.URL+"/sign-in", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	me := func(c *http.Client) int {
		res, err := c.Get(server.URL + "/me")
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}

	mallory, alice := browser(), browser()
	require.Equal(t, http.StatusNoContent, signIn(mallory, "mallory"))
	require.Equal(t, http.StatusOK, me(mallory))
	alice.Jar.SetCookies(site, mallory.Jar.Cookies(site))
	store.on.Store(true)
	require.Equal(t, http.StatusInternalServerError, signIn(alice, "alice"))
	store.on.Store(false)
	require.NotEqual(t, http.StatusOK, me(mallory))
	require.NotEqual(t, http.StatusOK, me(alice))

	require.Equal(t, http.StatusNoContent, signIn(alice, "alice"))
	require.Equal(t, http.StatusOK, me(alice))
	require.NotEqual(t, http.StatusOK, me(mallory), "the id is a new one")
}
