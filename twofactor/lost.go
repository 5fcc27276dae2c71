package twofactor

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/totp"
)

// MethodLostDevice, as Answer.Method, says that the code is the one that
// [Service.LostDevice] sent.
const MethodLostDevice = "lost_device"

// phoneAge is how long a number must have stood before it replaces a device:
// long enough for its owner to notice that someone changed it.
const phoneAge = 72 * time.Hour

// nowhere is where the code goes if the digits were wrong.
const nowhere = "-"

// LostDevice asks for a code to the number in the profile, in place of a second
// factor that is out of reach. Whoever asks shows the number's last four digits.
//
// The answer is nil for right and wrong digits, for a number that is too young,
// and where there is none: only the message tells, to its owner. A mail tells
// the owner at once too. It matches [ErrRejected] when there were too many
// tries; those have a budget of their own, and known browsers have another.
func (s *Service) LostDevice(ctx context.Context, token, lastDigits string, from Client) error {
	if !s.policy.LostDevice {
		return reject(ReasonPolicy)
	}
	p, err := s.openPending(token)
	if err != nil {
		return err
	}
	digits, err := totp.Normalize(lastDigits)
	if err != nil || len(digits) != 4 {
		return reject(ReasonMalformedCode)
	}
	profile, err := s.profile(ctx, p.User)
	if err != nil {
		return err
	}
	var is otpcode.Issued
	var tg *target
	err = s.update(ctx, p.User, true, func(t *tx) error {
		var err error
		is, tg, err = t.lost(p, profile, digits)
		return err
	})
	if err != nil || tg.to == nowhere {
		return err
	}
	// The sender's time would tell right from wrong, so it isn't waited for.
	s.behind(ctx, func(ctx context.Context) { s.sendLost(ctx, p, profile, from, is, tg) })
	return nil
}

// lost makes the code of a lost-device request. It does so for wrong digits too,
// and then for nowhere: what is written, charged and answered is the same, now
// and when a code is typed.
func (t *tx) lost(p *pending, profile Profile, digits string) (is otpcode.Issued, tg *target, err error) {
	a, over := t.attempt(p, 0)
	if over != nil {
		return is, nil, t.refuse(over)
	}
	left := &t.rec.Budgets.Digits
	if p.Known {
		left = &t.rec.Budgets.KnownDigits // which nobody elsewhere can use up
	}
	full, ok := tries.Take(*left, t.now, 1)
	if !ok {
		return is, nil, t.refuse(&RejectedError{Reason: ReasonSendLimited, RetryAt: tries.Next(full, t.now, 1)})
	}
	*left = full
	a.Lost = t.lostNumber(profile, digits)
	tg = &target{
		method: MethodLostDevice, kind: SMS, to: a.Lost, proven: true, known: p.Known, digits: t.s.policy.Digits,
		code: otpcode.CodeLostDevice, bind: a.bindLost(t), sent: a.challenge(MethodLostDevice), sends: &a.Sends, ends: a.Expires,
	}
	if no := tg.limit(t.now); no != nil {
		return is, nil, t.refuse(no)
	}
	if a.purse.level(t.now) == 0 {
		tg.digits = longCode
	}
	spec := otpcode.Spec{Digits: tg.digits, Life: t.s.policy.SMSLife}
	if *tg.sent, is, err = tg.sent.Issue(t.rec.Key[:], tg.bind, spec, t.now); err != nil {
		return is, nil, err
	}
	a.Sends++
	// Whoever is called at an event is called in both cases, or the time it takes
	// would tell them apart.
	e := Event{Type: EventLostDevice, Kind: SMS}
	if a.Lost == nowhere {
		e.Reason = ReasonWrongCode
	}
	t.event(e)
	return is, tg, t.keep(a)
}

// sendLost sends the code, if the guard has a place for it. Its user learns of a
// failure by the message that doesn't come, like someone with wrong digits.
func (s *Service) sendLost(ctx context.Context, p *pending, profile Profile, from Client, is otpcode.Issued, tg *target) {
	req := s.request(p.User, from, tg)
	e := Event{Type: EventSent, UserID: p.User, At: is.Sent, Kind: SMS, Method: MethodLostDevice}
	if err := s.cfg.Messaging.Guard.Reserve(ctx, req); err != nil {
		e.Type, e.Reason = EventSendRefused, ReasonSendLimited
	} else if err := s.dispatch(ctx, profile, from, is, tg); err != nil {
		e.Type, e.Reason = EventSendFailed, ReasonSendFailed
		if errors.Is(err, otpcode.ErrNotSent) {
			s.release(ctx, req)
		}
	}
	s.emit(ctx, e)
}

// lostNumber returns the number of the profile if it may stand in for a device
// and ends in those digits, or else nowhere.
func (t *tx) lostNumber(profile Profile, digits string) string {
	phone, err := t.phone(profile, t.own(nil))
	old := err == nil && phone.Verified && phone.Since > 0 && t.now.Unix()-phone.Since >= int64(phoneAge/time.Second)
	last := "----" // compared all the same: the work must not tell either
	if old {
		last = phone.Number[max(0, len(phone.Number)-4):]
	}
	if subtle.ConstantTimeCompare([]byte(last), []byte(digits)) != 1 {
		return nowhere
	}
	return phone.Number
}

// judgeLost decides about a code that was sent for a lost device.
func (t *tx) judgeLost(a *attempt, digits string) (*proof, error) {
	sent := a.sent(MethodLostDevice)
	if sent == nil || !t.s.policy.LostDevice {
		return nil, t.refuse(reject(ReasonNotUsable)) // nobody asked for one
	}
	price := 1
	if guessFree(sent, digits) {
		price = 0
	}
	if no := a.purse.pay(t.now, price); no != nil {
		return nil, t.refuse(no)
	}
	err := t.s.method(SMS).check(t, nil, sent, a.bindLost(t), digits)
	if phone, gone := t.phone(t.profile, t.own(nil)); err == nil && (gone != nil || !phone.Verified || phone.Number != a.Lost) {
		err = reject(ReasonWrongCode) // it went nowhere, or to a number that has been changed since
	}
	no, ok := errors.AsType[*RejectedError](err)
	switch {
	case err == nil:
		a.purse.back(t.now, price)
		t.endAll()
		t.event(Event{Type: EventRecovered, Kind: SMS})
		return &proof{kind: SMS, to: a.Lost, amr: []string{"lost_device", "sms"}, recovered: true}, nil
	case !ok:
		return nil, err
	case no.Reason == ReasonMalformedCode:
		return nil, t.refuse(no)
	}
	return nil, t.wrong(a, no, nil)
}

func (a *attempt) bindLost(t *tx) otpcode.Binding {
	return otpcode.Binding{
		User: t.user, Purpose: MethodLostDevice, Login: string(a.ID[:]), Factor: MethodLostDevice, Destination: a.Lost,
	}
}
