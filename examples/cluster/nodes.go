package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// A node is a process of the app.
type node struct {
	url   string
	cmd   *exec.Cmd
	input io.Closer
	gone  func() // waits until it is
}

type nodes []*node

// startNodes starts three nodes that know the same.
func startNodes(ctx context.Context, cfg nodeConfig, args []string) (all nodes, err error) {
	defer func() {
		if err != nil {
			all.stop()
		}
	}()
	for range 3 {
		n, err := startNode(ctx, cfg, args)
		if err != nil {
			return all, fmt.Errorf("a node doesn't start: %w", err)
		}
		all = append(all, n)
	}
	return all, nil
}

func startNode(ctx context.Context, cfg nodeConfig, args []string) (*node, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	n := &node{cmd: cmd, input: input, gone: sync.OnceFunc(func() { cmd.Wait() })}
	err = json.NewEncoder(input).Encode(cfg)
	if err == nil {
		n.url, err = bufio.NewReader(output).ReadString('\n')
	}
	if err != nil {
		n.kill()
		return nil, err
	}
	n.url = strings.TrimSpace(n.url)
	return n, nil
}

func (n *node) pid() int { return n.cmd.Process.Pid }

// kill ends the node as a power cut would: it can finish nothing.
func (n *node) kill() {
	n.cmd.Process.Kill()
	n.gone()
}

func (all nodes) urls() (urls []string) {
	for _, n := range all {
		urls = append(urls, n.url)
	}
	return urls
}

func (all nodes) stop() {
	for _, n := range all {
		n.input.Close()
		n.gone()
	}
}
