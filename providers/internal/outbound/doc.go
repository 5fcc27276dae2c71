// Package outbound holds what the Senders in providers have in common: the
// checks before a message goes out, and the answer to whether it can have
// gone out when something failed.
//
// Its errors carry no prefix, since the Sender puts its own in front, and
// nothing of a message or of another package's error.
package outbound
