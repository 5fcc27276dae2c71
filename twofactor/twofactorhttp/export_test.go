package twofactorhttp

import (
	"net/http"
	"time"
)

// The cookies by what they are for, to test their builder with values and ends
// that the service doesn't come up with.
var cookies = map[string]cookie{
	"pending": pendingCookie, "grant": grantCookie, "browser": browserCookie, "device": deviceCookie,
}

func (g *Gate) Build(which, value string, ends time.Time) (*http.Cookie, error) {
	return g.build(cookies[which], value, ends)
}

func (g *Gate) Read(which string, r *http.Request) string { return g.read(r, cookies[which]) }

func (g *Gate) Forget(which string, w http.ResponseWriter, r *http.Request) {
	g.forget(w, r, cookies[which])
}

// A Route is one line of the contract.
type Route struct{ Method, Path string }

// Routes are all lines of the contract.
func Routes() []Route {
	var out []Route
	for _, r := range new(api).routes() {
		out = append(out, Route{r.method, r.path})
	}
	return out
}
