package twofactor

import (
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// totpMethod is the authenticator app.
type totpMethod struct {
	issuer string
	window totp.Window
}

func (totpMethod) kind() Kind                 { return TOTP }
func (totpMethod) amr() []string              { return []string{"otp", "mfa"} }
func (totpMethod) hint(*record.Factor) string { return "" }

// enroll makes the secret here: no client ever chooses one.
func (m totpMethod) enroll(_ *tx, e *record.Enrollment, req EnrollRequest) error {
	secret, err := totp.NewSecret(totp.SHA1)
	if err != nil {
		return err
	}
	e.Factor.TOTP = newTOTP(totp.Key{Secret: secret}, -1)
	e.Account = req.Account
	_, err = m.uri(e)
	return err
}

func (m totpMethod) check(t *tx, f *record.Factor, _ *otpcode.Challenge, _ otpcode.Binding, code string) error {
	key, err := totpKey(f.TOTP)
	if err != nil {
		return err
	}
	step, err := key.Match(code, t.now, f.TOTP.Last, m.window)
	return m.judged(f, step, err)
}

func (m totpMethod) checkConsecutive(t *tx, f *record.Factor, codes []string) error {
	key, err := totpKey(f.TOTP)
	if err != nil {
		return err
	}
	if len(codes) != 3 {
		return reject(ReasonMalformedCode)
	}
	step, err := key.MatchConsecutive([3]string(codes), t.now, f.TOTP.Last, m.window)
	return m.judged(f, step, err)
}

func (m totpMethod) judged(f *record.Factor, step int64, err error) error {
	switch {
	case err == nil:
		f.TOTP.Last = step // RFC 6238, section 5.2: never the same step again
		return nil
	case errors.Is(err, totp.ErrNearMiss):
		f.TOTP.Last = step
		return errNearMiss
	case errors.Is(err, totp.ErrMismatch):
		return reject(ReasonWrongCode)
	case errors.Is(err, totp.ErrUsed):
		return reject(ReasonAlreadyUsed)
	case errors.Is(err, totp.ErrMalformed):
		return reject(ReasonMalformedCode)
	}
	return err
}

// uri is what the authenticator app of an unproven factor has to learn.
func (m totpMethod) uri(e *record.Enrollment) (totp.URI, error) {
	key, err := totpKey(e.Factor.TOTP)
	if err != nil {
		return totp.URI{}, err
	}
	u := totp.URI{Issuer: m.issuer, Account: e.Account, Key: key}
	_, err = u.Encode()
	return u, err
}

// checkIssuer returns nil for a name that authenticator apps can show.
func checkIssuer(name string) error {
	secret, err := totp.NewSecret(totp.SHA1)
	if err != nil {
		return err
	}
	if name == "" {
		return errors.New("it is required")
	}
	_, err = totp.URI{Issuer: name, Account: "a", Key: totp.Key{Secret: secret}}.Encode()
	return err
}

func newTOTP(k totp.Key, last int64) *record.TOTP {
	digits, period := k.Digits, k.Period
	if digits == 0 {
		digits = 6
	}
	if period == 0 {
		period = 30
	}
	return &record.TOTP{
		Secret: k.Secret.Bytes(), Algorithm: int(k.Algorithm),
		Digits: digits, Period: int64(period), Last: last,
	}
}

// totpKey checks what comes out of the record as strictly as what goes in: a
// secret that got lost must not leave one that anybody can compute.
func totpKey(t *record.TOTP) (totp.Key, error) {
	if t == nil {
		return totp.Key{}, errors.New("twofactor: a factor has no secret")
	}
	secret, err := totp.SecretFromBytes(t.Secret)
	if err != nil {
		return totp.Key{}, err
	}
	k := totp.Key{Secret: secret, Algorithm: totp.Algorithm(t.Algorithm), Digits: t.Digits, Period: int(t.Period)}
	return k, k.Validate()
}

// stepAt is the step that the clock is in.
func stepAt(t *record.TOTP, now time.Time) int64 { return now.Unix() / t.Period }
