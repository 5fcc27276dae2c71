package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

// serviceName stands in messages and in authenticator apps.
const serviceName = "Latchkey Demo"

// config is what an app is made of.
type config struct {
	store        twofactor.Store
	notes        notes
	key          twofactor.Key
	product      string
	proxied      bool // a proxy speaks https; otherwise plain http on this machine
	outbox       bool // show all messages to everybody
	passwordCost int
	adminWait    time.Duration // how old an administrator's second factor has to be
	now          func() time.Time
	logger       *slog.Logger
}

// An app is everything behind the listener.
type app struct {
	config
	policy   twofactor.Policy
	users    *users
	live     *live
	sessions *scs.SessionManager
	messages *memory.Outbox
	resets   *resets
	tries    *throttle
	service  *twofactor.Service
	gate     *twofactorhttp.Gate
	api      http.Handler // the JSON contract
	pages    pages
	handler  http.Handler
	behind   sync.WaitGroup // what goes on when a request has been answered
}

func newApp(cfg config) (*app, error) {
	a := &app{config: cfg, live: newLive(), resets: newResets(), tries: newThrottle(cfg.now), pages: parsePages(cfg.now)}
	a.sessions = newSessions(cfg.proxied, a.fail)
	var err error
	if a.policy, err = policyOf(cfg.product); err != nil {
		return nil, err
	}
	if a.users, err = newUsers(demoUsers(cfg.product), cfg.passwordCost); err != nil {
		return nil, err
	}
	messaging, err := a.messaging()
	if err != nil {
		return nil, err
	}
	a.service, err = twofactor.New(twofactor.Config{
		Store: cfg.store, Keys: []twofactor.Key{cfg.key}, Issuer: serviceName, Policy: a.policy,
		Messaging: messaging, Now: cfg.now, OnEvent: a.onEvent, Logger: cfg.logger,
	})
	if err != nil {
		return nil, err
	}
	a.gate, err = twofactorhttp.New(twofactorhttp.Config{
		Service: a.service, SessionToken: a.sessionToken, StartSession: a.startSession, Refuse: a.fail,
		ClientAddr: a.clientAddr, BehindTLSProxy: cfg.proxied, InsecurePlainHTTP: !cfg.proxied,
		Now: cfg.now, Logger: cfg.logger,
	})
	if err != nil {
		return nil, err
	}
	a.api, err = a.gate.API(twofactorhttp.APIConfig{
		Path: "/2fa/", CheckPassword: a.users.checkID, Account: a.users.account,
	})
	if err != nil {
		return nil, fmt.Errorf("the JSON contract: %w", err)
	}
	a.handler = a.wrap(a.mux())
	return a, nil
}
