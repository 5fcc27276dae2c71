package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

//go:embed pages/*.html static
var files embed.FS

// pages are the templates, by name.
type pages struct {
	now    func() time.Time
	byName map[string]*template.Template
}

func parsePages(now func() time.Time) pages {
	p := pages{now: now, byName: make(map[string]*template.Template)}
	layout := template.Must(template.New("").Funcs(template.FuncMap{
		"kind": kindName, "Kind": kindTitle, "in": p.in, "at": at, "day": day, "say": sayReason, "why": sayWhy,
	}).ParseFS(files, "pages/layout.html"))
	names, err := files.ReadDir("pages")
	if err != nil {
		panic(err) // embedded
	}
	for _, f := range names {
		name, _ := strings.CutSuffix(f.Name(), ".html")
		p.byName[name] = template.Must(template.Must(layout.Clone()).ParseFS(files, path.Join("pages", f.Name())))
	}
	return p
}

// A page is what every template gets.
type page struct {
	Title   string
	User    string // whose session it is, or empty
	Limited bool   // it can only set up a second factor
	Admin   bool
	Outbox  bool
	Product string
	Flash   *flash
	Data    any
}

// A flash is a sentence above the page: what was done, or what is wrong.
type flash struct {
	Text  string
	Field string // the input that it is about
	Bad   bool
}

// Describe ties the sentence to its input, for those who can't see that they
// belong together (WCAG 3.3.1).
func (p page) Describe(field string) template.HTMLAttr {
	if p.Flash == nil || !p.Flash.Bad || p.Flash.Field != field {
		return ""
	}
	return `aria-invalid="true" aria-describedby="notice" autofocus`
}

// Focus is Describe for the input that a page begins with. Where another one is
// wrong, the page begins with that.
func (p page) Focus(field string) template.HTMLAttr {
	if p.Flash != nil && p.Flash.Bad {
		return p.Describe(field)
	}
	return "autofocus"
}

// flash keeps a sentence for the next page.
func (a *app) flash(r *http.Request, f flash) { a.remember(r.Context(), flashKey, f) }

// remember keeps something until the next page. Only those who are known get that
// far, so that strangers fill no memory.
func (a *app) remember(ctx context.Context, key string, v any) { a.sessions.Put(ctx, key, encode(v)) }

// known reports whether a request has a session or a pending login: not just a
// cookie for one, which anybody can send.
func (a *app) known(r *http.Request) bool {
	if a.sessionToken(r) != "" {
		return true
	}
	_, err := a.service.Login(r.Context(), a.gate.PendingToken(r))
	return err == nil
}

// page returns what every template gets.
func (a *app) page(r *http.Request, title string, data any) page {
	p := page{Title: title, Outbox: a.outbox, Product: a.product, Data: data}
	if s := twofactorhttp.Session(r); s != nil {
		if u, err := a.users.byUserID(s.UserID()); err == nil {
			p.User, p.Admin = u.email, u.admin
		}
		_, p.Limited = s.(*twofactor.EnrollmentOnly)
	}
	if text := a.sessions.GetString(r.Context(), flashKey); text != "" {
		p.Flash = decode[flash](text)
		a.sessions.Remove(r.Context(), flashKey)
	}
	return p
}

func (a *app) render(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) error {
	return a.pages.write(w, status, name, a.page(r, title, data))
}

// write answers with a page, all of it or nothing.
func (p pages) write(w http.ResponseWriter, status int, name string, data page) error {
	var b bytes.Buffer
	if err := p.byName[name].ExecuteTemplate(&b, "layout", data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // an error means that the client is gone
	return nil
}

// static serves the files that are the same for everybody.
func (a *app) static(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "max-age=3600")
	http.ServeFileFS(w, r, files, path.Join("static", r.URL.Path))
	return nil
}

// home is the first page behind the sign-in.
func (a *app) home(w http.ResponseWriter, r *http.Request) error {
	st, err := a.service.Status(r.Context(), twofactorhttp.Verified(r).UserID(), a.gate.DeviceToken(r))
	if err != nil {
		return err
	}
	return a.render(w, r, http.StatusOK, "home", "Welcome", st)
}
