package rows

import (
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/readings"
)

var beijing = hj212.Beijing

// Source is who made a reading.
type Source uint8

// The sources.
const (
	Sent Source = iota // by the station
	Made               // here, an hour of minutes or a day of hours
)

// Entry is what there is of a period of a point.
type Entry struct {
	telemetry.Reading
	Source   Source
	Of       int        // how many minutes of an hour, or hours of a day, have a value, whoever made it
	Received time.Time  // to the second; zero of what is made
	Ref      frames.Ref // where it was received; zero of what is made
	Late     bool       // it came later after its period than readings do

	Others []Entry // what else was sent of the period, in the order it came, at most four
	More   bool    // still others were sent
}

// How long a time is read at once.
const (
	maxMinutes = 32 * 24 * time.Hour
	maxHours   = 400 * 24 * time.Hour
)

// Series are the readings of a point whose periods begin from a time on and before another, in order: what was sent,
// and of hours and days what is made where nothing was sent. Of Moment it is the last sample of each minute. An hour
// is made once it is over by the time of what was received last, whatever it has: with too few minutes its flag is D
// and it has no value. Errors: [ErrRange] beyond 32 days of minutes and samples, 400 of hours and days; those of the
// store.
func (b *Builder) Series(name telemetry.Point, step telemetry.Step, from, to time.Time) (out []Entry, err error) {
	most := maxMinutes
	if step >= telemetry.Hour {
		most = maxHours
	}
	if to.Sub(from) > most {
		return nil, ErrRange
	}
	if !to.After(from) {
		return nil, nil
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	err = b.opt.Store.View(func(tx *bbolt.Tx) error {
		out = nil
		p, err := b.find(tx, name)
		if p == nil || err != nil {
			return err
		}
		first, _, ok := dayOf(from)
		last, _, okLast := dayOf(to.Add(-1))
		if !ok || !okLast {
			return nil
		}
		if step == telemetry.Hour && last >= first {
			out = make([]Entry, 0, 24*min(int(last-first)+1, 8))
		}
		var w work
		for d := first; d <= last && d >= first; d++ {
			n := len(out)
			if out, err = b.entries(out, &w, tx, p, step, d); err != nil {
				return err
			}
			if d == first || d == last {
				outside := func(e Entry) bool { return e.At.Before(from) || !e.At.Before(to) }
				out = out[:n+len(slices.DeleteFunc(out[n:], outside))]
			}
		}
		return nil
	})
	return out, err
}

// Latest is the last reading of a step that a point has; false where it has none, or none of late. What is made does
// not count.
func (b *Builder) Latest(name telemetry.Point, step telemetry.Step) (e Entry, ok bool, err error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	err = b.opt.Store.View(func(tx *bbolt.Tx) error {
		p, err := b.find(tx, name)
		if p == nil || err != nil || step < telemetry.Moment || step > telemetry.Day {
			return err
		}
		d, _, _ := dayOf(time.Unix(p.spans[step-telemetry.Moment].last, 0))
		entries, err := b.entries(nil, new(work), tx, p, step, d)
		for i := range entries {
			if entries[i].Source == Sent {
				e, ok = entries[i], true
			}
		}
		return err
	})
	return e, ok, err
}

// entries appends those of a step and a day.
func (b *Builder) entries(out []Entry, w *work, tx *bbolt.Tx, p *point, step telemetry.Step, d day) ([]Entry, error) {
	held := b.days[dayKey{p, d}]
	if step <= telemetry.Minute {
		r, err := w.minutes.minutes(tx, p.number, step, d)
		if err != nil {
			return nil, err
		}
		if held != nil && step == telemetry.Moment {
			r.merge(held.samples, true)
		} else if held != nil {
			r.merge(held.minutes, false)
		}
		w.minutes = r
		for i := range r {
			out = append(out, b.entry(&r[i], p.name, step, d, r[i].index))
		}
		return out, nil
	}
	var st *telemetry.Station
	if held != nil {
		st = b.opt.Station(held.mn)
	}
	if err := w.open(tx, p, d, held, st); err != nil {
		return nil, err
	}
	if step == telemetry.Day {
		return b.dayEntry(out, w.hours, p, d), nil
	}
	return b.hourEntries(out, w.hours, p.name, d), nil
}

// hourEntries appends the hours of a row: those sent, or else those made.
func (b *Builder) hourEntries(out []Entry, r row, name telemetry.Point, d day) []Entry {
	var hour [24]*slot
	var minutes [24]int
	for i := range r {
		switch s := &r[i]; {
		case s.index < hourSlots:
			hour[s.index] = s
		case s.index >= madeSlot:
			h := s.index - madeSlot
			minutes[h] = int(s.span)
			if end := d.start().Add(hours(int(h) + 1)); hour[h] == nil && !end.After(b.at) {
				hour[h] = s
			}
		}
	}
	for h, s := range hour {
		if s != nil {
			e := b.entry(s, name, telemetry.Hour, d, uint16(h))
			e.Of = minutes[h]
			out = append(out, e)
		}
	}
	return out
}

// dayEntry appends the day of a row: what was sent, or else what its hours make once it is over.
func (b *Builder) dayEntry(out []Entry, r row, p *point, d day) []Entry {
	ref, _ := p.name.Split()
	st := b.opt.Station(ref)
	var made telemetry.Reading
	n := 0
	if st != nil {
		var rs []telemetry.Reading
		for _, e := range b.hourEntries(nil, r, p.name, d) {
			rs = append(rs, e.Reading)
		}
		made, n, _ = readings.DayOf(p.unit, rs, d.start())
	}
	if i, ok := r.at(daySlot); ok {
		e := b.entry(&r[i], p.name, telemetry.Day, d, 0)
		e.Of = n
		return append(out, e)
	}
	if made.Step == 0 || d.start().AddDate(0, 0, 1).After(b.at) {
		return out
	}
	return append(out, Entry{Reading: made, Source: Made, Of: n})
}

func hours(n int) time.Duration { return time.Duration(n) * time.Hour }

// reading is a value as a reading; index is of the period in its step.
func (v *value) reading(name telemetry.Point, step telemetry.Step, d day, index uint16) telemetry.Reading {
	r := telemetry.Reading{Point: name, Step: step, At: d.start(), Span: int(v.span), Values: v.values, Flag: v.flag,
		Resent: v.resent}
	switch step {
	case telemetry.Moment, telemetry.Minute:
		r.At = r.At.Add(time.Duration(index)*time.Minute + time.Duration(v.second)*time.Second)
	case telemetry.Hour:
		r.At = r.At.Add(hours(int(index)))
	}
	return r
}

func (b *Builder) entry(s *slot, name telemetry.Point, step telemetry.Step, d day, index uint16) Entry {
	if s.index >= madeSlot && step == telemetry.Hour {
		e := Entry{Reading: s.reading(name, step, d, index), Source: Made, Of: int(s.span)}
		e.Span = 0
		return e
	}
	e := b.sent(&s.value, name, step, d, index)
	for i := range s.others {
		e.Others = append(e.Others, b.sent(&s.others[i], name, step, d, index))
	}
	e.More = s.more
	return e
}

func (b *Builder) sent(v *value, name telemetry.Point, step telemetry.Step, d day, index uint16) Entry {
	e := Entry{Reading: v.reading(name, step, d, index), Received: time.Unix(v.received, 0).In(beijing), Ref: v.ref}
	e.Late = e.Received.Sub(e.At.Add(lasts(step, e.Span))) > b.opt.Late
	return e
}

// Points are the points of a ref, by name.
func (b *Builder) Points(ref string) (out []Point, err error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	err = b.opt.Store.View(func(tx *bbolt.Tx) error {
		points, _ := loadPoints(tx, ref)
		if s := b.stations[ref]; s != nil {
			points = s.points
		}
		out = make([]Point, 0, len(points))
		for _, p := range points {
			out = append(out, p.public())
		}
		return nil
	})
	slices.SortFunc(out, func(x, y Point) int { return strings.Compare(string(x.Name), string(y.Name)) })
	return out, err
}

// Station is the state of a station, "" being what belongs to none; false where nothing came of it.
func (b *Builder) Station(mn string) (s State, ok bool, err error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if have := b.stations[mn]; have != nil {
		return have.clone(), have.Good+have.Bad+len(have.Counts) > 0, nil
	}
	err = b.opt.Store.View(func(tx *bbolt.Tx) error {
		s, ok, err = loadState(tx, mn)
		return err
	})
	return s, ok, err
}

// Unknown are the senders that are not in the register, the last heard of first, at most 500.
func (b *Builder) Unknown() (out []Unknown) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for mn, u := range b.unknown {
		if b.opt.Station(mn) == nil {
			c := *u
			c.CNs, c.Factors = slices.Clone(u.CNs), slices.Clone(u.Factors)
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(x, y Unknown) int {
		if c := y.Last.Compare(x.Last); c != 0 {
			return c
		}
		return strings.Compare(x.MN, y.MN)
	})
	return out
}
