package twofactor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// noticeTries is how often a notice is tried before it is given up.
const noticeTries = 5

// notices are the events that the user is told by mail, since each of them may
// be someone else's doing (NIST SP 800-63B-4, section 4.6; OWASP ASVS 6.3.7).
var notices = map[EventType]otpcode.NoticeKind{
	EventEnrolled:      otpcode.NoticeFactorAdded,
	EventRemoved:       otpcode.NoticeFactorRemoved,
	EventSwitchedOff:   otpcode.NoticeDisabled,
	EventNewCodes:      otpcode.NoticeRecoveryNew,
	EventRecovered:     otpcode.NoticeRecoveryUsed,
	EventLostDevice:    otpcode.NoticeLostDevice,
	EventReset:         otpcode.NoticeReset,
	EventUnfinished:    otpcode.NoticeUnfinished,
	EventPasswordTries: otpcode.NoticePasswordTries,
}

// notice puts what the user has to be told into the record, in the same write as
// what it is about. A mail gateway that is down delays it and doesn't lose it.
func (t *tx) notice(e Event) {
	kind, ok := notices[e.Type]
	if !ok || t.s.cfg.Messaging.Email == nil {
		return
	}
	n := record.Notice{Kind: string(kind), Method: string(e.Kind), At: t.now.Unix()}
	if f := t.rec.Factor(e.Method); f != nil && f.Kind == string(Email) {
		n.Also = f.Address.To // told even if the factor is gone by then
	}
	if len(t.rec.Notices) >= record.MaxNotices {
		t.rec.Notices = slices.Delete(t.rec.Notices, 0, 1)
	}
	t.rec.Notices = append(t.rec.Notices, n)
}

// remind sends the notices of a record behind the request that saw them.
func (s *Service) remind(ctx context.Context, user string, rec *record.Record) {
	if len(rec.Notices) == 0 || s.cfg.Messaging.Email == nil {
		return
	}
	due, factors := slices.Clone(rec.Notices), slices.Clone(rec.Factors)
	s.behind(ctx, func(ctx context.Context) {
		if err := s.tellUser(ctx, user, due, factors); err != nil {
			s.emit(ctx, Event{Type: EventSendFailed, UserID: user, At: s.cfg.Now(), Kind: Email})
		}
	})
}

// tellUser sends notices to every address that the user has, so that a new one
// is not the only one told, and takes those that went out from the record.
func (s *Service) tellUser(ctx context.Context, user string, due []record.Notice, factors []record.Factor) error {
	p, err := s.profile(ctx, user)
	if err != nil {
		return err
	}
	var failed error
	done := make(map[record.Notice]bool)
	for _, n := range due {
		err := s.mail(ctx, user, p, n, addresses(p, n, factors))
		done[n] = err == nil || n.Tries+1 >= noticeTries
		failed = errors.Join(failed, err)
	}
	err = s.update(ctx, user, true, func(t *tx) error {
		t.rec.Notices = slices.DeleteFunc(t.rec.Notices, func(n record.Notice) bool { return done[n] })
		for i, n := range t.rec.Notices {
			if gone, tried := done[n]; tried && !gone {
				t.rec.Notices[i].Tries++
			}
		}
		t.quiet = true
		return nil
	})
	return errors.Join(failed, err)
}

// addresses are where a notice goes.
func addresses(p Profile, n record.Notice, factors []record.Factor) []string {
	all := []string{p.Email, n.Also}
	for _, f := range factors {
		if f.Kind == string(Email) {
			all = append(all, f.Address.To)
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(to string) bool { return to == "" })
}

func (s *Service) mail(ctx context.Context, user string, p Profile, n record.Notice, to []string) error {
	m, err := s.cfg.Messaging.Texts.Notice(p.Locale, otpcode.Notice{
		Kind: otpcode.NoticeKind(n.Kind), Method: n.Method, At: time.Unix(n.At, 0),
	})
	if err != nil {
		return err
	}
	for i, to := range to {
		m.To = to
		sum := digest(fmt.Sprint(user, n.Kind, n.At, i))
		m.IdempotencyKey = fmt.Sprintf("notice-%x", sum)
		err = errors.Join(err, s.cfg.Messaging.Email.Send(ctx, m))
	}
	return err
}

// behind does something that a request doesn't wait for.
func (s *Service) behind(ctx context.Context, f func(context.Context)) {
	s.under.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
		defer cancel()
		f(ctx)
	})
}

// Drain waits until the messages under way have been handed over, or ctx ends.
// Call it when the server has stopped taking requests.
func (s *Service) Drain(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		s.under.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
