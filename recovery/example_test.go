package recovery_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/latchkey-auth/latchkey/recovery"
)

func Example() {
	key := make([]byte, 32) // random in an application, and kept
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

	set, texts, err := recovery.Generate(key, 10, now)
	if err != nil {
		panic(err)
	}
	fmt.Println("show once:", len(texts), "codes like", strings.Count(texts[0], "-")+1, "groups of five")

	typed := strings.ToLower(strings.ReplaceAll(texts[3], "-", " "))
	code, err := recovery.Parse(typed)
	if err != nil {
		panic(err) // mistyped: ask again, it costs no try
	}
	set, err = set.Spend(key, code, now)
	fmt.Println("first time:", err, "- left:", set.Left())

	_, err = set.Spend(key, code, now)
	fmt.Println("second time:", err)
	// Output:
	// show once: 10 codes like 5 groups of five
	// first time: <nil> - left: 9
	// second time: recovery: code was used before
}

func ExampleParse() {
	for _, typed := range []string{
		"00000-00000-00000-00000-00000",
		"ooooo ooooo ooooo ooooo ooooo",
		"00000-00000-00010-00000-00000",
		"123456",
	} {
		_, err := recovery.Parse(typed)
		switch {
		case errors.Is(err, recovery.ErrCheck):
			fmt.Println("mistyped")
		case errors.Is(err, recovery.ErrMalformed):
			fmt.Println("not a recovery code")
		default:
			fmt.Println("may be right")
		}
	}
	// Output:
	// may be right
	// may be right
	// mistyped
	// not a recovery code
}

func ExampleSet_Import() {
	old, err := bcrypt.GenerateFromPassword([]byte("h3x-9kq"), bcrypt.MinCost)
	if err != nil {
		panic(err)
	}
	set, err := recovery.Set{}.Import([][]byte{old})
	if err != nil {
		panic(err)
	}
	ref, err := set.MatchImported("h3x-9kq") // slow: outside of any retry loop
	if err != nil {
		panic(err)
	}
	set, err = set.SpendImported(ref)
	fmt.Println(err, set.Left())
	// Output: <nil> 0
}

func ExampleText() {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	fmt.Print(recovery.Text("Example", "alice@example.com", []string{"00000-00000-00000-00000-00000"}, now))
	// Output:
	// Recovery codes for Example
	// Account: alice@example.com
	// Made on: 2026-11-21 12:00 UTC
	//
	//  1.  00000-00000-00000-00000-00000
	//
	// Each code signs you in once when your second factor is out of reach.
	// They replace all codes that you had before. Keep them as safe as a
	// password, apart from your phone, and give them to nobody.
}
