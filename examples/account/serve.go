package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// stopTime is how long requests and messages under way have when the app stops.
const stopTime = 10 * time.Second

// serve answers requests until the context ends, then finishes those under way
// and the messages that they have sent. After stopTime it waits for neither.
func (a *app) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: a.handler,
		// Whoever sends slowly, or reads slowly, or just stays, holds no
		// connection for long.
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(a.logger.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// ctx has ended, and what is under way must not end with it.
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err := server.Shutdown(stopping)
	if err != nil {
		err = errors.Join(err, server.Close()) // or they go on without a database
	}
	<-failed // http.ErrServerClosed, at once
	return errors.Join(err, a.drain(stopping))
}

// drain waits until the messages under way have been handed over, or ctx ends.
func (a *app) drain(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		a.behind.Wait()
		close(done)
	}()
	select {
	case <-done:
		return a.service.Drain(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}
