// Package lockcode is the Code and PIN of a smart lock that is reached through
// a cloud which must not be able to open it.
//
// Three parties take part. The [App] is on a phone, the [Controller] is the box
// that drives the locks, and the [Relay] between them is the cloud. A user
// knows a PIN of four digits. A Code is that PIN, enciphered into five
// characters with a key that only one App and one controller have; it is for
// web pages, where the App isn't at hand to speak for itself. Everything that
// the App asks for directly goes as a sealed request.
//
// Use [NewController] and [Controller.HardwareReset] on the box, and hand it
// the relay's messages with [Controller.Do]. Use [NewApp] on the phone, with
// [App.RequestActivation] and [App.Activate] first, then [App.Do] to open a
// door and [App.Code] for a Code; [SubmitCode] is for the web page on which it
// is typed. SPEC.md, beside this file, has the format for other languages.
//
// # What the application brings
//
// An [AppKeyStore] and a [LockKeyStore]: package providers/lockfile keeps them
// in sealed files, package providers/memory is for tests, and one of your own
// must pass providers/lockstoretest. A [PINSender], an [Authorizer] for who may
// do what, an [Actuator] that moves the lock, and a clock on the controller
// that the relay can't set. Package providers/lockrelay carries the messages
// over HTTP.
//
// # What is promised
//
// The relay may read, keep, drop, delay, reorder, alter and invent messages.
// It never learns a key, nor a PIN that was chosen in the App. It opens no door
// that a user didn't ask for: a Code goes for one purpose, one target, one user,
// one controller, one use and about three minutes. It pairs no device.
//
// Guessing is paid for before the controller looks. A blind guess at a Code is
// right once in 6.7 million (1.7 million for a user with four devices), and a
// user's Codes may fail 20 times a day, a lock's 100 times: constant guessing
// reaches a user with one device with 0.11 % a year. Whoever has the unlocked
// phone has eight tries at the PIN in all. Whoever has a copy of its keys while
// its user goes on has ten a day, since each right PIN of the user ends a row of
// wrong ones; the user's App is refused, and the Auditor told, for each sealed
// request of the copy. Garbage locks out Codes for a while
// and never an App. Pairing takes three tries per PIN and nine before the owner
// has to step in.
//
// A stolen phone opens no sealed request, since those were sealed to the
// controller, and no Code from before the day that preceded its last sealed
// answer: the keys of those days are gone. Only a sealed answer moves the App's
// keys on, since only then is it sure that both clocks have left a day behind.
// So an App calls [App.Status] whenever it is online; the Codes of one that only
// ever makes Codes can all be read with the phone, back to its pairing.
//
// # What is not
//
//   - A relay that delivers the PIN of an activation and is evil at that very
//     moment can sit in the middle of that activation. The notices to the other
//     Apps show its fingerprint. [ControllerConfig.PINToOwner], or a PIN on
//     paper, closes the gap.
//   - An App that the relay serves as a web page protects nobody from the relay.
//   - A relay can hold a Code back and use it for the same thing within its
//     three minutes, and it can refuse to carry anything.
//   - The names of users and doors come from the relay. The owner confirms a
//     configuration as the App shows it, by its hash; see [App.ConfirmConfig].
//   - The controller's flash holds every key, and enough to find every PIN.
//     A [Sealer] in hardware keeps them from whoever copies it; after tampering,
//     reset the box. A backup that is played back brings old counters back.
//   - A controller whose clock ran far ahead, and opened by Codes or requests
//     while it did, refuses Codes made by the right time until the device is activated again.
//     Sealed requests still work.
//   - Go's AES is not constant-time on processors without AES instructions.
//
// This authorizes commands to a lock. It is not an authenticator in the sense
// of NIST SP 800-63B: the PIN leaves the phone, enciphered (section 3.2.10
// forbids that), and the Code that pairs a second device has 25 bits where a
// binding code has 40 (section 4.1.2.2); CPace and three tries stand in.
//
// # Compatibility
//
// States and records written by any release are read by every later one of the
// same major version. Messages carry a version and a suite, and other ones are
// refused.
package lockcode
