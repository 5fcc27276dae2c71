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
// section 5.2). It does the same work for each code and each outcome, compares
// in constant time, and allocates nothing. Secrets have at least 16 bytes (RFC
// 4226 section 4, R6), come from crypto/rand, and print as "[redacted]". No
// error contains a secret or a code.
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
// A step is two hashes of two blocks each. Keeping the hash state after the
// first block, as RFC 2104 section 4 suggests, would halve that, but the
// standard library hands such a state out only through calls that allocate;
// reusing the objects gained 5 %, which is not worth a pool of keyed state.
// Measured on one core of an AMD EPYC with
//
//	go test -run '^$' -bench Match ./totp
//
// a wrong six-digit code in the window {1, 1} takes MEASURED_OURS, and
// MEASURED_THEIRS with ValidateCustom of github.com/pquerna/otp at Skew 1.
package totp
