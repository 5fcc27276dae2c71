package twofactor

import "log/slog"

// hidden stands for what printing must not show.
const hidden = "(hidden)"

// String hides the token from logs.
func (g Grant) String() string { return "twofactor.Grant" + hidden }

// GoString hides the token from %#v.
func (g Grant) GoString() string { return g.String() }

// LogValue hides the token from slog.
func (g Grant) LogValue() slog.Value { return slog.StringValue(g.String()) }

// String hides what was typed from logs.
func (a Answer) String() string { return "twofactor.Answer" + hidden }

// GoString hides what was typed from %#v.
func (a Answer) GoString() string { return a.String() }

// LogValue hides what was typed from slog.
func (a Answer) LogValue() slog.Value { return slog.StringValue(a.String()) }

// String hides the tokens from logs.
func (in SignIn) String() string { return "twofactor.SignIn" + hidden }

// GoString hides the tokens from %#v.
func (in SignIn) GoString() string { return in.String() }

// LogValue hides the tokens from slog.
func (in SignIn) LogValue() slog.Value { return slog.StringValue(in.String()) }

// String names the user and hides the token from logs.
func (v *Verified) String() string { return "twofactor.Verified(" + v.s.User + ")" }

// GoString hides the token from %#v.
func (v *Verified) GoString() string { return v.String() }

// LogValue hides the token from slog.
func (v *Verified) LogValue() slog.Value { return slog.StringValue(v.String()) }

// String names the user and hides the token from logs.
func (e *EnrollmentOnly) String() string { return "twofactor.EnrollmentOnly(" + e.s.User + ")" }

// GoString hides the token from %#v.
func (e *EnrollmentOnly) GoString() string { return e.String() }

// LogValue hides the token from slog.
func (e *EnrollmentOnly) LogValue() slog.Value { return slog.StringValue(e.String()) }

// String hides the token from logs.
func (p *Pending) String() string { return "twofactor.Pending" + hidden }

// GoString hides the token from %#v.
func (p *Pending) GoString() string { return p.String() }

// LogValue hides the token from slog.
func (p *Pending) LogValue() slog.Value { return slog.StringValue(p.String()) }
