package twofactorhttp_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
	"github.com/stretchr/testify/require"
)

// A client is who is at the other end of the connection, whatever its headers
// say. An app behind a proxy says which header it believes.
func TestClientIsThePeer(t *testing.T) {
	t.Parallel()
	proxied := func(c *twofactorhttp.Config) {
		c.ClientAddr = func(r *http.Request) netip.Addr { return netip.MustParseAddr(r.Header.Get("X-Real-Ip")) }
	}
	for name, row := range map[string]struct {
		change func(*twofactorhttp.Config)
		remote string
		want   netip.Addr
	}{
		"by default":     {nil, "192.0.2.7:4711", netip.MustParseAddr("192.0.2.7")},
		"IPv6":           {nil, "[2001:db8::7]:4711", netip.MustParseAddr("2001:db8::7")},
		"no address":     {nil, "@", netip.Addr{}},
		"behind a proxy": {proxied, "192.0.2.7:4711", netip.MustParseAddr("203.0.113.9")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, twofactor.Policy{}, row.change)
			r := newBrowser().request(t.Context())
			r.RemoteAddr = row.remote
			for _, header := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip", "Cf-Connecting-Ip"} {
				r.Header.Set(header, "203.0.113.9")
			}
			require.Equal(t, row.want, a.gate.Client(r).Addr)
		})
	}
}
