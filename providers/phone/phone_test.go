package phone_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/providers/phone"
)

func TestParsePhone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, region, want string
	}{
		{"as people write it at home", "0412345678", "AU", "+61412345678"},
		{"lower-case region", "0412345678", "au", "+61412345678"},
		{"without the leading zero", "412345678", "AU", "+61412345678"},
		{"spaces", " 0412 345 678 ", "AU", "+61412345678"},
		{"no-break and thin spaces", "0412\u00a0345\u2009678", "AU", "+61412345678"},
		{"tab and line end", "0412\t345678\n", "AU", "+61412345678"},
		{"brackets", "(0412) 345-678", "AU", "+61412345678"},
		{"dots", "0412.345.678", "AU", "+61412345678"},
		{"slashes", "0412/345/678", "AU", "+61412345678"},
		{"dashes of all kinds", "0412-345–6—7−8", "AU", "+61412345678"},
		{"full-width digits", "０４１２３４５６７８", "AU", "+61412345678"},
		{"full-width with plus and brackets", "＋６１（４１２）３４５６７８", "", "+61412345678"},
		{"Arabic-Indic digits", "٠٤١٢٣٤٥٦٧٨", "AU", "+61412345678"},
		{"Devanagari digits", "०४१२३४५६७८", "AU", "+61412345678"},
		{"copied with direction marks", "\u202a+61 412 345 678\u202c", "AU", "+61412345678"},
		{"plus", "+61 412 345 678", "AU", "+61412345678"},
		{"plus, no region", "+61412345678", "", "+61412345678"},
		{"plus, another region", "+61412345678", "US", "+61412345678"},
		{"plus in brackets", "(+61) 412 345 678", "", "+61412345678"},
		{"with the zero that is not dialled", "+61 (0)412 345 678", "", "+61412345678"},
		{"country code without plus", "61412345678", "AU", "+61412345678"},
		{"00", "0061412345678", "AU", "+61412345678"},
		{"00, no region", "00 61 412 345 678", "", "+61412345678"},
		{"00 where 011 is dialled", "0061412345678", "US", "+61412345678"},
		{"the way abroad from Australia", "0011 44 7400 123456", "AU", "+447400123456"},
		{"the way abroad from the United States", "011 61 412 345 678", "US", "+61412345678"},
		{"mobile or fixed", "(202) 555-0123", "US", "+12025550123"},
		{"leading one", "1-202-555-0123", "US", "+12025550123"},
		{"Italy, where no zero is dropped", "312 345 6789", "IT", "+393123456789"},
		{"Argentina, where a nine comes in", "+54 9 11 2345-6789", "", "+5491123456789"},
		{"Isle of Man", "07624 012345", "GB", "+447624012345"},
		{"Kazakhstan by Russia's code", "+7 701 123 45 67", "RU", "+77011234567"},
		{"short country", "+290 51234", "", "+29051234"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := phone.Parser{}.ParsePhone(test.text, test.region)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestParsePhoneRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, region string
		want               phone.Reason
	}{
		{"nothing", "", "AU", phone.Empty},
		{"spaces", " \t\u00a0", "AU", phone.Empty},
		{"brackets only", "()", "AU", phone.Empty},
		{"plus only", "+", "AU", phone.NotANumber},
		{"text", "my number", "AU", phone.NotANumber},
		{"number in a sentence", "call 0412345678", "AU", phone.NotANumber},
		{"vanity number", "1800 FLOWERS", "AU", phone.NotANumber},
		{"vanity number with a plus", "+1 800 FLOWERS", "", phone.NotANumber},
		{"letter O for zero", "O412345678", "AU", phone.NotANumber},
		{"plus in the middle", "0412+345678", "AU", phone.NotANumber},
		{"two pluses", "++61412345678", "AU", phone.NotANumber},
		{"mail address", "jo@example.net", "AU", phone.NotANumber},
		{"tel URI", "tel:+61412345678", "AU", phone.NotANumber},
		{"phone-context", "412345678;phone-context=+61", "AU", phone.NotANumber},
		{"NUL", "0412345678\x00", "AU", phone.NotANumber},
		{"not UTF-8", "0412345678\xff", "AU", phone.NotANumber},
		{"star code", "*21*0412345678#", "AU", phone.NotANumber},
		{"extension", "0412345678 ext. 5", "AU", phone.HasExtension},
		{"extension as x", "0412345678x5", "AU", phone.HasExtension},
		{"extension as #", "0412345678 # 5", "AU", phone.HasExtension},
		{"extension as RFC 3966 has it", "+61412345678;ext=5", "", phone.HasExtension},
		{"extension after a comma", "0412345678,5", "AU", phone.HasExtension},
		{"no country", "0412345678", "", phone.NeedsCountry},
		{"unknown region", "0412345678", "XX", phone.UnknownCountry},
		{"region that is a name", "0412345678", "Australia", phone.UnknownCountry},
		{"unknown calling code", "+999 412 345 678", "AU", phone.UnknownCountry},
		{"plus before a national number", "+0412345678", "AU", phone.UnknownCountry},
		{"plus before the way abroad", "+0011 61 412 345 678", "AU", phone.UnknownCountry},
		{"00 and nothing", "00", "", phone.NeedsCountry},
		{"00 and a fixed line", "0061 2 9876 5432", "AU", phone.NotMobile},
		{"emergency number", "000", "AU", phone.TooShort},
		{"short code", "12345", "US", phone.TooShort},
		{"without area code", "555-0123", "US", phone.TooShort},
		{"a digit missing", "041234567", "AU", phone.TooShort},
		{"digits missing", "+6141234", "", phone.TooShort},
		{"too long", "+61412345678901", "", phone.TooLong},
		{"much too long", strings.Repeat("4", 60), "AU", phone.TooLong},
		{"a novel", strings.Repeat("0", 101), "AU", phone.TooLong},
		{"a digit too many", "04123456789", "AU", phone.TooLong},
		{"area that does not exist", "+1 000 555 0123", "", phone.NoSuchNumber},
		{"fixed line", "02 9876 5432", "AU", phone.NotMobile},
		{"premium rate", "1900 123 456", "AU", phone.NotMobile},
		{"premium rate, US", "+1 900 555 0123", "", phone.NotMobile},
		{"shared cost", "1300 123 456", "AU", phone.NotMobile},
		{"short shared cost", "13 14 50", "AU", phone.NotMobile},
		{"toll-free", "1800 123 456", "AU", phone.NotMobile},
		{"VoIP", "+81 50 1234 5678", "", phone.NotMobile},
		{"personal", "+44 70 1234 5678", "", phone.NotMobile},
		{"pager", "+44 7640 123456", "", phone.NotMobile},
		{"company-wide", "+44 55 1234 5678", "", phone.NotMobile},
		{"voicemail", "+41 860 79 123 45 67", "", phone.NotMobile},
		{"satellite phone", "+881 6 1234 5678", "", phone.NotMobile},
		{"international toll-free", "+800 1234 5678", "", phone.NotMobile},
		{"international premium rate", "+979 123 456 789", "", phone.NotMobile},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := phone.Parser{}.ParsePhone(test.text, test.region)
			require.Empty(t, got)
			invalid, ok := errors.AsType[*phone.InvalidError](err)
			require.True(t, ok)
			require.Equal(t, test.want, invalid.Reason)
			require.NotRegexp(t, `\d`, err.Error())
		})
	}
}

func TestParserAllows(t *testing.T) {
	t.Parallel()
	const fixed, voip, premium = "+61298765432", "+815012345678", "+611900123456"
	for _, test := range []struct {
		name   string
		parser phone.Parser
		want   []string
	}{
		{"neither", phone.Parser{}, nil},
		{"fixed line", phone.Parser{AllowFixedLine: true}, []string{fixed}},
		{"VoIP", phone.Parser{AllowVoIP: true}, []string{voip}},
		{"both", phone.Parser{AllowFixedLine: true, AllowVoIP: true}, []string{fixed, voip}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var taken []string
			for _, number := range []string{fixed, voip, premium} {
				if e164, err := test.parser.ParsePhone(number, ""); err == nil {
					taken = append(taken, e164)
				}
			}
			require.Equal(t, test.want, taken)
		})
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		e164, country, display string
	}{
		{"+61412345678", "AU", "+61 412 345 678"},
		{"+12025550123", "US", "+1 202-555-0123"},
		{"+16135550123", "CA", "+1 613-555-0123"},
		{"+77011234567", "KZ", "+7 701 123 4567"},
		{"+79161234567", "RU", "+7 916 123-45-67"},
		{"+447624012345", "IM", "+44 7624 012345"},
	} {
		t.Run(test.e164, func(t *testing.T) {
			t.Parallel()
			country, err := phone.Parser{}.Country(test.e164)
			require.NoError(t, err)
			require.Equal(t, test.country, country)
			display, err := phone.Parser{}.Display(test.e164)
			require.NoError(t, err)
			require.Equal(t, test.display, display)
		})
	}
}

func TestShowRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "0412345678", "+61 412 345 678", "+6141234567", "+999412345678", "+61412345678\n"} {
		_, err := phone.Parser{}.Country(text)
		require.Error(t, err, "%q", text)
		_, err = phone.Parser{}.Display(text)
		require.Error(t, err, "%q", text)
	}
	_, err := phone.Parser{}.Country("+881612345678")
	require.ErrorContains(t, err, "country is unknown")
}

func TestReasonsHaveTexts(t *testing.T) {
	t.Parallel()
	seen := make(map[string]phone.Reason)
	for _, reason := range []phone.Reason{
		phone.Empty, phone.NotANumber, phone.HasExtension, phone.NeedsCountry, phone.UnknownCountry,
		phone.TooShort, phone.TooLong, phone.NoSuchNumber, phone.NotMobile, "another",
	} {
		text := (&phone.InvalidError{Reason: reason}).Error()
		require.NotContains(t, seen, text)
		seen[text] = reason
	}
}

func FuzzParsePhone(f *testing.F) {
	for _, seed := range []string{"0412345678", "+61 (0)412 345 678", "0061412345678", "０４１２３４５６７８", "x5", "1 2 3 ext 4", "00", "+", "\u202a+1"} {
		f.Add(seed, "AU")
		f.Add(seed, "")
	}
	e164 := regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	f.Fuzz(func(t *testing.T, text, region string) {
		p := phone.Parser{}
		got, err := p.ParsePhone(text, region)
		if err != nil {
			if _, ok := errors.AsType[*phone.InvalidError](err); !ok || got != "" {
				t.Fatalf("%q with error %v", got, err)
			}
			return
		}
		if !e164.MatchString(got) {
			t.Fatalf("not E.164: %q", got)
		}
		if again, err := p.ParsePhone(got, "US"); err != nil || again != got {
			t.Fatalf("read %q again as %q, %v", got, again, err)
		}
		display, err := p.Display(got)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := p.ParsePhone(display, ""); err != nil || again != got {
			t.Fatalf("read %q again as %q, %v", display, again, err)
		}
		if _, err := p.Country(got); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkParsePhone(b *testing.B) {
	p := phone.Parser{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.ParsePhone("0412 345 678", "AU"); err != nil {
			b.Fatal(err)
		}
	}
}
