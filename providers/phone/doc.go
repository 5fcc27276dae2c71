// Package phone reads phone numbers as people write them, with Google's
// libphonenumber data.
//
// Use [Parser.ParsePhone] on what was typed, with the country of the user's
// account. Then show the result back with [Parser.Display] before anything is
// sent: a slip of the finger is often a valid number too.
//
//	e164, err := phone.Parser{}.ParsePhone("0412 345 678", "AU") // +61412345678
//
// An [*InvalidError] says what is wrong, so that the page can say it too; it
// never holds the number.
//
// # What is accepted
//
// Numbers that can receive SMS: mobile ones, and those of countries like the
// United States where a number doesn't tell. Premium-rate, shared-cost and
// toll-free numbers, pagers, voicemail, company-wide and personal numbers,
// satellite phones and everything else that belongs to no country are refused:
// codes sent there only earn money for whoever asked for them. Fixed lines and
// internet telephony are refused unless the Parser allows them.
//
// # Limits
//
// The data knows which numbers a country could hand out, not which are in use.
// It is part of the program and ages with it: a range that was opened after
// the module's release is refused as [NoSuchNumber].
package phone
