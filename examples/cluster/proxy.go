package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// A balancer passes each request on to the next node that is up.
type balancer struct {
	nodes []*backend
	next  atomic.Uint64
}

type backend struct {
	proxy *httputil.ReverseProxy
	down  atomic.Bool
}

// startProxy serves the nodes under one address.
func startProxy(nodes []string) (site string, stop func(), err error) {
	b := new(balancer)
	transport := &http.Transport{MaxIdleConnsPerHost: workers}
	for _, address := range nodes {
		to, err := url.Parse(address)
		if err != nil {
			return "", nil, err
		}
		n := new(backend)
		n.proxy = &httputil.ReverseProxy{
			Transport:    transport,
			Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(to) },
			ErrorHandler: n.failed,
			ErrorLog:     log.New(io.Discard, "", 0), // an answer that was cut is what this is about
		}
		b.nodes = append(b.nodes, n)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: b, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	go server.Serve(l)
	return "http://" + l.Addr().String(), func() { server.Close(); transport.CloseIdleConnections() }, nil
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for range b.nodes {
		n := b.nodes[b.next.Add(1)%uint64(len(b.nodes))]
		if !n.down.Load() {
			n.proxy.ServeHTTP(w, r)
			return
		}
	}
	w.WriteHeader(http.StatusBadGateway)
}

// failed takes the node out. Its request is not sent to another one: it may have
// been carried out, and only who sent it can tell what to do then.
func (n *backend) failed(w http.ResponseWriter, r *http.Request, _ error) {
	if r.Context().Err() == nil {
		n.down.Store(true)
	}
	w.WriteHeader(http.StatusBadGateway)
}
