package phone

import (
	"errors"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// A Parser reads phone numbers. The zero value takes only numbers that may be
// mobile. It may be used from many goroutines.
type Parser struct {
	// AllowFixedLine takes numbers of fixed lines too, for gateways that read
	// messages aloud there.
	AllowFixedLine bool

	// AllowVoIP takes numbers of internet telephony too. Anyone can rent many
	// of them for little money.
	AllowVoIP bool
}

// nowhere is what the library takes for numbers that are written with their
// country code.
const nowhere = "ZZ"

// ParsePhone returns the number that text means to someone in a region, in
// E.164 form ("+61412345678"). The region is an ISO 3166-1 code of two letters
// ("AU"). It may be empty, and then text has to begin with the country code,
// after "+" or "00". The error is an [*InvalidError].
func (p Parser) ParsePhone(text, region string) (e164 string, err error) {
	digits, reason := normalize(text)
	if reason != "" {
		return "", &InvalidError{reason}
	}
	number, reason := p.find(digits, strings.ToUpper(region))
	if reason != "" {
		return "", &InvalidError{reason}
	}
	e164 = phonenumbers.Format(number, phonenumbers.E164)
	if !outbound.IsE164(e164) {
		return "", &InvalidError{TooLong}
	}
	return e164, nil
}

// find reads digits, with or without a plus sign in front.
func (p Parser) find(digits, region string) (*phonenumbers.PhoneNumber, Reason) {
	if digits[0] == '+' {
		return p.parse(digits, nowhere)
	}
	abroad, isAbroad := strings.CutPrefix(digits, "00")
	var number *phonenumbers.PhoneNumber
	reason := NeedsCountry
	if region != "" {
		if phonenumbers.GetCountryCodeForRegion(region) == 0 {
			return nil, UnknownCountry
		}
		number, reason = p.parse(digits, region)
	}
	if !isAbroad || reason == "" {
		return number, reason
	}
	// Not every country dials 00 to get abroad (it is 0011 in Australia, 011
	// in the United States), but people everywhere write it.
	number, abroadReason := p.parse("+"+abroad, nowhere)
	if abroadReason == NotANumber {
		return nil, reason
	}
	return number, abroadReason
}

// parse reads digits by the rules of one region.
func (p Parser) parse(digits, region string) (*phonenumbers.PhoneNumber, Reason) {
	number, err := phonenumbers.Parse(digits, region)
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return nil, UnknownCountry
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return nil, TooLong
	case errors.Is(err, phonenumbers.ErrTooShortNSN), errors.Is(err, phonenumbers.ErrTooShortAfterIDD):
		return nil, TooShort
	case err != nil:
		return nil, NotANumber
	}
	if !phonenumbers.IsValidNumber(number) {
		return nil, whyInvalid(number)
	}
	if !p.allows(number) {
		return nil, NotMobile
	}
	return number, ""
}

// whyInvalid tells slips of length from the rest. Some kind of number has
// nearly every length, so what counts is that of a mobile one.
func whyInvalid(number *phonenumbers.PhoneNumber) Reason {
	region := phonenumbers.GetRegionCodeForCountryCode(int(number.GetCountryCode()))
	mobile := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
	if mobile == nil {
		return NoSuchNumber
	}
	got := phonenumbers.GetNationalSignificantNumber(number)
	want := phonenumbers.GetNationalSignificantNumber(mobile)
	switch {
	case len(got) < len(want):
		return TooShort
	case len(got) > len(want):
		return TooLong
	default:
		return NoSuchNumber
	}
}

// allows looks at the kind of a valid number.
func (p Parser) allows(number *phonenumbers.PhoneNumber) bool {
	if !isCountry(phonenumbers.GetRegionCodeForNumber(number)) {
		return false
	}
	switch phonenumbers.GetNumberType(number) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return true
	case phonenumbers.FIXED_LINE:
		return p.AllowFixedLine
	case phonenumbers.VOIP:
		return p.AllowVoIP
	default:
		return false
	}
}

// isCountry is false for "001", the region of numbers that belong to none.
func isCountry(region string) bool { return len(region) == 2 && region != nowhere }
