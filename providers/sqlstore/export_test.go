package sqlstore

// GroupAll makes s group from the second request on that is under way, so that
// tests with few clients see groups.
func (s *Store) GroupAll() { s.loads.Few, s.writes.Few = 1, 1 }

// Busy and Waiting tell how many requests are under way, and how many wait.
func (s *Store) Busy() int {
	loads, _ := s.loads.Now()
	writes, _ := s.writes.Now()
	return loads + writes
}

func (s *Store) Waiting() int {
	_, loads := s.loads.Now()
	_, writes := s.writes.Now()
	return loads + writes
}
