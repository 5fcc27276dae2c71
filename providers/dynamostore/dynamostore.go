package dynamostore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A Config says where a [Store] keeps its records.
type Config struct {
	// Table is the name of the table. Required.
	Table string
}

// A Store is a twofactor.Store and twofactor.Lister in a DynamoDB table.
type Store struct {
	client *dynamodb.Client
	table  string
}

var (
	_ twofactor.Store  = (*Store)(nil)
	_ twofactor.Lister = (*Store)(nil)
)

// New returns a Store on the table, which has to exist when the Store is used.
func New(client *dynamodb.Client, c Config) (*Store, error) {
	switch {
	case client == nil:
		return nil, errors.New("dynamostore: no client")
	case c.Table == "":
		return nil, errors.New("dynamostore: no table")
	}
	return &Store{client: client, table: c.Table}, nil
}

// The attributes of an item. All are bytes, so that no key is taken for text.
const (
	keyName     = "k"
	versionName = "v"
	dataName    = "d"
)

// TableInput describes the table that a [Store] needs, paid per request. The
// caller may change everything but the key, and should turn on what it wants
// against losing the table: deletion protection and point-in-time recovery.
func TableInput(table string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:            new(table),
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: new(keyName), AttributeType: types.ScalarAttributeTypeB}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: new(keyName), KeyType: types.KeyTypeHash}},
	}
}

// Load implements twofactor.Store.
func (s *Store) Load(ctx context.Context, key string) (twofactor.Record, error) {
	if err := checkKey(key); err != nil {
		return twofactor.Record{}, err
	}
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &s.table,
		Key:            item{keyName: bytesValue(key)},
		ConsistentRead: new(true),
	})
	if err != nil {
		return twofactor.Record{}, fmt.Errorf("dynamostore: load: %w", err)
	}
	if len(out.Item) == 0 {
		return twofactor.Record{}, fmt.Errorf("dynamostore: load: %w", twofactor.ErrNotFound)
	}
	version, ok1 := out.Item[versionName].(*types.AttributeValueMemberB)
	data, ok2 := out.Item[dataName].(*types.AttributeValueMemberB)
	if !ok1 || !ok2 || len(version.Value) == 0 {
		return twofactor.Record{}, errors.New("dynamostore: load: the item is not a record")
	}
	return twofactor.Record{Data: data.Value, Version: twofactor.Version(version.Value)}, nil
}

// Save implements twofactor.Store. DynamoDB refuses data of more than 400 kB.
func (s *Store) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	if data == nil {
		data = []byte{}
	}
	v := rand.Text()
	in := &dynamodb.PutItemInput{
		TableName:           &s.table,
		Item:                item{keyName: bytesValue(key), versionName: bytesValue(v), dataName: &types.AttributeValueMemberB{Value: data}},
		ConditionExpression: new("attribute_not_exists(" + keyName + ")"),
	}
	if old != "" {
		in.ConditionExpression = new(versionName + " = :old")
		in.ExpressionAttributeValues = item{":old": bytesValue(old)}
	}
	w := &witness{creates: old == ""}
	_, err := s.client.PutItem(ctx, in, w.watch)
	if err = w.judge(err); err == errMet {
		if rec, loadErr := s.Load(ctx, key); loadErr == nil && rec.Version == twofactor.Version(v) {
			return rec.Version, nil // the first try won
		}
	}
	if err != nil {
		return "", fmt.Errorf("dynamostore: save: %w", err)
	}
	return twofactor.Version(v), nil
}

// Delete implements twofactor.Store.
func (s *Store) Delete(ctx context.Context, key string, old twofactor.Version) error {
	if err := checkKey(key); err != nil {
		return err
	}
	w := &witness{}
	_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:                 &s.table,
		Key:                       item{keyName: bytesValue(key)},
		ConditionExpression:       new("attribute_not_exists(" + keyName + ") OR " + versionName + " = :old"),
		ExpressionAttributeValues: item{":old": bytesValue(old)},
	}, w.watch)
	if err = w.judge(err); err != nil {
		return fmt.Errorf("dynamostore: delete: %w", err)
	}
	return nil
}

// Keys implements twofactor.Lister. It scans the whole table.
func (s *Store) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{
			TableName:            &s.table,
			ConsistentRead:       new(true),
			ProjectionExpression: new(keyName),
			Limit:                new(int32(200)), // so that the loop's body isn't far behind
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield("", fmt.Errorf("dynamostore: keys: %w", err))
				return
			}
			for _, i := range page.Items {
				key, ok := i[keyName].(*types.AttributeValueMemberB)
				if !ok {
					yield("", errors.New("dynamostore: keys: the item is not a record"))
					return
				}
				if !yield(string(key.Value), nil) {
					return
				}
			}
		}
	}
}

type item = map[string]types.AttributeValue

func bytesValue[T ~string](s T) *types.AttributeValueMemberB {
	return &types.AttributeValueMemberB{Value: []byte(s)}
}

func checkKey(key string) error {
	if key == "" || len(key) > 255 {
		return errors.New("dynamostore: key is empty or longer than 255 bytes")
	}
	return nil
}
