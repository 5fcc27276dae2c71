package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Check asks the server whether it keeps what it confirms, and returns a
// sentence for each reason why it may not. An error means that it could not be
// asked.
func (s *Store) Check(ctx context.Context) (warnings []string, err error) {
	servers, err := s.servers(ctx)
	if err != nil {
		return nil, fmt.Errorf("redisstore: check: %w", err)
	}
	for _, server := range servers {
		found, err := s.checkServer(ctx, server)
		if err != nil {
			return nil, fmt.Errorf("redisstore: check: %w", err)
		}
		for _, w := range found {
			if !slices.Contains(warnings, w) {
				warnings = append(warnings, w)
			}
		}
	}
	return warnings, nil
}

func (s *Store) checkServer(ctx context.Context, server redis.Cmdable) (warnings []string, err error) {
	text, err := server.Info(ctx).Result()
	if err != nil {
		return nil, err
	}
	info := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	warn := func(w string) { warnings = append(warnings, w) }

	if info["role"] == "slave" {
		warn("the client is connected to a replica, whose records lag behind")
	}
	// INFO doesn't tell how often the file is synced, and hosted servers often
	// don't allow to ask.
	sync := server.ConfigGet(ctx, "appendfsync").Val()["appendfsync"]
	switch {
	case info["aof_enabled"] != "1":
		warn("appendonly is off: a restart of the server brings used codes back")
	case sync == "":
		warn("appendfsync can't be read: unless it is always, a power cut brings used codes back")
	case sync != "always":
		warn("appendfsync is " + sync + " and not always: a power cut brings used codes back")
	}
	if policy := info["maxmemory_policy"]; strings.HasPrefix(policy, "allkeys") {
		warn("maxmemory-policy is " + policy + " and not noeviction: a full server drops records, and with them the second factor of their owners")
	}
	replicas, _ := strconv.Atoi(info["connected_slaves"])
	switch {
	case s.replicas > replicas:
		warn(fmt.Sprintf("writes wait for %d replicas and %d are connected: all of them will fail", s.replicas, replicas))
	case s.replicas == 0 && replicas > 0:
		warn("there are replicas, and Config.Replicas is 0: a failover brings used codes back")
	}
	// The field is there only if min-replicas-to-write is set.
	if _, ok := info["min_slaves_good_slaves"]; !ok && replicas > 0 {
		warn("there are replicas, and min-replicas-to-write is 0: a primary cut off from them goes on confirming writes that will be lost")
	}
	return warnings, nil
}
