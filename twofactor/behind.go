package twofactor

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

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

// noticeKey is the idempotency key of one mail.
func noticeKey(user string, n record.Notice, to string) string {
	sum := digest(strings.Join([]string{"notice", user, n.Kind, n.Method, strconv.FormatInt(n.At, 10), to}, "\x00"))
	return "notice-" + hex.EncodeToString(sum[:])
}
