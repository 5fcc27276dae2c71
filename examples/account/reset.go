package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
)

const (
	resetLife  = 30 * time.Minute
	resetPause = time.Minute   // after the first mail to a user, then twice as long each time
	resetMost  = 3 * time.Hour // which makes 15 mails a day, whoever asks for them
	resetTime  = time.Minute   // for sending one
)

// resets are the codes by which users who forgot their password set another one.
// Anybody can ask for one in anybody's name. So a new one leaves those before it
// good, or the owner's would be dead when it is typed.
type resets struct {
	mu     sync.Mutex
	byUser map[string][]reset // of the last day, the oldest first
}

type reset struct {
	code [sha256.Size]byte // of 130 random bits: a plain hash is enough
	sent time.Time
}

func newResets() *resets { return &resets{byUser: make(map[string][]reset)} }

// begin returns a new code for a user, or nothing if it is too soon for one.
func (rs *resets) begin(user string, now time.Time) string {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	all := slices.DeleteFunc(rs.byUser[user], func(r reset) bool { return now.Sub(r.sent) >= 24*time.Hour })
	rs.byUser[user] = all
	if n := len(all); n > 0 && now.Sub(all[n-1].sent) < min(resetPause<<(n-1), resetMost) {
		return ""
	}
	code := rand.Text()
	rs.byUser[user] = append(all, reset{sha256.Sum256([]byte(code)), now})
	return code
}

// spend returns whose code it is. From now on none of this user's is.
func (rs *resets) spend(code string, now time.Time) (user string, err error) {
	hash := sha256.Sum256([]byte(code))
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for id, all := range rs.byUser {
		if slices.ContainsFunc(all, func(r reset) bool { return r.code == hash && now.Sub(r.sent) < resetLife }) {
			rs.kill(id)
			return id, nil
		}
	}
	return "", userError{Field: "reset", Text: "This code is wrong, or was used, or is more than half an hour old."}
}

// forget makes the codes that a user was sent worthless: whoever still waits for
// one is not the one who has just set a password.
func (rs *resets) forget(user string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.kill(user)
}

// kill leaves no more of the codes than when they were sent.
func (rs *resets) kill(user string) {
	for i := range rs.byUser[user] {
		rs.byUser[user][i].code = [sha256.Size]byte{}
	}
}

func (a *app) showForgot(w http.ResponseWriter, r *http.Request) error {
	return a.render(w, r, http.StatusOK, "forgot", "Forgot your password?", nil)
}

// postForgot sends a code, and says the same whether there is such a user or not.
// It doesn't wait for that either, since the time would tell.
func (a *app) postForgot(w http.ResponseWriter, r *http.Request) error {
	address := r.PostFormValue("user")
	a.behind.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), resetTime)
		defer cancel()
		if err := a.sendReset(ctx, address); err != nil {
			a.logger.ErrorContext(ctx, "sending a code for a new password", "error", err)
		}
	})
	http.Redirect(w, r, "/reset-password", http.StatusSeeOther)
	return nil
}

func (a *app) sendReset(ctx context.Context, address string) error {
	u, err := a.users.byAddress(address)
	if err != nil {
		return nil // nobody's business
	}
	code := a.resets.begin(u.id, a.now())
	if code == "" {
		return nil
	}
	return a.messages.Send(ctx, otpcode.Message{
		Channel: otpcode.Email, To: u.email, Subject: "Set a new password for " + serviceName,
		Text: "Someone, probably you, asked to set a new password. Enter this code within half an hour:\n\n" + code +
			"\n\nIf it wasn't you, there is nothing to do.\n",
	})
}

func (a *app) showReset(w http.ResponseWriter, r *http.Request) error {
	return a.renderReset(w, r, http.StatusOK, nil)
}

func (a *app) renderReset(w http.ResponseWriter, r *http.Request, status int, f *flash) error {
	p := a.page(r, "Set a new password", nil)
	p.Flash = f
	return a.pages.write(w, status, "reset", p)
}

// postReset sets the password and signs nobody in: the mailbox stands in for the
// password and for nothing else. The second factor is asked for as ever.
func (a *app) postReset(w http.ResponseWriter, r *http.Request) error {
	err := a.resetPassword(r, r.PostFormValue("reset"), r.PostFormValue("new"))
	if typed, ok := errors.AsType[userError](err); ok {
		return a.renderReset(w, r, http.StatusBadRequest, &flash{Text: typed.Text, Field: typed.Field, Bad: true})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/sign-in?note=password", http.StatusSeeOther)
	return nil
}

func (a *app) resetPassword(r *http.Request, code, password string) error {
	if err := checkPasswordForm(password); err != nil {
		return err // before the code is spent
	}
	id, err := a.resets.spend(code, a.now())
	if err != nil {
		return err
	}
	return a.passwordChanged(r.Context(), id, password)
}
