package sendertest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
	"github.com/latchkey-auth/latchkey/providers/sendertest"
)

// A sender is a right Sender with the backend built in. Its hooks, one per
// step, are where the broken ones differ.
type sender struct {
	mu       sync.Mutex
	state    sendertest.State
	received []sendertest.Received

	check   func(ctx context.Context, m otpcode.Message) error
	deliver func(m otpcode.Message) sendertest.Received
	answer  func(ctx context.Context, s sendertest.State, m otpcode.Message) error
	around  func(send func() error, m otpcode.Message) error
}

func newSender() *sender {
	return &sender{
		check: func(ctx context.Context, m otpcode.Message) error {
			return outbound.Check(ctx, m, otpcode.SMS, otpcode.Email)
		},
		deliver: func(m otpcode.Message) sendertest.Received {
			return sendertest.Received{To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML, IdempotencyKey: m.IdempotencyKey}
		},
		answer: answer,
		around: func(send func() error, _ otpcode.Message) error { return send() },
	}
}

var errCut = errors.New("connection cut")

func answer(ctx context.Context, s sendertest.State, _ otpcode.Message) error {
	switch s {
	case sendertest.Refusing:
		return otpcode.ErrUndeliverable
	case sendertest.Failing:
		return otpcode.ErrNotSent
	case sendertest.Hanging:
		<-ctx.Done()
		return ctx.Err()
	case sendertest.Cutting:
		return errCut
	default:
		return nil
	}
}

func (s *sender) Send(ctx context.Context, m otpcode.Message) error {
	if err := s.check(ctx, m); err != nil {
		return err
	}
	return s.around(func() error {
		s.mu.Lock()
		s.received = append(s.received, s.deliver(m))
		state := s.state
		s.mu.Unlock()
		return s.answer(ctx, state, m)
	}, m)
}

func (s *sender) target() sendertest.Target {
	return sendertest.Target{
		Sender:     s,
		Channels:   []otpcode.Channel{otpcode.SMS, otpcode.Email},
		Idempotent: true,
		Set: func(state sendertest.State) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.state = state
		},
		Received: func() []sendertest.Received {
			s.mu.Lock()
			defer s.mu.Unlock()
			return append([]sendertest.Received(nil), s.received...)
		},
	}
}

func TestRightSenderPasses(t *testing.T) {
	t.Parallel()
	sendertest.Test(t, func(*testing.T) sendertest.Target { return newSender().target() })
}

// unchecked lets wrong messages through whose fault skip names.
func unchecked(skip func(m otpcode.Message) bool) func(s *sender) {
	return func(s *sender) {
		right := s.check
		s.check = func(ctx context.Context, m otpcode.Message) error {
			if skip(m) {
				return nil
			}
			return right(ctx, m)
		}
	}
}

// answering replaces the Sender's answer in one state.
func answering(state sendertest.State, with func(ctx context.Context, m otpcode.Message) error) func(s *sender) {
	return func(s *sender) {
		s.answer = func(ctx context.Context, got sendertest.State, m otpcode.Message) error {
			if got == state {
				return with(ctx, m)
			}
			return answer(ctx, got, m)
		}
	}
}

func receiving(change func(r *sendertest.Received)) func(s *sender) {
	return func(s *sender) {
		right := s.deliver
		s.deliver = func(m otpcode.Message) sendertest.Received {
			r := right(m)
			change(&r)
			return r
		}
	}
}

func returning(err error) func(context.Context, otpcode.Message) error {
	return func(context.Context, otpcode.Message) error { return err }
}

var broken = []struct {
	name   string
	damage func(s *sender)
	caught string // the case that has to fail
	also   []string
}{
	{"footer after the bound line", receiving(func(r *sendertest.Received) { r.Text += "\nReply STOP to opt out" }), "Exact", []string{"Concurrent", "Cut", "CanceledWhileHanging"}},
	{"text trimmed to ASCII", receiving(func(r *sendertest.Received) {
		r.Text = strings.Map(func(c rune) rune {
			if c > 127 {
				return '?'
			}
			return c
		}, r.Text)
	}), "Exact", []string{"Concurrent", "Cut", "CanceledWhileHanging"}},
	{"leading dots doubled", receiving(func(r *sendertest.Received) { r.Text = strings.ReplaceAll(r.Text, "\n.", "\n..") }), "Exact", nil},
	{"subject lost", receiving(func(r *sendertest.Received) { r.Subject = "" }), "Exact", []string{"Concurrent", "Cut", "CanceledWhileHanging"}},
	{"one message shared by all goroutines", func(s *sender) {
		// Only Concurrent sends messages with two digits; these wait for each
		// other and then all take what the last one has left.
		var started atomic.Int32
		var last atomic.Pointer[otpcode.Message]
		ready := make(chan struct{})
		right := s.deliver
		s.around = func(send func() error, m otpcode.Message) error {
			if m.IdempotencyKey < "key-2" && len(m.IdempotencyKey) > len("key-0-7c1f") {
				last.Store(&m)
				if started.Add(1) == 10 {
					close(ready)
				}
				<-ready
			}
			return send()
		}
		s.deliver = func(m otpcode.Message) sendertest.Received {
			if shared := last.Load(); shared != nil {
				m = *shared
			}
			return right(m)
		}
	}, "Concurrent", nil},
	{"refuses when busy", func(s *sender) {
		var busy atomic.Int32
		s.around = func(send func() error, m otpcode.Message) error {
			if busy.Add(1) == 2 && m.To != "" {
				return fmt.Errorf("busy: %w", otpcode.ErrNotSent)
			}
			return send()
		}
	}, "Concurrent", []string{"Exact", "Failed", "Cut", "Idempotency"}},
	{"any channel taken", unchecked(func(m otpcode.Message) bool {
		return m.Channel != otpcode.SMS && m.Channel != otpcode.Email
	}), "WrongChannel", nil},
	{"wrong channel called temporary", func(s *sender) {
		right := s.check
		s.check = func(ctx context.Context, m otpcode.Message) error {
			if m.Channel == "fax" {
				return otpcode.ErrNotSent
			}
			return right(ctx, m)
		}
	}, "WrongChannel", nil},
	{"destination not checked", unchecked(func(m otpcode.Message) bool {
		return !strings.ContainsAny(m.To+m.Subject, "\r\n") && (m.Channel == otpcode.SMS || m.Channel == otpcode.Email)
	}), "BadDestination", []string{"CanceledBefore"}},
	{"destination with line break taken", unchecked(func(m otpcode.Message) bool { return strings.ContainsAny(m.To, "\r\n") }), "HeaderInjection", nil},
	{"subject with line break taken", unchecked(func(m otpcode.Message) bool { return strings.Contains(m.Subject, "\n") }), "HeaderInjection", nil},
	{"lone carriage return taken", unchecked(func(m otpcode.Message) bool {
		return strings.Contains(m.Subject, "\r") && !strings.Contains(m.Subject, "\n")
	}), "HeaderInjection", nil},
	{"refusal called temporary", answering(sendertest.Refusing, returning(otpcode.ErrNotSent)), "Refused", nil},
	{"refusal called unknown", answering(sendertest.Refusing, returning(errCut)), "Refused", nil},
	{"refusal swallowed", answering(sendertest.Refusing, returning(nil)), "Refused", nil},
	{"failure called permanent", answering(sendertest.Failing, returning(otpcode.ErrUndeliverable)), "Failed", nil},
	{"failure called unknown", answering(sendertest.Failing, returning(errCut)), "Failed", nil},
	{"failure that sticks", func(s *sender) {
		var failed atomic.Bool
		s.answer = func(ctx context.Context, state sendertest.State, m otpcode.Message) error {
			if state == sendertest.Failing {
				failed.Store(true)
			}
			if failed.Load() {
				return otpcode.ErrNotSent
			}
			return answer(ctx, state, m)
		}
	}, "Failed", nil},
	{"cut connection called not sent", answering(sendertest.Cutting, returning(otpcode.ErrNotSent)), "Cut", nil},
	{"cut connection called sent", answering(sendertest.Cutting, returning(nil)), "Cut", nil},
	{"tries again after a cut", func(s *sender) {
		s.around = func(send func() error, _ otpcode.Message) error {
			err := send()
			if errors.Is(err, errCut) {
				err = send()
			}
			return err
		}
	}, "Cut", nil},
	{"context looked at too late", unchecked(func(m otpcode.Message) bool {
		return m.To != "" && outbound.Check(context.Background(), m, otpcode.SMS, otpcode.Email) == nil
	}), "CanceledBefore", nil},
	{"canceled context called permanent", func(s *sender) {
		right := s.check
		s.check = func(ctx context.Context, m otpcode.Message) error {
			if ctx.Err() != nil {
				return otpcode.ErrUndeliverable
			}
			return right(ctx, m)
		}
	}, "CanceledBefore", nil},
	{"end of context called not sent", answering(sendertest.Hanging, func(ctx context.Context, _ otpcode.Message) error {
		<-ctx.Done()
		return otpcode.ErrNotSent
	}), "CanceledWhileHanging", []string{"Deadline"}},
	{"end of context called sent", answering(sendertest.Hanging, func(ctx context.Context, _ otpcode.Message) error {
		<-ctx.Done()
		return nil
	}), "Deadline", []string{"CanceledWhileHanging"}},
	{"number in the error", answering(sendertest.Failing, func(_ context.Context, m otpcode.Message) error {
		return fmt.Errorf("cannot send to %s: %w", m.To, otpcode.ErrNotSent)
	}), "Quiet", nil},
	{"text in a wrapped error", answering(sendertest.Cutting, func(_ context.Context, m otpcode.Message) error {
		return hiding{fmt.Errorf("body was %q", m.Text)}
	}), "Quiet", nil},
	{"address in the error for a malformed one", func(s *sender) {
		right := s.check
		s.check = func(ctx context.Context, m otpcode.Message) error {
			if err := right(ctx, m); err != nil {
				return fmt.Errorf("%q: %w", m.To, err)
			}
			return nil
		}
	}, "Quiet", nil},
	{"number in the log", answering(sendertest.Refusing, func(_ context.Context, m otpcode.Message) error {
		log.Printf("refused: %s", m.To)
		return otpcode.ErrUndeliverable
	}), "Quiet", nil},
	{"key not passed on", receiving(func(r *sendertest.Received) { r.IdempotencyKey = "" }), "Idempotency", nil},
	{"new key for each try", func(s *sender) {
		var n atomic.Int32
		receiving(func(r *sendertest.Received) { r.IdempotencyKey = fmt.Sprint(n.Add(1)) })(s)
	}, "Idempotency", nil},
	{"one key for all", receiving(func(r *sendertest.Received) { r.IdempotencyKey = "k" }), "Idempotency", nil},
	{"one key for all that have none", receiving(func(r *sendertest.Received) {
		if r.IdempotencyKey == "" {
			r.IdempotencyKey = "none"
		}
	}), "Idempotency", nil},
}

// hiding hides a cause from Error but not from Unwrap.
type hiding struct{ cause error }

func (hiding) Error() string   { return "failed" }
func (h hiding) Unwrap() error { return h.cause }

func TestBrokenSendersFail(t *testing.T) {
	t.Parallel()
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			found := make(map[string]error)
			for _, channel := range []otpcode.Channel{otpcode.SMS, otpcode.Email} {
				maps.Copy(found, sendertest.Failures(t.Context(), channel, func() sendertest.Target {
					s := newSender()
					b.damage(s)
					return s.target()
				}))
			}
			require.Contains(t, found, b.caught)
			for name := range found {
				require.Contains(t, append(b.also, b.caught), name, "a case failed that should not mind: %v", found[name])
			}
		})
	}
}

func TestEachCaseCatchesABrokenSender(t *testing.T) {
	t.Parallel()
	var caught []string
	for _, b := range broken {
		caught = append(caught, b.caught)
	}
	for _, name := range sendertest.Names() {
		require.Contains(t, caught, name)
	}
}

// A Sender that never returns is its own case, since it costs the suite's
// whole patience.
func TestSenderThatIgnoresItsContextFails(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for the suite to lose its patience")
	}
	release := make(chan struct{})
	defer close(release)
	failures := sendertest.Failures(t.Context(), otpcode.SMS, func() sendertest.Target {
		s := newSender()
		answering(sendertest.Hanging, func(context.Context, otpcode.Message) error {
			<-release
			return errCut
		})(s)
		return s.target()
	})
	require.Contains(t, failures, "CanceledWhileHanging")
	require.Contains(t, failures, "Deadline")
	require.Len(t, failures, 2)
}
