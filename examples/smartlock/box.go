package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/providers/lockfile"
)

// A box is a controller with its doors, its light and its button.
type box struct {
	*lockcode.Controller
	name, url, cloud string
	confirmed        string // the file that keeps the confirmed configuration
	keys             *lockfile.LockKeys
	now              func() time.Time
	web              *http.Client

	out io.Writer // gets the journal too, if it isn't nil

	mu      sync.Mutex
	doors   map[string]*door
	pressed time.Time
	journal []string
}

type door struct {
	opened time.Time
	office bool
}

// newBox opens the box's keys in dir. wrap stands between the controller and
// its store, for a test that cuts the power there; nil is nothing.
func newBox(name, dir, cloudURL string, now func() time.Time, wrap func(lockcode.LockKeyStore) lockcode.LockKeyStore) (*box, error) {
	sealer, err := lockfile.KeyFile(dir + ".key")
	if err != nil {
		return nil, err
	}
	keys, err := lockfile.OpenLock(filepath.Join(dir, "keys"), name, sealer)
	if err != nil {
		return nil, err
	}
	b := &box{
		name: name, cloud: cloudURL, keys: keys, now: now, web: &http.Client{Timeout: 10 * time.Second},
		doors: map[string]*door{}, confirmed: filepath.Join(dir, "config.json"),
	}
	for _, d := range sites[name] {
		b.doors[d] = new(door)
	}
	var store lockcode.LockKeyStore = keys
	if wrap != nil {
		store = wrap(store)
	}
	b.Controller, err = lockcode.NewController(lockcode.ControllerConfig{
		LockID: name, Store: store, PINs: b, Rights: b, Doors: b, Audit: b, Now: now,
		// The user "may" change the PIN that came by SMS: the product's rule.
		InsecureKeepActivationPIN: true,
	})
	if err != nil {
		return nil, errors.Join(err, keys.Close())
	}
	return b, nil
}

// SendPIN sends an SMS through the cloud, which therefore sees this one PIN.
func (b *box) SendPIN(ctx context.Context, userID string, p lockcode.PIN) error {
	form := url.Values{"to": {userID}, "text": {fmt.Sprintf("%s: your PIN is %s", b.name, p.Digits())}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.cloud+"/sms", bytes.NewBufferString(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.web.Do(req)
	if err != nil {
		return errors.New("the SMS gateway doesn't answer")
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return errors.New("the SMS gateway refuses")
	}
	return nil
}

// Allow answers by the configuration that the owner confirmed. One that the
// box hasn't got yet comes from the cloud, and counts only if it has the
// confirmed hash. The box keeps it, and goes on with it whatever the cloud says.
func (b *box) Allow(ctx context.Context, hash lockcode.ConfigHash, userID string, what lockcode.Binding) error {
	var c config
	kept, err := os.ReadFile(b.confirmed)
	if err != nil || json.Unmarshal(kept, &c) != nil || c.hash() != hash {
		if c, err = fetchConfig(ctx, b.web, b.cloud, b.name); err != nil {
			return err
		}
		if c.hash() != hash {
			return errors.New("the cloud has another configuration than the confirmed one")
		}
		if err := os.WriteFile(b.confirmed, c.text(), 0o600); err != nil {
			return err
		}
	}
	if !c.allows(userID, what) {
		return errors.New("no such right")
	}
	return nil
}

func fetchConfig(ctx context.Context, web *http.Client, cloudURL, lock string) (c config, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, cloudURL+"/config/"+url.PathEscape(lock), nil)
	if err != nil {
		return c, err
	}
	resp, err := web.Do(req)
	if err != nil {
		return c, err
	}
	defer resp.Body.Close()
	err = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&c)
	return c, err
}

// Act moves a door.
func (b *box) Act(_ context.Context, userID string, what lockcode.Binding) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.doors[what.Target]
	if d == nil {
		return errors.New("there is no such door")
	}
	d.opened = b.now()
	if what.Purpose == lockcode.OfficeMode {
		d.office = !d.office
	}
	b.note(fmt.Sprintf("door %s: %v, for %s", what.Target, what.Purpose, userID))
	return nil
}

// Event writes the box's own journal, which the cloud doesn't get.
func (b *box) Event(e lockcode.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	line := string(e.Kind)
	if e.UserID != "" {
		line += " " + e.UserID
	}
	if e.Binding.Purpose != 0 {
		line += fmt.Sprintf(" (%v %s)", e.Binding.Purpose, e.Binding.Target)
	}
	b.note(line)
}

func (b *box) note(line string) {
	b.journal = append(b.journal, b.now().Format("15:04:05 ")+line)
	b.journal = b.journal[max(0, len(b.journal)-200):]
	if b.out != nil {
		fmt.Fprintln(b.out, line)
	}
}
