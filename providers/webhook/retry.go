package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// A retry says whether a further try is allowed, and after how long at the
// earliest.
type retry struct {
	no    bool
	after time.Duration
}

// post makes one try.
func (s *Sender) post(ctx context.Context, key string, body []byte) (retry, error) {
	now := s.now()
	stamp := strconv.FormatInt(now.Unix(), 10)
	header := http.Header{
		"Content-Type":  {"application/json"},
		timestampHeader: {stamp},
		signatureHeader: {"v1=" + hex.EncodeToString(sign(s.secret, stamp, body))},
	}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	answer, err := outbound.Post(ctx, s.client, s.url, header, bytes.NewReader(body))
	if err != nil {
		return retry{no: !errors.Is(err, otpcode.ErrNotSent)}, err
	}
	after, asked := retryAfter(answer.Header.Get("Retry-After"), now)
	switch answer.Status {
	case http.StatusUnprocessableEntity:
		return retry{no: true}, outbound.Refusal(answer.Status)
	case http.StatusTooManyRequests:
		return retry{after: after}, outbound.Status(answer.Status, true)
	case http.StatusServiceUnavailable:
		// A proxy says 503 also when the gateway broke off after it took the
		// message. Who asks for another try knows that it was not taken.
		return retry{no: !asked, after: after}, outbound.Status(answer.Status, asked)
	default:
		return retry{no: true}, outbound.Status(answer.Status, false)
	}
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110,
// section 10.2.3). What cannot be read asks for nothing.
func retryAfter(value string, now time.Time) (after time.Duration, asked bool) {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(value); err == nil {
		return date.Sub(now), true
	}
	return 0, false
}

const (
	firstPause = 250 * time.Millisecond
	maxPause   = 4 * time.Second
)

// pause returns how long to wait after the given try: twice as long each time,
// less a random part of up to a half, so that the senders which failed
// together don't come back together.
func pause(try int) time.Duration {
	full := min(firstPause<<(try-1), maxPause)
	var random [8]byte
	rand.Read(random[:])
	return full - time.Duration(binary.BigEndian.Uint64(random[:])%uint64(full/2))
}

// wait waits, and says whether there is time for another try. It doesn't begin
// a pause that the context will not outlive: the person is told at once.
func wait(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
