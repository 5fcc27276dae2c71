// Package dynamostore keeps the library's records in a table of Amazon DynamoDB.
//
//	config, err := config.LoadDefaultConfig(ctx)
//	client := dynamodb.NewFromConfig(config)
//	store, err := dynamostore.New(client, dynamostore.Config{Table: "latchkey"})
//
// The table is made by whatever makes the application's other tables;
// [TableInput] has its definition. An item has three attributes, all of them
// binary: k, the record's key and the table's partition key, of 1 to 255 bytes; v,
// its version; and d, its data. An item has room for 400 kB, of which a record
// takes about 2.
//
// The application needs the permissions dynamodb:GetItem, PutItem and DeleteItem
// on the table, and Scan for [Store.Keys].
//
// Every write is conditional on the version it replaces, and every read is
// consistent: DynamoDB has both by itself, on as many nodes as it likes, and
// what it has confirmed is durable.
//
// What would break the promise is outside the Store's sight:
//
//   - a global table with writes in more than one region, unless it is one of
//     multi-region strong consistency: the last writer wins there, and a code
//     can be used once per region;
//   - an expiry (TTL) on the table, which deletes second factors;
//   - restoring a backup, which brings used codes back.
//
// # Repeated requests
//
// The AWS SDK repeats a request that got no answer, and the repeated write then
// may meet its own first try. A Store tells such a meeting from a conflict. If
// it can't tell, since others have written in the meantime, the answer is an
// error that is no conflict.
//
// # Errors
//
// An error that is twofactor.ErrConflict or ErrNotFound is the database's answer.
// After any other one, nobody knows whether a write took place; Load tells.
package dynamostore
