// Package totp checks the six digits that an authenticator app shows, and sets
// up such apps: time-based one-time passwords after RFC 6238.
//
// Use [NewSecret] to enrol a person, show [URI.QR] and [Secret.Groups], and pass
// the code that comes back to [Key.Match]. Keep the step that Match returns,
// and hand it to the next call: it is what makes a code good only once. Package
// twofactor does all of this, including the part that is easy to get wrong
// (keeping the step when two requests arrive at once); use this package by
// itself if you have such a place already.
//
// # What the caller brings
//
// The time, as an argument; a place for the key, encrypted, since whoever reads
// a secret can make codes; a place for the last accepted step, changed only by
// compare-and-swap; and a limit on wrong codes. With the window {1, 1} a guess
// of six digits is right with a chance of 3 in 1,000,000, and nothing in this
// package counts guesses.
//
// # What is promised
//
// [Key.Match] accepts only a step above the last accepted one, so that no step
// is accepted twice, nor one older than a step that was accepted (RFC 6238
// section 5.2). It does the same work for each well-formed code, right or wrong,
// compares in constant time, and allocates nothing. Secrets have at least 16
// bytes (RFC 4226 section 4, R6), come from crypto/rand, and print as
// "[redacted]". No error contains a secret or a code.
//
// A code lives longer than it is shown: with period p it is accepted for
// (1 + Back + Ahead) * p seconds, 90 with the usual settings.
//
// # Limits
//
// Codes that depend on a counter (HOTP, RFC 4226) are not supported, and
// neither are Steam's letters. Whoever is shown a code by a deceived user can
// use it within its life: one-time passwords don't resist phishing. In a
// process restricted to FIPS 140 algorithms (GODEBUG=fips140=only) SHA-1, and
// so the default [Algorithm], is not available and makes crypto/sha1 panic.
//
// # Cost
//
// A step is two hashes of two blocks each. Keeping the hash's state after the
// first block would halve that (RFC 2104 section 4), but the standard library
// hands such a state out only through calls that allocate; with reused objects
// it gained 7 %, which is not worth a pool of keyed state. On an AMD EPYC,
//
//	go test -run '^$' -bench Match/ -count 10 ./totp
//
// gives, as the median for six digits, SHA1 and the window {1, 1}, in µs:
//
//	                     Match   ValidateCustom of pquerna/otp, Skew 1
//	wrong code            0.88    4.15
//	code of step before   0.88    4.01
//	code of this step     0.89    1.24   (it stops there)
//	code of step ahead    0.86    2.40
package totp
