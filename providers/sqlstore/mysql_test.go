package sqlstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/providers/sqlstore"
)

// TestMySQLBytes: keys that a text column would take for the same stay what they
// are in the list of a batch.
func TestMySQLBytes(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, sqlstore.MySQL)
	want := make(map[string]string)
	for i, key := range []string{"a", "A", "a ", "a\x00", "\xe4", "ä", "a\u0308", "\xff\xfe", "0", "00", "'", `\`} {
		want[key] = fmt.Sprint("\xff\x00", i)
		_, err := m.direct.Save(t.Context(), key, "", []byte(want[key]))
		require.NoError(t, err)
	}
	m.requireLoads(t, want)
}

// TestMySQLAnySize: the list is longer than most batches.
func TestMySQLAnySize(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, sqlstore.MySQL)
	m.create(t, 64, "data")
	for _, n := range []int{1, 2, 3, 4, 5, 33, 63, 64} {
		want := make(map[string]string)
		for i := range n {
			want[fmt.Sprint("user ", i)] = "data"
		}
		m.requireLoads(t, want)
	}
}

// TestMySQLSelectLimit: a server that sends fewer rows than there are says so to
// nobody, and the rest is not missing (W39).
func TestMySQLSelectLimit(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, sqlstore.MySQL, "&sql_select_limit=1")
	m.create(t, 4, "data")
	m.requireLoads(t, map[string]string{"user 0": "data", "user 1": "data", "user 2": "data", "user 3": "data"})
}

// TestMySQLOtherKey: in a column of text, which EnsureSchema would refuse, one
// user's key finds another one's record. That is a fault, for all of the batch.
func TestMySQLOtherKey(t *testing.T) {
	t.Parallel()
	m := newMeeting(t, sqlstore.MySQL)
	m.create(t, 2, "data")
	_, err := m.db.ExecContext(t.Context(), "ALTER TABLE "+m.table+" MODIFY id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL")
	require.NoError(t, err)
	for _, err := range m.load(t, "USER 0", "user 1") {
		requireUnknown(t, err)
	}
}

// requireLoads loads all keys in one batch and compares their data.
func (m *meeting) requireLoads(t *testing.T, want map[string]string) {
	t.Helper()
	calls := make(map[string]func() error)
	for key, data := range want {
		calls[key] = func() error {
			rec, err := m.store.Load(t.Context(), key)
			if err == nil && (rec.Version == "" || string(rec.Data) != data) {
				return fmt.Errorf("got %q in version %q", rec.Data, rec.Version)
			}
			return err
		}
	}
	first := func() error {
		_, err := m.store.Load(t.Context(), "warm 1")
		return err
	}
	for key, err := range m.run(t, calls, first) {
		require.NoError(t, err, "%q", key)
	}
}
