package main

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/memory"
	"github.com/stretchr/testify/require"
)

// TestResetCodeOutlivesAStrangersRequest: anybody can ask in the owner's name.
func TestResetCodeOutlivesAStrangersRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	owners := s.resetCode("bob")
	s.clock.Advance(resetPause)
	later := s.resetCode("bob")
	require.NotEqual(t, owners, later)
	b := s.browser()
	require.Equal(t, "/sign-in", b.post("/reset-password", "reset", owners, "new", "another-password").url.Path)
	require.Equal(t, 400, b.post("/reset-password", "reset", later, "new", "yet-another-password").status)
}

func TestResetMailsHaveADailyEnd(t *testing.T) {
	t.Parallel()
	rs, now := newResets(), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for day := range 3 {
		sent, last := 0, now
		for end := now.Add(24 * time.Hour); now.Before(end); now = now.Add(time.Minute) {
			if rs.begin("bob", now) != "" {
				sent, last = sent+1, now
			}
			require.LessOrEqual(t, now.Sub(last), resetMost, "the owner gets one before long")
		}
		require.InDelta(t, 12, sent, 4, "day %d", day)
		require.NotEmpty(t, rs.begin("alice", now))
	}
}

// TestResetMailIsSentBehindTheRequest: the time that it takes says who has an
// account, and the app stops after it.
func TestResetMailIsSentBehindTheRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, "access")
	entered, leave := make(chan struct{}), make(chan struct{})
	var err error
	s.app.messages, err = memory.NewOutbox(memory.OutboxConfig{Fail: func(ctx context.Context, _ otpcode.Message) error {
		close(entered)
		select {
		case <-leave:
		case <-time.After(20 * time.Second):
		}
		return ctx.Err()
	}})
	require.NoError(t, err)
	began := time.Now()
	require.Equal(t, "/reset-password", s.browser().post("/forgot-password", "user", "bob@example.com").url.Path)
	<-entered
	require.Less(t, time.Since(began), 20*time.Second, "the answer has waited for the mail")
	stopping, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.app.drain(stopping), context.Canceled, "the mail is under way")
	close(leave)
	require.NoError(t, s.app.drain(t.Context()))
	require.Len(t, s.app.messages.Messages(), 1)
}
