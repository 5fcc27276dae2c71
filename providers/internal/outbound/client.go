package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// DefaultTimeout bounds a Send whose Config names no time: a person is waiting
// for the page to tell what happened.
const DefaultTimeout = 15 * time.Second

// maxAnswer is how much of an answer is read. Those of gateways have a few
// hundred bytes.
const maxAnswer = 64 << 10

// Endpoint parses the base URL of a gateway. It has to be https, so that
// nobody on the way reads codes, unless it leads to this machine or insecure
// is true. No error holds the URL, since people put tokens into them.
func Endpoint(raw string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" {
		return nil, errors.New("URL is not absolute")
	}
	if u.User != nil || u.Fragment != "" {
		return nil, errors.New("URL has a user or a fragment")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !insecure && !isLoopback(u.Hostname())) {
		return nil, errors.New("URL is not https")
	}
	return u, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Client returns a copy of base, or of a default client if it is nil, that
// follows no redirects and keeps no cookies: a redirect would hand a message
// to a server that nobody has configured.
func Client(base *http.Client) *http.Client {
	c := new(http.Client)
	if base != nil {
		*c = *base
	} else {
		c.Transport = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout: 5 * time.Second,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 16,
			// Short, so that a message seldom goes into a connection that the
			// gateway is closing: whether it arrived would not be known.
			IdleConnTimeout:       30 * time.Second,
			ExpectContinueTimeout: time.Second,
		}
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Jar = nil
	return c
}

// An Answer is what a gateway said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // at most 64 KiB
}

// Post sends body once. The error is made by [Flight.Fail].
func Post(ctx context.Context, client *http.Client, to *url.URL, header http.Header, body io.Reader) (Answer, error) {
	ctx, flight := Watch(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), body)
	if err != nil {
		return Answer{}, NotSent("cannot build the request")
	}
	// Without GetBody the transport cannot send a body twice. It would do so,
	// for any request with an Idempotency-Key header, when a connection that
	// was used before breaks; but not every gateway looks at that header.
	req.GetBody = nil
	req.Header = header
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, flight.Fail(err)
	}
	defer resp.Body.Close()
	// A cut in the answer's body doesn't change what its status said.
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: answer}, nil
}
