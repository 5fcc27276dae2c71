// Package memory has what a test or a demonstration needs in place of a
// database and a message gateway.
//
// [Store] is a twofactor.Store in a map, and [Outbox] is an otpcode.Sender that
// keeps the messages for the test to read.
//
// Both forget everything when the process ends. A Store that forgets lets used
// codes be used again and refills every guess budget, so neither belongs into
// production: take one of the other packages under providers there.
package memory
