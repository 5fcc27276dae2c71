package record

// What the service seals into tokens is written as a record is. A token with a
// field that this release doesn't know is void, for the same reason.

// A Pending is a login that waits for its second factor.
type Pending struct {
	ID         [16]byte
	User       string
	Epoch      [8]byte
	Credential [16]byte
	Expires    int64
	Known      bool
	Audience   string
}

// A Session is someone who got past the sign-in.
type Session struct {
	ID         [16]byte
	User       string
	Basis      string
	AMR        []string
	At         int64
	Limited    bool // to setting up a second factor
	Recovered  bool
	Enrolled   bool // a factor existed
	Credential [16]byte
	Known      bool // tries count against the known browsers' budget
}

// A Browser is one that has once passed.
type Browser struct {
	User    string
	Record  [16]byte
	Expires int64
}

const (
	usualToken = 256
	maxAMR     = 8
)

// Encode returns p as CBOR.
func (p *Pending) Encode() ([]byte, error) { return encode(p, pending, usualToken) }

// Decode reads what Encode wrote.
func (p *Pending) Decode(data []byte) error { return decode(data, p, pending) }

// Encode returns s as CBOR.
func (s *Session) Encode() ([]byte, error) { return encode(s, session, usualToken) }

// Decode reads what Encode wrote.
func (s *Session) Decode(data []byte) error { return decode(data, s, session) }

// Encode returns b as CBOR.
func (b *Browser) Encode() ([]byte, error) { return encode(b, browser, usualToken) }

// Decode reads what Encode wrote.
func (b *Browser) Decode(data []byte) error { return decode(data, b, browser) }

func pending(c *coder, p *Pending) {
	c.fixed(1, p.ID[:])
	c.text(2, &p.User)
	c.fixed(3, p.Epoch[:])
	c.fixed(4, p.Credential[:])
	number(c, 5, &p.Expires)
	c.flag(6, &p.Known)
	c.text(7, &p.Audience)
}

func session(c *coder, s *Session) {
	c.fixed(1, s.ID[:])
	c.text(2, &s.User)
	c.text(3, &s.Basis)
	items(c, 4, &s.AMR, maxAMR, (*coder).string)
	number(c, 5, &s.At)
	c.flag(6, &s.Limited)
	c.flag(7, &s.Recovered)
	c.flag(8, &s.Enrolled)
	c.fixed(9, s.Credential[:])
	c.flag(10, &s.Known)
}

func browser(c *coder, b *Browser) {
	c.text(1, &b.User)
	c.fixed(2, b.Record[:])
	number(c, 3, &b.Expires)
}
