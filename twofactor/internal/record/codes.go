package record

import "github.com/latchkey-auth/latchkey/recovery"

// Codes are a user's recovery codes, decoded only when they are needed: most
// sign-ins don't use one, and their hashes are half of the record.
type Codes struct {
	Left int    `cbor:"1,keyasint,omitempty"`
	Raw  []byte `cbor:"2,keyasint,omitempty"`
}

// Set returns the codes.
func (c *Codes) Set() (recovery.Set, error) {
	var set recovery.Set
	if len(c.Raw) == 0 {
		return set, nil
	}
	err := decode(c.Raw, &set, recoverySet)
	return set, err
}

// Replace puts other codes in their place.
func (c *Codes) Replace(set recovery.Set) error {
	raw, err := encode(&set, recoverySet, usual)
	if err != nil {
		return err
	}
	c.Raw, c.Left = raw, set.Left()
	return nil
}
