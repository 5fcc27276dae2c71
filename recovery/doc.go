// Package recovery makes and checks recovery codes: what a person keeps on
// paper for the day when every other second factor is out of reach.
//
// Use [Generate] when a person gets a set of codes, show the texts once, and
// keep the [Set]. When a text comes in, [Parse] it and hand the [Code] to
// [Set.Spend]; a nil error, and nothing else, means that the code was right and
// unspent, and that the returned Set is the one to keep. [Text] makes the file
// for people to download.
//
//	K7M2Q-9XHTA-3WZ0C-VB5RD-4NEJ8
//
// A code has 24 random characters of a 32-letter alphabet, 120 bits, and a
// check character that tells every mistyped character and every two swapped
// ones from a wrong code. The alphabet is Crockford's: no I, L, O or U. Case,
// spaces and hyphens do not matter; a typed I or L is read as 1 and an O as 0.
//
// # What the caller brings
//
// A secret key of 32 bytes or more, kept with each user's set or apart from it.
// And a way to replace a Set only if it is still the one that was loaded:
// this package is pure, so two callers that spend the same code from the same
// old Set both hear yes. Whoever loses that race has to load and ask again
// before answering anybody.
//
// Limits on tries are the caller's too. A text that [Parse] refuses needs to
// cost none, since it says nothing about any code.
//
// # Security
//
// A Set holds HMAC-SHA-256 tags under the caller's key, each with a salt of its
// own. At 120 bits no slow password hash is needed (NIST SP 800-63B-4 section
// 3.1.2.2 and OWASP ASVS 6.5.2 draw the line at 112), so a check costs a few
// microseconds and nobody can make a server burn time with wrong codes. A
// stolen Set gives no code away, even with its key.
//
// Codes that another system hashed with bcrypt can be taken over with
// [Set.Import]. They are as strong, and checking them is as slow, as that
// system made them.
//
// # Compatibility
//
// The exported fields of Set and Entry are state for the caller to encode, with
// tags for github.com/fxamacker/cbor. A Set saved by one release can be read
// by every later one of the same major version.
package recovery
