// Package otpcode makes, words and checks one-time codes that are sent to a
// person by SMS or mail.
//
// [Challenge.Issue] makes a code and the state that will know it again,
// [Renderer.Code] puts it into a message in the person's language, a [Sender]
// takes that away, and [Challenge.Verify] judges what the person typed. A nil
// error from Verify, and nothing else, means that the code was right.
//
// # What the caller brings
//
// A secret key of 32 bytes or more; a place for the [Challenge]; and a way to
// replace it only if it is still the one that was loaded. This package is pure,
// so two callers that verify the same code with the same old Challenge both
// hear yes. Whoever loses that race has to load and ask again before answering.
//
// The order matters: save the new Challenge, then send, so that no code arrives
// that nobody knows. If the Sender says [ErrNotSent], save what
// [Challenge.Abandon] returns, and the code before is good again. After any other
// error the message may still arrive: do nothing.
//
// Limits on tries and on sends are the caller's too. They have to outlive the
// Challenge: a new code must never bring new tries (NIST SP 800-63B-4 section
// 3.1.3.2).
//
// # Security
//
// Codes are uniform over 6 to 10 digits and live for 10 minutes at most. By a
// clock that was set back to more than five minutes before it was sent, a code
// is no good: how old it is can't be told. A Challenge holds HMAC-SHA-256 tags
// over the code and all of its [Binding]. Six digits are quickly tried through,
// so the tags are worth as much as the key is secret.
//
// Only the newest code of a Challenge is accepted. Those before it are still
// recognized, so that a person whose messages cross is told to look for the
// newer one.
//
// Codes in messages do not withstand phishing, nor someone who takes over the
// phone number or the mailbox. The last line of an SMS ties the code to a host
// (see [FormatSMS]), which keeps phones from filling it in elsewhere, but a
// person can still be talked into typing it.
//
// # Compatibility
//
// The exported fields of Challenge and Entry are state for the caller to encode,
// with tags for github.com/fxamacker/cbor. A Challenge saved by one release can
// be read by every later one of the same major version. The wording of built-in
// texts may change in any release.
package otpcode
