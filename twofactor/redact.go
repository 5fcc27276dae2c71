package twofactor

import "log/slog"

// hidden stands for what printing must not show.
//
// What fmt prints of a field that isn't exported, it prints without asking its
// type. Nothing here helps there: an app that logs a struct of its own must keep
// no Grant in such a field, nor any other of these types with fields to be read.
const hidden = "(hidden)"

// String hides the token from logs.
func (g Grant) String() string { return "twofactor.Grant" + hidden }

// GoString hides the token from %#v.
func (g Grant) GoString() string { return g.String() }

// LogValue hides the token from slog.
func (g Grant) LogValue() slog.Value { return slog.StringValue(g.String()) }

// MarshalText hides the token from encoding/json.
func (g Grant) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// String hides what was typed from logs.
func (a Answer) String() string { return "twofactor.Answer" + hidden }

// GoString hides what was typed from %#v.
func (a Answer) GoString() string { return a.String() }

// LogValue hides what was typed from slog.
func (a Answer) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText hides what was typed from encoding/json.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String hides the tokens from logs.
func (in SignIn) String() string { return "twofactor.SignIn" + hidden }

// GoString hides the tokens from %#v.
func (in SignIn) GoString() string { return in.String() }

// LogValue hides the tokens from slog.
func (in SignIn) LogValue() slog.Value { return slog.StringValue(in.String()) }

// MarshalText hides the tokens from encoding/json.
func (in SignIn) MarshalText() ([]byte, error) { return []byte(in.String()), nil }

// String names the user and hides the token from logs.
func (v Verified) String() string { return "twofactor.Verified(" + v.s.User + ")" }

// GoString hides the token from %#v.
func (v Verified) GoString() string { return v.String() }

// LogValue hides the token from slog.
func (v Verified) LogValue() slog.Value { return slog.StringValue(v.String()) }

// String names the user and hides the token from logs.
func (e EnrollmentOnly) String() string { return "twofactor.EnrollmentOnly(" + e.s.User + ")" }

// GoString hides the token from %#v.
func (e EnrollmentOnly) GoString() string { return e.String() }

// LogValue hides the token from slog.
func (e EnrollmentOnly) LogValue() slog.Value { return slog.StringValue(e.String()) }

// String hides the token from logs.
func (p Pending) String() string { return "twofactor.Pending" + hidden }

// GoString hides the token from %#v.
func (p Pending) GoString() string { return p.String() }

// LogValue hides the token from slog.
func (p Pending) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String hides the tokens and codes from logs.
func (m Made) String() string { return "twofactor.Made" + hidden }

// GoString hides the tokens and codes from %#v.
func (m Made) GoString() string { return m.String() }

// LogValue hides the tokens and codes from slog.
func (m Made) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalText hides the tokens and codes from encoding/json.
func (m Made) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// String hides the token from logs.
func (d DeviceTrust) String() string { return "twofactor.DeviceTrust" + hidden }

// GoString hides the token from %#v.
func (d DeviceTrust) GoString() string { return d.String() }

// LogValue hides the token from slog.
func (d DeviceTrust) LogValue() slog.Value { return slog.StringValue(d.String()) }

// MarshalText hides the token from encoding/json.
func (d DeviceTrust) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String hides the codes from logs.
func (r RecoveryUse) String() string { return "twofactor.RecoveryUse" + hidden }

// GoString hides the codes from %#v.
func (r RecoveryUse) GoString() string { return r.String() }

// LogValue hides the codes from slog.
func (r RecoveryUse) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText hides the codes from encoding/json.
func (r RecoveryUse) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String hides the codes and the grant from logs.
func (c Confirmation) String() string { return "twofactor.Confirmation" + hidden }

// GoString hides the codes and the grant from %#v.
func (c Confirmation) GoString() string { return c.String() }

// LogValue hides the codes and the grant from slog.
func (c Confirmation) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText hides the codes and the grant from encoding/json.
func (c Confirmation) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
