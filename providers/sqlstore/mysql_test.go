package sqlstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/providers/sqlstore"
	"github.com/latchkey-auth/latchkey/twofactor"
)

// TestMySQLCutInBatch: what is lost before the commit was sent hasn't happened,
// and is done by each alone; once it was sent, nobody knows.
func TestMySQLCutInBatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		answer  int // the first is that of the write before the batch
		unknown bool
	}{
		{"preparing the update", 2, false},
		{"preparing the query", 3, false},
		{"begin", 4, false},
		{"update", 5, false},
		{"query", 6, false},
		{"commit", 7, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMeeting(t, sqlstore.MySQL)
			writes := m.create(t, 5, "old")
			writes["warm 1"] = "some other version"
			m.proxy.SwallowAnswer(tt.answer)
			for key, err := range m.save(t, writes) {
				switch {
				case tt.unknown:
					requireUnknown(t, err)
				case key == "warm 1":
					require.ErrorIs(t, err, twofactor.ErrConflict)
				default:
					require.NoError(t, err)
				}
				if key != "warm 1" {
					m.requireData(t, key, "data of "+key)
				}
			}
		})
	}
}

// TestMySQLBytes: keys that a text column would take for the same, and data that
// isn't text, stay what they are in the lists of a batch.
func TestMySQLBytes(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, sqlstore.MySQL)
	writes := make(map[string]twofactor.Version)
	for _, key := range []string{"a", "A", "a ", "a\x00", "\xe4", "ä", "a\u0308", "\xff\xfe", "0", "00", "'", `\`} {
		v, err := m.direct.Save(t.Context(), key, "", []byte("old"))
		require.NoError(t, err)
		writes[key] = v
	}
	for key, err := range m.save(t, writes) {
		require.NoError(t, err, "%q", key)
	}
	var keys []string
	for key := range writes {
		keys = append(keys, key)
		m.requireData(t, key, "data of "+key)
	}
	for key, err := range m.load(t, keys...) {
		require.NoError(t, err, "%q", key)
	}
}

// TestMySQLBatchOfAnySize: the lists are longer than most batches.
func TestMySQLBatchOfAnySize(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, sqlstore.MySQL)
	versions := m.create(t, 64, "old")
	for _, n := range []int{1, 2, 3, 4, 5, 33, 63, 64} {
		writes := make(map[string]twofactor.Version)
		for i := range n {
			key := fmt.Sprint("user ", i)
			writes[key] = versions[key]
		}
		lost := fmt.Sprint("user ", n/2)
		writes[lost] = "some other version"
		for key, err := range m.save(t, writes) {
			if key == lost {
				require.ErrorIs(t, err, twofactor.ErrConflict, "%s of %d", key, n)
			} else {
				require.NoError(t, err, "%s of %d", key, n)
			}
		}
		for key := range writes {
			rec, err := m.direct.Load(t.Context(), key)
			require.NoError(t, err)
			require.Equal(t, key == lost, rec.Version == versions[key], "%s of %d", key, n)
			versions[key] = rec.Version
		}
	}
}
