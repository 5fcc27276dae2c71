package twofactorhttp_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

// FuzzBodies sends anything to any route, signed in and with a grant and a
// pending login: there is no fault in what someone sends.
func FuzzBodies(f *testing.F) {
	routes := twofactorhttp.Routes()
	for i, r := range routes {
		body, err := json.Marshal(contract[r.Method+" "+r.Path].body)
		require.NoError(f, err)
		f.Add(i, "x", "application/json", body)
		f.Add(i, "a/b\x00%", "application/json", []byte(`{"code":"１２３ ４５６","name":"\ud800"}`))
	}
	f.Fuzz(func(t *testing.T, route int, id, kind string, body []byte) {
		r := routes[uint(route)%uint(len(routes))]
		if len(id) > 1000 || id == "" {
			id = "x"
		}
		a := newAPI(t, everything)
		b := a.member()
		a.scanned(b)
		b.cookies["__Host-2fa-pending"] = a.pending().cookies["__Host-2fa-pending"]
		path := strings.ReplaceAll(r.Path, "{id}", url.PathEscape(id))
		w := a.raw(b, r.Method, path, kind, string(body))
		require.Less(t, w.Code, 500, "%s %s: %s", r.Method, path, w.Body)
		if w.Code >= 400 {
			problemOf(t, w)
		}
	})
}
