package twofactor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
)

// Messaging is what codes by SMS and mail take, and the notices by which users
// learn what happened to their second factor.
type Messaging struct {
	// SMS sends text messages. Required if the policy allows [SMS].
	SMS otpcode.Sender

	// Email sends mails. Required if the policy allows [Email]. Where it is
	// there, users get notices.
	Email otpcode.Sender

	// Texts words the messages. Required with SMS or Email.
	Texts *otpcode.Renderer

	// Directory knows the users' addresses. Required with SMS or Email.
	Directory Directory

	// Phones understands numbers as people write them. Required with SMS.
	Phones Phones

	// Guard limits what is sent. The default is a [StoreGuard] over the
	// service's store, with its default limits, for numbers of Countries.
	Guard Guard

	// Countries are the ISO 3166 codes of the countries that codes are sent to
	// by SMS, such as "AU". Required with SMS, unless there is a Guard.
	Countries []string
}

// A Directory is what the app knows of its users' addresses. What it says is
// believed; what comes with a request never is.
//
// The app has to verify a mail address before it returns it. Nothing here does, and
// each account makes up to 20 notices at once, and one more every hour, go to the
// address in its profile: 30 accounts that give a stranger's would send that
// stranger 600.
type Directory interface {
	// Profile returns a user's addresses, or an error if the user is unknown or
	// can't be looked up.
	Profile(ctx context.Context, user string) (Profile, error)
}

// A Profile is what the app knows of a user's addresses.
type Profile struct {
	// Email is the address of the profile, which the app has verified, or empty.
	Email string

	// Phone is the mobile number of the profile as the user wrote it, or empty.
	Phone string

	// PhoneSince is when Phone was last changed. The lost-device way refuses a
	// number younger than 72 hours, and one whose age isn't known.
	PhoneSince time.Time

	// VerifiedPhones are the numbers, in E.164, that this user or another person
	// of the same account has proven to the app.
	VerifiedPhones []string

	// Region is the ISO 3166 code of the country whose numbers the user writes
	// without a country code, such as "AU".
	Region string

	// Locale is the BCP 47 tag of the language to write to the user in.
	Locale string
}

// Phones understands phone numbers.
type Phones interface {
	// ParsePhone returns a mobile number in E.164 from the way people write it.
	// Its error says what is wrong, without the number.
	ParsePhone(text, region string) (string, error)

	// Country returns the ISO 3166 code of the country of an E.164 number, or
	// an error if it belongs to none.
	Country(number string) (string, error)
}

// A Client is where a request comes from.
type Client struct {
	// Addr is the client's address, as the app's own proxy tells it. The sends
	// that it asks for are limited. Optional.
	Addr netip.Addr

	// Locale is the language to write in if the profile has none, such as the
	// value of Accept-Language.
	Locale string
}

// An InputError says that something the user typed can't be understood. It cost
// nothing and changed nothing.
type InputError struct {
	Field string // such as "phone"
	Err   error  // what is wrong with it, without what was typed
}

// Error names the field and what is wrong.
func (e *InputError) Error() string { return "twofactor: " + e.Field + ": " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *InputError) Unwrap() error { return e.Err }

// complete fills the defaults in, or says what the policy needs and m lacks.
func (m *Messaging) complete(cfg *Config, p Policy) error {
	sms := slices.Contains(p.Kinds, SMS) || p.LostDevice
	mail := slices.Contains(p.Kinds, Email)
	switch {
	case sms && m.SMS == nil:
		return errors.New("a sender for SMS is required by the policy")
	case mail && m.Email == nil:
		return errors.New("a sender for mail is required by the policy")
	case m.SMS != nil && m.Phones == nil:
		return errors.New("the field Phones is required to send anything by SMS")
	case (m.Email != nil || m.SMS != nil) && (m.Texts == nil || m.Directory == nil):
		return errors.New("the fields Texts and Directory are required to send anything")
	case sms && m.Guard == nil && len(m.Countries) == 0:
		return errors.New("the field Countries is required to send codes by SMS")
	}
	m.Countries = slices.Clone(m.Countries)
	// Codes may go to factors of a kind that the policy allows no more.
	if m.Guard != nil || m.SMS == nil && m.Email == nil {
		return nil
	}
	var err error
	m.Guard, err = NewGuard(GuardConfig{
		Store: cfg.Store, Keys: cfg.Keys, Countries: m.Countries, Now: cfg.Now, Logger: cfg.Logger,
	})
	return err
}

// sender returns what sends through a channel.
func (m Messaging) sender(ch otpcode.Channel) otpcode.Sender {
	if ch == otpcode.SMS {
		return m.SMS
	}
	return m.Email
}

// profile looks a user up in the app's directory.
func (s *Service) profile(ctx context.Context, user string) (Profile, error) {
	if s.cfg.Messaging.Directory == nil {
		return Profile{}, nil
	}
	p, err := s.cfg.Messaging.Directory.Profile(ctx, user)
	if err != nil {
		return Profile{}, fmt.Errorf("twofactor: looking up a profile: %w", err)
	}
	return p, nil
}

// parsePhone reads a number as the user wrote it.
func (s *Service) parsePhone(text string, p Profile) (string, error) {
	if s.cfg.Messaging.Phones == nil {
		return "", reject(ReasonNotUsable) // nothing is sent to numbers
	}
	number, err := s.cfg.Messaging.Phones.ParsePhone(text, p.Region)
	if err != nil {
		return "", &InputError{Field: "phone", Err: err}
	}
	return number, nil
}
