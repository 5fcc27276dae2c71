package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pquerna/otp"
	otptotp "github.com/pquerna/otp/totp"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/providers/phone"
	"github.com/latchkey-auth/latchkey/twofactor"
)

const (
	// between is the time between two sign-ins of a person. It is longer than
	// a login lives, so that a record has one login that is over, and not many.
	between = 11 * time.Minute

	// mostTurns keep within the life of the trusted devices, 400 days.
	mostTurns = int(400 * 24 * time.Hour / between)

	// userPrefix is where the service keeps a user's record.
	userPrefix = "u/"
)

// A clock is one client's. Each has its own, so that whoever is faster doesn't
// have to wait for half a minute to have another code.
type clock struct{ unix atomic.Int64 }

func (c *clock) now() time.Time   { return time.Unix(c.unix.Load(), 0) }
func (c *clock) set(at time.Time) { c.unix.Store(at.Unix()) }

// A town is the people who sign in. Each is a typical user: an authenticator
// app, ten recovery codes, three trusted devices, a phone and a mail address.
type town struct {
	keys     []twofactor.Key
	stride   int // between the numbers of two people
	messages twofactor.Messaging
	outbox   *memory.Outbox

	mu     sync.Mutex
	people []*person
}

// A person signs in again and again, from the same record each time that they
// begin anew: what happens at a turn is always the same.
type person struct {
	id     string
	app    *otp.Key
	record []byte // sealed, before the first turn
	last   time.Time
	store  *memory.Store // in which the turns are prepared
	turns  []turn
}

// A turn is one sign-in, up to where the code has been typed.
type turn struct {
	at          time.Time
	token, code string
}

func newTown(stride int) (*town, error) {
	t := &town{keys: []twofactor.Key{twofactor.NewKey()}, stride: stride}
	texts, err := otpcode.NewRenderer(otpcode.Config{Service: "Example", Contact: "support@example.com"})
	if err != nil {
		return nil, err
	}
	if t.outbox, err = memory.NewOutbox(memory.OutboxConfig{}); err != nil {
		return nil, err
	}
	t.messages = twofactor.Messaging{
		SMS: t.outbox, Email: t.outbox, Texts: texts, Directory: directory{},
		Phones: phone.Parser{}, Countries: []string{"AU"},
	}
	return t, nil
}

// directory gives everyone addresses of their own, all of the same length.
type directory struct{}

func (directory) Profile(_ context.Context, user string) (twofactor.Profile, error) {
	number := "+614" + user + "0"
	return twofactor.Profile{Email: mailAddress(user), Phone: number, Region: "AU", VerifiedPhones: []string{number}}, nil
}

func mailAddress(user string) string { return "person." + user + "@example.com" }

// service is one client's, over store.
func (t *town) service(store twofactor.Store, c *clock) (*twofactor.Service, error) {
	return twofactor.New(twofactor.Config{
		Store: store, Keys: t.keys, Issuer: "Example", Messaging: t.messages, Now: c.now,
		Policy: twofactor.Policy{
			Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email}, VerifiedNumbersSuffice: true,
			Trust: twofactor.TrustPolicy{Kinds: []twofactor.Kind{twofactor.TOTP}, Life: 400 * 24 * time.Hour},
		},
	})
}

// first returns the first n people, and makes those who aren't there yet.
func (t *town) first(ctx context.Context, n int) ([]*person, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.people) < n {
		p, err := t.settle(ctx, fmt.Sprintf("%07d", len(t.people)*t.stride))
		if err != nil {
			return nil, fmt.Errorf("a person: %w", err)
		}
		t.people = append(t.people, p)
	}
	return t.people[:n], nil
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// settle sets a person up in the way that people do.
func (t *town) settle(ctx context.Context, id string) (*person, error) {
	p := &person{id: id, store: new(memory.Store)}
	c := new(clock)
	c.set(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	svc, err := t.service(p.store, c)
	if err != nil {
		return nil, err
	}
	o, err := svc.Begin(ctx, twofactor.SignIn{UserID: id})
	if err != nil {
		return nil, err
	}
	session := o.(twofactor.Session)
	grant, err := svc.GrantWithPassword(ctx, session, func(context.Context) error { return nil })
	if err != nil {
		return nil, err
	}
	for _, kind := range []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email} {
		if err := svc.Drain(ctx); err != nil { // or a notice may be newer than the code
			return nil, err
		}
		e, err := svc.Enroll(ctx, session, grant.Token, twofactor.EnrollRequest{Kind: kind, Account: mailAddress(id)})
		if err != nil {
			return nil, err
		}
		done := e.Done
		if done == nil {
			code, err := p.typed(t, e, c.now())
			if err != nil {
				return nil, err
			}
			if done, err = svc.Confirm(ctx, session, grant.Token, e.ID, code); err != nil {
				return nil, err
			}
		}
		if done.Session != nil {
			session = done.Session
		}
		grant = &done.Grant
	}
	for i := range 4 { // the last leaves nothing of what is over by then
		c.set(c.now().Add(between))
		o, err := svc.Begin(ctx, twofactor.SignIn{UserID: id})
		if err != nil {
			return nil, err
		}
		code, err := p.code(c.now())
		if err != nil {
			return nil, err
		}
		a := twofactor.Answer{Code: code, RememberDevice: i < 3, DeviceName: "Firefox on Linux"}
		if _, err := svc.Verify(ctx, o.(*twofactor.Pending).Token(), a); err != nil {
			return nil, err
		}
	}
	if err := svc.Drain(ctx); err != nil {
		return nil, err
	}
	rec, err := p.store.Load(ctx, userPrefix+id)
	p.record, p.last = rec.Data, c.now()
	return p, err
}

// typed is the code that proves a new factor.
func (p *person) typed(t *town, e *twofactor.Enrollment, at time.Time) (string, error) {
	if e.Kind == twofactor.TOTP {
		uri, err := e.URI.Encode()
		if err != nil {
			return "", err
		}
		if p.app, err = otp.NewKeyFromURL(uri); err != nil {
			return "", err
		}
		return p.code(at)
	}
	m, ok := t.outbox.Last(mailAddress(p.id))
	if !ok {
		return "", errors.New("no mail came")
	}
	return sixDigits.FindString(m.Text), nil
}

// code is what the person's app shows.
func (p *person) code(at time.Time) (string, error) {
	return otptotp.GenerateCodeCustom(p.app.Secret(), at, appOptions)
}

// appOptions are those of an authenticator app.
var appOptions = otptotp.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// prepare gives each person n turns, on as many processors as there are.
func (t *town) prepare(ctx context.Context, people []*person, n int) error {
	n = min(n, mostTurns)
	work := make(chan *person)
	errs := make([]error, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for p := range work {
				errs[i] = errors.Join(errs[i], p.prepare(ctx, t, n))
			}
		})
	}
	for _, p := range people {
		work <- p
	}
	close(work)
	wg.Wait()
	return errors.Join(errs...)
}

func (p *person) prepare(ctx context.Context, t *town, n int) error {
	if len(p.turns) >= n {
		return nil
	}
	c := new(clock)
	svc, err := t.service(p.store, c)
	if err != nil {
		return err
	}
	for len(p.turns) < n {
		p.last = p.last.Add(between)
		c.set(p.last)
		o, err := svc.Begin(ctx, twofactor.SignIn{UserID: p.id, Enrolled: true})
		if err != nil {
			return err
		}
		code, err := p.code(p.last)
		if err != nil {
			return err
		}
		p.turns = append(p.turns, turn{p.last, o.(*twofactor.Pending).Token(), code})
	}
	return nil
}
