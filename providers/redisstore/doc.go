// Package redisstore keeps the library's records in Redis or Valkey, on one
// server, behind Sentinel, or in a cluster.
//
//	client := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
//	store, err := redisstore.New(ctx, client, redisstore.Config{Logger: logger})
//
// Each record is a hash under a key of its own, [Config.Prefix] and the record's
// key, with two fields: v, its version, and d, its data. Each write is one script
// on that key alone, so that any slot of a cluster can take it. Nothing expires.
//
// A busy Store sends what waits in one packet: while eight requests are under
// way, those that come go together. The server runs each of them by itself.
//
// # Durability
//
// A server as it comes from the box confirms writes that it forgets in a crash.
// For a cache that is fine. Here it means that a code that was used up becomes
// good again, that guesses are not counted, and that a factor set up a second
// ago is gone. The server has to be configured against it:
//
//	appendonly yes
//	appendfsync always
//	maxmemory-policy noeviction
//
// With appendfsync everysec, which is the default, a power cut takes up to two
// seconds back. [New] logs, and [Store.Check] returns, what the server itself
// says is missing.
//
// Replicas get each write after the client got its answer. When a replica is
// promoted, the writes that it didn't get are lost, however durable they were
// on the old primary. [Config.Replicas] makes every write wait until so many
// replicas have it; together with
//
//	min-replicas-to-write 1
//
// on the server, that leaves one gap open: Redis doesn't promise to promote
// the replica that has the write rather than another one. Whoever can't live
// with that should take a database that replicates by agreement, such as
// PostgreSQL with synchronous standbys, or DynamoDB.
//
// # Clients
//
// The client must not read from replicas. A Store goes around the caches and
// replica routes that the client library offers, but can't see that a client
// was made for a replica alone; Check can.
//
// A write is sent once. The client's MaxRetries doesn't apply to it, since a
// repeated write would find its own first try and take it for somebody else's.
//
// # Errors
//
// An error that is twofactor.ErrConflict or ErrNotFound is the server's answer.
// After any other one, nobody knows whether a write took place: one that was cut
// off, or whose replicas didn't confirm it in time. Load tells.
package redisstore
