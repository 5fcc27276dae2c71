package twofactor

import (
	"cmp"
	"errors"

	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/twofactor/internal/record"
)

// A proof is what an attempt was won with.
type proof struct {
	kind   Kind
	method string // the factor's id
	to     string // where its code was sent
	amr    []string

	recovered bool         // there was no second factor to show
	recovery  *RecoveryUse // if it was a recovery code
}

// judge decides about one answer. The try is paid for first, in the same write
// that carries the verdict: whoever gets an answer has paid for it, and of many
// requests at once each pays for its own.
func (t *tx) judge(a *attempt, in input) (*proof, error) {
	switch {
	case in.codes != nil:
		return t.judgeConsecutive(a, in)
	case in.recovery != nil:
		return t.judgeRecovery(a, *in.recovery)
	case in.method == MethodLostDevice:
		return t.judgeLost(a, in.digits)
	}
	return t.judgeDigits(a, in)
}

func (t *tx) judgeDigits(a *attempt, in input) (*proof, error) {
	targets, err := t.targets(a, in.method)
	if err != nil {
		return nil, t.refuse(err)
	}
	price := len(targets) // each comparison is a guess of its own
	if guessFree(a.sent(targets[0].ID), in.digits) {
		price = 0 // one in 10^10, and the login's own limit holds
	}
	if no := a.purse.pay(t.now, price); no != nil {
		return nil, t.refuse(no)
	}
	var no *RejectedError
	var missed []*record.Factor
	compared := 0
	for _, f := range targets {
		m := t.s.method(Kind(f.Kind))
		b := a.binding(t, f)
		err := m.check(t, f, a.sent(f.ID), b, in.digits)
		if err == nil {
			a.purse.back(t.now, price)
			t.hit(f)
			pr := &proof{kind: m.kind(), method: f.ID, amr: m.amr(), to: b.Destination}
			if t.s.recovers(t.rec, f) {
				pr.amr, pr.recovered = []string{"recovery_email"}, true
				t.endAll()
				t.event(Event{Type: EventRecovered, Kind: pr.kind, Method: f.ID})
			}
			return pr, nil
		}
		refusal, ok := errors.AsType[*RejectedError](err)
		if !ok {
			return nil, err
		}
		if refusal.Reason == ReasonMalformedCode || refusal.Reason == ReasonNotUsable {
			// Too long or too short for this app, say. That makes the answer free
			// only if it is so for all of them.
			no = cmp.Or(no, refusal)
			continue
		}
		compared++
		if refusal.Reason == ReasonWrongCode {
			missed = append(missed, f)
		}
		if compared == 1 || no.Reason == ReasonWrongCode {
			no = refusal
		}
	}
	if compared == 0 {
		return nil, t.refuse(no)
	}
	a.purse.back(t.now, max(0, price-compared))
	if no.Reason == ReasonWrongCode && price > 0 {
		for _, f := range missed {
			t.missed(f)
		}
	}
	return nil, t.wrong(a, no, targets[0])
}

// targets are the factors that digits are compared with.
func (t *tx) targets(a *attempt, method string) ([]*record.Factor, *RejectedError) {
	if method == "" {
		method = a.Last
	}
	if method != "" {
		f := t.rec.Factor(method)
		if f == nil {
			return nil, reject(ReasonNotUsable)
		}
		if no := t.usable(a, f); no != nil {
			return nil, no
		}
		return []*record.Factor{f}, nil
	}
	var no *RejectedError
	var targets []*record.Factor
	for i := range t.rec.Factors {
		f := &t.rec.Factors[i]
		if f.TOTP == nil {
			continue
		}
		if refusal := t.s.usable(t.rec, f, t.now); refusal != nil {
			no = refusal
			continue
		}
		targets = append(targets, f)
	}
	if len(targets) == 0 {
		return nil, cmp.Or(no, reject(ReasonNotUsable))
	}
	return targets, nil
}

// usable returns nil if a code of the factor can be judged in this attempt. A
// way back in is no fresh proof.
func (t *tx) usable(a *attempt, f *record.Factor) *RejectedError {
	if a.Purpose == forGrant && t.s.recovers(t.rec, f) {
		return reject(ReasonNotUsable)
	}
	return t.s.usable(t.rec, f, t.now)
}

// judgeConsecutive decides about three codes of one app. They cost nothing,
// whatever the budgets and pauses say: 10^18 guesses are nobody's way in. With two
// that were seen it would be 10^6, so a near miss spends all three. It is counted
// and told like a wrong code that was paid for, and answered like any other.
func (t *tx) judgeConsecutive(a *attempt, in input) (*proof, error) {
	no := reject(ReasonNotUsable)
	var near *record.Factor
	for i := range t.rec.Factors {
		f := &t.rec.Factors[i]
		m := t.s.method(Kind(f.Kind))
		u, ok := m.(unlocker)
		if !ok || in.method != "" && in.method != f.ID {
			continue
		}
		if refusal := t.s.usable(t.rec, f, t.now); refusal != nil && refusal.Reason != ReasonPaused {
			continue
		}
		err := u.checkConsecutive(t, f, in.codes)
		if err == nil {
			t.hit(f)
			return &proof{kind: m.kind(), method: f.ID, amr: m.amr()}, nil
		}
		if errors.Is(err, errNearMiss) {
			t.missed(f)
			near, err = f, reject(ReasonWrongCode)
		}
		refusal, ok := errors.AsType[*RejectedError](err)
		if !ok {
			return nil, err
		}
		no = refusal
	}
	no.Remaining = a.remaining(t)
	t.rejected(no, near)
	if near == nil {
		return nil, t.refuse(no)
	}
	t.unfinished(a)
	return nil, no
}

// judgeRecovery decides about a recovery code. It pays like any other try while
// there is something to pay with, and is judged all the same when there is not:
// at 120 bits a limit would protect nothing, and would let someone who has the
// password take the owner's last way in away.
func (t *tx) judgeRecovery(a *attempt, code recovery.Code) (*proof, error) {
	if t.s.policy.Recovery.None {
		return nil, t.refuse(reject(ReasonNotUsable))
	}
	paid := a.purse.pay(t.now, 1) == nil
	set, err := t.rec.Recovery.Set()
	if err != nil {
		return nil, err
	}
	set, err = set.Spend(t.rec.Key[:], code, t.now)
	if err == nil {
		if paid {
			a.purse.back(t.now, 1)
		}
		return t.recovered(set)
	}
	var no *RejectedError
	switch {
	case errors.Is(err, recovery.ErrSpent):
		no = reject(ReasonAlreadyUsed)
	case errors.Is(err, recovery.ErrUnknown):
		no = reject(ReasonWrongCode)
	default:
		return nil, err
	}
	if !paid {
		t.rejected(no, nil)
		return nil, t.refuse(no)
	}
	return nil, t.wrong(a, no, nil)
}

// wrong counts a wrong code against its login and returns the refusal.
func (t *tx) wrong(a *attempt, no *RejectedError, f *record.Factor) error {
	a.Wrong++
	if err := t.keep(a); err != nil {
		return err
	}
	no.Remaining = a.remaining(t)
	t.rejected(no, f)
	t.unfinished(a)
	return no
}

// refuseErr is refuse for an error that may be a fault.
func (t *tx) refuseErr(err error) error {
	t.free = true
	return err
}

// refuse returns no, for which there is nothing to save.
func (t *tx) refuse(no *RejectedError) *RejectedError {
	t.free = true
	return no
}

func (t *tx) rejected(no *RejectedError, f *record.Factor) {
	e := Event{Type: EventRejected, Reason: no.Reason}
	if f != nil {
		e.Kind, e.Method = Kind(f.Kind), f.ID
	}
	t.event(e)
}

// event notes what happened, to be told when it is saved.
func (t *tx) event(e Event) {
	e.UserID, e.At = t.user, t.now
	t.events = append(t.events, e)
	t.notice(e)
}
