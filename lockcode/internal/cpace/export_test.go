package cpace

import "crypto/ecdh"

// What the draft's vectors fix and a run draws at random.
var (
	Generator = generator
	Multiply  = multiply
)

func Begin(scalar, prs, ci, sid []byte) (*Party, error) {
	k, err := ecdh.X25519().NewPrivateKey(scalar)
	if err != nil {
		return nil, err
	}
	return begin(k, prs, ci, sid)
}
