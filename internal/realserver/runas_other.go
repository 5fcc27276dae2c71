//go:build !unix

package realserver

import "syscall"

func runAs(string, string) (*syscall.SysProcAttr, error) { return nil, nil }
