package lockcode

import "fmt"

// What an attacker with a phone's memory in his hands could do, and what a
// test has to see, but no caller.

const (
	Size           = 1 << 25
	MaxWrong       = wrongForAll
	KindShareB     = kindShareB
	KindTagB       = kindTagB
	KindRequest    = kindRequest
	KindReply      = kindReply
	KindRefusal    = kindRefusal
	KindWelcome    = kindWelcome
	KindTagA       = kindTagA
	KindHello      = kindHello
	KindShareA     = kindShareA
	KindCode       = kindCode
	KindDone       = kindDone
	ModeSendPIN    = modeSendPIN
	ModeActivate   = modeActivate
	ModeAdd        = modeAdd
	StepsBack      = stepsBack
	StepsAhead     = stepsAhead
	MaxPendingList = maxPending
	MaxNotices     = maxNotices
	MaxUsed        = maxUsed
)

var (
	Encode      = encode
	Decode      = decode
	Channel     = channel
	DeriveKeys  = deriveKeys
	Scope       = scope
	Walk        = walk
	DayKey      = dayKey
	TweakOf     = tweak
	MAC         = mac
	PINMAC      = pinMAC
	ReplyKey    = deriveReplyKey
	StatusParse = parseStatus
	ParseADa    = parseADa
	FirstDay    = firstDay
	ErrMessage  = errMessage
	ErrState    = errState
	ErrPastDay  = errPastDay
)

func CodeFrom(n uint32) Code { return Code{n: n % Size, valid: true} }

func PINFrom(n int) PIN { return makePIN(uint16(n)) }

func (k deviceKeys) Parts() (chain, request []byte, print Fingerprint) {
	return k.chain, k.request, k.print
}

// Encipher is what a thief with the phone's record can make.
func (r AppRecord) Encipher(p PIN, b Binding, step int64) (Code, error) {
	chain, err := walk(r.r.Chain, r.r.Day, step/daySteps)
	if err != nil {
		return Code{}, err
	}
	return encipher(dayKey(chain), tweak(r.r.scope(), b, step), p)
}

// Decipher is what a thief with the phone's record can read.
func (r AppRecord) Decipher(c Code, b Binding, step int64) (PIN, bool) {
	chain, err := walk(r.r.Chain, r.r.Day, step/daySteps)
	if err != nil {
		return PIN{}, false
	}
	p, err := decipher(dayKey(chain), tweak(r.r.scope(), b, step), c)
	return p, err == nil
}

func (r AppRecord) Ctr() int64         { return r.r.Ctr }
func (r AppRecord) Day() int64         { return r.r.Day }
func (r AppRecord) DeviceID() DeviceID { return DeviceID(r.r.Device) }
func (r AppRecord) RequestKey() []byte { return r.r.Request }
func (r AppRecord) ChainValue() []byte { return r.r.Chain }
func (r AppRecord) PublicKey() []byte  { return r.r.Public }
func (r AppRecord) EpochBytes() []byte { return r.r.Epoch }
func (r AppRecord) WithCtr(n int64) AppRecord {
	r.r.Ctr = n
	return r
}

// Wrong is a device's count of wrong PINs, -1 if there is no such device.
func (s *LockState) Wrong(id DeviceID) int {
	if _, d := s.s.device(id); d != nil {
		return d.Wrong
	}
	return -1
}

// Peek is what a test wants to know of a state.
func (s *LockState) Peek(userID string) (devices, fails, spent, lockFails int) {
	if u := s.s.Users[userID]; u != nil {
		devices, fails, spent = len(u.Devices), u.Budget.Fails, u.Budget.Spent
	}
	return devices, fails, spent, s.s.Budget.Fails
}

// DeviceDay is the day up to which a device's chain was walked.
func (s *LockState) DeviceDay(id DeviceID) int64 {
	_, d := s.s.device(id)
	return d.Day
}

// Pendings is the length of the list, and whether the user's PIN is live.
func (s *LockState) Pendings() int { return len(s.s.Pending) }

// SealReply answers a request like a controller with that key.
func SealReply(key []byte, ctr int64, reason Reason, at int64, body []byte) []byte {
	b, _ := sealReply(key, reply{ctr: ctr, reason: reason, time: at, body: body})
	return b
}

// ParseRequestPlain and ParseReplyPlain are the parsers inside the boxes.
func ParseRequestPlain(b []byte) error {
	_, err := parseRequest(b)
	return err
}

func ParseReplyPlain(b []byte) error {
	_, err := parseReply(b)
	return err
}

// SealRaw seals a request with fields of the caller's choosing.
func (r AppRecord) SealRaw(ctr, at int64, p PIN, b Binding, body []byte) (msg, replyKey []byte, err error) {
	enc, box, tag, replyKey, err := sealRequest(r.r.Public, r.r.Request, r.r.scope(), request{ctr, at, p, b, body})
	return encode(kindRequest, r.r.Device, enc, box, tag), replyKey, err
}

// OpenSealed is what an attacker reads from an answer with its key.
func OpenSealed(replyKey, msg []byte) (Reason, error) {
	_, f, err := decode(msg)
	if err != nil {
		return 0, err
	}
	got, err := openReply(replyKey, f[0])
	return got.reason, err
}

type Mode = mode

// EncipherWith is the cipher itself.
func EncipherWith(dayKey []byte, t [32]byte, p PIN) (Code, error) { return encipher(dayKey, t, p) }

// OpenRaw opens a request message and spells it out.
func OpenRaw(private, requestKey, scope, msg []byte) (string, []byte, error) {
	_, f, err := decode(msg)
	if err != nil {
		return "", nil, err
	}
	if !genuine(requestKey, f[1], f[2], f[3]) {
		return "", nil, errMessage
	}
	r, key, err := openRequest(private, requestKey, scope, f[1], f[2])
	return fmt.Sprint(r.ctr, r.time, r.pin.Digits(), byte(r.b.Purpose), r.b.Target, r.body), key, err
}

// SetWrong puts any number in the place of a device's count of wrong PINs.
func (s *LockState) SetWrong(id DeviceID, n int) {
	_, d := s.s.device(id)
	d.Wrong = n
}

// WrongToday is a device's count of the day's wrong PINs.
func (s *LockState) WrongToday(id DeviceID) int {
	_, d := s.s.device(id)
	return d.WrongToday
}

// Private is the controller's key, with which a test plays the controller.
func (s *LockState) Private() []byte { return s.s.Key }

func (r AppRecord) Offset() int64 { return r.r.Offset }

// Crowd fills a state with users up to that many, each like this one but for
// the id of the device.
func (s *LockState) Crowd(like string, n int) {
	for i := len(s.s.Users); i < n; i++ {
		u, d := *s.s.Users[like], s.s.Users[like].Devices[0].clone()
		d.ID, u.Devices = random(16), []*device{d}
		s.s.Users[fmt.Sprint("crowd", i)] = &u
	}
}

// Fill gives a user as many devices as there may be.
func (s *LockState) Fill(userID string) {
	for u := s.s.Users[userID]; len(u.Devices) < maxDevices; {
		d := u.Devices[0].clone()
		d.ID = random(16)
		u.Devices = append(u.Devices, d)
	}
}

// Drop takes a user out of a state, and leaves the pairing that they wait for.
func (s *LockState) Drop(userID string) { delete(s.s.Users, userID) }

// Unconfirm takes the configuration out of a state.
func (s *LockState) Unconfirm() { s.s.Confirmed = nil }

// LoseKey takes the controller's key out of a state.
func (s *LockState) LoseKey() { s.s.Key = nil }

// SetSecret puts any text in the place of the PIN that a user was sent.
func (s *LockState) SetSecret(userID, secret string) { s.s.find(userID, modeActivate).Secret = secret }
