package sendertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// patience is how long the suite waits for something that should happen at
// once; a slow machine must not fail a good Sender.
const patience = 10 * time.Second

func exact(ctx context.Context, target Target, channel otpcode.Channel) error {
	long := message(channel, 1)
	long.Text = "‘Ünïcode’ — 日本語, emoji 🔑, =equals, 100 %, a&b=c; \"quotes\" \\ back\n.dot on its own:\n.\nlast line\n@login.example.com #000042"
	bare := message(channel, 2)
	bare.Locale, bare.Reference, bare.IdempotencyKey, bare.HTML = "", "", "", ""
	messages := []otpcode.Message{message(channel, 0), long, bare}
	for _, m := range messages {
		if err := target.Sender.Send(ctx, m); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	return arrived(target, messages...)
}

func concurrent(ctx context.Context, target Target, channel otpcode.Channel) error {
	const n = 32
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = target.Sender.Send(ctx, message(channel, i)) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	got := target.Received()
	if len(got) != n {
		return fmt.Errorf("%d messages arrived, want %d", len(got), n)
	}
	byDestination := make(map[string]Received, n)
	for _, r := range got {
		byDestination[r.To] = r
	}
	for i := range n {
		m := message(channel, i)
		errs[i] = same(byDestination[m.To], m)
	}
	return errors.Join(errs...)
}

func refused(ctx context.Context, target Target, channel otpcode.Channel) error {
	target.Set(Refusing)
	return wantUndeliverable(target.Sender.Send(ctx, message(channel, 0)))
}

func failed(ctx context.Context, target Target, channel otpcode.Channel) error {
	target.Set(Failing)
	if err := wantNotSent(target.Sender.Send(ctx, message(channel, 0))); err != nil {
		return err
	}
	before := len(target.Received())
	target.Set(Accepting)
	if err := target.Sender.Send(ctx, message(channel, 0)); err != nil {
		return fmt.Errorf("send after the backend recovered: %w", err)
	}
	if n := len(target.Received()) - before; n != 1 {
		return fmt.Errorf("%d messages arrived after the backend recovered, want 1", n)
	}
	return nil
}

func cut(ctx context.Context, target Target, channel otpcode.Channel) error {
	// The first message leaves a connection behind: clients like to try again
	// by themselves when one that was used before ends.
	warm, m := message(channel, 0), message(channel, 1)
	if err := target.Sender.Send(ctx, warm); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	target.Set(Cutting)
	if err := wantUnknown(target.Sender.Send(ctx, m)); err != nil {
		return err
	}
	return arrived(target, warm, m)
}

func canceledBefore(ctx context.Context, target Target, channel otpcode.Channel) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if err := wantNotSent(target.Sender.Send(ctx, message(channel, 0))); err != nil {
		return err
	}
	return arrived(target)
}

func canceledWhileHanging(ctx context.Context, target Target, channel otpcode.Channel) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	target.Set(Hanging)
	m := message(channel, 0)
	done := send(ctx, target, m)
	if err := awaitArrival(target, done); err != nil {
		return err
	}
	cancel()
	if err := await(done, wantUnknown); err != nil {
		return err
	}
	return arrived(target, m)
}

func deadline(ctx context.Context, target Target, channel otpcode.Channel) error {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	target.Set(Hanging)
	done := send(ctx, target, message(channel, 0))
	return await(done, func(err error) error {
		if errors.Is(err, otpcode.ErrNotSent) && len(target.Received()) == 0 {
			return nil
		}
		return wantUnknown(err)
	})
}

// send calls Send in another goroutine, so that one which never returns fails
// the case and not the whole run.
func send(ctx context.Context, target Target, m otpcode.Message) <-chan error {
	done := make(chan error, 1)
	go func() { done <- target.Sender.Send(ctx, m) }()
	return done
}

// await waits for Send to return and checks its error.
func await(done <-chan error, check func(error) error) error {
	select {
	case err := <-done:
		return check(err)
	case <-time.After(patience):
		return fmt.Errorf("send was still running %v after its context had ended", patience)
	}
}

// awaitArrival waits until the backend has the message.
func awaitArrival(target Target, done <-chan error) error {
	limit := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(target.Received()) == 0 {
		select {
		case <-tick.C:
		case err := <-done:
			return fmt.Errorf("send returned %s while the backend was hanging and nothing had arrived", kind(err))
		case <-limit:
			return fmt.Errorf("nothing arrived within %v", patience)
		}
	}
	return nil
}
