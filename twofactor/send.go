package twofactor

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

const (
	sendsPerLogin = 5                // messages in one login or enrollment
	resendPause   = 30 * time.Second // between two of them
	sendTime      = 30 * time.Second // for a sender, beyond its request's end
)

// Sent tells about a code that is on its way.
type Sent struct {
	Method    string // the factor's id
	Hint      string // the masked number or address
	Reference string // letters that stand in the message as well
	Digits    int
	Expires   time.Time
	ResendAt  time.Time // from when on another one can be sent
}

// A target is where a code goes and what it is good for, as one round of an
// update knows it. Its pointers lead into that round's record.
type target struct {
	method string
	kind   Kind
	to     string
	hint   string
	proven bool
	digits int
	code   otpcode.CodeKind
	bind   otpcode.Binding
	sent   *otpcode.Challenge
	sends  *int
	keep   func() error
}

// An aim finds the target in a record.
type aim func(*tx) (*target, error)

// Send sends a code for a factor of a pending login. Another one kills the one
// before. Showing or reloading a page sends nothing: this does.
func (s *Service) Send(ctx context.Context, token, method string, from Client) (*Sent, error) {
	p, err := s.openPending(token)
	if err != nil {
		return nil, err
	}
	return s.send(ctx, p.User, from, s.aimAt(p, method, otpcode.CodeSignIn))
}

// SendForGrant sends a code for a factor, to be given to [Service.Grant].
func (s *Service) SendForGrant(ctx context.Context, ses Session, method string, from Client) (*Sent, error) {
	p, err := s.grantAttempt(ctx, ses)
	if err != nil {
		return nil, err
	}
	return s.send(ctx, p.User, from, s.aimAt(p, method, otpcode.CodeConfirm))
}

// aimAt aims at a factor that codes are sent for, within an attempt.
func (s *Service) aimAt(p *pending, method string, code otpcode.CodeKind) aim {
	return func(t *tx) (*target, error) {
		a, over := t.attempt(p, 0)
		if over != nil {
			return nil, over
		}
		f := t.rec.Factor(method)
		if f == nil || f.Address == nil {
			return nil, reject(ReasonNotUsable)
		}
		if no := t.s.usable(t.rec, f, t.now); no != nil {
			return nil, no
		}
		a.Last = f.ID
		digits := s.policy.Digits
		if a.purse.level(t.now) == 0 {
			digits = longCode // there is nothing left to pay a guess with
		}
		return &target{
			method: f.ID, kind: Kind(f.Kind), to: f.Address.To, hint: s.method(Kind(f.Kind)).hint(f),
			proven: true, digits: digits, code: code, bind: a.binding(t, f),
			sent: a.challenge(f.ID), sends: &a.Sends, keep: func() error { return t.keep(a) },
		}, nil
	}
}

// challenge returns the place for what is sent for a factor.
func (a *attempt) challenge(factor string) *otpcode.Challenge {
	if c := a.sent(factor); c != nil {
		return c
	}
	a.Codes = append(a.Codes, record.Code{Factor: factor})
	return &a.Codes[len(a.Codes)-1].Challenge
}

// send makes a code and sends it: a place with the guard first, then the record,
// and only then the message, so that no code arrives that nobody knows.
func (s *Service) send(ctx context.Context, user string, from Client, find aim) (*Sent, error) {
	p, err := s.profile(ctx, user)
	if err != nil {
		return nil, err
	}
	req, err := s.reserve(ctx, user, from, find)
	if err != nil {
		return nil, err
	}
	is, tg, err := s.issue(ctx, user, req.To, find)
	if err != nil {
		return nil, errors.Join(err, s.cfg.Messaging.Guard.Release(ctx, req))
	}
	if err := s.dispatch(ctx, p, from, is, tg); err != nil {
		return nil, s.undelivered(ctx, user, req, is, find, err)
	}
	s.emit(ctx, Event{Type: EventSent, UserID: user, At: is.Sent, Kind: tg.kind, Method: tg.method})
	return &Sent{
		Method: tg.method, Hint: tg.hint, Reference: is.Reference, Digits: tg.digits,
		Expires: is.Expires, ResendAt: is.Sent.Add(resendPause),
	}, nil
}

// reserve asks the guard for a place for what a look at the record says.
func (s *Service) reserve(ctx context.Context, user string, from Client, find aim) (SendRequest, error) {
	t, err := s.view(ctx, user)
	if err != nil {
		return SendRequest{}, err
	}
	tg, err := find(t)
	if err != nil {
		return SendRequest{}, err
	}
	if no := tg.limit(t.now); no != nil {
		return SendRequest{}, no
	}
	req := s.request(user, from, tg)
	if err := s.cfg.Messaging.Guard.Reserve(ctx, req); err != nil {
		if no, ok := errors.AsType[*RejectedError](err); ok {
			s.emit(ctx, Event{Type: EventSendRefused, UserID: user, At: t.now, Kind: tg.kind, Method: tg.method, Reason: no.Reason})
			return SendRequest{}, no
		}
		return SendRequest{}, fmt.Errorf("twofactor: the send guard: %w", err)
	}
	return req, nil
}

func (s *Service) request(user string, from Client, tg *target) SendRequest {
	r := SendRequest{User: user, Channel: channel(tg.kind), To: tg.to, Client: from.Addr, Proven: tg.proven}
	if r.Channel == otpcode.SMS {
		r.Country = s.cfg.Messaging.Phones.Country(tg.to)
	}
	return r
}

// entered tells the guard that a code was entered. The user is in whatever
// becomes of that.
func (s *Service) entered(ctx context.Context, user string, k Kind, to string, proven bool) {
	if to == "" {
		return
	}
	r := s.request(user, Client{}, &target{kind: k, to: to, proven: proven})
	if err := s.cfg.Messaging.Guard.Entered(ctx, r); err != nil {
		s.emit(ctx, Event{Type: EventFault, UserID: user, At: s.cfg.Now(), Kind: k})
	}
}

// limit refuses a message too many, or too soon after the one before.
func (tg *target) limit(now time.Time) *RejectedError {
	if *tg.sends >= sendsPerLogin {
		return reject(ReasonSendLimited)
	}
	if newest, ok := tg.sent.Latest(); ok {
		if at := time.UnixMilli(newest.Sent).Add(resendPause); now.Before(at) {
			return &RejectedError{Reason: ReasonSendLimited, RetryAt: at}
		}
	}
	return nil
}

// issue puts a new code into the record. The limits are looked at again here,
// where only one of many requests at once can pass.
func (s *Service) issue(ctx context.Context, user, to string, find aim) (is otpcode.Issued, tg *target, err error) {
	err = s.update(ctx, user, true, func(t *tx) error {
		var err error
		if tg, err = find(t); err != nil {
			return t.refuseErr(err)
		}
		if no := tg.limit(t.now); no != nil {
			return t.refuse(no)
		}
		if tg.to != to {
			return t.refuse(reject(ReasonConflict)) // the place is for another destination
		}
		spec := otpcode.Spec{Digits: tg.digits, Life: s.policy.codeLife(tg.kind)}
		if *tg.sent, is, err = tg.sent.Issue(t.rec.Key[:], tg.bind, spec, t.now); err != nil {
			return err
		}
		*tg.sends++
		return tg.keep()
	})
	return is, tg, err
}

// dispatch words the message and hands it to its sender.
func (s *Service) dispatch(ctx context.Context, p Profile, from Client, is otpcode.Issued, tg *target) error {
	locale := p.Locale
	if locale == "" {
		locale = from.Locale
	}
	ch := channel(tg.kind)
	m, err := s.cfg.Messaging.Texts.Code(tg.code, ch, locale, is)
	if err != nil {
		return errors.Join(otpcode.ErrNotSent, err)
	}
	m.To = tg.to
	m.IdempotencyKey = base64.RawURLEncoding.EncodeToString([]byte(tg.bind.Login)) + "-" + is.Reference
	return s.cfg.Messaging.sender(ch).Send(ctx, m)
}

// undelivered takes a code back that has definitely not gone out, as if it had
// never been asked for. One that may still arrive stays good.
func (s *Service) undelivered(ctx context.Context, user string, req SendRequest, is otpcode.Issued, find aim, cause error) error {
	no := reject(ReasonSendFailed)
	s.emit(ctx, Event{Type: EventSendFailed, UserID: user, At: is.Sent, Reason: no.Reason})
	if !errors.Is(cause, otpcode.ErrNotSent) {
		return no
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settle)
	defer cancel()
	err := s.update(ctx, user, true, func(t *tx) error {
		tg, err := find(t)
		if err != nil {
			return t.refuseErr(err)
		}
		*tg.sent = tg.sent.Abandon(is.Reference)
		*tg.sends = max(0, *tg.sends-1)
		return tg.keep()
	})
	if err = errors.Join(unlessRejected(err), s.cfg.Messaging.Guard.Release(ctx, req)); err != nil {
		return fmt.Errorf("twofactor: taking back a code that was not sent: %w", err)
	}
	return no
}

func channel(k Kind) otpcode.Channel {
	if k == SMS {
		return otpcode.SMS
	}
	return otpcode.Email
}
