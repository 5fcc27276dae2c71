package twofactorhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

type deviceJSON struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	Current    bool      `json:"current"`
}

type settingsJSON struct {
	Enabled      bool             `json:"enabled"`
	Required     bool             `json:"required"`
	Methods      []methodJSON     `json:"methods"`
	Next         twofactor.Kind   `json:"next,omitempty"`
	AllowedKinds []twofactor.Kind `json:"allowed_kinds"`
	OneAtATime   bool             `json:"one_at_a_time"`
	Devices      []deviceJSON     `json:"devices"`
	Recovery     struct {
		Left int  `json:"left"`
		Low  bool `json:"low"`
	} `json:"recovery"`
	Profile struct {
		EmailHint     string `json:"email_hint"`
		PhoneHint     string `json:"phone_hint"`
		PhoneVerified bool   `json:"phone_verified"`
	} `json:"profile"`
}

func (a *api) settings(w http.ResponseWriter, r *http.Request) error {
	st, err := a.svc.Status(r.Context(), Session(r).UserID(), a.g.DeviceToken(r))
	if err != nil {
		return err
	}
	out := settingsJSON{
		Enabled: st.Enabled, Required: st.Required, Methods: []methodJSON{}, Next: st.Next,
		AllowedKinds: st.Kinds, OneAtATime: st.OneAtATime, Devices: []deviceJSON{},
	}
	out.Recovery.Left, out.Recovery.Low = st.RecoveryLeft, st.RecoveryLow
	out.Profile.EmailHint = st.EmailHint
	if st.Phone != nil {
		out.Profile.PhoneHint, out.Profile.PhoneVerified = st.Phone.Hint, st.Phone.Verified
	}
	for _, m := range st.Methods {
		out.Methods = append(out.Methods, methodOf(m))
	}
	for _, d := range st.Devices {
		out.Devices = append(out.Devices, deviceJSON{
			ID: d.ID, Name: d.Name, CreatedAt: utc(d.Created), LastUsedAt: utc(d.LastUsed),
			ExpiresAt: utc(d.Expires), Current: d.Current,
		})
	}
	return write(w, http.StatusOK, out)
}

// grant takes a password or a code. Which of them counts is not the client's
// choice: the service refuses the password of a user who has a second factor.
func (a *api) grant(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Password *string  `json:"password"`
		Method   string   `json:"method"`
		Code     string   `json:"code"`
		Codes    []string `json:"codes"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	var g *twofactor.Grant
	var err error
	switch {
	case in.Password != nil && (in.Code != "" || in.Codes != nil || in.Method != ""):
		return inputError{"a grant takes a password or a code"}
	case in.Password != nil:
		user := Session(r).UserID()
		g, err = a.g.GrantWithPassword(w, r, func(ctx context.Context) error {
			return a.cfg.CheckPassword(ctx, user, *in.Password)
		})
	default:
		g, err = a.g.Grant(w, r, twofactor.Answer{Method: in.Method, Code: in.Code, Codes: in.Codes})
	}
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, struct {
		ExpiresAt time.Time `json:"expires_at"`
	}{utc(g.Expires)})
}

func (a *api) grantSend(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Method string `json:"method"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Method == "" {
		return inputError{"method is missing"}
	}
	sent, err := a.svc.SendForGrant(r.Context(), Session(r), in.Method, a.g.Client(r))
	if err != nil {
		return err
	}
	return write(w, http.StatusAccepted, sentOf(sent))
}

func (a *api) rename(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name *string `json:"name"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Name == nil {
		return inputError{"name is missing"}
	}
	if err := checkName(*in.Name); err != nil {
		return err
	}
	if err := a.svc.Rename(r.Context(), Verified(r), a.g.GrantToken(r), r.PathValue("id"), *in.Name); err != nil {
		return err
	}
	return write(w, http.StatusOK, struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}{r.PathValue("id"), *in.Name})
}

func (a *api) remove(w http.ResponseWriter, r *http.Request) error {
	return a.done(w, r, func() error {
		return a.svc.Remove(r.Context(), Verified(r), a.g.GrantToken(r), r.PathValue("id"))
	})
}

func (a *api) setEnabled(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Enabled *bool `json:"enabled"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Enabled == nil {
		return inputError{"enabled is missing"}
	}
	change := a.svc.SwitchOff
	if *in.Enabled {
		change = a.svc.SwitchOn
	}
	if err := change(r.Context(), Verified(r), a.g.GrantToken(r)); err != nil {
		return err
	}
	return write(w, http.StatusOK, struct {
		Enabled bool `json:"enabled"`
	}{*in.Enabled})
}

func (a *api) newCodes(w http.ResponseWriter, r *http.Request) error {
	if err := empty(w, r); err != nil {
		return err
	}
	codes, err := a.svc.NewRecoveryCodes(r.Context(), Verified(r), a.g.GrantToken(r))
	if err != nil {
		return err
	}
	return write(w, http.StatusCreated, struct {
		Codes []string `json:"recovery_codes"`
	}{codes})
}

func (a *api) revokeDevice(w http.ResponseWriter, r *http.Request) error {
	return a.done(w, r, func() error {
		return a.svc.RevokeDevice(r.Context(), Verified(r), a.g.GrantToken(r), r.PathValue("id"))
	})
}

func (a *api) revokeDevices(w http.ResponseWriter, r *http.Request) error {
	return a.done(w, r, func() error {
		return a.svc.RevokeDevices(r.Context(), Verified(r), a.g.GrantToken(r))
	})
}

// done does what takes no body, and answers what has nothing to say but that it
// was done.
func (a *api) done(w http.ResponseWriter, r *http.Request, do func() error) error {
	if err := empty(w, r); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
