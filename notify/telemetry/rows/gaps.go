package rows

import (
	"slices"
	"time"

	"qingkong/notify/telemetry"
)

// gapDays is how far back gaps are looked for.
const gapDays = 3

// came is for which of the last periods data came: bit i mod n of a ring of n bits, for period i since 1970.
type came struct {
	Step int    `json:"step"` // seconds of a period
	Top  int64  `json:"top"`  // the latest period that came
	Bits []byte `json:"bits"`
}

// ringOf is the ring of a command whose periods are expected; nil for others.
func ringOf(cn string) *came {
	switch cn {
	case "2051":
		return &came{Step: 60, Bits: make([]byte, gapDays*minutesOfDay/8)}
	case "2061":
		return &came{Step: 3600, Bits: make([]byte, gapDays*24/8)}
	case "2031":
		return &came{Step: 86400, Bits: make([]byte, 1)}
	}
	return nil
}

func (c *came) size() int64 { return int64(len(c.Bits)) * 8 }

// period is the number of the period that begins at a time.
func (c *came) period(at time.Time) int64 { return (at.Unix() + beijingOffset) / int64(c.Step) }

func (c *came) set(i int64) {
	if i > c.Top {
		for gone := max(c.Top+1, i-c.size()+1); gone <= i; gone++ {
			c.Bits[gone%c.size()/8] &^= 1 << (gone % 8)
		}
		c.Top = i
	}
	if i > c.Top-c.size() && i >= 0 {
		c.Bits[i%c.size()/8] |= 1 << (i % 8)
	}
}

func (c *came) has(i int64) bool {
	return i <= c.Top && i > c.Top-c.size() && i >= 0 && c.Bits[i%c.size()/8]&(1<<(i%8)) != 0
}

func (c *came) clone() *came {
	if c == nil {
		return nil
	}
	return &came{c.Step, c.Top, slices.Clone(c.Bits)}
}

// whole reports whether a ring that was read is one.
func (c *came) whole(cn string) bool {
	want := ringOf(cn)
	return want != nil && c.Step == want.Step && len(c.Bits) == len(want.Bits)
}

// Gap is a time of which a command brought no data, from the start of the first period that is missing to the end of
// the last.
type Gap struct {
	CN       string
	From, To time.Time
}

// Gaps are the periods of the last three days that should have come and did not, of the commands that the station ever
// sent among 2051, 2061 and 2031, each in order. A period is expected once it has been over for a while, and not before
// the station's first frame. span is the minutes of its minute values.
func (s *State) Gaps(now time.Time, span int, after time.Duration) (out []Gap) {
	for i := range s.Data {
		d := &s.Data[i]
		if d.Came == nil {
			continue
		}
		step := int64(1)
		if d.CN == "2051" {
			step = int64(min(max(span, 1), 60))
		}
		begin := d.Came.period(latest(now.AddDate(0, 0, -gapDays), s.First))
		end := d.Came.period(now.Add(-after)) // the period that is expected next, or grows
		for p := (begin + step) / step * step; p+step <= end; p += step {
			if d.Came.any(p, p+step) {
				continue
			}
			from, to := d.Came.start(p), d.Came.start(p+step)
			if n := len(out); n > 0 && out[n-1].CN == d.CN && out[n-1].To.Equal(from) {
				out[n-1].To = to
				continue
			}
			out = append(out, Gap{d.CN, from, to})
		}
	}
	return out
}

// any reports whether data came for one of the periods from i on and before n.
func (c *came) any(i, n int64) bool {
	for ; i < n; i++ {
		if c.has(i) {
			return true
		}
	}
	return false
}

func (c *came) start(i int64) time.Time {
	return time.Unix(i*int64(c.Step)-beijingOffset, 0).In(beijing)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// note has a state tell of data of a command. Those of a frame are of one time; a message may bring many, in any order.
func (d *Data) note(at time.Time, rs []telemetry.Reading) {
	d.N++
	d.Last = at
	if len(rs) == 0 {
		return
	}
	for i := range rs {
		if rs[i].At.After(d.At) {
			d.At = rs[i].At
		}
	}
	if d.Came == nil {
		d.Came = ringOf(d.CN)
	}
	if d.Came != nil {
		d.Came.set(d.Came.period(rs[0].At))
	}
}
