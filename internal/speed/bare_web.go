package main

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A bareWeb is a second step in a handler written by hand: it finds the login
// that waits by its cookie, checks the code with github.com/pquerna/otp, sees to
// it that a code counts once, and starts a session. It has no limit on guesses,
// no sealing, no recovery codes, no second kind of factor.
type bareWeb struct {
	site
	store twofactor.Store

	waiting sync.Map // users by the cookie of their login
}

// The layout of a row: the app's secret in base32, the code that was used last,
// and as many more bytes as a record of ours has.
const (
	secretLength = 32
	codeLength   = 6
)

// bareWay is a bareWeb over store.
func bareWay(ctx context.Context, store twofactor.Store) way {
	web := &bareWeb{site: site{sessions: make(map[string]string)}, store: store}
	return way{
		handler: func(path string, c *clock) (http.Handler, error) {
			mux := http.NewServeMux()
			mux.HandleFunc("POST "+path+verifyRoute, func(w http.ResponseWriter, r *http.Request) { web.verify(w, r, c.now()) })
			return mux, nil
		},
		cookie: func(p *person, _ turn) string { return "login=" + p.id },
		reset: func(people []*person) error {
			for _, p := range people {
				web.waiting.Store(p.id, p.id)
				row := append(make([]byte, 0, len(p.record)), p.app.Secret()+"------"...)
				if err := put(ctx, store, userPrefix+p.id, row[:cap(row)]); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func (b *bareWeb) verify(w http.ResponseWriter, r *http.Request, now time.Time) {
	login, err := r.Cookie("login")
	if err != nil {
		http.Error(w, "no login", http.StatusUnauthorized)
		return
	}
	user, ok := b.waiting.Load(login.Value)
	if !ok {
		http.Error(w, "no login", http.StatusUnauthorized)
		return
	}
	var in struct {
		Code string `json:"code"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	key := userPrefix + user.(string)
	rec, err := b.store.Load(r.Context(), key)
	if err != nil {
		http.Error(w, "fault", http.StatusInternalServerError)
		return
	}
	row := append([]byte(nil), rec.Data...)
	used := row[secretLength : secretLength+codeLength]
	right, err := totp.ValidateCustom(in.Code, string(row[:secretLength]), now, appOptions)
	if err != nil || !right || in.Code == string(used) {
		http.Error(w, "wrong code", http.StatusForbidden)
		return
	}
	copy(used, in.Code)
	if _, err := b.store.Save(r.Context(), key, rec.Version, row); err != nil {
		http.Error(w, "fault", http.StatusInternalServerError)
		return
	}
	b.start(w, key)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"status": "verified"})
}
