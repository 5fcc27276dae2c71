// Speed measures the library beside the barest code that could do the same, on
// servers that it starts itself, and prints tables in Markdown.
//
//	go run ./internal/speed
//	go run ./internal/speed -only 'store/(PostgreSQL|Redis)' -for 2s -rounds 9
//
// What takes part in a comparison is measured in turn, for a second each, and
// all of it again in each round, since a machine is never quite idle. A table
// has the median of what was done in a second, and the median of the ratios
// within a round: 1.00 is as fast as what stands beside it, 2.00 twice as fast.
//
// # What is measured
//
// Verify is the whole of twofactor.Service.Verify with a right code of an
// authenticator app: the pending login is opened, the record loaded, opened,
// judged, sealed and saved by compare-and-swap. Each client is busy with a user
// of its own, over and over. Its services have a clock of their own that moves
// on by eleven minutes between two sign-ins, or else each user could sign in
// twice a minute. What comes before the typed code, Service.Begin and the
// arithmetic of the user's phone, is prepared beforehand for both sides.
//
// Every measurement begins with the same records, so that all do the same.
//
// # What it is measured beside
//
//   - "bare load and update" does nothing but what any second step asks of a
//     database: it loads a row as long as the record and writes it back if its
//     version is still the same, with the same driver, statements prepared, and
//     a pool of 64 connections; on SQLite one connection, since with more of
//     them its writers time out on each other's lock. It changes one byte, since
//     an engine that sees equal ones writes less. It opens nothing and checks no
//     code.
//   - "the same ungrouped" is Verify over an sqlstore with Config.Ungrouped.
//   - pgbench and redis-benchmark are the engines' own tools, at the barest
//     code's update alone: one round trip where Verify has two. They run for a
//     second at least, and are left out where they aren't installed.
//   - "barest handler" is bareWeb: net/http, encoding/json, the same two round
//     trips, the code checked by github.com/pquerna/otp and good once. It has no
//     limits on guesses, no sealing, no second method, no cookies but one.
//
// Over HTTP each client has a connection of its own on loopback. The clients and
// the databases run on the same processors as what is measured.
//
// Of many users, a thousand sign in. Beside a store that has only those stands
// one where they are spread evenly over the rows of all the others. The same is
// done with the barest code, since an engine's own work grows with its tables.
//
// # What isn't
//
// No network is between anything, so that round trips cost nothing like what they
// do between machines. The disk is the one of the folder for temporary files.
// Dynalite is no DynamoDB; its figures only show that both sides do the same.
package main
