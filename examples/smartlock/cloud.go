package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/providers/lockrelay"
)

// A cloud relays, shows pages, keeps the configuration and sends SMS. It has no
// key. Everything that it ever sees goes into its log.
type cloud struct {
	url string
	now func() time.Time
	web *http.Client

	mu      sync.Mutex
	boxes   map[string]string
	configs map[string]*config
	sms     []sms
	log     []string
}

type sms struct{ To, Text string }

func newCloud(now func() time.Time) *cloud {
	house, garden := newConfig("house"), newConfig("garden")
	return &cloud{
		now: now, web: &http.Client{Timeout: 10 * time.Second}, boxes: map[string]string{},
		configs: map[string]*config{"house": &house, "garden": &garden},
	}
}

func (c *cloud) connect(lock, url string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boxes[lock] = url
}

func (c *cloud) saw(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, c.now().Format("15:04:05 ")+fmt.Sprintf(format, args...))
	c.log = c.log[max(0, len(c.log)-5000):]
}

// Do relays a message, and keeps what passes in the log.
func (c *cloud) Do(ctx context.Context, lockID string, msg []byte) ([]byte, error) {
	c.saw("to %s: %s", lockID, hex.EncodeToString(msg))
	c.mu.Lock()
	url := c.boxes[lockID]
	c.mu.Unlock()
	answer, err := lockrelay.Client{URL: url + "/relay", HTTP: c.web}.Do(ctx, lockID, msg)
	c.saw("from %s: %s", lockID, hex.EncodeToString(answer))
	return answer, err
}

var _ lockcode.Relay = (*cloud)(nil)

// submit is the web page's form: somebody typed a Code.
func (c *cloud) submit(ctx context.Context, lock, user, typed string, b lockcode.Binding) error {
	c.saw("web form of %s at %s: %v %s, Code %q", user, lock, b.Purpose, b.Target, typed)
	code, err := lockcode.ParseCode(typed)
	if err != nil {
		return err
	}
	return lockcode.SubmitCode(ctx, c, lock, user, code, b)
}

// lastSMS is the last text that a user got.
func (c *cloud) lastSMS(user string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range slices.Backward(c.sms) {
		if m.To == user {
			return m.Text
		}
	}
	return ""
}

// setRight changes the cloud's configuration. The box goes on with the one
// that the owner confirmed last.
func (c *cloud) setRight(lock, user string, open, office bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cfg, ok := c.configs[lock]
	if !ok {
		return
	}
	for i := range cfg.Users {
		if cfg.Users[i].ID == user {
			cfg.Users[i].Open, cfg.Users[i].Office = open, office
		}
	}
}
