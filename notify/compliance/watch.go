package compliance

import (
	"slices"
	"time"

	"qingkong/notify/compliance/judge"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// Ordered is one revision of what a recipient has to do under a warning.
type Ordered struct {
	Order         string // its id
	Advisory      bool   // its level has no colour: it asks and does not compel
	IssuedAt      time.Time
	EffectiveFrom time.Time
	Ended         time.Time // when it was released, exempted or replaced; zero while it binds
	Measures      []Demand
}

// Demand is a measure of an order, with what a plan allows on each day.
type Demand struct {
	reductionlist.Measure
	Days []plant.QuantityDay
}

// Starts is when a revision begins to bind.
func (o *Ordered) Starts() time.Time {
	if o.IssuedAt.After(o.EffectiveFrom) {
		return o.IssuedAt
	}
	return o.EffectiveFrom
}

// Chain is all revisions of a recipient's orders under a warning, the first first.
type Chain []Ordered

// At is the id of the revision that was in force at a time; empty for none.
func (c Chain) At(at time.Time) string {
	for i := len(c) - 1; i >= 0; i-- {
		o := &c[i]
		if !at.Before(o.Starts()) && (o.Ended.IsZero() || at.Before(o.Ended)) {
			return o.Order
		}
	}
	return ""
}

// Key names a judged monitor of a recipient under a warning, through all revisions of its orders. Ordinal tells monitors
// apart of which everything else is the same.
type Key struct {
	Measure string                      `json:"measure_id"`
	Source  reductionlist.Source        `json:"source"`
	Ref     string                      `json:"ref"`
	Factor  string                      `json:"factor"`
	Kind    reductionlist.CriterionKind `json:"kind"`
	Ordinal int                         `json:"ordinal,omitempty"`
}

// Watch is what a judged monitor is held against, and when.
type Watch struct {
	Key
	Segments []Segment // in the order of time, none of which overlap
	Ceiling  judge.Ceiling
}

// Segment is one demand for a time. To is zero while it has no end.
type Segment struct {
	From, To  time.Time // whole hours; an hour or a day counts that lies in it altogether
	Criterion reductionlist.Criterion
	Days      []plant.QuantityDay
}

// Daily reports whether a criterion is judged by calendar days.
func Daily(kind reductionlist.CriterionKind) bool {
	switch kind {
	case reductionlist.DayTotalAtMost, reductionlist.FiveMinuteMeanAtLeast, reductionlist.NoVehicleBelow:
		return true
	}
	return false
}

// Holds is the segment that an hour, or a day, lies in altogether; nil for none.
func (w *Watch) Holds(from, to time.Time) *Segment {
	for i := range w.Segments {
		s := &w.Segments[i]
		if !from.Before(s.From) && (s.To.IsZero() || !to.After(s.To)) {
			return s
		}
	}
	return nil
}

// Limit is what the criterion allows on a day: of a day's total what a plan says of that day, where it says so of all of
// it. What a plan allows for some hours of a day says nothing of the whole, and its tonnes nothing of a temperature.
func (s *Segment) Limit(day time.Time) float64 {
	date := day.Format(time.DateOnly)
	for i := range s.Days {
		d := &s.Days[i]
		if s.Criterion.Kind == reductionlist.DayTotalAtMost && d.Date == date && d.From == nil && d.To == nil {
			return d.Value
		}
	}
	return s.Criterion.Limit
}

// run is a measure through revisions that say the same of it.
type run struct {
	demand      *Demand
	order       *Ordered // the first of them
	from, to    time.Time
	deadline    time.Time
	uninterrupt bool // the next run begins where this one ends
}

// Watches are the judged monitors of a chain, in the order of its measures. A measure that is unchanged in a revision keeps
// its clock; until a changed one's deadline what it said before holds. A camera, and whatever has no criterion, is not
// judged.
func Watches(c Chain) []Watch {
	var all []Watch
	for _, id := range measureIDs(c) {
		runs := runsOf(c, id)
		for i := range runs {
			for key, criterion := range judged(runs[i].demand) {
				s := Segment{From: runs[i].deadline, To: until(runs, i), Criterion: criterion, Days: runs[i].demand.Days}
				if !s.To.IsZero() && !s.From.Before(s.To) {
					continue
				}
				add(&all, key, s, ceiling(c, key.Kind))
			}
		}
	}
	return all
}

func ceiling(c Chain, kind reductionlist.CriterionKind) judge.Ceiling {
	switch {
	case c[len(c)-1].Advisory:
		return judge.AtSuspected
	case kind == reductionlist.FractionOfBaseline:
		return judge.ByRejection
	}
	return judge.Free
}

func add(all *[]Watch, key Key, s Segment, top judge.Ceiling) {
	i := slices.IndexFunc(*all, func(w Watch) bool { return w.Key == key })
	if i < 0 {
		*all = append(*all, Watch{Key: key, Ceiling: top})
		i = len(*all) - 1
	}
	w := &(*all)[i]
	w.Segments = append(w.Segments, s)
}

func measureIDs(c Chain) (ids []string) {
	for i := range c {
		for k := range c[i].Measures {
			if id := c[i].Measures[k].ID; !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// judged are the monitors of a measure that something is held against.
func judged(d *Demand) func(yield func(Key, reductionlist.Criterion) bool) {
	return func(yield func(Key, reductionlist.Criterion) bool) {
		seen := map[Key]int{}
		for _, m := range d.Monitors {
			if m.Source == reductionlist.Video || m.Criterion.IsZero() || m.Ref == "" {
				continue
			}
			key := Key{Measure: d.ID, Source: m.Source, Ref: m.Ref, Factor: m.Factor, Kind: m.Criterion.Kind}
			n := seen[key]
			seen[key]++
			key.Ordinal = n
			if !yield(key, m.Criterion) {
				return
			}
		}
	}
}

// runsOf are the runs of a measure.
func runsOf(c Chain, id string) (runs []run) {
	for i := range c {
		o := &c[i]
		k := slices.IndexFunc(o.Measures, func(d Demand) bool { return d.ID == id })
		if k < 0 {
			continue
		}
		d := &o.Measures[k]
		if last := len(runs) - 1; last >= 0 && runs[last].to.Equal(o.Starts()) {
			if same(runs[last].demand, d) {
				runs[last].to = o.Ended
				continue
			}
			runs[last].uninterrupt = true
		}
		runs = append(runs, run{demand: d, order: o, from: o.Starts(), to: o.Ended,
			deadline: wholeHour(o.Starts().Add(hours(d.CompleteWithinH)))})
	}
	return runs
}

// until is when a run ceases to hold: where the one that changes it comes due.
func until(runs []run, i int) time.Time {
	for runs[i].uninterrupt {
		next := &runs[i+1]
		if next.to.IsZero() || next.deadline.Before(next.to) {
			return next.deadline
		}
		i++ // it was changed again before it came due
	}
	return runs[i].to
}

// same reports whether two measures demand the same, whatever their words.
func same(a, b *Demand) bool {
	return a.Unit == b.Unit && a.Action == b.Action && a.CompleteWithinH == b.CompleteWithinH &&
		equal(a.Quantity, b.Quantity) && slices.Equal(a.Monitors, b.Monitors) && slices.EqualFunc(a.Days, b.Days, sameDay)
}

// sameDay reports whether a plan allows the same on the same day.
func sameDay(a, b plant.QuantityDay) bool {
	at := func(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
	return a.Date == b.Date && a.Value == b.Value && at(a.From, b.From) && at(a.To, b.To)
}

func hours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }

func wholeHour(t time.Time) time.Time {
	if h := t.Truncate(time.Hour); !h.Equal(t) {
		return h.Add(time.Hour)
	}
	return t
}
