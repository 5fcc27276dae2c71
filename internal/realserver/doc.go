// Package realserver runs the tests of the stores against real database
// servers: PostgreSQL, MariaDB, Redis and dynalite, a DynamoDB-compatible one.
//
// A test that needs one calls, say, [PostgreSQL]. The server starts from the
// binaries that are installed, on a free loopback port, with its files in a
// temporary folder, and stays for the other tests of the same binary. For that
// the package's TestMain has to be
//
//	func TestMain(m *testing.M) { realserver.Main(m) }
//
// A test that wants to kill its server calls [Start] and has one of its own.
// [Proxy] stands between a client and a server and cuts connections.
//
// A program that is no test calls [Kind.Launch] and [Server.Stop].
//
// Where a binary is missing the test is skipped, with a message that begins
// with "missing binary:" and says what to install.
package realserver
