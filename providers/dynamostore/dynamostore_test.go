package dynamostore_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/dynamostore"
	"github.com/latchkey-auth/latchkey/providers/storetest"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func TestMain(m *testing.M) { realserver.Main(m) }

func connect(t *testing.T, addr, table string) twofactor.Store {
	t.Helper()
	for _, s := range realserver.All() {
		if s.Kind == realserver.DynamoDB {
			return s.Connect(t, addr, table)
		}
	}
	panic("unreachable")
}

func TestStore(t *testing.T) {
	t.Parallel()
	server := realserver.DynamoDB.Shared(t)
	storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
		table := realserver.Name()
		return connect(t, server.Addr, table), connect(t, server.Addr, table)
	})
}

// TestSwallowedAnswer cuts the connection between a write and its answer. The
// SDK repeats the write, which then meets its own first try.
func TestSwallowedAnswer(t *testing.T) {
	t.Parallel()
	server := realserver.DynamoDB.Shared(t)
	proxy := realserver.NewProxy(t, server.Addr)
	table := realserver.Name()
	s, other := connect(t, proxy.Addr, table), connect(t, server.Addr, table)

	v1, err := s.Save(t.Context(), "k", "", []byte("one"))
	require.NoError(t, err)
	proxy.SwallowAnswer(1)
	v2, err := s.Save(t.Context(), "k", v1, []byte("two"))
	require.NoError(t, err)
	rec, err := other.Load(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, twofactor.Record{Data: []byte("two"), Version: v2}, rec)

	// A version that isn't the stored one is a conflict all the same, or an
	// honest "don't know", and never a success.
	proxy.SwallowAnswer(1)
	_, err = s.Save(t.Context(), "k", v1, []byte("stale"))
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrNotFound)

	// Creating is not repeated.
	proxy.SwallowAnswer(1)
	_, err = s.Save(t.Context(), "new", "", []byte("one"))
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrConflict)
	_, err = other.Load(t.Context(), "new")
	require.NoError(t, err, "the proxy should have let the write pass")

	proxy.SwallowAnswer(1)
	require.NoError(t, s.Delete(t.Context(), "k", v2))
	_, err = other.Load(t.Context(), "k")
	require.ErrorIs(t, err, twofactor.ErrNotFound)
}

// TestOvertaken lets another writer come between a write whose answer is lost
// and its repetition.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	server := realserver.DynamoDB.Shared(t)
	proxy := realserver.NewProxy(t, server.Addr)
	table := realserver.Name()
	s, other := connect(t, proxy.Addr, table), connect(t, server.Addr, table)
	v, err := s.Save(t.Context(), "k", "", []byte("one"))
	require.NoError(t, err)

	proxy.OnSwallow(func() {
		rec, err := other.Load(t.Context(), "k")
		if err != nil || string(rec.Data) != "two" {
			t.Errorf("Load: %q, %v", rec.Data, err)
		}
		if _, err = other.Save(t.Context(), "k", rec.Version, []byte("three")); err != nil {
			t.Error(err)
		}
	})
	proxy.SwallowAnswer(1)
	_, err = s.Save(t.Context(), "k", v, []byte("two"))
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrConflict, "the write took place")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := dynamostore.New(nil, dynamostore.Config{Table: "t"})
	require.ErrorContains(t, err, "no client")
	_, err = dynamostore.New(realserver.DynamoClient("127.0.0.1:1"), dynamostore.Config{})
	require.ErrorContains(t, err, "no table")
}

// TestMissingTable has a fault where a careless store would say "not found".
func TestMissingTable(t *testing.T) {
	t.Parallel()
	server := realserver.DynamoDB.Shared(t)
	s, err := dynamostore.New(realserver.DynamoClient(server.Addr), dynamostore.Config{Table: "missing"})
	require.NoError(t, err)
	_, err = s.Load(t.Context(), "k")
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrNotFound)
	_, err = s.Save(t.Context(), "k", "", nil)
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrConflict)
}

func TestKeyLength(t *testing.T) {
	t.Parallel()
	s, err := dynamostore.New(realserver.DynamoClient("127.0.0.1:1"), dynamostore.Config{Table: "t"})
	require.NoError(t, err)
	for _, key := range []string{"", strings.Repeat("x", 256)} {
		_, err := s.Load(t.Context(), key)
		require.ErrorContains(t, err, "key is empty or longer")
	}
}

// TestConsistentRead looks at the request, since a server on one machine has no
// replicas to lag behind.
func TestConsistentRead(t *testing.T) {
	t.Parallel()
	bodies := make(chan string, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
		io.WriteString(w, "{}")
	}))
	defer server.Close()
	s, err := dynamostore.New(realserver.DynamoClient(server.Listener.Addr().String()), dynamostore.Config{Table: "t"})
	require.NoError(t, err)
	_, err = s.Load(t.Context(), "k")
	require.ErrorIs(t, err, twofactor.ErrNotFound)
	require.Contains(t, <-bodies, `"ConsistentRead":true`)
	for _, err := range s.Keys(t.Context()) {
		require.NoError(t, err)
	}
	require.Contains(t, <-bodies, `"ConsistentRead":true`)
}

// TestDamaged: an item that is no record is a fault, and no missing record.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for name, item := range map[string]string{
		"no version":    `{"k":{"B":"aw=="},"d":{"B":"aw=="}}`,
		"empty version": `{"k":{"B":"aw=="},"d":{"B":"aw=="},"v":{"B":""}}`,
		"no data":       `{"k":{"B":"aw=="},"v":{"B":"aw=="}}`,
		"text":          `{"k":{"B":"aw=="},"v":{"S":"v"},"d":{"S":"d"}}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"Item":`+item+`}`)
		}))
		s, err := dynamostore.New(realserver.DynamoClient(server.Listener.Addr().String()), dynamostore.Config{Table: "t"})
		require.NoError(t, err)
		_, err = s.Load(t.Context(), "k")
		server.Close()
		require.ErrorContains(t, err, "not a record", name)
		require.NotErrorIs(t, err, twofactor.ErrNotFound, name)
	}
}
