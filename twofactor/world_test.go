package twofactor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/providers/phone"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
	"github.com/stretchr/testify/require"
)

// A realm is a product that sends messages, as its tests see it: one service on
// two nodes, over one store and under one clock, with a directory of users and an
// outbox that everything goes to.
type realm struct {
	t      testing.TB
	clock  *twofactortest.Clock
	store  *meter // of node a; it counts the calls of both
	config twofactor.Config
	out    *memory.Outbox
	a, b   *twofactor.Service // the two nodes

	mu       sync.Mutex
	profiles map[string]twofactor.Profile
	events   []twofactor.Event
	log      bytes.Buffer

	tableUsers int                                          // of the policy table
	gateway    func(context.Context, otpcode.Message) error // what becomes of a message
}

var realmStart = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func newRealm(t testing.TB, on realserver.Named, p twofactor.Policy, change ...func(*twofactor.Config)) *realm {
	t.Helper()
	a, b := on.Part(t)
	r := &realm{
		t: t, clock: twofactortest.NewClock(realmStart), store: &meter{Store: a, tally: new(tally)},
		profiles: make(map[string]twofactor.Profile),
	}
	var err error
	r.out, err = memory.NewOutbox(memory.OutboxConfig{Now: r.clock.Now, Limit: 100_000, Fail: r.deliver})
	require.NoError(t, err)
	texts, err := otpcode.NewRenderer(otpcode.Config{Service: "Example", Contact: "help.example.com", Host: "example.com"})
	require.NoError(t, err)
	r.config = twofactor.Config{
		Store: r.store, Keys: []twofactor.Key{twofactor.NewKey()}, Issuer: "Example", Policy: p, Now: r.clock.Now,
		OnEvent: r.record, Logger: slog.New(slog.NewTextHandler(lockedWriter{r}, nil)),
		Messaging: twofactor.Messaging{
			SMS: r.out, Email: r.out, Texts: texts, Directory: r, Phones: phone.Parser{}, Countries: []string{"AU"},
		},
	}
	other := r.config
	other.Store = &meter{Store: b, tally: r.store.tally}
	for _, f := range change {
		f(&r.config)
		f(&other)
	}
	r.a, r.b = r.node(), r.node(func(c *twofactor.Config) { *c = other })
	if tt, ok := t.(*testing.T); ok {
		tt.Cleanup(func() { r.settle() })
	}
	return r
}

// node starts another node, with another policy or key perhaps.
func (r *realm) node(change ...func(*twofactor.Config)) *twofactor.Service {
	r.t.Helper()
	cfg := r.config
	for _, f := range change {
		f(&cfg)
	}
	s, err := twofactor.New(cfg)
	require.NoError(r.t, err)
	return s
}

func (r *realm) ctx() context.Context { return context.WithoutCancel(r.t.Context()) }

// settle waits for whatever the nodes do behind their requests.
func (r *realm) settle() {
	r.t.Helper()
	require.NoError(r.t, r.a.Drain(r.ctx()))
	require.NoError(r.t, r.b.Drain(r.ctx()))
}

func (r *realm) deliver(ctx context.Context, m otpcode.Message) error {
	r.mu.Lock()
	f := r.gateway
	r.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(ctx, m)
}

// onSend says what becomes of messages from now on; nil lets them through.
func (r *realm) onSend(f func(context.Context, otpcode.Message) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gateway = f
}

func notSent(context.Context, otpcode.Message) error { return otpcode.ErrNotSent }
func unknown(context.Context, otpcode.Message) error { return errors.New("connection was cut") }

func (r *realm) record(_ context.Context, e twofactor.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// seen counts the events of a type.
func (r *realm) seen(want twofactor.EventType) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, e := range r.events {
		if e.Type == want {
			n++
		}
	}
	return n
}

type lockedWriter struct{ r *realm }

func (w lockedWriter) Write(b []byte) (int, error) {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	return w.r.log.Write(b)
}

// Profile implements twofactor.Directory.
func (r *realm) Profile(_ context.Context, user string) (twofactor.Profile, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.profiles[user]
	if !ok {
		return p, errors.New("no such user")
	}
	return p, nil
}

// setProfile changes what the app knows of a user.
func (r *realm) setProfile(user string, change func(*twofactor.Profile)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.profiles[user]
	p.VerifiedPhones = slices.Clone(p.VerifiedPhones)
	change(&p)
	r.profiles[user] = p
}

// messages are those to one destination, or all of them.
func (r *realm) messages(to string) []memory.Delivery {
	return slices.DeleteFunc(r.out.Messages(), func(d memory.Delivery) bool { return to != "" && d.To != to })
}

// sms counts the text messages to one number, or all of them.
func (r *realm) sms(to string) int {
	return len(slices.DeleteFunc(r.messages(to), func(d memory.Delivery) bool { return d.Channel != otpcode.SMS }))
}

var codeIn = regexp.MustCompile(`(?m)(?:^|\D)(\d{6,10})(?:\D|$)`)

// read returns the code in the newest message with one to a destination.
func (r *realm) read(to string) string {
	r.t.Helper()
	for _, d := range slices.Backward(r.messages(to)) {
		if m := codeIn.FindStringSubmatch(d.Text); m != nil && d.Reference != "" {
			return m[1]
		}
	}
	require.Failf(r.t, "no code", "to %s", to)
	return ""
}

// notices are the subjects of the mails without a code to an address.
func (r *realm) notices(to string) []string {
	r.settle()
	var out []string
	for _, d := range r.messages(to) {
		if d.Channel == otpcode.Email && d.Reference == "" {
			out = append(out, d.Subject)
		}
	}
	return out
}

// otherCode is a code that is not that one. Different n give different codes.
func otherCode(code string, n int) string {
	b := []byte(code)
	for i := range b {
		b[i] = '0' + (b[i]-'0'+byte(n%9)+1)%10
		n /= 9
	}
	return string(b)
}

// denied requires err to be a refusal for a reason.
func denied(t testing.TB, err error, why twofactor.Reason, msg ...any) *twofactor.RejectedError {
	t.Helper()
	no, ok := errors.AsType[*twofactor.RejectedError](err)
	require.Truef(t, ok, "want the refusal %q, have %v %v", why, err, msg)
	require.Equal(t, why, no.Reason, msg...)
	require.ErrorIs(t, err, twofactor.ErrRejected)
	return no
}

// mobile is the nth mobile number of a prefix that differs from others' in its
// last four digits.
func mobile(prefix, n int) string { return fmt.Sprintf("+614%04d%04d", 1200+prefix, n) }
