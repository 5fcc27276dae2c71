package sqlstore

// GroupAll makes s group from the second request on that is under way, so that
// tests with few clients see groups.
func (s *Store) GroupAll() { s.loads.few, s.writes.few = 1, 1 }
