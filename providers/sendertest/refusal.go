package sendertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/otpcode"
)

func wrongChannel(ctx context.Context, target Target, channel otpcode.Channel) error {
	var errs []error
	for _, wrong := range []otpcode.Channel{otpcode.SMS, otpcode.Email, "", "sms ", "fax"} {
		if slices.Contains(target.Channels, wrong) {
			continue
		}
		m := message(channel, 0)
		m.Channel = wrong
		if err := wantUndeliverable(target.Sender.Send(ctx, m)); err != nil {
			errs = append(errs, fmt.Errorf("channel %q: %w", wrong, err))
		}
	}
	return errors.Join(append(errs, arrived(target))...)
}

func badDestination(ctx context.Context, target Target, channel otpcode.Channel) error {
	bad := []string{"", " ", "0412345678", "61412345678", "+0412345678", "+61 412 345 678", "+6141234567a", "+61412345678 ", "+1234567890123456", "+61412345678,+61412345679", "jo@example.net"}
	if channel == otpcode.Email {
		long := strings.Repeat("a", 64)
		bad = []string{
			"", "@", "jo", "jo@", "@example.net", "jo citizen@example.net", "jo@example.net ",
			"jo@example.net,al@example.net", "jo@example.net, al@example.net", "Jo <jo@example.net>", "<jo@example.net>",
			"jo@exa\x00mple.net", "+61412345678",
			long + "a@example.net",
			long + "@" + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 62) + ".net",
		}
	}
	var errs []error
	for _, to := range bad {
		m := message(channel, 0)
		m.To = to
		if err := wantUndeliverable(target.Sender.Send(ctx, m)); err != nil {
			errs = append(errs, fmt.Errorf("to %q: %w", to, err))
		}
	}
	return errors.Join(append(errs, arrived(target))...)
}

func headerInjection(ctx context.Context, target Target, channel otpcode.Channel) error {
	var errs []error
	for _, tail := range []string{"\r\nBcc: eve@example.org", "\nBcc: eve@example.org", "\rBcc: eve@example.org", "\r\n", "\n", "\r\n\r\nbody"} {
		m := message(channel, 0)
		m.To += tail
		if err := wantUndeliverable(target.Sender.Send(ctx, m)); err != nil {
			errs = append(errs, fmt.Errorf("destination that ends with %q: %w", tail, err))
		}
		if channel != otpcode.Email {
			continue
		}
		m = message(channel, 0)
		m.Subject += tail
		if err := wantUndeliverable(target.Sender.Send(ctx, m)); err != nil {
			errs = append(errs, fmt.Errorf("subject that ends with %q: %w", tail, err))
		}
	}
	return errors.Join(append(errs, arrived(target))...)
}

func idempotency(ctx context.Context, target Target, channel otpcode.Channel) error {
	first, other, none := message(channel, 0), message(channel, 1), message(channel, 2)
	none.IdempotencyKey = ""
	for _, m := range []otpcode.Message{first, first, other, none, none} {
		if err := target.Sender.Send(ctx, m); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	got := target.Received()
	if len(got) != 5 {
		return fmt.Errorf("%d messages arrived, want 5", len(got))
	}
	switch {
	case got[0].IdempotencyKey == "":
		return errors.New("no key arrived")
	case got[0].IdempotencyKey != got[1].IdempotencyKey:
		return errors.New("two tries of one message arrived with two keys")
	case got[0].IdempotencyKey == got[2].IdempotencyKey:
		return errors.New("two messages arrived with one key")
	case got[3].IdempotencyKey != "" && got[3].IdempotencyKey == got[4].IdempotencyKey:
		return errors.New("two messages without a key arrived with one key: the second would be dropped")
	}
	return nil
}
