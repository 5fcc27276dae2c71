package twofactorhttp_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

// What is asked for by GET can be asked for by a link on another site, or by a
// browser that looks ahead. It changes nothing, which eachRoute sees to, and gives
// no cookie.
func TestAPIReadingChangesNothing(t *testing.T) {
	t.Parallel()
	read := make(chan string, len(twofactorhttp.Routes()))
	t.Run("routes", func(t *testing.T) {
		eachRoute(t, func(t *testing.T, a *apiApp, b *browser, r twofactorhttp.Route, _ string) {
			if r.Method != "GET" {
				return
			}
			for range 3 {
				w := a.raw(b, r.Method, pathOf(r), "", "", "Sec-Fetch-Site", "cross-site")
				require.Less(t, w.Code, 500)
				require.Empty(t, w.Result().Cookies())
			}
			read <- r.Path
		})
	})
	require.Len(t, read, 4)
}
