package phone

import (
	"github.com/nyaruka/phonenumbers"

	"github.com/latchkey-auth/latchkey/providers/internal/outbound"
)

// Country returns the ISO 3166-1 code of the country that a number in E.164
// form belongs to, for lists of countries that messages may go to. Countries
// that share a calling code are told apart: it is "CA" for +1 613 and "KZ" for
// +7 701. The error is an [*InvalidError].
func (Parser) Country(e164 string) (region string, err error) {
	number, err := read(e164)
	if err != nil {
		return "", err
	}
	region = phonenumbers.GetRegionCodeForNumber(number)
	if !isCountry(region) {
		return "", &InvalidError{UnknownCountry}
	}
	return region, nil
}

// Display returns a number in E.164 form the way it is written
// internationally, such as "+61 412 345 678", to be shown back to the person
// who typed it. The error is an [*InvalidError].
func (Parser) Display(e164 string) (string, error) {
	number, err := read(e164)
	if err != nil {
		return "", err
	}
	return phonenumbers.Format(number, phonenumbers.INTERNATIONAL), nil
}

func read(e164 string) (*phonenumbers.PhoneNumber, error) {
	if !outbound.IsE164(e164) {
		return nil, &InvalidError{NotANumber}
	}
	number, err := phonenumbers.Parse(e164, nowhere)
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return nil, &InvalidError{NoSuchNumber}
	}
	return number, nil
}
