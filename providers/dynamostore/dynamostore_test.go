package dynamostore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/providers/dynamostore"
	"github.com/latchkey-auth/latchkey/providers/internal/realserver"
	"github.com/latchkey-auth/latchkey/providers/storetest"
	"github.com/latchkey-auth/latchkey/twofactor"
)

func TestMain(m *testing.M) { realserver.Main(m) }

func newClient(addr string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String("http://" + addr),
		Region:       "eu-west-1",
		Credentials:  credentials.NewStaticCredentialsProvider("id", "key", ""),
	})
}

func newTable(t *testing.T, addr string) string {
	t.Helper()
	table := realserver.Name()
	client := newClient(addr)
	_, err := client.CreateTable(t.Context(), dynamostore.TableInput(table))
	require.NoError(t, err)
	there := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 100*time.Millisecond
	})
	require.NoError(t, there.Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: &table}, time.Minute))
	return table
}

func open(t *testing.T, addr, table string) *dynamostore.Store {
	t.Helper()
	s, err := dynamostore.New(newClient(addr), dynamostore.Config{Table: table})
	require.NoError(t, err)
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	server := realserver.DynamoDB.Shared(t)
	storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
		table := newTable(t, server.Addr)
		return open(t, server.Addr, table), open(t, server.Addr, table)
	})
}

// TestSwallowedAnswer cuts the connection between a write and its answer. The
// SDK repeats the write, which then meets its own first try.
func TestSwallowedAnswer(t *testing.T) {
	t.Parallel()
	server := realserver.DynamoDB.Shared(t)
	proxy := realserver.NewProxy(t, server.Addr)
	table := newTable(t, server.Addr)
	s, other := open(t, proxy.Addr, table), open(t, server.Addr, table)

	v1, err := s.Save(t.Context(), "k", "", []byte("one"))
	require.NoError(t, err)
	proxy.SwallowAnswers(1)
	v2, err := s.Save(t.Context(), "k", v1, []byte("two"))
	require.NoError(t, err)
	rec, err := other.Load(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, twofactor.Record{Data: []byte("two"), Version: v2}, rec)

	// A version that isn't the stored one is a conflict all the same, or an
	// honest "don't know", and never a success.
	proxy.SwallowAnswers(1)
	_, err = s.Save(t.Context(), "k", v1, []byte("stale"))
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrNotFound)

	// Creating is not repeated.
	proxy.SwallowAnswers(1)
	_, err = s.Save(t.Context(), "new", "", []byte("one"))
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrConflict)
	_, err = other.Load(t.Context(), "new")
	require.NoError(t, err, "the proxy should have let the write pass")

	proxy.SwallowAnswers(1)
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
	table := newTable(t, server.Addr)
	s, other := open(t, proxy.Addr, table), open(t, server.Addr, table)
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
	proxy.SwallowAnswers(1)
	_, err = s.Save(t.Context(), "k", v, []byte("two"))
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrConflict, "the write took place")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := dynamostore.New(nil, dynamostore.Config{Table: "t"})
	require.ErrorContains(t, err, "no client")
	_, err = dynamostore.New(newClient("127.0.0.1:1"), dynamostore.Config{})
	require.ErrorContains(t, err, "no table")
}

// TestMissingTable has a fault where a careless store would say "not found".
func TestMissingTable(t *testing.T) {
	t.Parallel()
	server := realserver.DynamoDB.Shared(t)
	s := open(t, server.Addr, "missing")
	_, err := s.Load(t.Context(), "k")
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrNotFound)
	_, err = s.Save(t.Context(), "k", "", nil)
	require.Error(t, err)
	require.NotErrorIs(t, err, twofactor.ErrConflict)
}

func TestKeyLength(t *testing.T) {
	t.Parallel()
	s := open(t, "127.0.0.1:1", "t")
	for _, key := range []string{"", strings.Repeat("x", 256)} {
		_, err := s.Load(t.Context(), key)
		require.ErrorContains(t, err, "key is empty or longer")
	}
}
