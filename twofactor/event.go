package twofactor

import (
	"context"
	"log/slog"
	"time"
)

// An Event tells an operator what happened. It holds no code, secret, full
// number or address.
type Event struct {
	Type   EventType
	UserID string
	At     time.Time
	Kind   Kind   // the kind of factor, where one is concerned
	Method string // the id of the factor
	Reason Reason // of a refusal or a failed send; with EventLostDevice if the digits were wrong

	// Actor and Why are, with EventReset, the administrator's user id and the
	// reason that was given.
	Actor, Why string
}

// An EventType says what happened.
type EventType string

// The events there are.
const (
	EventVerified       EventType = "verified"
	EventRejected       EventType = "rejected"
	EventFault          EventType = "fault"
	EventEnrolled       EventType = "enrolled"
	EventRemoved        EventType = "removed"
	EventSwitchedOff    EventType = "switched_off"
	EventSwitchedOn     EventType = "switched_on"
	EventPaused         EventType = "paused"
	EventDisabled       EventType = "disabled"
	EventRecovered      EventType = "recovered"
	EventRecoveryLow    EventType = "recovery_low"
	EventNewCodes       EventType = "recovery_codes_replaced"
	EventReset          EventType = "reset"
	EventImported       EventType = "imported"
	EventSent           EventType = "sent"
	EventSendRefused    EventType = "send_refused"
	EventSendFailed     EventType = "send_failed"
	EventSendUncertain  EventType = "send_uncertain"
	EventTrustMade      EventType = "trust_made"
	EventTrustUsed      EventType = "trust_used"
	EventTrustRefused   EventType = "trust_refused"
	EventTrustRevoked   EventType = "trust_revoked"
	EventLostDevice     EventType = "lost_device"
	EventPasswordTries  EventType = "password_tries"
	EventPassword       EventType = "password_changed"
	EventDeleted        EventType = "deleted"
	EventDestination    EventType = "destination_changed"
	EventPhoneVerified  EventType = "phone_verified"
	EventGranted        EventType = "granted"
	EventUnfinished     EventType = "sign_in_unfinished"
	EventOtherKeyRecord EventType = "record_unreadable"
)

func (s *Service) emit(ctx context.Context, events ...Event) {
	for _, e := range events {
		level := slog.LevelInfo
		switch e.Type {
		case EventRejected, EventPaused, EventDisabled, EventSendRefused, EventSendUncertain, EventTrustRefused, EventUnfinished:
			level = slog.LevelWarn
		case EventFault, EventSendFailed, EventOtherKeyRecord:
			level = slog.LevelError
		}
		if s.cfg.Logger.Enabled(ctx, level) {
			s.cfg.Logger.LogAttrs(ctx, level, "twofactor", e.attrs()...)
		}
		if s.cfg.OnEvent != nil {
			s.cfg.OnEvent(ctx, e)
		}
	}
}

func (e Event) attrs() []slog.Attr {
	out := make([]slog.Attr, 0, 8)
	add := func(key, value string) {
		if value != "" {
			out = append(out, slog.String(key, value))
		}
	}
	add("event", string(e.Type))
	add("user", e.UserID)
	add("kind", string(e.Kind))
	add("method", e.Method)
	add("reason", string(e.Reason))
	add("actor", e.Actor)
	add("why", e.Why)
	return out
}
