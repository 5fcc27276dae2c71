package twofactor

import "time"

// DecodeSlot and EncodeSlot are for fuzzing what the store holds.
func DecodeSlot(data []byte) (map[[tagSize]byte]int64, error) { return decodeSlot(data) }

func EncodeSlot(slot map[[tagSize]byte]int64, now time.Time) []byte { return encodeSlot(slot, now) }
