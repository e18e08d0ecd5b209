package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"time"
)

// Usual is a valid value of one hour, before a warning.
type Usual struct {
	At    time.Time // start of the hour
	Value float64
}

// DayClass tells days apart on which a plant works differently.
type DayClass byte

// The classes.
const (
	WorkingDay DayClass = iota
	RestDay
)

// Calendar says what kind of day a day is; known is false where the year's holidays are not published, so that the
// weekday decides.
type Calendar func(day time.Time) (class DayClass, known bool)

// Bin is what a plant usually does at an hour of a class of days.
type Bin struct {
	N                 int // values
	Median, Low, High float64
	At                []time.Time // of the values, the earliest first
	Hash              string      // SHA-256 over the values in that order, hexadecimal
	Weekdays          bool        // the holidays of some of the days are not published: their weekday decided
}

// Short is how many more days a bin needs.
func (b *Bin) Short(set *Settings) int { return max(0, set.Least-b.N) }

// Baseline is what a plant usually did before a warning, by one point.
type Baseline struct {
	Bins        [24][2]Bin // by hour of the day and class
	P95         float64    // of all hours; 0 without any
	Stopped     int        // hours in which it stood still
	Residual    float64    // what it took while it stood still; where it never did, [Residual] goes by the median
	HasResidual bool
	N           int // hours that the percentile is of
}

// ResidualOf is the load that remains when the plant stands still, judged for an hour of the bin b.
func (base *Baseline) ResidualOf(b *Bin, set *Settings) float64 {
	if base.HasResidual {
		return base.Residual
	}
	return set.ResidualOf * b.Median
}

// BaselineOf is made of the valid hours of the set.Window days before a warning: busy reports the days on which an order
// was in force, which say nothing of what is usual. The hours are in the order of time, each once. A stop is set.StopHours
// consecutive hours below set.StopShare of the 95th percentile; an hour that is missing ends a run.
func BaselineOf(hours []Usual, busy func(day time.Time) bool, calendar Calendar, set *Settings) *Baseline {
	base := new(Baseline)
	free := make([]Usual, 0, len(hours))
	for _, h := range hours {
		if !busy(dayOf(h.At)) {
			free = append(free, h)
		}
	}
	base.N, base.P95 = len(free), rank(values(free), 0.95)
	stopped := stops(free, set.StopShare*base.P95, set.StopHours)
	var rest []float64
	for i, h := range free {
		if stopped[i] {
			rest = append(rest, h.Value)
		}
	}
	if base.Stopped = len(rest); len(rest) > 0 {
		base.Residual, base.HasResidual = rank(rest, set.ResidualRank), true
	}
	base.fill(free, stopped, calendar, set)
	return base
}

// fill puts the hours that count into their bins, the latest set.Days days of each.
func (base *Baseline) fill(free []Usual, stopped []bool, calendar Calendar, set *Settings) {
	var bins [24][2][]Usual
	var guessed [24][2]bool
	for i := len(free) - 1; i >= 0; i-- { // the latest first
		if stopped[i] {
			continue
		}
		class, known := calendar(dayOf(free[i].At))
		hour := free[i].At.Hour()
		if b := &bins[hour][class]; len(*b) < set.Days {
			*b = append(*b, free[i])
			guessed[hour][class] = guessed[hour][class] || !known
		}
	}
	for hour := range bins {
		for class := range bins[hour] {
			slices.Reverse(bins[hour][class])
			base.Bins[hour][class] = binOf(bins[hour][class], guessed[hour][class], set)
		}
	}
}

func binOf(hours []Usual, guessed bool, set *Settings) Bin {
	b := Bin{N: len(hours), Weekdays: guessed}
	if b.N == 0 {
		return b
	}
	all := values(hours)
	digest := sha256.New()
	for i, h := range hours {
		b.At = append(b.At, h.At)
		digest.Write(strconv.AppendFloat(nil, all[i], 'g', -1, 64))
		digest.Write([]byte{'\n'})
	}
	b.Hash = hex.EncodeToString(digest.Sum(nil))
	b.Median, b.Low, b.High = median(all), rank(all, set.Low), rank(all, set.High)
	return b
}

// stops are the hours that lie in runs of at least least consecutive hours below a limit.
func stops(hours []Usual, limit float64, least int) []bool {
	in := make([]bool, len(hours))
	begin := 0
	for i := range hours {
		follows := i > begin && hours[i].At.Equal(hours[i-1].At.Add(time.Hour))
		if i > begin && !follows {
			begin = i
		}
		if hours[i].Value >= limit {
			begin = i + 1
			continue
		}
		switch run := i - begin + 1; {
		case run == least:
			for k := begin; k <= i; k++ {
				in[k] = true
			}
		case run > least:
			in[i] = true
		}
	}
	return in
}

func values(hours []Usual) []float64 {
	all := make([]float64, len(hours))
	for i, h := range hours {
		all[i] = h.Value
	}
	return all
}

// rank is the value at a share of all of them by the nearest rank; 0 of none.
func rank(all []float64, share float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	// 28 × 0.1 is a little above 2.8 in binary: what is a whole rank must not become the next.
	at := int(math.Ceil(share*float64(len(sorted))-1e-9)) - 1
	return sorted[min(max(at, 0), len(sorted)-1)]
}

// median is the middle value, or the mean of the two in the middle.
func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return sorted[half-1]/2 + sorted[half]/2
}

func dayOf(at time.Time) time.Time {
	y, m, d := at.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, at.Location())
}
