package otpcode

import "time"

// A view is what templates see. Its field names are documented at
// [Config.Templates].
type view struct {
	Service   string
	Contact   string
	Code      string
	Reference string
	Minutes   int // the code's life, if it is whole minutes
	Seconds   int // the code's life
	Method    string
	Time      string
}

func (v view) withLife(life time.Duration) view {
	v.Seconds = int(life / time.Second) // a part of a second is not promised
	if v.Seconds%60 == 0 {
		v.Minutes = v.Seconds / 60
	}
	return v
}

// A page is what the layout of HTML mails sees.
type page struct {
	Locale     string
	Subject    string
	Paragraphs []string
	Code       string // a paragraph of its own in built-in texts; empty in notices
}
