// Package twilio sends SMS through Twilio's Messages resource.
//
// Use [New] with an account and either a number or a Messaging Service, and
// hand the [Sender] to whatever sends codes. It speaks the documented HTTP API
// itself: one form in, one small JSON object out, for which Twilio's own
// module would bring in clients for all of its products.
//
// # What the application brings
//
// A Twilio account. Best is an API key of its own ([Config.KeySID]) rather
// than the account's token, and at Twilio the country allow-list (Geo
// Permissions) closed down to where users live: a fraudster's numbers then fail
// there too.
//
// # What is promised
//
// Each Send makes one request and never a second. A nil error means that
// Twilio has queued the message, not that a phone has it. Twilio offers no
// idempotency key for this call; so after an error that is not
// otpcode.ErrNotSent a further try can send a second message. A 503 counts as
// not sent only with one of Twilio's error codes, since a proxy on the way says
// so too when Twilio's answer got lost. Neither the
// number nor anything of Twilio's answer but its error code gets into an
// error.
//
// Messages that are still in Twilio's queue after [Config.Validity] are
// dropped there, since a code that arrives late is of no use.
package twilio
