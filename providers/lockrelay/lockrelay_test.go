package lockrelay_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/providers/lockrelay"
	"github.com/latchkey-auth/latchkey/providers/memory"
)

type box struct{ pin lockcode.PIN }

func (b *box) SendPIN(_ context.Context, _ string, p lockcode.PIN) error { b.pin = p; return nil }

func (*box) Allow(context.Context, lockcode.ConfigHash, string, lockcode.Binding) error { return nil }

func (*box) Act(context.Context, string, lockcode.Binding) error { return nil }

// App, cloud and box, each behind HTTP.
func TestAppThroughCloudToBox(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	const lock = "Haus 7/links" // needs escaping
	b := new(box)
	c, err := lockcode.NewController(lockcode.ControllerConfig{
		LockID: lock, Store: new(memory.LockKeys), PINs: b, Rights: b, Doors: b, InsecureKeepActivationPIN: true,
	})
	require.NoError(t, err)
	controller := httptest.NewServer(lockrelay.NewHandler(c))
	defer controller.Close()
	mux := http.NewServeMux()
	mux.Handle("/relay/", http.StripPrefix("/relay", lockrelay.NewHandler(lockrelay.Client{URL: controller.URL})))
	cloud := httptest.NewServer(mux)
	defer cloud.Close()

	relay := lockrelay.Client{URL: cloud.URL + "/relay/", HTTP: cloud.Client()}
	app, err := lockcode.NewApp(lockcode.AppConfig{Keys: new(memory.AppKeys), Relay: relay})
	require.NoError(t, err)
	require.NoError(t, c.HardwareReset(ctx))
	require.NoError(t, app.RequestActivation(ctx, lock, "olga"))
	require.NoError(t, app.Activate(ctx, lock, "olga", b.pin))
	require.NoError(t, app.ConfirmConfig(ctx, lock, b.pin, lockcode.ConfigHash{}))
	require.NoError(t, app.Do(ctx, lock, b.pin, lockcode.Binding{Purpose: lockcode.OpenDoor, Target: "front"}))
	require.Error(t, app.RequestActivation(ctx, "another", "olga"))
}

type relayFunc func() ([]byte, error)

func (f relayFunc) Do(context.Context, string, []byte) ([]byte, error) { return f() }

func TestHandler(t *testing.T) {
	t.Parallel()
	called := false
	h := lockrelay.NewHandler(relayFunc(func() ([]byte, error) {
		called = true
		return nil, errors.New("secret cause")
	}))
	for _, tt := range []struct {
		name, method, path, kind string
		size, want               int
		called                   bool
	}{
		{"fault", "POST", "/lock", "application/octet-stream", 10, http.StatusBadGateway, true},
		{"get", "GET", "/lock", "application/octet-stream", 0, http.StatusMethodNotAllowed, false},
		{"no lock", "POST", "/", "application/octet-stream", 10, http.StatusNotFound, false},
		{"form", "POST", "/lock", "text/plain", 10, http.StatusUnsupportedMediaType, false},
		{"too long", "POST", "/lock", "application/octet-stream", lockcode.MaxMessage + 1, http.StatusBadRequest, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			called = false
			r := httptest.NewRequest(tt.method, tt.path, bytes.NewReader(make([]byte, tt.size)))
			r.Header.Set("Content-Type", tt.kind)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, tt.want, w.Code)
			require.Equal(t, tt.called, called)
			require.NotContains(t, w.Body.String(), "secret cause")
		})
	}
}

func TestClientBoundsTheAnswer(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"endless": strings.Repeat("x", lockcode.MaxMessage+1), "error": ""} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if body == "" {
				w.WriteHeader(http.StatusTeapot)
			}
			_, _ = w.Write([]byte(body))
		}))
		_, err := lockrelay.Client{URL: s.URL}.Do(t.Context(), "lock", nil)
		require.Error(t, err, name)
		s.Close()
	}
	_, err := lockrelay.Client{URL: "http://127.0.0.1:1"}.Do(t.Context(), "lock", nil)
	require.Error(t, err)
	_, err = lockrelay.Client{URL: ":"}.Do(t.Context(), "lock", nil)
	require.Error(t, err)
}
