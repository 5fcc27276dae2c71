package twofactor_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor/internal/budget"
	"github.com/stretchr/testify/require"
)

// The documentation's table of what a year of guessing comes to is true, row by
// row, and so is what the text around it takes from there.
func TestGuessesOfTheDocumentation(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^//\t(\d) and (\d) +(\d+) +(\d+) h +(\d+) +(\d+\.\d\d %) +(\d+\.\d\d %)$`).
		FindAllStringSubmatch(string(source), -1)
	require.Len(t, rows, 7)
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return n
	}
	for _, row := range rows {
		w := totp.Window{Back: number(row[1]), Ahead: number(row[2])}
		n := inAYear(budget.Bucket{Size: number(row[3]), Refill: time.Duration(number(row[4])) * time.Hour})
		require.Equal(t, row[5], strconv.Itoa(n), row[0])
		require.Equal(t, row[6], fmt.Sprintf("%.2f %%", 100*chance(n, w)), row[0])
		require.Equal(t, row[7], fmt.Sprintf("%.2f %%", 100*chance(2*n, w)), row[0])
	}
	said := regexp.MustCompile(`with a chance of\s+//\s+(\d+\.\d\d %), or (\d+\.\d\d %) with a known browser`).FindSubmatch(source)
	require.NotNil(t, said)
	require.Equal(t, rows[0][6], string(said[1]))
	require.Equal(t, rows[0][7], string(said[2]))
}
