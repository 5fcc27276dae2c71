package twofactorhttp

import (
	"net/http"
	"net/url"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// qrWidth is the width of the picture in pixels: large enough for any account's
// name, and for a phone held at arm's length.
const qrWidth = 400

type enrollmentJSON struct {
	ID        string         `json:"id"`
	Kind      twofactor.Kind `json:"kind"`
	Secret    string         `json:"secret,omitempty"`
	URI       string         `json:"uri,omitempty"`
	PNG       string         `json:"qr_png,omitempty"`
	SVG       string         `json:"qr_svg,omitempty"`
	Hint      string         `json:"hint,omitempty"`
	Reference string         `json:"reference,omitempty"`
	Digits    int            `json:"digits,omitempty"`
	ResendAt  time.Time      `json:"resend_at,omitzero"`
	ExpiresAt time.Time      `json:"expires_at"`
}

type confirmationJSON struct {
	Method        methodJSON     `json:"method"`
	RecoveryCodes []string       `json:"recovery_codes,omitempty"`
	Next          twofactor.Kind `json:"next,omitempty"`
}

func confirmationOf(c *twofactor.Confirmation) confirmationJSON {
	return confirmationJSON{Method: methodOf(c.Method), RecoveryCodes: c.RecoveryCodes, Next: c.Next}
}

func (a *api) enroll(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Kind   twofactor.Kind `json:"kind"`
		Name   string         `json:"name"`
		Phone  string         `json:"phone"`
		Method string         `json:"method"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Kind == "" {
		return inputError{"kind is missing"}
	}
	if err := checkName(in.Name); err != nil {
		return err
	}
	account, err := a.cfg.Account(r.Context(), Session(r).UserID())
	if err != nil {
		return err
	}
	e, err := a.g.Enroll(w, r, twofactor.EnrollRequest{
		Kind: in.Kind, Name: in.Name, Phone: in.Phone, Replaces: in.Method, Account: account, From: a.g.Client(r),
	})
	if err != nil {
		return err
	}
	if e.Done != nil {
		return write(w, http.StatusOK, confirmationOf(e.Done))
	}
	out := enrollmentJSON{ID: e.ID, Kind: e.Kind, Hint: e.Hint, ExpiresAt: utc(e.Expires)}
	if s := e.Sent; s != nil {
		out.Reference, out.Digits, out.ResendAt = s.Reference, s.Digits, utc(s.ResendAt)
	}
	if e.Kind == twofactor.TOTP {
		if out.URI, err = e.URI.Encode(); err != nil {
			return err
		}
		at := a.cfg.Path + "enrollments/" + url.PathEscape(e.ID)
		out.Secret, out.PNG, out.SVG = e.URI.Key.Secret.Base32(), at+"/qr.png", at+"/qr.svg"
	}
	return write(w, http.StatusCreated, out)
}

// qr returns the QR code of an enrollment that is still unproven. The picture's
// address has no secret in it, and is worth nothing without session and grant.
func (a *api) qr(r *http.Request) (*totp.QR, error) {
	e, err := a.svc.Enrollment(r.Context(), Session(r), a.g.GrantToken(r), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if e.Kind != twofactor.TOTP {
		return nil, &twofactor.RejectedError{Reason: twofactor.ReasonNotUsable}
	}
	return e.URI.QR()
}

func (a *api) qrPNG(w http.ResponseWriter, r *http.Request) error {
	qr, err := a.qr(r)
	if err != nil {
		return err
	}
	picture, err := qr.PNG(qrWidth)
	if err != nil {
		return err
	}
	return draw(w, "image/png", picture)
}

func (a *api) qrSVG(w http.ResponseWriter, r *http.Request) error {
	qr, err := a.qr(r)
	if err != nil {
		return err
	}
	return draw(w, "image/svg+xml", []byte(qr.SVG()))
}

func draw(w http.ResponseWriter, kind string, picture []byte) error {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(picture) // an error means that the client is gone
	return nil
}

func (a *api) enrollSend(w http.ResponseWriter, r *http.Request) error {
	if err := empty(w, r); err != nil {
		return err
	}
	sent, err := a.svc.Resend(r.Context(), Session(r), a.g.GrantToken(r), r.PathValue("id"), a.g.Client(r))
	if err != nil {
		return err
	}
	return write(w, http.StatusAccepted, sentOf(sent))
}

func (a *api) enrollConfirm(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Code string `json:"code"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	c, err := a.g.Confirm(w, r, r.PathValue("id"), in.Code)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, confirmationOf(c))
}

type phoneJSON struct {
	Hint     string `json:"hint"`
	E164     string `json:"e164,omitempty"`
	Verified bool   `json:"verified"`
}

func (a *api) setPhone(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Number string `json:"number"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	p, err := a.svc.SetPhone(r.Context(), Session(r), a.g.GrantToken(r), in.Number)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, phoneJSON{p.Hint, p.Number, p.Verified})
}

func (a *api) deletePhone(w http.ResponseWriter, r *http.Request) error {
	return a.done(w, r, func() error {
		return a.svc.DeletePhone(r.Context(), Session(r), a.g.GrantToken(r))
	})
}

func (a *api) sendPhone(w http.ResponseWriter, r *http.Request) error {
	if err := empty(w, r); err != nil {
		return err
	}
	sent, err := a.svc.SendPhoneCode(r.Context(), Session(r), a.g.GrantToken(r), a.g.Client(r))
	if err != nil {
		return err
	}
	return write(w, http.StatusAccepted, sentOf(sent))
}

func (a *api) verifyPhone(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Code string `json:"code"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	p, err := a.svc.VerifyPhone(r.Context(), Session(r), a.g.GrantToken(r), in.Code)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, phoneJSON{p.Hint, p.Number, p.Verified})
}
