//go:build unix

package realserver

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// runAs gives dir to the user of that name and returns what a process needs to
// run as that user. It does nothing if name is empty or the tests don't run as
// root: PostgreSQL refuses to.
func runAs(name, dir string) (*syscall.SysProcAttr, error) {
	if name == "" || os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("the tests run as root, and the server wants another user: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
