package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// signIns hands out the people's turns to clients, each of whom is busy with
// people of their own.
type signIns struct {
	town   *town
	people int         // how many take part, or 0 for one per client
	ready  map[int]int // how many turns of each person are needed, by clients
}

// next returns who is at the i-th call of a client, and at which turn.
func next(people []*person, clients, client, i int) (*person, int) {
	share := len(people) / clients
	return people[client+i%share*clients], i / share
}

// measure measures do, for which everything up to the typed code is prepared.
func (s *signIns) measure(ctx context.Context, clients int, d time.Duration,
	reset func([]*person) error, do func(ctx context.Context, client int, p *person, t turn) error,
) (sample, error) {
	people, err := s.town.first(ctx, max(s.people, clients))
	if err != nil {
		return sample{}, err
	}
	if s.ready == nil {
		s.ready = make(map[int]int)
	}
	for n := max(s.ready[clients], 4); ; n *= 4 {
		if err := s.town.prepare(ctx, people, n); err != nil {
			return sample{}, err
		}
		if err := reset(people); err != nil {
			return sample{}, fmt.Errorf("reset: %w", err)
		}
		found, err := loop(ctx, clients, d, func(ctx context.Context, client, i int) error {
			p, at := next(people, clients, client, i)
			if at >= len(p.turns) {
				return errOver
			}
			return do(ctx, client, p, p.turns[at])
		})
		// A measurement that ended early counts if it went on for long enough.
		if err != nil || found.elapsed >= d*3/4 || n >= mostTurns {
			s.ready[clients] = n
			return found, err
		}
	}
}

// verifier is the contender that this is about: the whole of Service.Verify.
func verifier(name string, in *signIns, store twofactor.Store) contender {
	var clocks []*clock
	var services []*twofactor.Service
	return contender{name, func(ctx context.Context, clients int, d time.Duration) (sample, error) {
		for len(services) < clients {
			c := new(clock)
			svc, err := in.town.service(store, c)
			if err != nil {
				return sample{}, err
			}
			clocks, services = append(clocks, c), append(services, svc)
		}
		return in.measure(ctx, clients, d, restore(ctx, store), func(ctx context.Context, client int, p *person, t turn) error {
			clocks[client].set(t.at)
			_, err := services[client].Verify(ctx, t.token, twofactor.Answer{Code: t.code})
			return err
		})
	}}
}

// restore puts everybody's record back to where their turns begin.
func restore(ctx context.Context, store twofactor.Store) func([]*person) error {
	return func(people []*person) error {
		for _, p := range people {
			if err := put(ctx, store, userPrefix+p.id, p.record); err != nil {
				return err
			}
		}
		return nil
	}
}

func put(ctx context.Context, store twofactor.Store, key string, data []byte) error {
	old, err := store.Load(ctx, key)
	if err != nil && !errors.Is(err, twofactor.ErrNotFound) {
		return err
	}
	_, err = store.Save(ctx, key, old.Version, data)
	return err
}

// barest is the least that a second step asks of a store: to load a row as long
// as a record, and to write it back if its version is still the same.
func barest(in *signIns, store twofactor.Store) contender {
	return contender{"barest", func(ctx context.Context, clients int, d time.Duration) (sample, error) {
		people, err := in.town.first(ctx, max(in.people, clients))
		if err != nil {
			return sample{}, err
		}
		if err := restore(ctx, store)(people); err != nil {
			return sample{}, err
		}
		return loop(ctx, clients, d, func(ctx context.Context, client, i int) error {
			p, _ := next(people, clients, client, i)
			key := userPrefix + p.id
			rec, err := store.Load(ctx, key)
			if err == nil {
				rec.Data[len(rec.Data)-1]++ // engines that see equal bytes write less
				_, err = store.Save(ctx, key, rec.Version, rec.Data)
			}
			return err
		})
	}}
}
