// Package smtp sends mail through a mail server, by SMTP submission.
//
// Use [New] with the server's name, a login there and the sending address:
//
//	sender, err := smtp.New(smtp.Config{
//		Host:     "mail.example.com",
//		Username: "login",
//		Password: password,
//		From:     "Example <login@example.com>",
//	})
//
// # What the application brings
//
// A mail server that takes mail from From, and for that domain SPF, DKIM and
// DMARC records: without them codes end up among the spam. The server, and
// each one that the mail passes, can read the codes.
//
// # What is promised
//
// The connection is encrypted, and the server's certificate is checked,
// before the login or a message goes over it: with STARTTLS, which the server
// has to offer, or with TLS from the start ([Config.ImplicitTLS], which RFC
// 8314 prefers). Each Send opens a connection of its own, makes one try, and
// returns when its context ends, wherever the server hangs.
//
// A nil error means that the server has taken the message and is now
// responsible for it (RFC 5321, section 6.1). ErrUndeliverable means that it
// refused the recipient or the message with a 5yz reply. After the first byte
// of the message, anything else but a reply of the server is an unknown
// outcome. Errors hold the reply's code, never its text, which repeats
// addresses.
//
// A message has a text part and, if there is HTML, an alternative; it is
// marked with Auto-Submitted: auto-generated (RFC 3834, section 5.2), so that
// nothing answers it, and has no List-Unsubscribe, as nobody can unsubscribe
// from their own sign-in. SMTP has no idempotency key; but two tries of one
// message have the same Message-ID, by which many mailboxes drop the second.
package smtp
