package twofactorhttp_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// An address that is for recovery only leaves the session as it is, and renews the
// grant, by the Gate and by the JSON contract.
func TestConfirmAddressForRecovery(t *testing.T) {
	t.Parallel()
	policy := everything
	policy.EmailPurpose = twofactor.EmailRecoveryOnly
	for name, confirm := range map[string]func(*apiApp, *browser, string) http.Header{
		"Gate": func(a *apiApp, b *browser, id string) http.Header {
			return a.send(b, func(w http.ResponseWriter, r *http.Request) {
				c, err := a.gate.Confirm(w, r, id, a.code(mail))
				require.NoError(a.t, err)
				require.Nil(a.t, c.Session)
				require.Equal(a.t, twofactor.Email, c.Method.Kind)
			}).Header()
		},
		"API": func(a *apiApp, b *browser, id string) http.Header {
			w := a.raw(b, "POST", "enrollments/"+id+"/confirm", "application/json", `{"code":"`+a.code(mail)+`"}`)
			require.Equal(a.t, http.StatusOK, w.Code)
			b.keep(w)
			return w.Header()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, policy)
			b := a.member()
			a.scanned(b)
			id := a.call(b, "POST", "enrollments", fields{"kind": "email"}, 201)["id"].(string)
			a.clock.Advance(4 * time.Minute)
			ses, grant := b.cookies["sid"], b.cookies["__Host-2fa-grant"]
			answer := http.Response{Header: confirm(a, b, id)}
			require.Len(t, answer.Cookies(), 1)
			require.Equal(t, "__Host-2fa-grant", answer.Cookies()[0].Name)
			require.Equal(t, grant, answer.Cookies()[0].Value)
			require.Equal(t, 300, answer.Cookies()[0].MaxAge)
			require.Equal(t, ses, b.cookies["sid"])
			a.clock.Advance(4 * time.Minute)
			a.call(b, "POST", "enrollments", fields{"kind": "totp"}, 201)
			require.Len(t, a.call(b, "GET", "settings", nil, 200)["methods"], 2)
		})
	}
}
