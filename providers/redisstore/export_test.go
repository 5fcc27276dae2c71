package redisstore

// GroupAll makes s group from the second request on that is under way, so that
// tests with few clients see groups.
func (s *Store) GroupAll() { s.loads.Few, s.writes.Few = 1, 1 }
