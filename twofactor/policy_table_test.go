package twofactor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/twofactor"
	"github.com/stretchr/testify/require"
)

var allKinds = []twofactor.Kind{twofactor.TOTP, twofactor.SMS, twofactor.Email}

// subsets are all subsets of the kinds, the empty one first.
func subsets() [][]twofactor.Kind {
	var out [][]twofactor.Kind
	for bits := range 1 << len(allKinds) {
		var set []twofactor.Kind
		for i, k := range allKinds {
			if bits>>i&1 == 1 {
				set = append(set, k)
			}
		}
		out = append(out, set)
	}
	return out
}

// tablePolicies are the policies of the table: which kinds count, whether it is
// required, what makes a device trusted, what mail is for.
func tablePolicies() []twofactor.Policy {
	var out []twofactor.Policy
	for _, kinds := range subsets()[1:] {
		for _, required := range []bool{false, true} {
			for _, trust := range append([]twofactor.Kind{""}, kinds...) {
				for _, purpose := range []twofactor.EmailPurpose{twofactor.EmailFactor, twofactor.EmailRecoveryOnly} {
					p := twofactor.Policy{Kinds: kinds, Required: required, EmailPurpose: purpose}
					if trust != "" {
						p.Trust.Kinds = []twofactor.Kind{trust}
					}
					if purpose == twofactor.EmailRecoveryOnly &&
						(len(kinds) == 1 || !slices.Contains(kinds, twofactor.Email) || trust == twofactor.Email) {
						continue // contradicts itself
					}
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// oracle says, in the fewest words, what a sign-in asks for: "in", "enroll", or
// "ask" with the methods, those for recovery in brackets. A login that leads to
// enrollment only has an exclamation mark.
func oracle(p twofactor.Policy, has []twofactor.Kind, off bool, trustedBy twofactor.Kind) string {
	if len(has) == 0 && p.Required {
		return "enroll"
	}
	if len(has) == 0 || off && !p.Required {
		return "in"
	}
	var count, recover []string
	for _, k := range has {
		switch {
		case !slices.Contains(p.Kinds, k):
		case k == twofactor.Email && p.EmailPurpose == twofactor.EmailRecoveryOnly:
			recover = append(recover, "("+string(k)+")")
		default:
			count = append(count, string(k))
		}
	}
	if len(count) == 0 {
		return "ask" + strings.ReplaceAll(fmt.Sprint(has), "(", "") + "!"
	}
	if trustedBy != "" && slices.Contains(p.Trust.Kinds, trustedBy) {
		return "in"
	}
	return "ask" + fmt.Sprint(append(count, recover...))
}

// Every subset of methods, switched on or off, on a device that each of them has
// made trusted or on none, under every policy: asked or not, and for what.
func TestBypass_W34_EveryCombination(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		everything := twofactor.Policy{
			Kinds: allKinds, Trust: twofactor.TrustPolicy{Kinds: allKinds, Automatic: true},
			Recovery: twofactor.RecoveryPolicy{None: true},
		}
		seen := make(map[string]int)
		for _, has := range subsets() {
			r := newRealm(t, on, everything)
			nodes := make([]*twofactor.Service, 0, 100)
			policies := tablePolicies()
			for _, p := range policies {
				nodes = append(nodes, r.node(func(c *twofactor.Config) { c.Policy = p }))
			}
			for _, off := range []bool{false, true} {
				for _, by := range append([]twofactor.Kind{""}, has...) {
					if off && len(has) == 0 {
						continue
					}
					m := r.tableUser(fmt.Sprintf("%v-%t-%s", has, off, by), has, off, by)
					for i := 0; i < len(nodes); i += stride(on) {
						s := nodes[i]
						trusted := by
						if off {
							trusted = "" // switching off ends trust
						}
						want := oracle(policies[i], has, off, trusted)
						in := twofactor.SignIn{UserID: m.id, TrustedDevice: m.device, CredentialVersion: "1"}
						got := asked(t, r, s, m, in)
						require.Equal(t, want, got, "has %v, off %t, trusted by %q, policy %+v", has, off, by, policies[i])
						seen[want]++
					}
				}
			}
			for _, s := range nodes {
				require.NoError(t, s.Drain(r.ctx()))
			}
		}
		if on.Name == inMemory.Name {
			require.Len(t, seen, 18, "all answers that there can be")
		}
	})
}

// tableUser has some methods, a device that one of them made trusted, and has
// switched them off perhaps.
func (r *realm) tableUser(id string, has []twofactor.Kind, off bool, by twofactor.Kind) *member {
	r.t.Helper()
	id = strings.NewReplacer("[", "", "]", "", " ", "_").Replace(id)
	r.tableUsers++
	m := r.join(id, mobile(r.tableUsers, 1))
	for _, k := range has {
		m.setUp(k)
	}
	if by != "" {
		m.signIn(by)
	}
	if off {
		m.prove(has[0])
		require.NoError(r.t, r.a.SwitchOff(r.ctx(), m.full(), m.grant))
	}
	r.clock.Advance(time.Hour)
	return m
}

// asked is what a sign-in on a node asks for, in the oracle's words, and what
// Explain says of it.
func asked(t *testing.T, r *realm, s *twofactor.Service, m *member, in twofactor.SignIn) string {
	t.Helper()
	o, err := s.Begin(r.ctx(), in)
	require.NoError(t, err)
	e, err := s.Explain(r.ctx(), in)
	require.NoError(t, err)
	switch o := o.(type) {
	case *twofactor.Verified:
		require.False(t, e.Asked)
		require.Contains(t, map[twofactor.Basis][]twofactor.Why{
			twofactor.NotEnrolled:   {twofactor.WhyNotEnrolled},
			twofactor.SwitchedOff:   {twofactor.WhySwitchedOff},
			twofactor.TrustedDevice: {twofactor.WhyTrusted},
		}[o.Basis()], e.Why)
		return "in"
	case *twofactor.EnrollmentOnly:
		require.Equal(t, twofactor.WhyEnrollFirst, e.Why)
		require.NotEmpty(t, e.Missing)
		return "enroll"
	case *twofactor.Pending:
		require.True(t, e.Asked)
		var methods []string
		for _, method := range o.Login().Methods {
			require.True(t, method.Usable)
			name := string(method.Kind)
			if method.Recovery {
				name = "(" + name + ")"
			}
			methods = append(methods, name)
		}
		end := ""
		if e.Why == twofactor.WhyOutdated {
			require.NotEmpty(t, e.Missing, "what is missing is said")
			end = "!"
		}
		return "ask" + fmt.Sprint(methods) + end
	}
	return "nothing"
}

// No change of the policy locks anybody out: a user none of whose methods counts
// any more proves one of them, and gets a session to set up another.
func TestBypass_W35_PolicyChangeLeadsToEnrollment(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, on realserver.Named) {
		for _, old := range allKinds {
			for _, now := range allKinds {
				if old == now {
					continue
				}
				r := newRealm(t, on, twofactor.Policy{Kinds: allKinds, Trust: twofactor.TrustPolicy{Kinds: allKinds, Automatic: true}})
				alice := r.join("alice", aliceMobile)
				alice.setUp(old)
				r.clock.Advance(time.Minute)
				alice.signIn(old)
				r.a = r.node(func(c *twofactor.Config) { c.Policy = twofactor.Policy{Kinds: []twofactor.Kind{now}} })
				login := alice.login() // the device is trusted no more
				code := ""
				if old == twofactor.TOTP {
					code = alice.appCode()
				} else {
					code = alice.sent(login, old)
				}
				_, err := alice.verify(login, twofactor.Answer{Method: alice.ids[old], Code: code})
				no := denied(t, err, twofactor.ReasonEnrollmentRequired)
				alice.session = no.Enrollment
				r.clock.Advance(time.Minute)
				alice.prove(old)
				alice.setUp(now)
				require.IsType(t, (*twofactor.Verified)(nil), alice.session)
				r.clock.Advance(time.Minute)
				alice.signIn(now)
			}
		}
	})
}
