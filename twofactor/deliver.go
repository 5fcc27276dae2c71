package twofactor

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// send makes a code and sends it: a place with the guard first, then the record,
// and only then the message, so that no code arrives that nobody knows. A user
// without a record has nothing to send a code for, which is a refusal and no
// fault unless the record must exist.
func (s *Service) send(ctx context.Context, user string, mustExist bool, from Client, find aim) (*Sent, error) {
	p, err := s.profile(ctx, user)
	if err != nil {
		return nil, err
	}
	req, err := s.reserve(ctx, user, mustExist, from, find)
	if err != nil {
		return nil, err
	}
	is, tg, err := s.issue(ctx, user, req.To, find)
	if err != nil {
		s.release(ctx, req)
		return nil, err
	}
	e := Event{Type: EventSent, UserID: user, At: is.Sent, Kind: tg.kind, Method: tg.method}
	err = s.dispatch(ctx, p, from, is, tg)
	if errors.Is(err, otpcode.ErrNotSent) {
		return nil, s.takeBack(ctx, user, req, is, tg)
	}
	if err != nil {
		e.Type = EventSendUncertain
	}
	s.emit(ctx, e)
	return &Sent{
		Method: tg.method, Hint: tg.hint, Reference: is.Reference, Digits: tg.digits,
		Expires: is.Expires, ResendAt: is.Sent.Add(resendPause), Uncertain: err != nil,
	}, nil
}

// reserve asks the guard for a place for what a look at the record says.
func (s *Service) reserve(ctx context.Context, user string, mustExist bool, from Client, find aim) (SendRequest, error) {
	now, err := s.now()
	if err != nil {
		return SendRequest{}, err
	}
	rec, _, err := s.load(ctx, user, mustExist)
	if err != nil {
		return SendRequest{}, err
	}
	rec.Prune(now.Unix())
	t := &tx{s: s, user: user, rec: rec, now: now}
	tg, err := find(t)
	if err != nil {
		return SendRequest{}, err
	}
	if no := t.limit(tg); no != nil {
		return SendRequest{}, no
	}
	req := s.request(user, from, tg)
	if err := s.cfg.Messaging.Guard.Reserve(ctx, req); err != nil {
		if no, ok := errors.AsType[*RejectedError](err); ok {
			s.emit(ctx, Event{Type: EventSendRefused, UserID: user, At: now, Kind: tg.kind, Method: tg.method, Reason: no.Reason})
			return SendRequest{}, no
		}
		return SendRequest{}, fmt.Errorf("twofactor: the send guard: %w", err)
	}
	return req, nil
}

// release gives a place back, even if the request that took it has ended. At
// worst a place is lost.
func (s *Service) release(ctx context.Context, req SendRequest) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), settle)
	defer cancel()
	if err := s.cfg.Messaging.Guard.Release(within, req); err != nil {
		s.emit(ctx, Event{Type: EventFault, UserID: req.User, At: s.cfg.Now()})
	}
}

func (s *Service) request(user string, from Client, tg *target) SendRequest {
	r := SendRequest{
		User: user, Channel: channel(tg.kind), To: tg.to, Client: from.Addr, Proven: tg.proven, Known: tg.known,
	}
	if r.Channel == otpcode.SMS {
		r.Country, _ = s.cfg.Messaging.Phones.Country(tg.to) // none is on no list
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

// limit refuses what the target does, and a message to a gateway that has just
// refused several: no other limit counts those.
func (t *tx) limit(tg *target) *RejectedError {
	if no := tg.limit(t.now); no != nil {
		return no
	}
	full := *t.failed(tg.kind)
	if failedSends.Level(full, t.now) == 0 {
		return &RejectedError{Reason: ReasonSendLimited, RetryAt: failedSends.Next(full, t.now, 1)}
	}
	return nil
}

// failed is the bucket of the user's messages that a gateway refused. Each has its
// own, so that mail can be tried at once when SMS is down.
func (t *tx) failed(k Kind) *int64 {
	if k == SMS {
		return &t.rec.Budgets.FailedSMS
	}
	return &t.rec.Budgets.FailedMail
}

// limit refuses a message too many, or too soon after the one before.
func (tg *target) limit(now time.Time) *RejectedError {
	if *tg.sends >= sendsPerLogin {
		return &RejectedError{Reason: ReasonSendLimited, RetryAt: time.Unix(tg.ends, 0)}
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
		if no := t.limit(tg); no != nil {
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

// dispatch words the message and hands it to its sender. It goes out even if the
// request has ended: its code is in the record by now.
func (s *Service) dispatch(ctx context.Context, p Profile, from Client, is otpcode.Issued, tg *target) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
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

// takeBack makes a code that has definitely not gone out as if it had never been
// asked for, but for the count of those. The one before, if there was one, is good
// again.
func (s *Service) takeBack(ctx context.Context, user string, req SendRequest, is otpcode.Issued, tg *target) error {
	no := reject(ReasonSendFailed)
	s.emit(ctx, Event{
		Type: EventSendFailed, UserID: user, At: is.Sent, Kind: tg.kind, Method: tg.method, Reason: no.Reason,
	})
	s.release(ctx, req)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settle)
	defer cancel()
	err := s.update(ctx, user, true, func(t *tx) error {
		tg.undo(t, is.Reference)
		failed := t.failed(tg.kind)
		if full, ok := failedSends.Take(*failed, t.now, 1); ok {
			*failed = full
		}
		return nil
	})
	if err != nil {
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
