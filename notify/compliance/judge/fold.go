package judge

import (
	"slices"
	"time"
)

// Step is the result of an hour, or of a day.
type Step struct {
	At     time.Time
	Result Result
	Day    bool
	Why    Why
}

// Ceiling bounds how far a verdict goes by itself.
type Ceiling byte

// The ceilings.
const (
	Free        Ceiling = iota // an unexplained suspicion becomes a violation
	ByRejection                // it goes beyond suspected only where an explanation was rejected
	AtSuspected                // it never goes beyond suspected: an advisory order's
)

// Told is that an enterprise was told of a suspicion, and what came of it.
type Told struct {
	From      time.Time // the first hour that failed
	At        time.Time // when it was told
	Explained time.Time // when it explained; zero while it has not
	Rejected  bool      // by an officer; what was accepted tags its hours and is not here
}

// State is what all results up to now show.
type State struct {
	Verdict Verdict
	Worst   Verdict // the highest that no accepted explanation took back
	Since   time.Time
	Failed  int // hours, and days, that failed
	Passed  int
	Unknown int
	Tagged  int

	// Of the suspicion that stands, or was last: the first and the last step that failed, whether they are enough of a
	// violation, and how many of the latest failed one behind the other.
	From, Last time.Time
	Enough     bool
	Run        int

	Silent, Silence time.Time // first and last step of the latest run without data

	Short bool // more was tagged in 24 hours than may be
}

// Fold goes over the results of one monitor in the order of time, each once, and says what they show at a time. The
// outcome depends on nothing but them and on what was told: not on when they came. What is tagged by flags beyond
// set.TaggedInADay hours of any 24 counts as a step without data.
func Fold(steps []Step, told []Told, ceiling Ceiling, now time.Time, set *Settings) State {
	f := NewFolding(told, ceiling, set)
	for _, s := range steps {
		f.Take(s, now)
	}
	return f.At(now)
}

// Folding is what the results up to some step show, to go on from. It goes on to the same whenever its steps were taken, as
// long as they were over then and nobody was told anything else.
type Folding struct {
	state   State
	set     *Settings
	told    []Told
	ceiling Ceiling

	passes, silent int
	first          time.Time   // of the fails that follow one another
	enough         time.Time   // the step with which the suspicion that stands was enough of a violation
	tagged         []time.Time // by flags, in the last 24 hours
}

// NewFolding has taken no step yet.
func NewFolding(told []Told, ceiling Ceiling, set *Settings) *Folding {
	return &Folding{set: set, told: told, ceiling: ceiling}
}

// Clone goes on by itself.
func (f *Folding) Clone() *Folding {
	c := *f
	c.tagged = slices.Clone(f.tagged)
	return &c
}

// At is what the steps that were taken show at a time.
func (f *Folding) At(now time.Time) State {
	c := *f
	c.settle(now)
	return c.state
}

// limited is a step, without data where more is tagged than may be.
func (f *Folding) limited(s Step) Step {
	if s.Day || s.Result != Tagged || s.Why != ByFlag {
		return s
	}
	f.tagged = slices.DeleteFunc(f.tagged, func(t time.Time) bool { return s.At.Sub(t) >= 24*time.Hour })
	if f.tagged = append(f.tagged, s.At); len(f.tagged) > f.set.TaggedInADay {
		s.Result, s.Why, f.state.Short = NoData, TooTagged, true
	}
	return s
}

// Take goes on by a step behind those that were taken.
func (f *Folding) Take(s Step, now time.Time) {
	switch s = f.limited(s); s.Result {
	case Pass:
		f.state.Passed++
		f.silent, f.state.Run = 0, 0
		f.passes++
		f.pass(s, now)
	case Fail:
		f.state.Failed++
		f.silent, f.passes = 0, 0
		if f.state.Run++; f.state.Run == 1 {
			f.first = s.At
		}
		f.fail(s)
	case NoData:
		f.state.Unknown++
		if f.silent++; f.silent == 1 {
			f.state.Silent = s.At
		}
		f.state.Silence = s.At
		if calm := f.state.Verdict == None || f.state.Verdict == Compliant; calm && (s.Day || f.silent >= f.set.UnknownAfter) {
			f.become(Unknown, s.At)
		}
	case Tagged:
		f.state.Tagged++
		f.silent = 0
	}
}

// pass clears a suspicion after some of them; what was not known, or never judged, is clear with the first.
func (f *Folding) pass(s Step, now time.Time) {
	if f.state.Verdict >= Suspected && f.passes < f.set.ClearAfter {
		return
	}
	f.settle(earlier(s.end(), now))
	f.become(Compliant, s.At)
}

// end is when a step is over.
func (s *Step) end() time.Time {
	if s.Day {
		return s.At.AddDate(0, 0, 1)
	}
	return s.At.Add(time.Hour)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// settle says of the suspicion that stands whether it has become a violation up to a time: its own end, or now. What
// was cleared before the enterprise had to answer is none, whenever the data came that cleared it.
func (f *Folding) settle(until time.Time) {
	if f.state.Enough && f.state.Verdict == Suspected && f.unanswered(until) {
		f.become(Violated, f.enough)
	}
}

func (f *Folding) fail(s Step) {
	if f.state.Verdict < Suspected {
		if !s.Day && f.state.Run < f.set.SuspectAfter {
			return
		}
		f.state.From, f.state.Enough = s.At, false
		if !s.Day {
			f.state.From = f.first
		}
		f.become(Suspected, s.At)
	}
	f.state.Last = s.At
	if !f.state.Enough && (s.Day || f.state.Run >= f.set.ViolatedAfter) {
		f.state.Enough, f.enough = true, s.At
	}
}

// unanswered reports whether the suspicion that stands was told, and up to a time was not explained in time; or an
// explanation was rejected, whenever. Data that came late may join what was told as two: the first then counts.
func (f *Folding) unanswered(until time.Time) bool {
	var first time.Time
	rejected := false
	for i := range f.told {
		t := &f.told[i]
		if t.From.Before(f.state.From) || t.From.After(f.state.Last) {
			continue
		}
		if rejected = rejected || t.Rejected; first.IsZero() || t.At.Before(first) {
			first = t.At
		}
	}
	if f.ceiling == AtSuspected || first.IsZero() {
		return false
	}
	if rejected || f.ceiling == ByRejection {
		return rejected
	}
	late := first.Add(f.set.ExplainWithin)
	explained := slices.ContainsFunc(f.told, func(t Told) bool {
		return !t.From.Before(f.state.From) && !t.From.After(f.state.Last) && !t.Explained.IsZero() && !t.Explained.After(late)
	})
	return !explained && !until.Before(late)
}

func (f *Folding) become(v Verdict, at time.Time) {
	if f.state.Verdict == v {
		return
	}
	f.state.Verdict, f.state.Since = v, at
	f.state.Worst = max(f.state.Worst, v)
}
