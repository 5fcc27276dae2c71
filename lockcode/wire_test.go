package lockcode_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/lockcode"
)

// What a controller says is no question to one.
func TestAnswersAreNoQuestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, msg := range map[string][]byte{
		"welcome": lockcode.Encode(lockcode.KindWelcome, make([]byte, 16), make([]byte, 16)),
		"share":   lockcode.Encode(lockcode.KindShareB, make([]byte, 32), nil),
		"tag":     lockcode.Encode(lockcode.KindTagB, make([]byte, 64)),
		"reply":   lockcode.Encode(lockcode.KindReply, make([]byte, 16)),
		"done":    lockcode.Encode(lockcode.KindDone),
		"refusal": lockcode.Encode(lockcode.KindRefusal, []byte{1}),
	} {
		_, _, err := lockcode.Decode(msg)
		require.NoError(t, err, name)
		require.Equal(t, lockcode.NotDone, w.refused(msg), name)
	}
}

func TestWireHasOneSpelling(t *testing.T) {
	t.Parallel()
	good := lockcode.Encode(lockcode.KindHello, []byte{1}, []byte("ute"))
	_, fields, err := lockcode.Decode(good)
	require.NoError(t, err)
	require.Equal(t, []byte("ute"), fields[1])
	for name, bad := range map[string][]byte{
		"empty":            nil,
		"header only":      good[:3],
		"other version":    append([]byte{2}, good[1:]...),
		"other suite":      append([]byte{1, 2}, good[2:]...),
		"unknown kind":     append([]byte{1, 1, 77}, good[3:]...),
		"unknown and bare": {1, 1, 77},
		"no last field":    lockcode.Encode(lockcode.KindCode, []byte("ute"), []byte("A7K2Q"), []byte{1}), // which may be empty
		"trailing byte":    append(bytes.Clone(good), 0),
		"missing field":    good[:5],
		"cut field":        good[:len(good)-1],
		"longer length":    {1, 1, 1, 1, 1, 0x83, 0, 'u', 't', 'e'},
		"huge length":      {1, 1, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"overflown length": {1, 1, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"empty user":       {1, 1, 1, 1, 1, 0},
		"mode of two":      {1, 1, 1, 2, 1, 1, 1, 'u'},
		"too long a user":  lockcode.Encode(lockcode.KindHello, []byte{1}, bytes.Repeat([]byte("u"), 65)),
		"too long":         append(bytes.Clone(good), make([]byte, lockcode.MaxMessage)...),
	} {
		_, _, err := lockcode.Decode(bad)
		require.ErrorIs(t, err, lockcode.ErrMessage, name)
	}
}
