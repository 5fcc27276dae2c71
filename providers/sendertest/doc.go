// Package sendertest holds the rules that every otpcode.Sender has to keep,
// as a test suite for the author of one.
//
// Use [Test] with a function that makes a fresh [Target]: the Sender, wired to
// a backend that the suite can put into a [State] and ask for what it
// received. The backend is best a real server on loopback that speaks the
// provider's wire format, so that the provider's own client is tested too:
//
//	func TestSender(t *testing.T) {
//		sendertest.Test(t, func(t *testing.T) sendertest.Target {
//			backend := startBackend(t)
//			return sendertest.Target{
//				Sender:   newSender(t, backend.URL),
//				Channels: []otpcode.Channel{otpcode.SMS},
//				Set:      backend.Set,
//				Received: backend.Received,
//			}
//		})
//	}
//
// Run it with -race: some cases send from many goroutines.
//
// # What it cannot see
//
// The suite looks at returned errors and at what package log prints while a
// message fails. A Sender that writes a number straight to a file or to
// standard error, or that keeps messages in memory, passes. Nor can it know
// whether a backend really echoes its input, as [Refusing] and [Failing] ask:
// that is up to the Target.
package sendertest
