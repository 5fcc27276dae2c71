package redisstore_test

import (
	"context"
	"log"
	"log/slog"

	"github.com/redis/go-redis/v9"

	"github.com/latchkey-auth/latchkey/providers/redisstore"
)

func Example() {
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	defer client.Close()
	store, err := redisstore.New(context.Background(), client, redisstore.Config{
		Replicas: 1,              // each write is on a second server before it counts
		Logger:   slog.Default(), // says what is missing on the server
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = store // goes into the Config of package twofactor
}
