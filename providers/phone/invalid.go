package phone

// An InvalidError says why a text is no number that codes can be sent to. It
// doesn't hold the text.
type InvalidError struct {
	Reason Reason
}

// Error returns the reason in English.
func (e *InvalidError) Error() string {
	text, ok := map[Reason]string{
		Empty:          "no number given",
		NotANumber:     "not a phone number",
		HasExtension:   "number has an extension",
		NeedsCountry:   "number has no country code and the country is not known",
		UnknownCountry: "country is unknown",
		TooShort:       "number is too short",
		TooLong:        "number is too long",
		NoSuchNumber:   "no such number can exist",
		NotMobile:      "number is not one of a mobile phone",
	}[e.Reason]
	if !ok {
		text = "number is invalid"
	}
	return "phone: " + text
}

// A Reason is a stable name for what is wrong, for programs and for finding
// the text that people read.
type Reason string

// All reasons there are.
const (
	Empty          Reason = "empty"           // nothing, or nothing but spaces
	NotANumber     Reason = "not_a_number"    // letters, or signs that no number has
	HasExtension   Reason = "extension"       // "ext. 5", "x5", "#5"
	NeedsCountry   Reason = "needs_country"   // written nationally, and no region given
	UnknownCountry Reason = "unknown_country" // no such region or calling code
	TooShort       Reason = "too_short"       // short codes and emergency numbers too
	TooLong        Reason = "too_long"
	NoSuchNumber   Reason = "no_such_number" // of a right length, but in no range in use
	NotMobile      Reason = "not_mobile"     // of a kind that the Parser doesn't allow
)
