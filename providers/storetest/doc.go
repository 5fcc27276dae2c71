// Package storetest checks that a twofactor.Store keeps its contract.
//
// Call [Test] from a test of the package that implements the Store, and run it
// with the race detector and more than once:
//
//	func TestStore(t *testing.T) {
//		storetest.Test(t, func(t *testing.T) (a, b twofactor.Store) {
//			dsn := newDatabase(t)
//			return open(t, dsn), open(t, dsn)
//		})
//	}
//
//	go test -race -count=3 ./...
//
// What the library promises about codes used twice, guesses counted and
// factors that can't be switched off by accident rests on this contract alone.
// A Store that fails a case is not slightly wrong: the text behind "why" says
// which attack it lets through.
//
// The suite looks at a healthy backend. It can't see whether a write survives
// a power cut or the failover to a replica; that is a matter of the backend's
// settings, and the Store's documentation should name them. Package
// storetest/linear adds random histories with cut connections to this.
package storetest
