package totp

// Truncate, Truncated and DecodeBase32 let the tests reach the RFCs' vectors
// for intermediate values, and for lengths that are refused further out.
var (
	Truncate     = truncate
	DecodeBase32 = decodeBase32
)

// Truncated returns the number that the code of a step is the end of.
func Truncated(k Key, step uint64) uint32 {
	var s schedule
	s.init(k)
	return s.truncated(step)
}

// Code returns the code of a step as a number.
func Code(k Key, step uint64) (uint64, error) {
	k, err := k.complete()
	if err != nil {
		return 0, err
	}
	var s schedule
	s.init(k)
	return s.code(step), nil
}
