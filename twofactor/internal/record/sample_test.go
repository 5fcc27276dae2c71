package record_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/devicetrust"
	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
	"github.com/stretchr/testify/require"
)

const now = 1_800_000_000 // January 2027

// count puts bytes into an array that tell it from others.
func count(b []byte, from byte) {
	for i := range b {
		b[i] = from + byte(i)
	}
}

// typical is the record of a user with four factors, ten recovery codes, three
// trusted devices and two logins on their way. Every value in it is fixed.
func typical(tb testing.TB) *record.Record {
	tb.Helper()
	r := new(record.Record)
	count(r.ID[:], 1)
	count(r.Epoch[:], 2)
	count(r.Key[:], 3)
	for i := range record.MaxWrites {
		var id [8]byte
		count(id[:], byte(16*i))
		r.Wrote(id)
	}
	secret := make([]byte, 20)
	count(secret, 100)
	r.Factors = []record.Factor{
		{
			ID: "AAAAAAAAAAAAAAAAAAAAAAAAAA", Kind: "totp", Name: "Téléphone", Added: now - 1e6, LastUsed: now - 86400,
			TOTP: &record.TOTP{Secret: secret, Digits: 6, Period: 30, Last: now / 30},
		},
		{
			ID: "BBBBBBBBBBBBBBBBBBBBBBBBBB", Kind: "totp", Name: "Tablet", Added: now - 1e6, Row: 2, Fails: 12, PausedUntil: now + 60,
			TOTP: &record.TOTP{Secret: secret[4:], Algorithm: 1, Digits: 8, Period: 60, Last: -1},
		},
		{
			ID: "CCCCCCCCCCCCCCCCCCCCCCCCCC", Kind: "sms", Added: now - 1e6, LastUsed: now - 86400,
			Address: &record.Address{To: "+61412345678", Since: now - 1e6},
		},
		{
			ID: "DDDDDDDDDDDDDDDDDDDDDDDDDD", Kind: "email", Added: now - 1e6, Disabled: true,
			Address: &record.Address{To: "someone@example.com", Since: now - 1e6},
		},
	}
	r.Preferred = r.Factors[0].ID
	set := recovery.Set{Salt: secret[:16], Created: now - 1e6, Codes: make([]recovery.Entry, 10)}
	for i := range set.Codes {
		count(set.Codes[i].Hash[:], byte(32*i))
	}
	set.Codes[3].Spent, set.Codes[3].SpentAt = true, now-5e5
	require.NoError(tb, r.Recovery.Replace(set))
	for i := range 3 {
		d := devicetrust.Device{
			ID: "EEEEEEEEEEEEEEEEEEEEE" + string(rune('A'+i)), Audience: "example.com", Name: "Firefox on Linux",
			Methods: []string{"totp"}, Created: now - 1e5, LastUsed: now - 1e4, Expires: now + 1e6,
		}
		count(d.Hash[:], byte(i))
		count(d.Credential[:], byte(64*i))
		r.Devices = append(r.Devices, d)
	}
	for i := range 2 {
		a := record.Attempt{Purpose: 1, Expires: now + 600, Wrong: i, Sends: 1, Last: r.Factors[2].ID}
		count(a.ID[:], byte(40*i))
		a.Codes = []record.Code{{Factor: a.Last, Challenge: challenge(byte(50 * i))}}
		r.Attempts = append(r.Attempts, a)
	}
	r.Budgets = record.Budgets{Account: now + 3600, Known: now + 60}
	r.Noticed = now - 5
	return r
}

// full is typical with something in every other field.
func full(tb testing.TB) *record.Record {
	tb.Helper()
	r := typical(tb)
	r.Off = true
	r.Factors[2].Row = 300
	c := challenge(7)
	r.Enrollments = []record.Enrollment{
		{
			ID: "FFFFFFFFFFFFFFFFFFFFFFFFFF", Replaces: r.Factors[0].ID, Expires: now + 900, Wrong: 4, Account: "alice",
			Factor: record.Factor{
				ID: "GGGGGGGGGGGGGGGGGGGGGGGGGG", Kind: "totp", Name: "New",
				TOTP: &record.TOTP{Secret: r.Factors[0].TOTP.Secret, Digits: 6, Period: 30, Last: -1},
			},
		},
		{
			ID: "HHHHHHHHHHHHHHHHHHHHHHHHHH", Expires: now + 900, Sends: 2, Code: &c,
			Factor: record.Factor{
				ID: "IIIIIIIIIIIIIIIIIIIIIIIIII", Kind: "sms", Address: &record.Address{To: "+61400000000"},
			},
		},
	}
	r.Attempts[1].Purpose, r.Attempts[1].Ended, r.Attempts[1].Lost = 2, true, "+61400000002"
	r.Grants = []record.Grant{{Expires: now + 300, Epoch: r.Epoch}}
	count(r.Grants[0].Hash[:], 9)
	count(r.Grants[0].Session[:], 11)
	r.Devices[0].Epoch = 1<<63 + 5
	r.Budgets.Password, r.Budgets.Digits, r.Budgets.Notices, r.Budgets.KnownDigits = now, 1, now+2, now+3
	r.Phone = &record.Phone{
		Number: "+61412345678", Since: now - 9, Verified: true, Code: new(challenge(8)), Wrong: 1, Sends: 2, Was: "+61400000001",
		CodeID: "BCDF", CodeEnds: now + 300,
	}
	r.Notices = []record.Notice{{Kind: "enrolled", Method: r.Factors[0].ID, At: now, Tries: 1, To: []string{"other@example.com"}, Found: true, Next: now + 60}}
	return r
}

func challenge(from byte) otpcode.Challenge {
	old := otpcode.Entry{Reference: "BCDF", Digits: 6, Sent: now * 1000, Expires: now*1000 + 300_000, Used: from == 7}
	count(old.Tag[:], from)
	if from != 7 {
		return otpcode.Challenge{Codes: []otpcode.Entry{old}}
	}
	next := otpcode.Entry{Reference: "GHJK", Digits: 10, Sent: now*1000 + 30_000, Expires: now*1000 + 330_000}
	count(next.Tag[:], from+1)
	return otpcode.Challenge{Codes: []otpcode.Entry{old, next}}
}
