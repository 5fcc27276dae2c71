package twofactor_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

// An enrollment of a kind that the policy allows no more goes no further, and
// makes no session whole.
func TestBypass_W34_EnrollmentOfAKindThatIsAllowedNoMore(t *testing.T) {
	t.Parallel()
	r := newRealm(t, inMemory, twofactor.Policy{Kinds: []twofactor.Kind{twofactor.TOTP, twofactor.SMS}, Required: true})
	alice := r.join("alice", aliceMobile)
	require.IsType(t, (*twofactor.EnrollmentOnly)(nil), alice.session)
	e := alice.enroll(twofactor.EnrollRequest{Kind: twofactor.SMS})
	code := r.read(aliceMobile)
	r.clock.Advance(31 * time.Second)
	now := r.node(with(twofactor.Policy{Required: true}))
	_, err := now.Resend(r.ctx(), alice.session, alice.grant, e.ID, twofactor.Client{})
	denied(t, err, twofactor.ReasonPolicy)
	_, err = now.Enrollment(r.ctx(), alice.session, alice.grant, e.ID)
	denied(t, err, twofactor.ReasonPolicy)
	_, err = now.Confirm(r.ctx(), alice.session, alice.grant, e.ID, code)
	denied(t, err, twofactor.ReasonPolicy)
	require.Equal(t, 1, r.sms(""))
	require.Empty(t, alice.status().Methods)
}
