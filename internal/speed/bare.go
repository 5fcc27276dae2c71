package main

import (
	"context"
	"crypto/rand"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/redis/go-redis/v9"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A bareRedis reads with HMGET and writes with a script that the client library
// runs.
type bareRedis struct {
	client *redis.Client
	prefix string
}

func (s *bareRedis) Load(ctx context.Context, key string) (twofactor.Record, error) {
	fields, err := s.client.HMGet(ctx, s.prefix+key, "v", "d").Result()
	if err != nil {
		return twofactor.Record{}, err
	}
	if fields[0] == nil {
		return twofactor.Record{}, twofactor.ErrNotFound
	}
	return twofactor.Record{Version: twofactor.Version(fields[0].(string)), Data: []byte(fields[1].(string))}, nil
}

var bareSave = redis.NewScript(bareSaveText)

const bareSaveText = `
if (redis.call('HGET', KEYS[1], 'v') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3])
return 1`

func (s *bareRedis) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v := rand.Text()
	n, err := bareSave.Run(ctx, s.client, []string{s.prefix + key}, string(old), v, data).Int()
	if err == nil && n == 0 {
		err = twofactor.ErrConflict
	}
	return twofactor.Version(v), err
}

func (*bareRedis) Delete(context.Context, string, twofactor.Version) error { panic("not measured") }

// A bareDynamo sends GetItem and a conditional PutItem.
type bareDynamo struct {
	client *dynamodb.Client
	table  string
}

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberB{Value: []byte(s)} }

func (s *bareDynamo) Load(ctx context.Context, key string) (twofactor.Record, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: item{"k": text(key)}, ConsistentRead: new(true),
	})
	if err != nil {
		return twofactor.Record{}, err
	}
	if len(out.Item) == 0 {
		return twofactor.Record{}, twofactor.ErrNotFound
	}
	return twofactor.Record{
		Version: twofactor.Version(out.Item["v"].(*types.AttributeValueMemberB).Value),
		Data:    out.Item["d"].(*types.AttributeValueMemberB).Value,
	}, nil
}

func (s *bareDynamo) Save(ctx context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v := rand.Text()
	in := &dynamodb.PutItemInput{
		TableName: &s.table, Item: item{"k": text(key), "v": text(v), "d": &types.AttributeValueMemberB{Value: data}},
	}
	if old != "" {
		in.ConditionExpression = new("v = :old")
		in.ExpressionAttributeValues = item{":old": text(string(old))}
	}
	_, err := s.client.PutItem(ctx, in)
	return twofactor.Version(v), err
}

func (*bareDynamo) Delete(context.Context, string, twofactor.Version) error { panic("not measured") }

// A bareMap is a map and a lock. Its zero value is empty.
type bareMap struct {
	mu      sync.Mutex
	records map[string]twofactor.Record
}

func (s *bareMap) Load(_ context.Context, key string) (twofactor.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, ok := s.records[key]
	if !ok {
		return rec, twofactor.ErrNotFound
	}
	return rec, nil
}

func (s *bareMap) Save(_ context.Context, key string, old twofactor.Version, data []byte) (twofactor.Version, error) {
	v := twofactor.Version(rand.Text())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records == nil {
		s.records = make(map[string]twofactor.Record)
	}
	if s.records[key].Version != old {
		return "", twofactor.ErrConflict
	}
	s.records[key] = twofactor.Record{Data: data, Version: v}
	return v, nil
}

func (*bareMap) Delete(context.Context, string, twofactor.Version) error { panic("not measured") }
