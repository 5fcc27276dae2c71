package lockcode_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// Numbers as they are sent: one that fits, and one that has no end.
var seven, endless = []byte{0, 0, 0, 0, 0, 0, 0, 7}, bytes.Repeat([]byte{0x7f}, 8)

// A request inside its boxes comes from somebody with the keys, and is read as
// strictly as what comes from anybody.
func TestRequestThatIsNone(t *testing.T) {
	t.Parallel()
	door, front, pin := []byte{byte(lockcode.OpenDoor)}, []byte("front"), []byte("4711")
	require.NoError(t, lockcode.ParseRequestPlain(joined(seven, seven, pin, door, front, nil)))
	require.NoError(t, lockcode.ParseRequestPlain(joined(seven, seven, nil, []byte{byte(lockcode.ReadStatus)}, nil, seven)))
	for name, bad := range map[string][]byte{
		"nothing":                       nil,
		"no body":                       joined(seven, seven, pin, door, front),
		"one field more":                joined(seven, seven, pin, door, front, nil, nil),
		"half a counter":                joined(seven[:4], seven, pin, door, front, nil),
		"a counter without end":         joined(endless, seven, pin, door, front, nil),
		"a time without end":            joined(seven, endless, pin, door, front, nil),
		"a PIN of letters":              joined(seven, seven, []byte("47ll"), door, front, nil),
		"a PIN of three":                joined(seven, seven, pin[:3], door, front, nil),
		"a PIN of five":                 joined(seven, seven, []byte("47110"), door, front, nil),
		"no purpose":                    joined(seven, seven, pin, nil, front, nil),
		"a door without a name":         joined(seven, seven, pin, door, nil, nil),
		"a door with a line break":      joined(seven, seven, pin, door, []byte("a\nb"), nil),
		"a target where none is needed": joined(seven, seven, pin, []byte{byte(lockcode.AddDevice)}, []byte("a\nb"), nil),
		"a body without end":            joined(seven, seven, pin, door, front, make([]byte, 513)),
	} {
		require.ErrorIs(t, lockcode.ParseRequestPlain(bad), lockcode.ErrMessage, name)
	}
}

func TestReplyThatIsNone(t *testing.T) {
	t.Parallel()
	one := []byte{1}
	require.NoError(t, lockcode.ParseReplyPlain(joined(seven, one, one, seven, one, nil)))
	for name, bad := range map[string][]byte{
		"nothing":               nil,
		"no body":               joined(seven, one, one, seven, one),
		"two reasons":           joined(seven, []byte{1, 1}, one, seven, one, nil),
		"a counter without end": joined(endless, one, one, seven, one, nil),
		"a time without end":    joined(seven, one, one, endless, one, nil),
	} {
		require.ErrorIs(t, lockcode.ParseReplyPlain(bad), lockcode.ErrReply, name)
	}
}

// A status is three lists that have an end, and notices that never go back.
func TestStatusThatIsNone(t *testing.T) {
	t.Parallel()
	id, print, user := make([]byte, 16), make([]byte, 8), []byte("ute")
	device, sent := joined(id, user, seven, print, []byte{1}), joined(user, []byte("4711"))
	notice := func(n byte) []byte { return joined([]byte{0, 0, 0, 0, 0, 0, 0, n}, user, id, print, seven) }
	times := func(n int, item []byte) []byte { return bytes.Repeat(joined(item), n) }
	rising := func(n byte) (list []byte) {
		for i := range n {
			list = append(list, joined(notice(i+1))...)
		}
		return list
	}
	st, last, err := lockcode.StatusParse(joined(times(4, device), rising(lockcode.MaxNotices), times(16, sent)), 0)
	require.NoError(t, err)
	require.EqualValues(t, lockcode.MaxNotices, last)
	require.Equal(t, []int{4, 8, 16}, []int{len(st.Devices), len(st.Notices), len(st.PINs)})
	for name, bad := range map[string][]byte{
		"nothing":                      nil,
		"two lists":                    joined(nil, nil),
		"a device too many":            joined(times(5, device), nil, nil),
		"half a device":                joined(joined(device[:20]), nil, nil),
		"a device that is cut":         joined(joined(device)[:20], nil, nil),
		"a device of no time":          joined(joined(joined(id, user, endless, print, []byte{1})), nil, nil),
		"a device and a field":         joined(joined(joined(id, user, seven, print, []byte{1}, nil)), nil, nil),
		"a notice too many":            joined(nil, rising(lockcode.MaxNotices+1), nil),
		"a notice twice":               joined(nil, times(2, notice(2)), nil),
		"a notice from before":         joined(nil, joined(notice(2), notice(1)), nil),
		"a notice without a number":    joined(nil, joined(notice(0)), nil),
		"a number that wraps round":    joined(nil, joined(joined(endless, user, id, print, seven)), nil),
		"a notice of no time":          joined(nil, joined(joined(seven, user, id, print, endless)), nil),
		"a notice about nobody":        joined(nil, joined(joined(seven, nil, id, print, seven)), nil),
		"a PIN too many":               joined(nil, nil, times(17, sent)),
		"a PIN of letters":             joined(nil, nil, joined(joined(user, []byte("47ll")))),
		"a PIN for nobody":             joined(nil, nil, joined(joined(nil, []byte("4711")))),
		"a length in another spelling": joined([]byte{0x80, 0}, nil, nil),
	} {
		st, _, err := lockcode.StatusParse(bad, 0xff)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, lockcode.ErrReply, "the caller says that")
		require.Equal(t, lockcode.Status{}, st, name)
	}
}

// joined is a list as it is sent: each part after its length.
func joined(parts ...[]byte) []byte {
	return lockcode.Encode(0, parts...)[3:]
}
