// Cluster shows what holds when an app runs on many servers and one of them
// dies: a code counts once, and nothing that was answered is forgotten.
//
//	go run ./examples/cluster
//
// It starts three processes of one small app (node.go) on one database, and a
// reverse proxy before them (proxy.go). Many people set up an authenticator app
// and sign in, each request by way of whichever node is next. In the middle one
// node is killed with SIGKILL. Requests that it had taken end without an answer,
// and whoever sent them tries again (signin.go). Every code that was answered yes
// is remembered, and at the end all of them are sent again to each node that is
// left. What is told as lost is what was found (check.go); if that isn't nothing,
// the exit status is 1.
//
// The database is a Redis, Valkey or PostgreSQL that is started for this run, if
// one is installed, or that which -database names:
//
//	go run ./examples/cluster -database postgres://user@localhost/test
//	go run ./examples/cluster -database redis://localhost:6379
//
// What it writes there has a table or prefix of its own, which is removed at the
// end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

func main() {
	database := flag.String("database", "", "a postgres:// or redis:// URL (default: one is started)")
	people := flag.Int("people", 200, "how many people sign in")
	isNode := flag.Bool("node", false, "be one of the nodes: this is how the program starts itself")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *isNode {
		err = runNode(ctx, os.Stdin, os.Stdout, func(s twofactor.Store) twofactor.Store { return s })
	} else {
		err = run(ctx, os.Stdout, *database, *people, "-node")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// say prints a line of the report.
type say func(what, format string, args ...any)

// run plays it all through. asNode are the arguments with which this program is
// a node. The error says whether anything was lost.
func run(ctx context.Context, out io.Writer, database string, people int, asNode ...string) error {
	if people < 2 {
		return errors.New("-people has to be 2 or more: one signs in before the kill and one after it")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	say := func(what, format string, args ...any) {
		fmt.Fprintf(out, "%-9s "+format+"\n", append([]any{what}, args...)...)
	}
	if database == "" {
		server, err := startServer(ctx)
		if err != nil {
			return err
		}
		defer server.stop()
		database = server.url
		say("database", "%s, started for this run in a temporary folder", server.name)
	}
	place, err := newPlace(ctx, database, say)
	if err != nil {
		return err
	}
	defer place.remove()
	nodes, err := startNodes(ctx, place.nodeConfig, asNode)
	if err != nil {
		return err
	}
	defer nodes.stop()
	site, stop, err := startProxy(nodes.urls())
	if err != nil {
		return err
	}
	defer stop()
	say("nodes", "processes %d, %d and %d, behind the proxy %s", nodes[0].pid(), nodes[1].pid(), nodes[2].pid(), site)

	c := newCrowd(people)
	if err := c.setUp(ctx, site); err != nil {
		return err
	}
	say("set-up", "%d people have an authenticator app, and %d recovery codes each", people, recoveryCodes)
	c.signIn(ctx, site, people/2, func(yes int) {
		nodes[1].kill()
		say("kill -9", "process %d, after %d sign-ins; the others go on", nodes[1].pid(), yes)
	})
	c.tell(say)
	c.check(ctx, []string{nodes[0].url, nodes[2].url}, say)
	return c.verdict(say)
}
