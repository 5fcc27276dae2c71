package main

import (
	"net/http"
	"slices"

	"github.com/latchkey-auth/latchkey/lockcode"
	"github.com/latchkey-auth/latchkey/providers/lockrelay"
)

// purposes are what the web page offers, all of them by Code.
var purposes = map[string]lockcode.Purpose{"open": lockcode.OpenDoor, "office": lockcode.OfficeMode, "reset": lockcode.ResetPIN}

func (c *cloud) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/relay/", http.StripPrefix("/relay", lockrelay.NewHandler(c)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { c.page(w, r, "") })
	mux.HandleFunc("POST /code", c.postCode)
	mux.HandleFunc("POST /rights", func(w http.ResponseWriter, r *http.Request) {
		c.saw("web form: rights of %s at %s", r.FormValue("user"), r.FormValue("lock"))
		c.setRight(r.FormValue("lock"), r.FormValue("user"), r.FormValue("open") != "", r.FormValue("office") != "")
		c.page(w, r, "Saved. It counts when the owner has confirmed it in the App.")
	})
	mux.HandleFunc("POST /sms", func(w http.ResponseWriter, r *http.Request) {
		c.saw("SMS to %s: %s", r.FormValue("to"), r.FormValue("text"))
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sms = append(c.sms, sms{r.FormValue("to"), r.FormValue("text")})
		c.sms = c.sms[max(0, len(c.sms)-100):]
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /config/{lock}", func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		cfg, ok := c.configs[r.PathValue("lock")]
		var text []byte
		if ok {
			text = cfg.text()
		}
		c.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	})
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, _ *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		lines := slices.Clone(c.log)
		slices.Reverse(lines)
		render(w, "log", struct {
			Title string
			Lines []string
		}{"Everything that the cloud ever saw", lines})
	})
	return mux
}

func (c *cloud) postCode(w http.ResponseWriter, r *http.Request) {
	purpose, target := purposes[r.FormValue("purpose")], r.FormValue("door")
	if purpose == lockcode.ResetPIN {
		target = r.FormValue("target")
	}
	err := c.submit(r.Context(), r.FormValue("lock"), r.FormValue("user"), r.FormValue("code"), lockcode.Binding{Purpose: purpose, Target: target})
	message := "Done."
	if err != nil {
		message = "That didn't work: " + err.Error() + "."
	}
	c.page(w, r, message)
}

func (c *cloud) page(w http.ResponseWriter, r *http.Request, message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	type lock struct {
		config
		Box string
	}
	page := struct {
		Title, Message, User string
		Users                []member
		Locks                []lock
		SMS                  []sms
	}{Title: "Cloud", Message: message, User: r.FormValue("user")}
	for _, name := range []string{"house", "garden"} {
		cfg := *c.configs[name]
		cfg.Users = slices.Clone(cfg.Users)
		page.Locks = append(page.Locks, lock{cfg, c.boxes[name]})
		page.Users = cfg.Users
	}
	page.SMS = slices.Clone(c.sms)
	slices.Reverse(page.SMS)
	render(w, "cloud", page)
}
