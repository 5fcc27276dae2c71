// Package ses sends mail through Amazon SES, API version 2.
//
// Use [New] with a client of the AWS SDK and a verified sending address:
//
//	cfg, err := config.LoadDefaultConfig(ctx) // github.com/aws/aws-sdk-go-v2/config
//	sender, err := ses.New(ses.Config{
//		API:  sesv2.NewFromConfig(cfg),
//		From: "Example <login@example.com>",
//	})
//
// # What the application brings
//
// Credentials that may do ses:SendEmail for that address and nothing else. If
// it names a configuration set, click tracking has to be off in it: that
// rewrites links and tells a third party who signs in.
//
// # What is promised
//
// Each Send makes one request. The SDK would make up to three, also after a
// timeout, when the first may have arrived; SES has no idempotency key, so a
// person could get the same code twice. A nil error means that SES has taken
// the message. SES also takes messages for addresses on its suppression list,
// and drops them.
//
// Mails are marked with Auto-Submitted: auto-generated (RFC 3834, section
// 5.2), so that nothing answers them. Errors hold the service's error code,
// never its message, which repeats addresses.
package ses
