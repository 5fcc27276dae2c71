package twofactor

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits are what a [StoreGuard] lets through. A zero field has the default that
// stands beside it.
//
// Proven destinations have quotas of their own, which nobody else can use up.
// All other limits are for the unproven ones, where fraud happens: what one
// attacker with many accounts can make the app send to numbers that never were
// anybody's factor is bounded by Day, whatever else he has.
type Limits struct {
	Proven      Limit // per user and proven destination. {5, 1h}: at most 29 a day
	User        Limit // per user. {5, 2h}: at most 17 a day
	Destination Limit // per number or address. {5, 2h}
	Prefix      Limit // per number without its last four digits. {20, 15m}: at most 116 a day
	Client      Limit // per client: an IPv4 address, or an IPv6 /64. {10, 30m}: at most 58 a day
	Unentered   Limit // per prefix, codes that nobody has entered yet. {10, 1h}
	Day         int   // SMS to unproven numbers in a day, for all users. 1,000
	MailDay     int   // mails to unproven addresses in a day, for all users. 10,000
}

// A Limit lets Burst messages through at once, and one more each time that Every
// has passed.
type Limit struct {
	Burst int
	Every time.Duration
}

// complete fills the defaults in.
func (l Limits) complete() (Limits, error) {
	for _, d := range []struct {
		name  string
		limit *Limit
		def   Limit
	}{
		{"Proven", &l.Proven, Limit{5, time.Hour}},
		{"User", &l.User, Limit{5, 2 * time.Hour}},
		{"Destination", &l.Destination, Limit{5, 2 * time.Hour}},
		{"Prefix", &l.Prefix, Limit{20, 15 * time.Minute}},
		{"Client", &l.Client, Limit{10, 30 * time.Minute}},
		{"Unentered", &l.Unentered, Limit{10, time.Hour}},
	} {
		if *d.limit == (Limit{}) {
			*d.limit = d.def
		}
		if d.limit.Burst < 1 || d.limit.Every < time.Second || d.limit.Every%time.Second != 0 {
			return l, fmt.Errorf("limit %s is not at least one message and whole seconds", d.name)
		}
	}
	if l.Day == 0 {
		l.Day = 1000
	}
	if l.MailDay == 0 {
		l.MailDay = 10000
	}
	if l.Day < shards || l.MailDay < shards {
		return l, fmt.Errorf("a day's limit is at least %d", shards)
	}
	return l, nil
}

// checkCountries returns nil for ISO 3166 codes.
func checkCountries(codes []string) error {
	for _, c := range codes {
		if len(c) != 2 || strings.ToUpper(c) != c {
			return errors.New("a country is a two-letter ISO 3166 code in capitals")
		}
	}
	return nil
}
