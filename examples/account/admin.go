package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/latchkey-auth/latchkey/twofactor/twofactorhttp"
)

// adminPage is what administrators see.
type adminPage struct {
	Fresh bool // the administrator's own proof is recent enough for a reset
	Stats *twofactor.Statistics
}

// showAdmin reads every record for its statistics, which is fine for a few users.
func (a *app) showAdmin(w http.ResponseWriter, r *http.Request) error {
	stats, err := a.service.Statistics(r.Context())
	if err != nil {
		return err
	}
	out := adminPage{Fresh: twofactorhttp.Verified(r).Fresh(a.now(), fresh), Stats: stats}
	return a.render(w, r, http.StatusOK, "admin", "Administration", out)
}

func (a *app) postAdminReset(w http.ResponseWriter, r *http.Request) error {
	if err := a.adminReset(r, r.PostFormValue("user"), r.PostFormValue("reason")); err != nil {
		return err
	}
	a.flash(r, flash{Text: "The second factor of " + r.PostFormValue("user") + " was reset. They were told by mail."})
	http.Redirect(w, r, "/admin", http.StatusSeeOther)
	return nil
}

// adminReset removes the second factor of a user who can't get in any more. The
// service wants the administrator's own second factor to be fresh, and onEvent
// ends the user's sessions.
func (a *app) adminReset(r *http.Request, email, reason string) error {
	if err := a.established(r.Context(), twofactorhttp.Verified(r).UserID()); err != nil {
		return err
	}
	u, err := a.users.byAddress(email)
	if err != nil {
		return userError{Field: "user", Text: "There is no such user."}
	}
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 500 {
		return userError{Field: "reason", Text: "Please give a reason, of at most 500 characters."}
	}
	return a.service.Reset(r.Context(), twofactorhttp.Verified(r), u.id, reason)
}

// established returns nil for an administrator who has had a second factor for a
// while. A thief of the password could set up the first one and use it at once;
// the administrator is told of it by mail and has adminWait to do something.
func (a *app) established(ctx context.Context, id string) error {
	st, err := a.service.Status(ctx, id, "")
	if err != nil {
		return err
	}
	old := func(m twofactor.Method) bool { return !m.Recovery && a.now().Sub(m.Added) >= a.adminWait }
	if !slices.ContainsFunc(st.Methods, old) {
		return userError{Field: "user", Text: "Your own second factor is too new to reset that of others. It has to be " + a.adminWait.String() + " old."}
	}
	return nil
}
