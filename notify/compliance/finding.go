package compliance

import (
	"slices"
	"time"

	"qingkong/notify/compliance/judge"
	"qingkong/reductionlist"
)

// Case is what was found of a recipient's orders under a warning, through all their revisions.
type Case struct {
	Warning   string        `json:"warning_id"`
	Recipient string        `json:"recipient_id"`
	Order     string        `json:"order_id"` // the latest that was judged
	Verdict   judge.Verdict `json:"verdict"`
	Worst     judge.Verdict `json:"worst"` // the highest that no accepted explanation took back
	Failed    int           `json:"failed"`
	Final     bool          `json:"final,omitempty"` // the order has ended, and the verdict is its worst
	Monitors  []Monitor     `json:"monitors,omitempty"`
	Findings  int           `json:"findings,omitempty"` // how many there were: the number of the latest

	Accepted []AcceptedValue `json:"accepted,omitempty"` // of several values that were said of one hour
}

// Monitor is what one judged monitor shows now.
type Monitor struct {
	Key
	Verdict judge.Verdict `json:"verdict"`
	Worst   judge.Verdict `json:"worst"`
	Since   time.Time     `json:"since,omitzero"` // start of the hour, or the day, that made the verdict
	Failed  int           `json:"failed,omitempty"`
	Finding string        `json:"finding_id,omitempty"` // the one that stands

	Explained []time.Time `json:"explained,omitempty"` // hours that an accepted explanation names; of no event
}

// monitor is the monitor of a key; nil for none.
func (c *Case) monitor(key Key) *Monitor {
	if i := slices.IndexFunc(c.Monitors, func(m Monitor) bool { return m.Key == key }); i >= 0 {
		return &c.Monitors[i]
	}
	return nil
}

// AcceptedValue is which of several values an officer took as the right one.
type AcceptedValue struct {
	Key
	At        time.Time `json:"at"` // start of the hour
	Value     float64   `json:"value"`
	ReasonRef string    `json:"reason_ref,omitempty"` // vault reference
}

// Finding is a suspicion, a violation or a lack of data at one monitor, from when it began until it was cleared.
type Finding struct {
	ID        string        `json:"id"`
	Warning   string        `json:"warning_id"`
	Recipient string        `json:"recipient_id"`
	Order     string        `json:"order_id"` // that was in force when it began
	Revision  int           `json:"revision"`
	Key                     // of the monitor
	Criterion string        `json:"criterion"` // as the order has it
	Unit      string        `json:"unit"`      // of Measured and Limit
	Verdict   judge.Verdict `json:"verdict"`
	Worst     judge.Verdict `json:"worst"`
	Cleared   bool          `json:"cleared,omitempty"`
	Advisory  bool          `json:"advisory,omitempty"`
	From      time.Time     `json:"from"` // start of the first hour, or day
	Last      time.Time     `json:"last"` // start of the last one that failed, or without data
	Failed    int           `json:"failed"`
	Hours     []FoundHour   `json:"hours,omitempty"`    // the latest that it rests on, at most [MostHours]
	Guessed   bool          `json:"weekdays,omitempty"` // holidays of the baseline are not published: the weekday decided

	// What the record says of its events, and no event.
	Ended        bool          `json:"ended,omitempty"` // it was judged for good: the order is over
	OpenedAt     time.Time     `json:"opened_at,omitzero"`
	ChangedAt    time.Time     `json:"changed_at,omitzero"`
	ToldAt       time.Time     `json:"told_at,omitzero"` // when the enterprise was first to be told; zero for a lack of data
	Explanations []Explanation `json:"explanations,omitempty"`
}

// MostHours is how many hours a finding lists.
const MostHours = 48

// FoundHour is an hour, or a day, that a finding rests on.
type FoundHour struct {
	At       time.Time    `json:"at"`
	Result   judge.Result `json:"result"`
	Why      judge.Why    `json:"why,omitempty"`
	Measured *float64     `json:"measured"`
	Limit    *float64     `json:"limit"`
	Usual    *Usual       `json:"baseline,omitempty"`
	Said     []Said       `json:"said,omitempty"` // where several values differ
}

// Said is one of several values that were said of an hour.
type Said struct {
	Value *float64 `json:"value"`          // in the unit of the finding; nil where only a flag came
	Flag  string   `json:"flag,omitempty"` // a letter of HJ 212, or none
}

// Equal reports whether two hours say the same, in whatever zone their times are told.
func (h *FoundHour) Equal(o *FoundHour) bool {
	return h.At.Equal(o.At) && h.Result == o.Result && h.Why == o.Why && equal(h.Measured, o.Measured) &&
		equal(h.Limit, o.Limit) && h.Usual.Equal(o.Usual) && slices.EqualFunc(h.Said, o.Said, Said.Equal)
}

// Equal reports whether two things that were said are the same.
func (s Said) Equal(o Said) bool { return s.Flag == o.Flag && equal(s.Value, o.Value) }

// Equal reports whether two baselines say the same, none being equal to none alone.
func (u *Usual) Equal(o *Usual) bool {
	if u == nil || o == nil {
		return u == o
	}
	return u.N == o.N && u.Median == o.Median && u.Low == o.Low && u.High == o.High && u.Hash == o.Hash &&
		u.Residual == o.Residual && u.P95 == o.P95 && slices.Equal(u.Days, o.Days)
}

// equal compares what is pointed at.
func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// Usual is the baseline that an hour was held against, enough of it to derive it again.
type Usual struct {
	N      int      `json:"n"`
	Median float64  `json:"median"`
	Low    float64  `json:"low"`
	High   float64  `json:"high"`
	Days   []string `json:"days,omitempty"` // of which the same hour was taken, the earliest first: 2016-11-09
	Hash   string   `json:"hash,omitempty"` // SHA-256 over their values in that order, each ended by LF; hexadecimal
	// Residual is the load that remains when the plant stands still, and P95 the 95th percentile, where the limit rests on it.
	Residual float64 `json:"residual"`
	P95      float64 `json:"p95"`
}

// Explanation is what an enterprise says of a finding, and what an officer says of that.
type Explanation struct {
	At       time.Time `json:"at,omitzero"`        // of no event, which has its own
	NoteRef  string    `json:"note_ref,omitempty"` // vault reference
	NoteHash string    `json:"note_hash,omitempty"`
	Evidence []string  `json:"evidence,omitempty"`

	// What an officer says of it, by an event of its own.
	Decision  Decision    `json:"decision,omitempty"`
	DecidedAt time.Time   `json:"decided_at,omitzero"`
	DecidedBy string      `json:"decided_by,omitempty"`
	ReasonRef string      `json:"reason_ref,omitempty"`
	Hours     []time.Time `json:"hours,omitempty"` // that an accepted one names
}

// Decision is what an officer says of an explanation.
type Decision string

// The decisions.
const (
	Accept Decision = "accept"
	Reject Decision = "reject"
)

// latest is the explanation that counts; nil for none.
func (f *Finding) latest() *Explanation {
	if len(f.Explanations) == 0 {
		return nil
	}
	return &f.Explanations[len(f.Explanations)-1]
}

// Waits reports whether an explanation waits for an officer.
func (f *Finding) Waits() bool { e := f.latest(); return e != nil && e.Decision == "" }

// Told is what package judge asks of a finding; false for one that nobody was to be told of.
func (f *Finding) Told() (t judge.Told, ok bool) {
	if f.ToldAt.IsZero() {
		return t, false
	}
	t = judge.Told{From: f.From, At: f.ToldAt}
	for i := range f.Explanations {
		e := &f.Explanations[i]
		if t.Explained.IsZero() || e.At.Before(t.Explained) {
			t.Explained = e.At
		}
		t.Rejected = t.Rejected || e.Decision == Reject
	}
	if e := f.latest(); e != nil && e.Decision == Accept {
		t.Rejected = false
	}
	return t, true
}

// Asks reports whether the enterprise is asked: of what it is suspected of, while it has not explained it, or its
// explanation was rejected.
func (f *Finding) Asks() bool {
	e := f.latest()
	return !f.Cleared && !f.Ended && f.Verdict >= judge.Suspected && (e == nil || e.Decision == Reject)
}

// byBaseline reports whether a finding can be a violation only where an explanation was rejected.
func (f *Finding) byBaseline() bool { return f.Kind == reductionlist.FractionOfBaseline }

// Taken is the value of an hour that an officer took as the right one; nil for none.
func (c *Case) Taken(k Key, at time.Time) *float64 {
	for i := range c.Accepted {
		if v := &c.Accepted[i]; v.Key == k && v.At.Equal(at) {
			return &v.Value
		}
	}
	return nil
}

// Explains reports whether an accepted explanation names an hour of a monitor.
func (c *Case) Explains(k Key, at time.Time) bool {
	m := c.monitor(k)
	return m != nil && slices.ContainsFunc(m.Explained, at.Equal)
}
