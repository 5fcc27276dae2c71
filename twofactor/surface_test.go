package twofactor_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// A secret leaves the service while it is being set up, and nothing that the
// service says later has a place for one (RFC 4226, section 7.5).
func TestSecretsLeaveWithEnrollmentsAlone(t *testing.T) {
	t.Parallel()
	var tell []string
	for m := range reflect.TypeFor[*twofactor.Service]().Methods() {
		secret := false
		for out := range m.Type.Outs() {
			exported(out, make(map[reflect.Type]bool), func(_ reflect.Type, f reflect.StructField) {
				secret = secret || f.Type == reflect.TypeFor[totp.Secret]()
			})
		}
		if secret {
			tell = append(tell, m.Name)
		}
	}
	require.Equal(t, []string{"Enroll", "Enrollment"}, tell)
}

// Time is the server's: nothing that comes with a request says what it is
// (RFC 6238, section 3, R1; OWASP ASVS 6.5.8).
func TestNoRequestTellsTheTime(t *testing.T) {
	t.Parallel()
	fields := 0
	for m := range reflect.TypeFor[*twofactor.Service]().Methods() {
		for in := range m.Type.Ins() {
			require.NotEqual(t, reflect.TypeFor[time.Time](), in, m.Name)
		}
	}
	for _, input := range inputs {
		exported(input, make(map[reflect.Type]bool), func(of reflect.Type, f reflect.StructField) {
			fields++
			require.NotEqual(t, reflect.TypeFor[time.Time](), f.Type, "%v.%s", of, f.Name)
			require.NotEqual(t, reflect.TypeFor[time.Duration](), f.Type, "%v.%s", of, f.Name)
		})
	}
	require.Greater(t, fields, 15)
}
