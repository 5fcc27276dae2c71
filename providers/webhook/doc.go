// Package webhook hands messages to any gateway that can be put behind an
// HTTP endpoint, as signed JSON.
//
// Use [New] with the endpoint's URL and a secret of at least 32 random bytes
// that both ends know; the receiving end, if it is written in Go, checks each
// request with [Verify].
//
// # The request
//
// One message is one POST with these headers and a JSON object:
//
//	Content-Type: application/json
//	Idempotency-Key: 4Q6C…
//	Latchkey-Timestamp: 1793620800
//	Latchkey-Signature: v1=5257a869…
//
//	{"channel":"sms","to":"+61491570156","text":"Your code is …",
//	 "locale":"en-AU","reference":"KD","idempotency_key":"4Q6C…"}
//
// A mail has "subject" and "html" too. Members without a value are left out.
//
// The timestamp is in seconds since 1970. The signature is "v1=" and, in
// hexadecimal, the HMAC-SHA-256 under the secret of the timestamp's digits, a
// full stop, and the body's bytes as they are on the wire. A receiver looks
// for v1 in a list with commas, so that further versions can be added.
//
// # The answer
//
//	2xx              the message was taken
//	422              the destination or message is refused for good
//	429              not taken; another try may follow
//	503              the same if there is a Retry-After, otherwise nobody knows
//	408, 409, 499    nobody knows
//	other 4xx        not taken
//	all else         nobody knows
//
// A proxy before the receiver may say 503 also when the receiver broke off after
// it took the message. With a Retry-After of seconds or a date, 503 is a promise
// that it was not taken; a proxy that adds the header has to know that. Another
// try comes no earlier than Retry-After says.
//
// Only what was certainly not taken, or a connection that never came about,
// leads to another try, and only for a message with an idempotency key. Still a
// receiver has to recognize a message by the idempotency_key in the signed body, as someone
// who has seen a request can send it again for as long as its timestamp is
// fresh. The header of that name is there for gateways that look for it; it is
// not signed.
package webhook
