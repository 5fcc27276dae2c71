package devicetrust_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/devicetrust"
)

// W42: what ends trust, on the server's side.
func TestBypass_W42_TrustEnds(t *testing.T) {
	t.Parallel()
	d, token := mint(t, alice)
	revoked, err := devicetrust.List{d}.Revoke(d.ID)
	require.NoError(t, err)
	with := func(change func(*devicetrust.Binding)) devicetrust.Binding {
		b := alice
		change(&b)
		return b
	}
	for name, c := range map[string]struct {
		list devicetrust.List
		b    devicetrust.Binding
		at   time.Duration
		want error
	}{
		"at once":          {devicetrust.List{d}, alice, 0, nil},
		"last second":      {devicetrust.List{d}, alice, month - time.Second, nil},
		"expired":          {devicetrust.List{d}, alice, month, devicetrust.ErrExpired},
		"long expired":     {devicetrust.List{d}, alice, 100 * month, devicetrust.ErrExpired},
		"skewed clock":     {devicetrust.List{d}, alice, -5 * time.Minute, nil},
		"clock set back":   {devicetrust.List{d}, alice, -5*time.Minute - time.Second, devicetrust.ErrExpired},
		"years before":     {devicetrust.List{d}, alice, -100 * month, devicetrust.ErrExpired},
		"next epoch":       {devicetrust.List{d}, with(func(b *devicetrust.Binding) { b.Epoch++ }), 0, devicetrust.ErrStale},
		"earlier epoch":    {devicetrust.List{d}, with(func(b *devicetrust.Binding) { b.Epoch-- }), 0, devicetrust.ErrStale},
		"new password":     {devicetrust.List{d}, with(func(b *devicetrust.Binding) { b.Credential = "password 8" }), 0, devicetrust.ErrStale},
		"password not set": {devicetrust.List{d}, with(func(b *devicetrust.Binding) { b.Credential = "" }), 0, devicetrust.ErrStale},
		"revoked":          {revoked, alice, 0, devicetrust.ErrUnknown},
		"all revoked":      {nil, alice, 0, devicetrust.ErrUnknown},
		"zero device":      {make(devicetrust.List, 1), alice, 0, devicetrust.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.list.Check(token, c.b, now.Add(c.at))
			if c.want == nil {
				require.NoError(t, err)
				require.Equal(t, d, got)
				return
			}
			require.ErrorIs(t, err, c.want)
		})
	}
}

// W42: use does not prolong trust.
func TestBypass_W42_LifeIsAbsolute(t *testing.T) {
	t.Parallel()
	d, token := mint(t, alice)
	list := devicetrust.List{d}
	for day := range 30 {
		at := now.Add(time.Duration(day) * 24 * time.Hour)
		_, err := list.Check(token, alice, at)
		require.NoError(t, err)
		list = list.Touch(d.ID, at)
		require.Equal(t, at.Unix(), list[0].LastUsed)
	}
	_, err := list.Check(token, alice, now.Add(month))
	require.ErrorIs(t, err, devicetrust.ErrExpired)
}

// W43: two people at one browser. The other's token is a miss and stays good.
func TestBypass_W43_TwoUsersOneBrowser(t *testing.T) {
	t.Parallel()
	a, token := mint(t, alice)
	b, _ := mint(t, bob)
	_, err := devicetrust.List{b}.Check(token, bob, now)
	require.ErrorIs(t, err, devicetrust.ErrUnknown)
	// Nor does it become bob's by being copied into his list.
	_, err = devicetrust.List{a, b}.Check(token, bob, now)
	require.ErrorIs(t, err, devicetrust.ErrUnknown)
	_, err = devicetrust.List{a}.Check(token, alice, now)
	require.NoError(t, err)
}

// W45: one token, used by many at once and with every order of their writes.
func TestBypass_W45_ParallelUse(t *testing.T) {
	t.Parallel()
	d, token := mint(t, alice)
	old := devicetrust.List{d}
	var wg sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		wg.Go(func() {
			next := old.Touch(d.ID, now.Add(time.Duration(i)*time.Second))
			_, errs[i] = next.Check(token, alice, now.Add(time.Minute))
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	late := old.Touch(d.ID, now.Add(time.Hour)).Touch(d.ID, now.Add(time.Minute))
	require.Equal(t, now.Add(time.Hour).Unix(), late[0].LastUsed)
	require.Equal(t, now.Unix(), old[0].LastUsed)
}

func TestMintRefuses(t *testing.T) {
	t.Parallel()
	grant := devicetrust.Grant{Life: month}
	for name, c := range map[string]struct {
		b devicetrust.Binding
		g devicetrust.Grant
	}{
		"no user":       {devicetrust.Binding{Audience: "example.com"}, grant},
		"no audience":   {devicetrust.Binding{User: "alice"}, grant},
		"long audience": {devicetrust.Binding{User: "alice", Audience: fmt.Sprintf("%256d", 1)}, grant},
		"no life":       {alice, devicetrust.Grant{}},
		"negative life": {alice, devicetrust.Grant{Life: -time.Hour}},
		"401 days":      {alice, devicetrust.Grant{Life: 401 * 24 * time.Hour}},
		"a bit too far": {alice, devicetrust.Grant{Life: devicetrust.MaxLife + 1}},
		"many methods":  {alice, devicetrust.Grant{Life: month, Methods: make([]string, 9)}},
		"empty method":  {alice, devicetrust.Grant{Life: month, Methods: []string{""}}},
		"long method":   {alice, devicetrust.Grant{Life: month, Methods: []string{fmt.Sprintf("%33d", 1)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, token, err := devicetrust.Mint(c.b, c.g, now)
			require.Error(t, err)
			require.Zero(t, d)
			require.Empty(t, token)
		})
	}
	d, _, err := devicetrust.Mint(alice, devicetrust.Grant{Life: devicetrust.MaxLife}, now)
	require.NoError(t, err)
	require.Equal(t, now.Add(400*24*time.Hour).Unix(), d.Expires)
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"  Firefox  ":                  "Firefox",
		"a\r\nb":                       "a  b",
		"\x00\x1b[31mred":              "[31mred",
		"right\u202eleft":              "rightleft",
		"bad\xffbytes":                 "badbytes",
		fmt.Sprintf("%064d", 0) + "x":  fmt.Sprintf("%064d", 0),
		fmt.Sprintf("%063dö", 0) + "x": fmt.Sprintf("%063dö", 0),
		fmt.Sprintf("%063d xxx", 0):    fmt.Sprintf("%063d", 0),
		"":                             "",
	} {
		d, _, err := devicetrust.Mint(alice, devicetrust.Grant{Life: month, Name: name}, now)
		require.NoError(t, err)
		require.Equal(t, want, d.Name)
	}
}

func TestAdd(t *testing.T) {
	t.Parallel()
	var list devicetrust.List
	var ids []string
	for i := range 3 {
		d, _ := mint(t, alice)
		next, err := list.Add(d, 3, devicetrust.Refuse, now)
		require.NoError(t, err)
		list = next.Touch(d.ID, now.Add(time.Duration(i)*time.Minute))
		ids = append(ids, d.ID)
	}
	list = list.Touch(ids[0], now.Add(time.Hour)) // now ids[1] is the oldest
	before := slices.Clone(list)
	d, _ := mint(t, alice)

	_, err := list.Add(d, 3, devicetrust.Refuse, now)
	require.ErrorIs(t, err, devicetrust.ErrFull)
	next, err := list.Add(d, 3, devicetrust.ReplaceOldest, now)
	require.NoError(t, err)
	require.Equal(t, []string{ids[0], ids[2], d.ID}, idsOf(next))
	next, err = list.Add(d, 1, devicetrust.ReplaceOldest, now)
	require.NoError(t, err)
	require.Equal(t, []string{d.ID}, idsOf(next))
	_, err = list.Add(d, 0, devicetrust.ReplaceOldest, now)
	require.ErrorIs(t, err, devicetrust.ErrFull)

	// What is over makes room without anybody losing trust.
	next, err = list.Add(d, 3, devicetrust.Refuse, now.Add(month))
	require.NoError(t, err)
	require.Equal(t, []string{d.ID}, idsOf(next))
	b := alice
	b.Epoch++
	d, _ = mint(t, b)
	next, err = list.Add(d, 3, devicetrust.Refuse, now)
	require.NoError(t, err)
	require.Equal(t, []string{d.ID}, idsOf(next))
	require.Equal(t, before, list, "the old list is as it was")
}

func idsOf(l devicetrust.List) []string {
	var ids []string
	for _, d := range l {
		ids = append(ids, d.ID)
	}
	return ids
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	a, tokenA := mint(t, alice)
	b, tokenB := mint(t, alice)
	list := devicetrust.List{a, b}
	next, err := list.Revoke(a.ID)
	require.NoError(t, err)
	_, err = next.Check(tokenA, alice, now)
	require.ErrorIs(t, err, devicetrust.ErrUnknown)
	_, err = next.Check(tokenB, alice, now)
	require.NoError(t, err)
	require.Equal(t, devicetrust.List{a, b}, list, "the old list is as it was")
	_, err = next.Revoke(a.ID)
	require.ErrorIs(t, err, devicetrust.ErrUnknown)
	require.Equal(t, next, next.Touch(a.ID, now.Add(time.Hour)))
}

// W50: the state lets nobody in, and survives its encoding.
func TestBypass_W50_State(t *testing.T) {
	t.Parallel()
	d, token := mint(t, alice)
	data, err := cbor.Marshal(devicetrust.List{d})
	require.NoError(t, err)
	require.NotContains(t, string(data), token[25:])
	require.NotContains(t, string(data), alice.Credential)
	var list devicetrust.List
	require.NoError(t, cbor.Unmarshal(data, &list))
	require.Equal(t, devicetrust.List{d}, list)
	_, err = list.Check(token, alice, now)
	require.NoError(t, err)
	require.Equal(t, []string{"totp"}, list[0].Methods)
	require.Less(t, len(data), 250)
}

func BenchmarkCheck(b *testing.B) {
	d, token := mint(b, alice)
	list := slices.Repeat(devicetrust.List{{ID: "other"}}, 19)
	list = append(list, d)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := list.Check(token, alice, now); err != nil {
			b.Fatal(err)
		}
	}
}
