package lockcode

// The limits are the security of a Code: 25 bits withstand nobody who may try
// without end. With these, constant guessing succeeds against a user with one
// device once in 900 years.
const (
	burst         = 5
	refillMillis  = 10 * 60 * 1000
	userDayFails  = 20
	lockDayFails  = 100
	wrongForCodes = 5  // wrong PINs after which a device's Codes stop
	wrongForAll   = 8  // wrong PINs in a row after which the device is disabled
	wrongPerDay   = 10 // wrong PINs in a day after which it waits for the next

	pairTries     = 3
	pairFails     = 9 // wrong PINs over all PINs sent, until the owner steps in
	activateLife  = 15 * 60 * 1000
	pinEvery      = 60 * 1000 // between two PINs sent to one user
	pinsPerDay    = 10        // sent to one user
	addDeviceLife = 3 * 60 * 1000
	claimLife     = 10 * 60 * 1000
	requestSkew   = 2 * 60 * 1000

	stepsBack, stepsAhead = 3, 1
)

const dayMillis = 86400 * 1000

// A budget is a bucket of guesses and a count of the day's failures.
//
// It never trusts a clock that goes back: nothing is given back before the
// time at which something was last taken, and a day that is over doesn't begin
// anew. Otherwise, whoever makes the controller lose its time, by cutting its
// power say, could guess on. heal ends that when a right PIN comes in.
type budget struct {
	Spent int   `json:"spent,omitzero"`
	Since int64 `json:"since,omitzero"` // from when the bucket refills
	Day   int64 `json:"day,omitzero"`
	Fails int   `json:"fails,omitzero"`
}

// ready brings the budget up to now.
func (b *budget) ready(now int64) {
	if n := (now - b.Since) / refillMillis; n > 0 {
		b.Spent = int(max(0, int64(b.Spent)-n))
		b.Since += n * refillMillis
	}
	if b.Spent == 0 {
		b.Since = max(b.Since, now)
	}
	newDay(&b.Day, &b.Fails, now)
}

// newDay begins the count of a day, and none again when the clock goes back.
func newDay(day *int64, count *int, now int64) {
	if today := now / dayMillis; today > *day {
		*day, *count = today, 0
	}
}

// pay takes one guess out of the user's and the lock's budget, or none.
func pay(user, lock *budget, now int64) bool {
	user.ready(now)
	lock.ready(now)
	if user.Spent >= burst || user.Fails >= userDayFails || lock.Fails >= lockDayFails {
		return false
	}
	user.Spent++
	user.Fails++
	lock.Fails++
	return true
}

// refund gives a payment back: success is free.
func refund(user, lock *budget) {
	user.Spent = max(0, user.Spent-1)
	user.Fails = max(0, user.Fails-1)
	lock.Fails = max(0, lock.Fails-1)
}

// heal forgets that the clock once ran ahead.
func (b *budget) heal(now int64) {
	b.Since = min(b.Since, now)
	b.Day = min(b.Day, now/dayMillis)
}
