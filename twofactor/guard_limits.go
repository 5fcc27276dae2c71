package twofactor

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits are what a [StoreGuard] lets through. A zero field has the default that
// stands beside it, with what it comes to in any 24 hours.
//
// Proven destinations have quotas of their own, which nobody can use up who
// doesn't hold the number or know the password; and browsers that once passed
// have theirs apart from all others. Everything else is for unproven
// destinations, which is where fraud begins: whatever an attacker has of
// accounts, addresses and numbers, all of it together ends at Day.
//
//	limit              counts                                        a day
//	Proven             one user's codes, by channel, and those of    29 + 29
//	                   known browsers apart
//	ProvenDestination  codes to one number or address, of all who    58
//	                   have proven it
//	User               one user's codes to unproven destinations     17
//	Client             what one IPv4 address or IPv6 /64 asks for    58
//	Destination        codes to one unproven number or address       17
//	Prefix             codes to numbers that differ in their last    116
//	                   four digits alone
//	Unentered          those of them that nobody has entered         34
//	Day                SMS to unproven numbers, of all users         1,000
//	MailDay            mails to unproven addresses, of all users     10,000
//
// What 1,000 accounts in one hand make the app send in a day: at most 1,000 SMS
// while they have proven no number, and up to 58 more for each number that they
// hold and have proven, so 58,000 with 1,000 telephones. The second figure grows
// by at most Day numbers a day; lower Proven if that is too much.
type Limits struct {
	Proven            Limit // {5, 1h}
	ProvenDestination Limit // {10, 30m}
	User              Limit // {5, 2h}
	Client            Limit // {10, 30m}
	Destination       Limit // {5, 2h}
	Prefix            Limit // {20, 15m}
	Unentered         Limit // {10, 1h}
	Day               int   // 1,000
	MailDay           int   // 10,000
}

// A Limit lets Burst messages through at once, and one more each time that Every
// has passed: in any time t at most Burst + t/Every.
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
		{"ProvenDestination", &l.ProvenDestination, Limit{10, 30 * time.Minute}},
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
	for _, day := range []int{l.Day, l.MailDay} {
		if day < 2*shards || day > 1_000_000 {
			return l, fmt.Errorf("a day's limit is %d to 1,000,000", 2*shards)
		}
	}
	return l, nil
}

// share is the limit of one part of a day's total. What is there at once and what
// comes back within the day are half of it each, so that no 24 hours, wherever
// they begin, see more than the total.
func share(day int) Limit {
	half := day / (2 * shards)
	every := 24 * time.Hour / time.Duration(half)
	return Limit{Burst: half, Every: (every + time.Second - 1).Truncate(time.Second)}
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
