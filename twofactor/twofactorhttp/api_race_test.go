package twofactorhttp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAPIAcceptsACodeOnce sends one code 64 times at once, over real connections.
func TestAPIAcceptsACodeOnce(t *testing.T) {
	t.Parallel()
	for name, logins := range map[string]int{"one login": 1, "many logins": 64} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, everything)
			phone, _, _ := a.scanned(a.member())
			browsers := make([]*browser, logins)
			for i := range browsers {
				browsers[i] = a.pending()
			}
			body := `{"code":"` + phone.Code(a.clock.Now()) + `"}`
			server := httptest.NewTLSServer(a.api)
			t.Cleanup(server.Close)

			const n = 64
			statuses := make([]int, n)
			sessions := make([]bool, n)
			start := make(chan struct{})
			var wg sync.WaitGroup
			for i := range n {
				r := browsers[i%logins].request(t.Context())
				to, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/2fa/login/verify", strings.NewReader(body))
				require.NoError(t, err)
				to.Header = r.Header
				to.Header.Set("Content-Type", "application/json")
				wg.Go(func() {
					<-start
					res, err := server.Client().Do(to)
					if err != nil {
						return
					}
					defer res.Body.Close()
					statuses[i] = res.StatusCode
					for _, c := range res.Cookies() {
						sessions[i] = sessions[i] || c.Name == "sid"
					}
				})
			}
			close(start)
			wg.Wait()

			won := 0
			for i, status := range statuses {
				require.Contains(t, []int{200, 401, 403, 409, 429}, status)
				require.Equal(t, status == 200, sessions[i], "a session without a yes")
				if status == 200 {
					won++
				}
			}
			require.Equal(t, 1, won)
			require.Len(t, a.sessions, 2, "the member's and the winner's")
		})
	}
}
