package twofactorhttp_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// texting is a policy under which SMS is the only way, and its code goes out
// unasked.
var texting = twofactor.Policy{
	Kinds: []twofactor.Kind{twofactor.SMS}, Numbers: twofactor.NumbersManaged, SendUnasked: true,
}

// texted sets up SMS as the only factor of someone who is signed in.
func (a *apiApp) texted(b *browser) (method string) {
	a.t.Helper()
	e := a.call(b, "POST", "enrollments", fields{"kind": "sms"}, 201)
	a.clock.Advance(time.Minute)
	at := "enrollments/" + e["id"].(string)
	has(a.t, any(a.call(b, "POST", at+"/send", nil, 202)), "method hint reference digits expires_at resend_at")
	done := a.call(b, "POST", at+"/confirm", fields{"code": a.code(mobile)}, 200)
	a.clock.Advance(time.Minute)
	return done["method"].(fields)["id"].(string)
}

// What was sent unasked can be shown as well as what was asked for.
func TestScenario_C7_ThePageTellsWhatWasSent(t *testing.T) {
	t.Parallel()
	a := newAPI(t, texting)
	method := a.texted(a.member())
	b := a.pending()
	messages := a.outbox.Messages()
	for range 2 { // a page that is loaded again tells the same
		page := a.call(b, "GET", "login", nil, 200)
		require.NotContains(t, page, "send_now")
		sent := has(t, page["sent"], "method hint reference digits expires_at resend_at")
		require.Equal(t, method, sent["method"])
		require.Equal(t, messages[len(messages)-1].Reference, sent["reference"])
		require.Equal(t, a.clock.Now().Add(30*time.Second), instant(t, sent["resend_at"]))
	}
	a.clock.Advance(30 * time.Second)
	again := a.call(b, "POST", "login/send", fields{"method": method}, 202)
	require.Equal(t, again, a.call(b, "GET", "login", nil, 200)["sent"])
	a.clock.Advance(instant(t, again["expires_at"]).Sub(a.clock.Now()) + time.Second)
	require.NotContains(t, a.call(b, "GET", "login", nil, 200), "sent", "it has expired")

	a.clock.Advance(time.Hour)
	a.fail.Store(true)
	page := a.call(a.pending(), "GET", "login", nil, 200)
	require.NotContains(t, page, "sent", "nothing went out")
	require.Equal(t, method, page["send_now"])
}

// A message whose fate is unknown was accepted like any other (RFC 9110, section
// 15.3.3), and its code is good if it arrives.
func TestAPISendsWhoseFateIsUnknown(t *testing.T) {
	t.Parallel()
	a := newAPI(t, texting)
	member := a.member()
	a.unsure.Store(true)
	method := a.texted(member)

	login := a.pending()
	a.clock.Advance(time.Minute)
	has(t, any(a.call(login, "POST", "login/send", fields{"method": method}, 202)), "method hint reference digits expires_at resend_at")
	a.call(login, "POST", "login/verify", fields{"code": a.code(mobile)}, 200)
	a.clock.Advance(time.Minute)
	has(t, any(a.call(login, "POST", "grant/send", fields{"method": method}, 202)), "method hint reference digits expires_at resend_at")
	a.call(login, "POST", "grant", fields{"method": method, "code": a.code(mobile)}, 200)

	a = newAPI(t, everything)
	member = a.member()
	a.unsure.Store(true)
	a.call(member, "PUT", "phone", fields{"number": "0412 000 111"}, 200)
	has(t, any(a.call(member, "POST", "phone/send", nil, 202)), "hint reference digits expires_at resend_at")
	a.call(member, "POST", "phone/verify", fields{"code": a.code("+61412000111")}, 200)
}
