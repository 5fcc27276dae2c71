package otpcode_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// stub answers every message with err and keeps what it got.
type stub struct {
	err  error
	then func()
	got  []otpcode.Message
}

func (s *stub) Send(_ context.Context, m otpcode.Message) error {
	s.got = append(s.got, m)
	if s.then != nil {
		s.then()
	}
	return s.err
}

func TestChain(t *testing.T) {
	t.Parallel()
	notSent := fmt.Errorf("gateway says 503: %w", otpcode.ErrNotSent)
	refused := fmt.Errorf("recipient said STOP: %w", otpcode.ErrUndeliverable)
	unknown := errors.New("connection reset")
	for name, c := range map[string]struct {
		answers    []error
		want       error // nil means sent
		tried      int
		definitely bool // that it was not sent
		text       string
	}{
		"first":            {[]error{nil, nil}, nil, 1, false, ""},
		"second":           {[]error{notSent, nil}, nil, 2, false, ""},
		"none":             {[]error{notSent, notSent}, notSent, 2, true, "a: gateway says 503: otpcode: message was not sent; b: gateway says 503"},
		"refused":          {[]error{refused, nil}, refused, 1, true, "a: recipient said STOP"},
		"second refused":   {[]error{notSent, refused, nil}, refused, 2, true, "b: recipient said STOP"},
		"unknown":          {[]error{unknown, nil}, unknown, 1, false, "a: connection reset"},
		"unknown at last":  {[]error{notSent, unknown, nil}, unknown, 2, false, "a: gateway says 503: otpcode: message was not sent; b: connection reset"},
		"deadline at last": {[]error{notSent, context.DeadlineExceeded}, context.DeadlineExceeded, 2, false, "b: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var links []otpcode.Link
			var stubs []*stub
			for i, err := range c.answers {
				stubs = append(stubs, &stub{err: err})
				links = append(links, otpcode.Link{Name: string(rune('a' + i)), Sender: stubs[i]})
			}
			chain, err := otpcode.NewChain(links...)
			require.NoError(t, err)
			m := otpcode.Message{To: "+61412345678", Text: "123456 is your code", IdempotencyKey: "k"}
			err = chain.Send(t.Context(), m)
			tried := 0
			for _, s := range stubs {
				tried += len(s.got)
				for _, got := range s.got {
					require.Equal(t, m, got)
				}
			}
			require.Equal(t, c.tried, tried)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.want)
			require.Equal(t, c.definitely, errors.Is(err, otpcode.ErrNotSent))
			require.Equal(t, errors.Is(c.want, otpcode.ErrUndeliverable), errors.Is(err, otpcode.ErrUndeliverable))
			require.Contains(t, err.Error(), c.text)
			require.NotContains(t, err.Error(), m.To)
			require.NotContains(t, err.Error(), "123456")
		})
	}
}

func TestChainHonorsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	first := &stub{err: otpcode.ErrNotSent, then: cancel}
	second := &stub{}
	chain, err := otpcode.NewChain(otpcode.Link{Name: "first", Sender: first}, otpcode.Link{Name: "second", Sender: second})
	require.NoError(t, err)
	err = chain.Send(ctx, otpcode.Message{})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, otpcode.ErrNotSent, "nobody took it")
	require.Len(t, first.got, 1)
	require.Empty(t, second.got)

	require.ErrorIs(t, chain.Send(ctx, otpcode.Message{}), otpcode.ErrNotSent)
	require.Len(t, first.got, 1)
}

func TestNewChainRefuses(t *testing.T) {
	t.Parallel()
	for name, links := range map[string][]otpcode.Link{
		"empty":     nil,
		"no name":   {{Sender: &stub{}}},
		"no sender": {{Name: "a"}},
		"one name":  {{Name: "a", Sender: &stub{}}, {Name: "a", Sender: &stub{}}},
	} {
		_, err := otpcode.NewChain(links...)
		require.Error(t, err, name)
	}
}
