// Package twofactorhttp puts the second factor of package twofactor into an app
// on net/http: it keeps the tokens of a sign-in in cookies, and stands before
// the handlers that need someone who is signed in.
//
// Use [New] once. Call [Gate.Begin] after the password was right, [Gate.Verify]
// on the code that the user typed, and put [Gate.RequireVerified] before every
// handler that isn't for everybody:
//
//	mux.Handle("/account/", gate.RequireVerified(account))
//
// For a front end that speaks JSON, mount [Gate.API] as well: it has everything
// after the password, the settings included.
//
// A Gate has those methods of [twofactor.Service] that set cookies or start a
// session. For all others call the Service, with the user that [Verified] or
// [Session] returns and the tokens of [Gate.PendingToken] and [Gate.GrantToken].
//
// # JSON for any front end
//
// [Gate.API] is a handler that serves all of it as JSON, to single-page apps and
// phones: the second step of a sign-in and the settings. Only the password stays
// the app's.
//
//	api, err := gate.API(twofactorhttp.APIConfig{Path: "/2fa/", CheckPassword: …, Account: …})
//	mux.Handle("/2fa/", api)
//
// A body is one object of type application/json, in UTF-8, with the fields of its
// route and no others, each at most once. Every answer has Cache-Control: no-store,
// and every refusal is a problem document (RFC 9457), see [Gate.WriteError].
// Requests that change something are refused from other origins. A fault has
// status 500 and says nothing of its cause.
//
//	GET    login                     what can be asked of a login that is pending
//	POST   login/send                {method}
//	POST   login/verify              {method?, code | codes, remember_device?, device_name?}
//	POST   login/lost-device         {last_digits}
//	POST   login/cancel
//	GET    settings
//	POST   grant                     {password} or {method?, code | codes}
//	POST   grant/send                {method}
//	POST   enrollments               {kind, name?, phone?, method?}
//	GET    enrollments/{id}/qr.png
//	GET    enrollments/{id}/qr.svg
//	POST   enrollments/{id}/send
//	POST   enrollments/{id}/confirm  {code}
//	PUT    phone                     {number}
//	DELETE phone
//	POST   phone/send
//	POST   phone/verify              {code}
//	PATCH  methods/{id}              {name}
//	DELETE methods/{id}
//	PUT    enabled                   {enabled}
//	POST   recovery-codes
//	DELETE devices
//	DELETE devices/{id}
//
// The status in the answer to login/verify is "verified" if the user is signed
// in, or "enrollment_required" if a second factor has to be set up before that.
// Routes of the settings change nothing without a grant, and those from methods
// on take a session that is signed in.
//
// # What the application brings
//
// Its sessions, as two functions: Config.StartSession, which gives the session a
// new id, and Config.SessionToken. Its router, its pages, its check of the
// password. And against requests from other sites [http.CrossOriginProtection]
// before all of them: SameSite cookies alone are no more than a second line.
//
// # Cookies
//
//	__Host-2fa-pending  Strict  10 minutes  a login that waits for its code
//	__Host-2fa-grant    Strict   5 minutes  the permission to change factors
//	__Host-2fa-browser  Lax     400 days    this browser's own budget of tries
//	__Host-2fa-device   Lax      30 days    a trusted device, if the policy has them
//
// All are Secure, HttpOnly, for the whole path and for no other host (NIST SP
// 800-63B-4, section 5.1.1; OWASP ASVS 3.3). Each value is sealed or random, says
// nothing about the user, and ends on the server no later than in the browser.
// None of them is a sign-in: that is the app's session and nothing else.
//
// # Plain http
//
// Over plain http nothing is begun: [Gate.Begin] and [Gate.Verify] return
// [ErrPlainHTTP]. Behind a proxy that speaks https, set Config.BehindTLSProxy. To
// try things out on http://127.0.0.1, set Config.InsecurePlainHTTP.
//
// # Limits
//
// One browser keeps one value of each cookie: when two people share it, the one
// who signed in last is known there. Nothing here ends a session when a user's
// factors change elsewhere; that is up to the app, whose sessions they are.
package twofactorhttp
