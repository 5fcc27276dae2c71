package record

import (
	"github.com/latchkey-auth/latchkey/devicetrust"
	"github.com/latchkey-auth/latchkey/otpcode"
	"github.com/latchkey-auth/latchkey/recovery"
)

// The functions of this file list the fields of each struct, in the order of
// their numbers, which are also in the structs' tags. A test fills every field
// there is and finds those that are missing here.

const (
	maxSent      = MaxFactors + 1 // and one for a lost-device request
	maxChallenge = 8              // codes of one challenge, of which otpcode keeps 4
	maxMethods   = 8              // as in devicetrust
)

func fields(c *coder, r *Record) {
	c.fixed(1, r.ID[:])
	c.fixed(2, r.Epoch[:])
	c.fixed(3, r.Key[:])
	items(c, 4, &r.Writes, MaxWrites, func(c *coder, id *[8]byte) { c.exactly(id[:]) })
	c.flag(5, &r.Off)
	list(c, 6, &r.Factors, MaxFactors, factor)
	c.text(7, &r.Preferred)
	list(c, 8, &r.Enrollments, MaxEnrollments, enrollment)
	list(c, 9, &r.Attempts, MaxAttempts, attempt)
	list(c, 10, &r.Grants, MaxGrants, grant)
	part(c, 11, &r.Recovery, codes)
	list(c, 12, (*[]devicetrust.Device)(&r.Devices), MaxDevices, device)
	part(c, 13, &r.Budgets, budgets)
	number(c, 14, &r.Noticed)
	optional(c, 15, &r.Phone, phone)
	list(c, 16, &r.Notices, MaxNotices, notice)
}

func budgets(c *coder, b *Budgets) {
	number(c, 1, &b.Account)
	number(c, 2, &b.Known)
	number(c, 3, &b.Password)
	number(c, 4, &b.Digits)
	number(c, 5, &b.Notices)
	number(c, 6, &b.KnownDigits)
	number(c, 7, &b.FailedSMS)
	number(c, 8, &b.FailedMail)
}

func factor(c *coder, f *Factor) {
	c.text(1, &f.ID)
	c.text(2, &f.Kind)
	c.text(3, &f.Name)
	number(c, 4, &f.Added)
	number(c, 5, &f.LastUsed)
	optional(c, 6, &f.TOTP, totp)
	optional(c, 7, &f.Address, address)
	number(c, 8, &f.Row)
	number(c, 9, &f.Fails)
	number(c, 10, &f.PausedUntil)
	c.flag(11, &f.Disabled)
}

func totp(c *coder, t *TOTP) {
	c.bytes(1, &t.Secret)
	number(c, 2, &t.Algorithm)
	number(c, 3, &t.Digits)
	number(c, 4, &t.Period)
	number(c, 5, &t.Last)
}

func address(c *coder, a *Address) {
	c.text(1, &a.To)
	number(c, 2, &a.Since)
}

func enrollment(c *coder, e *Enrollment) {
	c.text(1, &e.ID)
	part(c, 2, &e.Factor, factor)
	c.text(3, &e.Replaces)
	number(c, 4, &e.Expires)
	number(c, 5, &e.Wrong)
	number(c, 6, &e.Sends)
	c.text(7, &e.Account)
	optional(c, 8, &e.Code, challenge)
}

func attempt(c *coder, a *Attempt) {
	c.fixed(1, a.ID[:])
	number(c, 2, &a.Purpose)
	number(c, 3, &a.Expires)
	number(c, 4, &a.Wrong)
	number(c, 5, &a.Sends)
	c.flag(6, &a.Ended)
	c.text(7, &a.Last)
	list(c, 8, &a.Codes, maxSent, code)
	c.text(9, &a.Lost)
}

func code(c *coder, s *Code) {
	c.text(1, &s.Factor)
	part(c, 2, &s.Challenge, challenge)
}

func challenge(c *coder, s *otpcode.Challenge) {
	list(c, 1, &s.Codes, maxChallenge, func(c *coder, e *otpcode.Entry) {
		c.fixed(1, e.Tag[:])
		c.text(2, &e.Reference)
		number(c, 3, &e.Digits)
		number(c, 4, &e.Sent)
		number(c, 5, &e.Expires)
		c.flag(6, &e.Used)
	})
}

func grant(c *coder, g *Grant) {
	c.fixed(1, g.Hash[:])
	number(c, 2, &g.Expires)
	c.fixed(3, g.Epoch[:])
	c.fixed(4, g.Session[:])
}

func codes(c *coder, r *Codes) {
	number(c, 1, &r.Left)
	c.bytes(2, &r.Raw)
}

func recoverySet(c *coder, s *recovery.Set) {
	c.bytes(1, &s.Salt)
	number(c, 2, &s.Created)
	list(c, 3, &s.Codes, recovery.MaxCodes, func(c *coder, e *recovery.Entry) {
		c.fixed(1, e.Hash[:])
		c.flag(2, &e.Spent)
		number(c, 3, &e.SpentAt)
	})
	items(c, 4, &s.Imported, recovery.MaxCodes, (*coder).blob)
}

func device(c *coder, d *devicetrust.Device) {
	c.text(1, &d.ID)
	c.fixed(2, d.Hash[:])
	c.fixed(3, d.Credential[:])
	number(c, 4, &d.Epoch)
	c.text(5, &d.Audience)
	c.text(6, &d.Name)
	items(c, 7, &d.Methods, maxMethods, (*coder).string)
	number(c, 8, &d.Created)
	number(c, 9, &d.LastUsed)
	number(c, 10, &d.Expires)
}

func phone(c *coder, p *Phone) {
	c.text(1, &p.Number)
	number(c, 2, &p.Since)
	c.flag(3, &p.Verified)
	optional(c, 4, &p.Code, challenge)
	number(c, 5, &p.Wrong)
	number(c, 6, &p.Sends)
	c.text(7, &p.Was)
	c.text(8, &p.CodeID)
	number(c, 9, &p.CodeEnds)
	optional(c, 10, &p.Draft, draft)
}

func draft(c *coder, d *Draft) {
	c.fixed(1, d.Session[:])
	number(c, 2, &d.Ends)
}

func notice(c *coder, n *Notice) {
	c.text(1, &n.Kind)
	c.text(2, &n.Method)
	number(c, 3, &n.At)
	number(c, 4, &n.Tries)
	items(c, 5, &n.To, MaxTold, (*coder).string)
	c.flag(6, &n.Found)
	number(c, 7, &n.Next)
}
