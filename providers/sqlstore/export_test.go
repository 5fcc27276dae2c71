package sqlstore

// GroupAll makes s group from the second request on that is under way, so that
// tests with few clients see groups.
func (s *Store) GroupAll() { s.loads.few, s.writes.few = 1, 1 }

// Busy and Waiting tell how many requests are under way, and how many wait.
func (s *Store) Busy() int    { return s.count(func(g *group) int { return g.busy }) }
func (s *Store) Waiting() int { return s.count(func(g *group) int { return len(g.waiting) }) }

func (s *Store) count(f func(*group) int) (n int) {
	for _, g := range []*group{s.loads, s.writes} {
		g.mu.Lock()
		n += f(g)
		g.mu.Unlock()
	}
	return n
}
