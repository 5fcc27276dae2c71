// Package twofactor asks the users of a web application for a second proof
// after the password: an authenticator app, a code by SMS or mail, a recovery
// code, or a device that gave such a proof before.
//
// Use [New] once, [Service.Begin] when the password was right, and
// [Service.Verify] on the code that the user typed. A nil error from Verify, and
// nothing else, means that the user is signed in.
//
//	outcome, err := svc.Begin(ctx, twofactor.SignIn{UserID: id})
//	switch o := outcome.(type) {
//	case *twofactor.Verified: // no second factor to ask for
//	case *twofactor.Pending:  // keep o.Token() in a cookie and ask for a code
//	}
//	…
//	v, err := svc.Verify(ctx, token, twofactor.Answer{Code: typed})
//
// An app on net/http takes package twofactorhttp, which keeps those tokens in
// cookies, stands before the handlers and serves the settings as JSON. The tests
// of an app take package twofactortest.
//
// # What the application brings
//
// Its users, with an id that never changes hands; their passwords and sessions;
// and a [Store] for one record per user, such as one of those under providers. To
// send codes it brings an otpcode.Sender for SMS or mail and a [Directory] of its
// users' addresses. And a [Key], kept apart from the store.
//
// Changing factors takes a [Session] and a [Grant]: see [Service.Grant],
// [Service.Enroll], [Service.Confirm]. What users may set up, and what is asked
// of them, is a [Policy]; what happens is an [Event].
//
// # How it decides
//
// Each decision is one compare-and-swap: the user's record is loaded, the answer
// is judged and paid for, the record is saved, and only if that save won is
// anyone told. Of a thousand requests with one code, on any number of nodes,
// one is told yes. A fault, whether of the store, a sender or the clock, is an
// error and never a yes.
//
// A pending login is nowhere but in its token until it spends a try or a
// message, so that opening logins costs the account's owner nothing.
//
// # Guessing
//
// Five wrong codes end a login. Ten in a row pause a factor for 30 minutes, and
// the others stay usable. An account has ten tries and gets one back every six
// hours; nothing else refills them, no new code, login, node or success. Browsers
// that passed once share ten tries of their own, so that someone who guesses
// elsewhere can't use up the owner's.
//
// When the tries are used up, three consecutive codes of the authenticator app
// are still judged, together and for nothing, and codes by message have ten
// digits. Of three codes with just one that is wrong, none is good any more, or
// someone who saw two could guess the third: who mistypes one waits for three
// newer ones. Only someone whose password was right, or who has a session, can
// spend any of this: a fresh proof for a [Grant] is judged like a sign-in.
//
// Someone who has the password and guesses all year is in with a chance of
// 0.44 %, or 0.88 % with a known browser's cookie, while the owner, who signs in
// every day, got in each time (go test -run TestSimulation -v ./twofactor):
//
//	window  tries, one back in  guesses a year    in   with the cookie
//	1 and 1     10   6 h            1469       0.44 %      0.88 %
//	1 and 0     10   6 h            1469       0.29 %      0.59 %
//	0 and 0     10   6 h            1469       0.15 %      0.29 %
//	1 and 1      5   6 h            1464       0.44 %      0.87 %
//	1 and 1    100   6 h            1559       0.47 %      0.93 %
//	1 and 1     10  24 h             374       0.11 %      0.22 %
//	1 and 1     10   1 h            8769       2.60 %      5.13 %
//
// Only the window is a setting.
//
// # What ends what
//
// Trust is that in devices, logins are those that are pending, and codes those
// that were sent. "own" ends what belongs to the session or its device, "others"
// what doesn't.
//
//	                  trust  logins  codes  grants  enrollments  budgets  factors  recovery codes
//	password changed  ends   ends    ends   ends    ends         stays    stays    stays
//	signed out        own    stays   stays  own     stays        stays    stays    stays
//	factor added      ends   ends    ends   others  stays        stays    stays    stays
//	factor replaced   ends   ends    ends   others  stays        stays    stays    stays
//	factor removed    ends   ends    ends   others  stays        stays    stays    stays
//	switched off      ends   ends    ends   others  stays        stays    stays    stays
//	switched on       ends   ends    ends   others  stays        stays    stays    stays
//	recovery code     ends   ends    ends   ends    ends         stays    stays    stays
//	lost device       ends   ends    ends   ends    ends         stays    stays    stays
//	reset by support  ends   ends    ends   ends    ends         ends     ends     ends
//	account deleted   ends   ends    ends   ends    ends         ends     ends     ends
//
// Signing out ends trust only under a policy with EndsAtSignOut. A recovery code
// does more under one that resets the factors or replaces the codes. Removing the
// last factor is the end of recovery codes and enrollments too.
//
// # Security
//
// A record and every token are sealed with XChaCha20-Poly1305 under keys that
// the store never has; a record copied to another user's row doesn't open. The
// store can still be made to forget: whoever can write to it can put back an
// older record of the same user, and with it a code that was used.
//
// Codes that people read and type don't resist phishing, neither by app nor by
// message: a deceived user gives the deceiver a sign-in. A stolen phone that is
// unlocked, or a session stolen after the sign-in, is out of reach here too.
//
// # Compatibility
//
// State saved by any release can be read by every later one of the same major
// version.
package twofactor
