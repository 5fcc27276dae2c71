package main

import (
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/providers/phone"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// messaging is how messages go out. In production SMS and Email are senders of
// packages such as providers/smtp and providers/twilio, and Host is the name of
// the site, so that phones fill in codes nowhere else.
func (a *app) messaging() (twofactor.Messaging, error) {
	var err error
	if a.messages, err = memory.NewOutbox(memory.OutboxConfig{Now: a.now}); err != nil {
		return twofactor.Messaging{}, err
	}
	texts, err := otpcode.NewRenderer(otpcode.Config{Service: serviceName, Contact: "support@example.com"})
	if err != nil {
		return twofactor.Messaging{}, err
	}
	return twofactor.Messaging{
		SMS: a.messages, Email: a.messages, Texts: texts, Directory: a.users,
		Phones: phone.Parser{}, Countries: []string{"AU"},
	}, nil
}

// A delivery is a message as /outbox.json shows it.
type delivery struct {
	Channel otpcode.Channel `json:"channel"`
	To      string          `json:"to"`
	Subject string          `json:"subject"`
	Text    string          `json:"text"`
	SentAt  time.Time       `json:"sent_at"`
}

// deliveries are all messages, the newest last.
func (a *app) deliveries() []delivery {
	out := []delivery{}
	for _, d := range a.messages.Messages() {
		out = append(out, delivery{d.Channel, d.To, d.Subject, d.Text, d.At.UTC().Truncate(time.Second)})
	}
	return out
}

// here keeps the outbox from pages of other sites, whose names can be made to lead
// to this machine (DNS rebinding).
func here(handle func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !onLoopback(r.Host) && !onLoopback(r.Host+":80") {
			return noRouteError(http.StatusNotFound)
		}
		return handle(w, r)
	}
}

func (a *app) outboxJSON(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, a.deliveries())
}

func (a *app) showOutbox(w http.ResponseWriter, r *http.Request) error {
	return a.render(w, r, http.StatusOK, "outbox", "Outbox", a.deliveries())
}
