package main

import (
	"net/http"
	"net/netip"
	"strings"
)

// maxBody is more than any request takes.
const maxBody = 64 << 10

// wrap puts what every request needs around a handler, the outermost last.
func (a *app) wrap(h http.Handler) http.Handler {
	h = http.MaxBytesHandler(h, maxBody)
	h = a.sessions.LoadAndSave(h)
	h = a.live.begin(h)
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, errCrossOrigin)
	}))
	return secure(a.proxied, origin.Handler(h))
}

// policyCSP lets a page load its style sheet and the QR code, send its forms, and
// nothing else. There is no script, not even from here.
const policyCSP = "default-src 'none'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers that every answer has.
func secure(https bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", policyCSP)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		// Browsers then send "Origin: null" with forms. Those that say
		// Sec-Fetch-Site, as all do since 2023, are known to be from here by that.
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// clientAddr is where a request comes from. The proxy adds the address that it
// sees at the end of the list; what stands before that, anybody can write.
func (a *app) clientAddr(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	if !a.proxied {
		return peer.Addr()
	}
	list := r.Header.Values("X-Forwarded-For")
	if len(list) == 0 {
		return peer.Addr()
	}
	last := list[len(list)-1]
	addr, err := netip.ParseAddr(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]))
	if err != nil {
		return peer.Addr()
	}
	return addr
}
