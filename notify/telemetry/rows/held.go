package rows

import "qingkong/notify/telemetry"

type dayKey struct {
	point *point
	day   day
}

// dirty is what is not written yet of a point and a day.
type dirty struct {
	mn                     string
	samples, minutes, sent row
	hours                  uint32 // that samples or minutes touch, by bit
}

// aligned reports whether a reading of a step can begin at a second of the day.
func aligned(step telemetry.Step, second int) bool {
	switch step {
	case telemetry.Moment:
		return true
	case telemetry.Minute:
		return second%60 == 0
	case telemetry.Hour:
		return second%3600 == 0
	case telemetry.Day:
		return second == 0
	}
	return false
}

func (d *dirty) add(step telemetry.Step, second int, part uint32, v value) {
	minute := uint16(second / 60)
	switch step {
	case telemetry.Moment:
		v.second = uint8(second % 60)
		d.samples.sample(minute, v)
	case telemetry.Minute:
		if part > 0 {
			d.minutes.part(minute, v, part)
		} else {
			d.minutes.add(minute, v)
		}
	case telemetry.Hour:
		d.sent.add(minute/60, v)
		return
	case telemetry.Day:
		d.sent.add(daySlot, v)
		return
	}
	for h := minute / 60; h < 24 && h*60 < minute+max(v.span, 1); h++ {
		d.hours |= 1 << h
	}
}

// size is how many readings there are, about.
func (d *dirty) size() int { return len(d.samples) + len(d.minutes) + len(d.sent) }
