package main

import (
	"sync"
	"time"
)

// sessionStore is an scs.Store in memory. The one that comes with scs needs a
// goroutine to forget sessions that are over; this one does it when it has grown.
// With several processes, take one of scs's stores for a database.
type sessionStore struct {
	mu       sync.Mutex
	sessions map[string]storedSession
	sweep    int // the size at which to look for those that are over
}

type storedSession struct {
	data []byte
	ends time.Time
}

func newSessionStore() *sessionStore {
	return &sessionStore{sessions: make(map[string]storedSession), sweep: 1000}
}

// Find implements scs.Store.
func (s *sessionStore) Find(token string) (data []byte, found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.sessions[token]
	if !ok || !time.Now().Before(session.ends) {
		return nil, false, nil
	}
	return session.data, true, nil
}

// Commit implements scs.Store.
func (s *sessionStore) Commit(token string, data []byte, ends time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[token] = storedSession{data, ends}
	if len(s.sessions) < s.sweep {
		return nil
	}
	now := time.Now()
	for t, session := range s.sessions {
		if !now.Before(session.ends) {
			delete(s.sessions, t)
		}
	}
	s.sweep = 2 * max(500, len(s.sessions))
	return nil
}

// Delete implements scs.Store.
func (s *sessionStore) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, token)
	return nil
}
