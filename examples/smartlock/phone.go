package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/providers/lockfile"
	"github.com/latchkey-auth/latchkey/providers/lockrelay"
)

// A phone has one App per person who uses it. In this example it is a page of
// its own server: a page of the cloud would have to be trusted like the cloud.
type phone struct {
	name, url, dir, cloud string
	now                   func() time.Time
	web                   *http.Client

	mu   sync.Mutex
	apps map[string]*lockcode.App
}

func newPhone(name, dir, cloudURL string, now func() time.Time) *phone {
	return &phone{name: name, dir: dir, cloud: cloudURL, now: now, web: &http.Client{Timeout: 10 * time.Second}, apps: map[string]*lockcode.App{}}
}

// app is the App of one of the site's people.
func (p *phone) app(user string) (*lockcode.App, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.apps[user]; a != nil {
		return a, nil
	}
	switch user { // no other name becomes part of a path
	case "olga", "adam", "sue", "uwe":
	default:
		return nil, errors.New("nobody of that name is on the site")
	}
	sealer, err := lockfile.KeyFile(p.dir + "." + user + ".key")
	if err != nil {
		return nil, err
	}
	keys, err := lockfile.OpenApp(filepath.Join(p.dir, user), sealer)
	if err != nil {
		return nil, err
	}
	relay := lockrelay.Client{URL: p.cloud + "/relay", HTTP: p.web}
	a, err := lockcode.NewApp(lockcode.AppConfig{Keys: keys, Relay: relay, Name: p.name, Now: p.now})
	if err != nil {
		return nil, err
	}
	p.apps[user] = a
	return a, nil
}

// do carries out what a button of the App says and returns what to show.
func (p *phone) do(ctx context.Context, action string, f url.Values) (string, error) {
	user, lock := f.Get("user"), f.Get("lock")
	a, err := p.app(user)
	if err != nil {
		return "", err
	}
	switch action {
	case "request":
		return "A PIN is on its way.", a.RequestActivation(ctx, lock, user)
	case "join":
		code, err := lockcode.ParseCode(f.Get("code"))
		if err != nil {
			return "", err
		}
		return "This device is activated.", a.Join(ctx, lock, user, code)
	}
	pin, err := lockcode.ParsePIN(f.Get("pin"))
	if err != nil {
		return "", err
	}
	what := lockcode.Binding{Purpose: purposes[f.Get("purpose")], Target: f.Get("door")}
	if what.Purpose == lockcode.ResetPIN {
		what.Target = f.Get("target")
	}
	switch action {
	case "activate":
		return "Activated. You may change the PIN now.", a.Activate(ctx, lock, user, pin)
	case "change":
		fresh, err := lockcode.ParsePIN(f.Get("new"))
		if err != nil {
			return "", err
		}
		if f.Get("again") != f.Get("new") {
			return "", errors.New("the new PIN was not typed the same way twice")
		}
		return "The PIN is changed.", a.ChangePIN(ctx, lock, pin, fresh)
	case "open":
		return "Done.", a.Do(ctx, lock, pin, what)
	case "code":
		code, err := a.Code(ctx, lock, pin, what)
		return "Type this on the web page within three minutes: " + code.Characters(), err
	case "device":
		code, err := a.NewDeviceCode(ctx, lock, pin)
		return "Type this on the new device within three minutes: " + code.Characters(), err
	case "confirm":
		// The hash is made here, of what the cloud sent and the page showed.
		c, err := fetchConfig(ctx, p.web, p.cloud, lock)
		if err != nil {
			return "", err
		}
		if f.Get("shown") != string(c.text()) {
			return "", errors.New("the configuration has changed since it was shown")
		}
		return "The configuration is confirmed.", a.ConfirmConfig(ctx, lock, pin, c.hash())
	case "revoke":
		st, err := a.Status(ctx, lock)
		if err != nil {
			return "", err
		}
		for _, d := range st.Devices {
			if d.ID.String() == f.Get("device") {
				return "The device is out.", a.RevokeDevice(ctx, lock, pin, d.ID)
			}
		}
	}
	return "", errors.New("there is no such thing to do")
}
