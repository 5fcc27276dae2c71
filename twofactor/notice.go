package twofactor

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/twofactor/internal/budget"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

const (
	noticeLife  = 7 * 24 * time.Hour // after which a notice that nobody takes is given up
	noticeTime  = 10 * time.Second   // for one mail, so that an address that hangs doesn't keep the others from theirs
	noticeLease = 2 * sendTime       // for the one who sends it, before someone else tries
	noticeFirst = 5 * time.Minute    // until the second try, and twice as long with each
	noticeMost  = 24 * time.Hour
)

// told bounds the mails that one account can make the app send to the address in
// its profile, which nobody need have verified.
var told = budget.Bucket{Size: 20, Refill: time.Hour}

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
	EventDestination:   otpcode.NoticeNumberChanged,
}

// notice puts what the user has to be told into the record, in the same write as
// what it is about. A mail gateway that is down delays it and doesn't lose it.
func (t *tx) notice(e Event) {
	kind, ok := notices[e.Type]
	if !ok || t.s.cfg.Messaging.Email == nil || e.Reason != "" {
		return
	}
	full, ok := told.Take(t.rec.Budgets.Notices, t.now, 1)
	if !ok {
		return // twenty mails have said that something is going on
	}
	t.rec.Budgets.Notices = full
	n := record.Notice{Kind: string(kind), Method: string(e.Kind), At: t.now.Unix(), To: slices.Clone(t.before)}
	for slices.ContainsFunc(t.rec.Notices, n.Same) {
		n.At++ // two in one second are two
	}
	t.rec.Notices = append(t.rec.Notices, n)
	if len(t.rec.Notices) > record.MaxNotices {
		t.forget()
	}
}

// forget makes room for a notice. There is room for one of each kind, so it is
// made by one whose kind the user is told of again later: what someone does over
// and over must not push out what they did before.
func (t *tx) forget() {
	all := t.rec.Notices
	for i, a := range all {
		for j := i + 1; j < len(all); j++ {
			if b := &all[j]; a.Kind == b.Kind && a.Method == b.Method {
				b.To = addresses(Profile{}, a.To, b.To)
				t.rec.Notices = slices.Delete(all, i, i+1)
				return
			}
		}
	}
	t.rec.Notices = slices.Delete(all, 0, 1)
}

// claim takes the notices that are due. Who writes this is the only one to send
// them, for a while.
func (t *tx) claim() []record.Notice {
	var due []record.Notice
	for i := range t.rec.Notices {
		if n := &t.rec.Notices[i]; n.Next <= t.now.Unix() {
			n.Next = t.now.Add(noticeLease).Unix()
			due = append(due, *n)
		}
	}
	return due
}

// remind claims the notices of a record, if some are due, and sends them behind
// the request that saw them.
func (s *Service) remind(ctx context.Context, user string, rec *record.Record, now time.Time) {
	due := func(n record.Notice) bool { return n.Next <= now.Unix() }
	if s.cfg.Messaging.Email == nil || !slices.ContainsFunc(rec.Notices, due) {
		return
	}
	s.behind(ctx, func(ctx context.Context) {
		_ = s.update(ctx, user, true, func(t *tx) error {
			if !slices.ContainsFunc(t.rec.Notices, due) {
				return t.refuse(reject(ReasonConflict)) // someone else has them
			}
			return nil // any write claims
		})
	})
}

// sendNotices sends what a write has claimed.
func (s *Service) sendNotices(ctx context.Context, user string, due []record.Notice, factors []record.Factor) {
	if len(due) == 0 || s.cfg.Messaging.Email == nil {
		return
	}
	now := mails(factors)
	s.behind(ctx, func(ctx context.Context) {
		if err := s.tellUser(ctx, user, due, now); err != nil {
			s.emit(ctx, Event{Type: EventSendFailed, UserID: user, At: s.cfg.Now(), Kind: Email})
		}
	})
}

// tellUser sends notices to every address that the user has or had, so that a
// new one is not the only one told, and takes from the record what went out.
func (s *Service) tellUser(ctx context.Context, user string, due []record.Notice, now []string) error {
	p, err := s.profile(ctx, user)
	if err != nil {
		return err
	}
	var failed error
	for i := range due {
		n := &due[i]
		if !n.Found {
			n.To, n.Found = addresses(p, n.To, now), true
		}
		n.To, err = s.mail(ctx, user, p, *n)
		failed = errors.Join(failed, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settle)
	defer cancel()
	err = s.update(ctx, user, true, func(t *tx) error {
		for _, n := range due {
			i := slices.IndexFunc(t.rec.Notices, n.Same)
			switch {
			case i < 0:
			case len(n.To) == 0 || t.now.Unix()-n.At > int64(noticeLife/time.Second):
				t.rec.Notices = slices.Delete(t.rec.Notices, i, i+1)
			default:
				n.Next = t.now.Add(min(noticeMost, noticeFirst<<min(n.Tries, 16))).Unix()
				n.Tries++
				t.rec.Notices[i] = n
			}
		}
		t.quiet = true
		return nil
	})
	return errors.Join(failed, err)
}

// mail sends a notice, and returns the addresses that it has not reached yet.
func (s *Service) mail(ctx context.Context, user string, p Profile, n record.Notice) ([]string, error) {
	m, err := s.cfg.Messaging.Texts.Notice(p.Locale, otpcode.Notice{
		Kind: otpcode.NoticeKind(n.Kind), Method: n.Method, At: time.Unix(n.At, 0),
	})
	if err != nil {
		return n.To, err
	}
	var left []string
	for _, to := range n.To {
		m.To, m.IdempotencyKey = to, noticeKey(user, n, to)
		ctx, cancel := context.WithTimeout(ctx, noticeTime)
		failed := s.cfg.Messaging.Email.Send(ctx, m)
		cancel()
		if failed != nil && !errors.Is(failed, otpcode.ErrUndeliverable) {
			left = append(left, to)
		}
		err = errors.Join(err, failed)
	}
	return left, err
}

// addresses are where a notice goes, each once.
func addresses(p Profile, lists ...[]string) []string {
	all := slices.Concat(lists...)
	if checkMail(p.Email) == nil {
		all = append(all, p.Email)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), record.MaxTold)]
}

// mails are the addresses of the factors by mail.
func mails(factors []record.Factor) []string {
	var all []string
	for i := range factors {
		if f := &factors[i]; f.Kind == string(Email) && f.Address != nil {
			all = append(all, f.Address.To)
		}
	}
	return all
}
