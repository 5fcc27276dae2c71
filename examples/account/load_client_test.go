package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor/twofactortest"
)

// A person has a password, a phone, a list of recovery codes and two devices, and
// remembers what the app has said yes to.
type person struct {
	*load
	number           int
	user             user
	password, mobile string
	phone            *twofactortest.Phone
	sms              string // the id of that method
	issued           int    // recovery codes

	mu       sync.Mutex
	recovery []string
	step     int64 // of the last code of the app that was typed
	guesses  int   // wrong codes still to type
	accepted map[string]int
	wrong    int // codes that were judged and refused
	spent    int // recovery codes that were accepted
	devices  int // that were trusted
	byApp    int
	bySMS    int
	byDevice int
}

// A client is a browser: its cookies, kept as a proxy that speaks https would
// pass them on.
type client struct {
	*load
	who     *person
	addr    string
	cookies map[string]string
	rand    *rand.Rand
	next    int // in a hundred, what to do next
}

// beside is another window of the same browser.
func (c *client) beside() *client {
	other := *c
	other.cookies = maps.Clone(c.cookies)
	return &other
}

// call sends a request and returns the status and fields of its answer. A fault
// fails the test.
func (c *client) call(method, path string, body fields) (int, fields) {
	text := []byte(nil)
	if body != nil {
		text, _ = json.Marshal(body)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, bytes.NewReader(text))
	if err != nil {
		c.t.Error(err)
		return 0, nil
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-Forwarded-For", c.addr)
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	start := time.Now()
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Errorf("%s %s: %v", method, path, err)
		return 0, nil
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	took := time.Since(start)
	for _, cookie := range res.Cookies() {
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		} else {
			c.cookies[cookie.Name] = cookie.Value
		}
	}
	var out fields
	if len(answer) > 0 {
		err = json.Unmarshal(answer, &out)
	}
	if err != nil || res.StatusCode >= 500 {
		c.t.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	reason, _ := out["reason"].(string)
	c.load.mu.Lock()
	defer c.load.mu.Unlock()
	c.load.took = append(c.load.took, took)
	c.load.answers[path+" "+strconv.Itoa(res.StatusCode)+" "+reason]++
	return res.StatusCode, out
}

// enroll sets up the app and the number of a person.
func (p *person) enroll(c *client) {
	c.signIn()
	c.call("POST", "/2fa/grant", fields{"password": p.password})
	_, e := c.call("POST", "/2fa/enrollments", fields{"kind": "totp"})
	uri, _ := e["uri"].(string)
	var err error
	if p.phone, err = twofactortest.NewPhone(uri); err != nil {
		p.t.Error(err)
		return
	}
	now := p.app.now()
	p.step = now.Unix() / 30
	_, out := c.call("POST", fmt.Sprintf("/2fa/enrollments/%v/confirm", e["id"]), fields{"code": p.phone.Code(now)})
	codes, _ := out["recovery_codes"].([]any)
	for _, code := range codes {
		p.recovery = append(p.recovery, code.(string))
	}
	p.issued = len(p.recovery)
	_, e = c.call("POST", "/2fa/enrollments", fields{"kind": "sms"})
	_, out = c.call("POST", fmt.Sprintf("/2fa/enrollments/%v/confirm", e["id"]), fields{"code": p.inbox(e["reference"])})
	method, _ := out["method"].(fields)
	if p.sms, _ = method["id"].(string); p.sms == "" || p.issued == 0 {
		p.t.Errorf("%s could not be enrolled: %v", p.user.id, out)
	}
	c.call("POST", "/api/sign-out", nil)
}

// inbox is the code that came with a reference.
func (p *person) inbox(reference any) string {
	for _, m := range slices.Backward(p.app.messages.Messages()) {
		if m.To == p.mobile && m.Reference == reference {
			return sixDigits.FindString(m.Text)
		}
	}
	return "000000"
}

// live does one thing after the other until the time is over.
func (c *client) live() {
	for time.Now().Before(c.until) && !c.t.Failed() {
		trusted := c.signIn() == statusSignedIn
		n := c.next
		c.next = c.rand.IntN(100)
		switch {
		case trusted:
			c.who.count(&c.who.byDevice)
			c.call("GET", "/2fa/settings", nil)
		case n < 50:
			c.byApp()
		case n < 70:
			c.bySMS()
		case n < 80:
			c.byRecovery()
		case n < 90:
			c.guess()
		default:
			c.call("POST", "/api/sign-in", fields{"user": c.who.user.email, "password": "not this one"})
			c.call("POST", "/2fa/login/cancel", nil)
		}
		c.call("GET", "/api/me", nil)
		c.call("POST", "/api/sign-out", nil)
		if c.rand.IntN(4) == 0 {
			delete(c.cookies, "__Host-2fa-device") // or nothing else is ever asked for
		}
	}
}

func (c *client) signIn() string {
	_, out := c.call("POST", "/api/sign-in", fields{"user": c.who.user.email, "password": c.who.password})
	status, _ := out["status"].(string)
	return status
}

// byApp types the code that the phone shows, unless it was typed before, and
// sometimes in two windows at once.
func (c *client) byApp() {
	p, now := c.who, c.app.now()
	step := now.Unix() / 30
	p.mu.Lock()
	fresh := step > p.step
	p.step = max(step, p.step)
	remember := p.devices < 2
	p.mu.Unlock()
	if !fresh {
		c.call("GET", "/2fa/login", nil)
		return
	}
	body := fields{"code": p.phone.Code(now), "remember_device": remember && c.rand.IntN(4) == 0}
	for range c.twice(body, "app "+strconv.FormatInt(step, 10)) {
		p.count(&p.byApp)
	}
}

// byRecovery types the next recovery code of the list, sometimes in two windows.
func (c *client) byRecovery() {
	p := c.who
	p.mu.Lock()
	if len(p.recovery) == 0 || p.number%2 == 0 { // half of the people never need one
		p.mu.Unlock()
		return
	}
	code := p.recovery[0]
	p.recovery = p.recovery[1:]
	p.mu.Unlock()
	for range c.twice(fields{"code": code}, "recovery "+code) {
		p.count(&p.spent)
	}
}

// twice sends an answer to the pending login, and in one of three cases the same
// one to another of the same browser at the same time. It returns a yes each.
func (c *client) twice(body fields, code string) (yes []bool) {
	if c.rand.IntN(3) > 0 {
		if c.verify(body, code) {
			yes = append(yes, true)
		}
		return yes
	}
	other := c.beside()
	other.signIn()
	said := make(chan bool)
	go func() { said <- other.verify(body, code) }()
	for _, ok := range []bool{c.verify(body, code), <-said} {
		if ok {
			yes = append(yes, true)
		}
	}
	other.call("POST", "/api/sign-out", nil)
	return yes
}

// verify answers the pending login and keeps what came of it.
func (c *client) verify(body fields, code string) bool {
	status, out := c.call("POST", "/2fa/login/verify", body)
	p := c.who
	p.mu.Lock()
	defer p.mu.Unlock()
	if status == http.StatusOK {
		p.accepted[code]++
		if out["device"] != nil {
			p.devices++
		}
		return true
	}
	if reason := out["reason"]; reason == "wrong_code" || reason == "already_used" || reason == "superseded" {
		p.wrong++
	}
	return false
}

// bySMS asks for a code, often for another one, and types them.
func (c *client) bySMS() {
	p := c.who
	status, sent := c.call("POST", "/2fa/login/send", fields{"method": p.sms})
	if status != http.StatusAccepted {
		return // send_limited
	}
	first := p.inbox(sent["reference"])
	if c.rand.IntN(2) == 0 {
		status, again := c.call("POST", "/2fa/login/send", fields{"method": p.sms}) // too early
		if status == http.StatusTooManyRequests {
			<-time.After(32 * time.Second / haste)
			status, again = c.call("POST", "/2fa/login/send", fields{"method": p.sms})
		}
		if status == http.StatusAccepted {
			second := p.inbox(again["reference"])
			if first != second && c.verify(fields{"method": p.sms, "code": first}, "superseded") {
				c.t.Errorf("%s: a code was accepted after another one was sent", p.user.id)
			}
			first, sent = second, again
		}
	}
	if c.verify(fields{"method": p.sms, "code": first}, fmt.Sprint("SMS ", sent["reference"], " ", first)) {
		p.count(&p.bySMS)
	}
}

// guess types codes that the phone doesn't show.
func (c *client) guess() {
	p, now := c.who, c.app.now()
	p.mu.Lock()
	p.guesses--
	none := p.guesses < 0
	p.mu.Unlock()
	if none {
		return
	}
	near := make(map[string]bool)
	for i := range 7 {
		near[p.phone.Code(now.Add(time.Duration(i-3)*30*time.Second))] = true
	}
	code := fmt.Sprintf("%06d", c.rand.IntN(1_000_000))
	if !near[code] && c.verify(fields{"code": code}, "guess") {
		c.t.Errorf("%s: a wrong code was accepted", p.user.id)
	}
}

func (p *person) count(n *int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n++
}
