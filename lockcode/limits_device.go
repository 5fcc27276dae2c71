package lockcode

// A payment is one try at the PIN of a device, counted before anybody looks.
// It says where it was counted, and is taken back nowhere else: a right PIN
// ends a round, and midnight a day, while other tries are still being settled.
type payment struct{ round, day int64 }

func (d *device) pay(now int64) payment {
	d.miss(now)
	return payment{d.Round, d.WrongDay}
}

// unpay makes room for what the try turns out to be. Where the payment was
// wiped away in between there is nothing to take back.
func (d *device) unpay(p payment) {
	if d.Round == p.round {
		d.Wrong--
	}
	if d.WrongDay == p.day {
		d.WrongToday--
	}
}

// miss counts a wrong PIN, twice: in a row, which a right PIN ends, and on its
// day, which nothing ends but the next. Without the second, whoever has a copy
// of the keys would guess for ever between the right PINs of the user.
func (d *device) miss(now int64) {
	newDay(&d.WrongDay, &d.WrongToday, now)
	d.Wrong++
	d.WrongToday++
}

// left is how many PINs may still be tried.
func (d *device) left(now int64) int {
	newDay(&d.WrongDay, &d.WrongToday, now)
	return max(0, min(wrongForAll-d.Wrong, wrongPerDay-d.WrongToday))
}

// right ends a row of wrong PINs.
func (d *device) right() { d.Wrong, d.Round = 0, d.Round+1 }
