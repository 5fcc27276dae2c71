package memory_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/latchkey-auth/latchkey/providers/sendertest"
)

func newOutbox(t *testing.T, cfg memory.OutboxConfig) *memory.Outbox {
	t.Helper()
	o, err := memory.NewOutbox(cfg)
	require.NoError(t, err)
	return o
}

func sms(to, text string) otpcode.Message {
	return otpcode.Message{Channel: otpcode.SMS, To: to, Text: text}
}

func TestOutboxConforms(t *testing.T) {
	t.Parallel()
	sendertest.Test(t, func(t *testing.T) sendertest.Target {
		var state atomic.Int64
		o := newOutbox(t, memory.OutboxConfig{Fail: func(ctx context.Context, _ otpcode.Message) error {
			switch sendertest.State(state.Load()) {
			case sendertest.Refusing:
				return otpcode.ErrUndeliverable
			case sendertest.Failing:
				return otpcode.ErrNotSent
			case sendertest.Cutting:
				return errors.New("cut")
			default:
				return nil
			}
		}})
		return sendertest.Target{
			Sender:     o,
			Channels:   []otpcode.Channel{otpcode.SMS, otpcode.Email},
			Set:        func(s sendertest.State) { state.Store(int64(s)) },
			Lacks:      []sendertest.State{sendertest.Hanging},
			Idempotent: true,
			Received: func() []sendertest.Received {
				var list []sendertest.Received
				for _, d := range o.Messages() {
					list = append(list, sendertest.Received{To: d.To, Subject: d.Subject, Text: d.Text, HTML: d.HTML, IdempotencyKey: d.IdempotencyKey})
				}
				return list
			},
		}
	})
}

func TestOutboxForgetsTheOldest(t *testing.T) {
	t.Parallel()
	o := newOutbox(t, memory.OutboxConfig{Limit: 2})
	for _, text := range []string{"one", "two", "three"} {
		require.NoError(t, o.Send(t.Context(), sms("+61491570156", text)))
	}
	kept := o.Messages()
	require.Len(t, kept, 2)
	require.Equal(t, "two", kept[0].Text)
	require.Equal(t, "three", kept[1].Text)
}

func TestOutboxReturnsCopies(t *testing.T) {
	t.Parallel()
	o := newOutbox(t, memory.OutboxConfig{})
	require.NoError(t, o.Send(t.Context(), sms("+61491570156", "one")))
	o.Messages()[0].Text = "changed"
	require.Equal(t, "one", o.Messages()[0].Text)
}

func TestOutboxLast(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	o := newOutbox(t, memory.OutboxConfig{Now: func() time.Time { return now }})
	require.NoError(t, o.Send(t.Context(), sms("+61491570156", "old")))
	now = now.Add(time.Minute)
	require.NoError(t, o.Send(t.Context(), sms("+61491570156", "new")))
	require.NoError(t, o.Send(t.Context(), sms("+61491570157", "other")))

	last, ok := o.Last("+61491570156")
	require.True(t, ok)
	require.Equal(t, "new", last.Text)
	require.Equal(t, now, last.At)
	_, ok = o.Last("+61491570158")
	require.False(t, ok)
}

func TestOutboxFailure(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		fail error
		kept int
	}{
		{"none", nil, 1},
		{"not sent", fmt.Errorf("full: %w", otpcode.ErrNotSent), 0},
		{"undeliverable", otpcode.ErrUndeliverable, 0},
		{"unknown", errors.New("cut"), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := newOutbox(t, memory.OutboxConfig{Fail: func(context.Context, otpcode.Message) error { return test.fail }})
			require.Equal(t, test.fail, o.Send(t.Context(), sms("+61491570156", "one")))
			require.Len(t, o.Messages(), test.kept)
		})
	}
}

func TestNewOutboxRefusesNegativeLimit(t *testing.T) {
	t.Parallel()
	_, err := memory.NewOutbox(memory.OutboxConfig{Limit: -1})
	require.Error(t, err)
}

func ExampleOutbox() {
	outbox, err := memory.NewOutbox(memory.OutboxConfig{})
	if err != nil {
		panic(err)
	}
	err = outbox.Send(context.Background(), otpcode.Message{
		Channel: otpcode.SMS,
		To:      "+61491570156",
		Text:    "Your code is 007731",
	})
	if err != nil {
		panic(err)
	}
	last, ok := outbox.Last("+61491570156")
	fmt.Println(ok, last.Text)
	// Output: true Your code is 007731
}
