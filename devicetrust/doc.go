// Package devicetrust remembers devices on which a person has already given a
// second factor, so that they are not asked again there for a while.
//
// Use [Mint] after the second factor was right: it returns a token for the
// device to keep and a [Device] for the person's [List]. When the token comes
// back, [List.Check] says whether it still stands in for the second factor; a
// nil error, and nothing else, means that it does. Most callers need nothing
// more but [List.Add] and [List.Revoke].
//
// # What the caller brings
//
// A place for each person's List, and the values of a [Binding]: who the person
// is, for which site or app the device is trusted, an epoch that the caller
// moves on whenever trust has to end (a factor was changed, 2FA switched off,
// a recovery code used), and whatever changes when the password does. And the
// way to the device: over HTTP a __Host- cookie, which this package knows
// nothing of.
//
// # Security
//
// A token is 256 random bits with the device's id, and says nothing about the
// person. The List holds only HMAC-SHA-256 tags keyed with those bits, so it
// lets nobody in. The tags are over user and audience, so a token is good for
// no one else and nowhere else.
//
// Trust has an absolute end, decided here and not by the cookie, and at most 400
// days away (browsers keep no cookie longer, draft-ietf-httpbis-rfc6265bis).
// Trust has a beginning too: a clock that was set back by more than five minutes
// ends it for as long as the clock is wrong, and not the other way round.
// Using a token neither prolongs nor changes it, so that parallel requests of an
// honest device never invalidate each other's token.
//
// A token that was copied from the device is as good as the device; nothing
// here can tell them apart. NIST SP 800-63B-4 section 5.1 does not count such a
// token as authentication: let no sensitive operation rest on it.
//
// # Compatibility
//
// The exported fields of Device are state for the caller to encode, with tags
// for github.com/fxamacker/cbor. A List saved and a token minted by one release
// can be read by every later one of the same major version.
package devicetrust
