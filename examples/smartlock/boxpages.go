package main

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/providers/lockrelay"
)

func (b *box) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/relay/", http.StripPrefix("/relay", lockrelay.NewHandler(b)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		type row struct{ Name, State string }
		page := struct {
			Title   string
			Light   string
			Doors   []row
			Journal []string
		}{Title: "Controller " + b.name, Light: "steady"}
		if b.now().Sub(b.pressed) < 10*time.Second {
			page.Light = "cycling"
		}
		for name, d := range b.doors {
			state := "closed"
			if d.office {
				state = "open (office mode)"
			} else if b.now().Sub(d.opened) < 10*time.Second {
				state = "open"
			}
			page.Doors = append(page.Doors, row{name, state})
		}
		slices.SortFunc(page.Doors, func(x, y row) int { return strings.Compare(x.Name, y.Name) })
		page.Journal = slices.Clone(b.journal)
		slices.Reverse(page.Journal)
		render(w, "box", page)
	})
	mux.HandleFunc("POST /button", func(w http.ResponseWriter, r *http.Request) {
		if err := b.HardwareReset(r.Context()); err != nil {
			http.Error(w, "the button doesn't work", http.StatusInternalServerError)
			return
		}
		b.mu.Lock()
		b.pressed = b.now()
		b.mu.Unlock()
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	return mux
}
