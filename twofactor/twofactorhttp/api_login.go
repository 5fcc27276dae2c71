package twofactorhttp

import (
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

type loginMethodJSON struct {
	ID      string           `json:"id"`
	Kind    twofactor.Kind   `json:"kind"`
	Name    string           `json:"name"`
	Hint    string           `json:"hint"`
	Digits  int              `json:"digits"`
	Usable  bool             `json:"usable"`
	WhyNot  twofactor.Reason `json:"why_not,omitempty"`
	RetryAt time.Time        `json:"retry_at,omitzero"`
}

type loginJSON struct {
	Methods        []loginMethodJSON `json:"methods"`
	Preferred      string            `json:"preferred"`
	Codes          int               `json:"codes"`
	Recovery       bool              `json:"recovery"`
	LostDevice     bool              `json:"lost_device"`
	RememberDevice bool              `json:"remember_device"`
	SendNow        string            `json:"send_now,omitempty"`
	Sent           *sentJSON         `json:"sent,omitempty"`
	ExpiresAt      time.Time         `json:"expires_at"`
	Remaining      int               `json:"remaining"`
}

func (a *api) login(w http.ResponseWriter, r *http.Request) error {
	l, err := a.svc.Login(r.Context(), a.g.PendingToken(r))
	if err != nil {
		return err
	}
	out := loginJSON{
		Methods: []loginMethodJSON{}, Preferred: l.Preferred, Codes: l.Codes, Recovery: l.Recovery,
		LostDevice: l.LostDevice, RememberDevice: l.Remember, SendNow: l.SendNow,
		ExpiresAt: utc(l.Expires), Remaining: l.Remaining,
	}
	if l.Sent != nil {
		out.Sent = new(sentOf(l.Sent))
	}
	for _, m := range l.Methods {
		out.Methods = append(out.Methods, loginMethodJSON{
			ID: m.ID, Kind: m.Kind, Name: m.Name, Hint: m.Hint, Digits: m.Digits,
			Usable: m.Usable, WhyNot: m.WhyNot, RetryAt: utc(m.RetryAt),
		})
	}
	return write(w, http.StatusOK, out)
}

func (a *api) loginSend(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Method string `json:"method"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Method == "" {
		return inputError{"method is missing"}
	}
	sent, err := a.svc.Send(r.Context(), a.g.PendingToken(r), in.Method, a.g.Client(r))
	if err != nil {
		return err
	}
	return write(w, http.StatusAccepted, sentOf(sent))
}

type recoveryJSON struct {
	Spent bool     `json:"spent"`
	Left  int      `json:"left"`
	Low   bool     `json:"low"`
	Reset bool     `json:"reset"`
	Codes []string `json:"codes,omitempty"`
}

type trustJSON struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"`
}

type verifiedJSON struct {
	Status   string       `json:"status"`
	AMR      []string     `json:"amr"`
	Recovery recoveryJSON `json:"recovery"`
	Device   *trustJSON   `json:"device,omitempty"`
}

func (a *api) loginVerify(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Method         string   `json:"method"`
		Code           string   `json:"code"`
		Codes          []string `json:"codes"`
		RememberDevice bool     `json:"remember_device"`
		DeviceName     string   `json:"device_name"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	v, err := a.g.Verify(w, r, twofactor.Answer{
		Method: in.Method, Code: in.Code, Codes: in.Codes,
		RememberDevice: in.RememberDevice, DeviceName: in.DeviceName,
	})
	out := verifiedJSON{Status: "verified"}
	var made twofactor.Made
	if no, ok := errors.AsType[*twofactor.RejectedError](err); ok && no.Enrollment != nil {
		out.Status, out.AMR, made = "enrollment_required", no.Enrollment.AMR(), no.Enrollment.Made()
	} else if err != nil {
		return err
	} else {
		out.AMR, made = v.AMR(), v.Made()
	}
	if u := made.Recovery; u != nil {
		out.Recovery = recoveryJSON{Spent: u.Spent, Left: u.Left, Low: u.Low, Reset: u.Reset, Codes: u.Codes}
	}
	if d := made.Device; d != nil {
		out.Device = &trustJSON{ID: d.ID, ExpiresAt: utc(d.Expires)}
	}
	return write(w, http.StatusOK, out)
}

func (a *api) loginLostDevice(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		LastDigits string `json:"last_digits"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if err := a.svc.LostDevice(r.Context(), a.g.PendingToken(r), in.LastDigits, a.g.Client(r)); err != nil {
		return err
	}
	return write(w, http.StatusAccepted, struct{}{})
}

func (a *api) loginCancel(w http.ResponseWriter, r *http.Request) error {
	return a.done(w, r, func() error { return a.g.Cancel(w, r) })
}
