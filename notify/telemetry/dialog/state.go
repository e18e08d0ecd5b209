package dialog

import (
	"slices"
	"strconv"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// State is the dialog with one station. Its zero value is one with whom nobody has spoken yet. It is not safe for use
// from several goroutines, and what it holds is bounded.
type State struct {
	since   time.Time // connected; zero while it is not
	pending *Request
	lastQN  time.Time
	past    []Outcome // the last ones, the newest last

	clock   clock
	samples spacing // of 2011
	minutes spacing // of 2051
	asked   bool    // for the time, by 1013
	next    map[Kind]patience
	mute    patience // of a station that answers nothing
	broken  patience // of a station that ends its connection where it is asked for history
	blocks  map[block]tries
	looked  time.Time // at gaps
}

// patience is how often something did not work, and when it is tried again.
type patience struct {
	failed int
	at     time.Time
}

// again puts the next try off: by first, and four times as long after each failure, a day at most.
func (p patience) again(now time.Time, first time.Duration) patience {
	wait := first
	for range p.failed {
		wait = min(4*wait, 24*time.Hour)
	}
	return patience{p.failed + 1, now.Add(wait)}
}

// tries are those of a block. One after which some of what was asked is missing no more is none that did not work.
type tries struct {
	patience
	from, to time.Time // what was asked last, all of it missing then
}

// block is a range of history that is asked at once.
type block struct {
	kind Kind
	from int64 // Unix seconds, a multiple of the block's length
}

// How requests are spread.
const (
	rest        = time.Hour        // between two requests of one kind that worked
	retry       = 10 * time.Minute // after one that did not; four times as long after each more
	muteFirst   = 15 * time.Minute
	lookEvery   = 5 * time.Minute
	historyBack = 72 * time.Hour // beyond it nothing is fetched
	blockTries  = 3
	longest     = 10 * time.Minute // of one request in all
	keepPast    = 20
)

// lengths are how much history is asked at once: a device holds its line for as long as it sends.
var lengths = map[Kind]time.Duration{Minutes: 6 * time.Hour, Hours: 24 * time.Hour, Days: 72 * time.Hour}

// settled is how long after its end a period may still come by itself.
var settled = map[Kind]time.Duration{Minutes: 15 * time.Minute, Hours: 90 * time.Minute, Days: 6 * time.Hour}

// Connected says that a station has come, by a new connection. It returns the request that this ends, if any: what was
// asked before is not answered there.
func (s *State) Connected(now time.Time) *Outcome {
	s.since = now
	return s.end(Broken, 0, now)
}

// Gone says that its connection ended, and returns the request that this ends, if any.
func (s *State) Gone(now time.Time) *Outcome {
	s.since = time.Time{}
	return s.end(Broken, 0, now)
}

// Pending is what the station is asked now; nil for nothing.
func (s *State) Pending() *Request {
	if s.pending == nil {
		return nil
	}
	r := *s.pending
	return &r
}

// Past are the last requests that are over, the newest first.
func (s *State) Past() []Outcome {
	past := slices.Clone(s.past)
	slices.Reverse(past)
	return past
}

// ClockOff is by how much the station's clock is behind ours, where its last frames agree about it.
func (s *State) ClockOff() (time.Duration, bool) { return s.clock.off() }

// Heard takes a good frame of the station that came at a time. It returns what became of the request it ends, if any.
func (s *State) Heard(st *telemetry.Station, f *hj212.Frame, at time.Time) *Outcome {
	switch f.CN {
	case cnReady:
		return s.ready(f, at)
	case cnDone:
		return s.done(f, at)
	case cnAskTime:
		s.asked = true
	}
	r := s.pending
	if r != nil && f.QN == r.QN {
		if r.Last, r.Accepted = at, true; f.CN == string(r.Kind) {
			r.Data++
		}
		return nil
	}
	if f.Resent {
		return nil
	}
	if sent, ok := ReadQN(f.QN); ok && (f.CN == cnMoment || f.CN == cnMinute || f.CN == cnHeartbeat) {
		s.clock.add(at.Sub(sent))
	}
	if f.DataTime.IsZero() || f.Part > 1 {
		return nil
	}
	switch f.CN {
	case cnMoment:
		s.samples.add(f.DataTime)
	case cnMinute:
		s.minutes.add(f.DataTime)
	}
	return nil
}

// answers says whether an answer is that of what is pending. In 2005 the number stands within CP, and some devices leave
// it out.
func (s *State) answers(f *hj212.Frame) bool {
	if s.pending == nil {
		return false
	}
	qn := f.QN
	if within, ok := f.Value("QN"); ok {
		qn = within
	}
	return qn == s.pending.QN || qn == "" && f.Version == hj212.V2005
}

func code(f *hj212.Frame, key string) int {
	text, _ := f.Value(key)
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 9999 {
		return 0
	}
	return n
}

func (s *State) ready(f *hj212.Frame, at time.Time) *Outcome {
	if !s.answers(f) {
		return nil
	}
	s.mute = patience{}
	if n := code(f, "QnRtn"); n != 1 {
		return s.end(Rejected, n, at)
	}
	s.pending.Accepted, s.pending.Last = true, at
	return nil
}

func (s *State) done(f *hj212.Frame, at time.Time) *Outcome {
	if !s.answers(f) {
		return nil
	}
	s.mute = patience{}
	n := code(f, "ExeRtn")
	if n != 1 {
		return s.end(Failed, n, at)
	}
	return s.end(Done, n, at)
}

// end takes what is pending for over.
func (s *State) end(result Result, code int, now time.Time) *Outcome {
	r := s.pending
	if r == nil {
		return nil
	}
	s.pending = nil
	o := Outcome{Request: *r, Result: result, Code: code, At: now}
	if s.past = append(s.past, o); len(s.past) > keepPast {
		s.past = slices.Delete(s.past, 0, 1)
	}
	if result == Silent {
		s.mute = s.mute.again(now, muteFirst)
	}
	switch r.Kind {
	case Minutes, Hours, Days:
		s.endHistory(r, result, now)
		return &o
	}
	if result != Done {
		s.next[r.Kind] = s.next[r.Kind].again(now, retry)
		return &o
	}
	s.next[r.Kind] = patience{at: now.Add(rest)}
	switch r.Kind { // what was seen before says nothing any more
	case SetTime:
		s.clock, s.asked = clock{}, false
	case SetSample:
		s.samples = spacing{}
	case SetMinute:
		s.minutes = spacing{}
	}
	return &o
}

// endHistory takes a request for history for over. How much of it came is seen when it is looked at next. A connection that
// ended says nothing of the block; a station whose connection ends again and again then is left alone for longer.
func (s *State) endHistory(r *Request, result Result, now time.Time) {
	s.looked = time.Time{} // what is missing is looked at anew
	b := blockOf(r.Kind, r.From)
	t := s.blocks[b]
	if result == Broken {
		s.broken = s.broken.again(now, muteFirst)
		t.at = now.Add(retry)
	} else {
		t = tries{t.again(now, retry), r.From, r.To}
		s.broken = patience{}
	}
	s.blocks[b] = t
}

func blockOf(k Kind, from time.Time) block {
	return block{k, from.Add(shift).Truncate(lengths[k]).Add(-shift).Unix()}
}

// shift has blocks begin at Beijing's hours.
const shift = 8 * time.Hour
