package compliance

import (
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/notify"
	"qingkong/notify/compliance/judge"
)

// Judge is what a node that leads saw of a recipient's orders under a warning: every judged monitor as it shows itself now.
// Order is the latest order. Final says that it has ended and nothing more can come.
type Judge struct {
	Warning   string
	Recipient string
	Order     string
	Final     bool
	Seen      []Seen
}

// Seen is what one monitor shows. Finding says what a suspicion or a lack of data rests on; of a monitor that shows neither
// it is nil.
type Seen struct {
	Key
	Verdict judge.Verdict
	Worst   judge.Verdict
	Since   time.Time
	Failed  int
	Finding *Finding
}

// DecideJudge records what changed since it was judged last; the same again gives no event. A violation is refused
// (transition_refused) of whoever was not told of the suspicion, may still explain it, or has explained it and waits for an
// officer, and so is one of an order that only asks. Other steps follow from the data, which may come late and in any
// order. Orders of drills are not judged (conflict), nor is one that another has replaced.
func DecideJudge(tx *bbolt.Tx, rules Rules, in Judge, now time.Time) ([]Event, *Case, error) {
	o, err := latest(tx, &in)
	if err != nil {
		return nil, nil, err
	}
	c, err := GetCase(tx, in.Warning, in.Recipient)
	if err != nil {
		return nil, nil, err
	}
	ev := &Judged{Warning: in.Warning, Recipient: in.Recipient, Order: in.Order, Final: in.Final}
	findings := c.Findings
	for i := range in.Seen {
		s := &in.Seen[i]
		if slices.ContainsFunc(in.Seen[:i], func(other Seen) bool { return other.Key == s.Key }) {
			return nil, nil, refusal.New(refusal.Invalid, "finding.twice", refusal.Args{"measure": s.Measure, "ref": s.Ref})
		}
		if err := judgeMonitor(tx, rules, c, ev, s, &findings, now); err != nil {
			return nil, nil, err
		}
	}
	after := *c
	after.Monitors = slices.Clone(c.Monitors)
	after.take(ev)
	ev.Verdict, ev.Worst, ev.Failed = after.sum(in.Final)
	same := len(ev.Monitors) == 0 && len(ev.Findings) == 0 && ev.Final == c.Final && ev.Verdict == c.Verdict &&
		ev.Worst == c.Worst && ev.Order == c.Order && o.Verdict.String() == ev.Verdict.String() &&
		!(in.Final && isRunning(tx, c)) // an explanation was accepted since it was judged for good
	if same || len(in.Seen) == 0 && len(c.Monitors) == 0 {
		return nil, c, nil
	}
	after.take(ev)
	return []Event{ev}, &after, nil
}

// latest is the order of a Judge, where it is the latest and may be judged.
func latest(tx *bbolt.Tx, in *Judge) (*notify.Order, error) {
	o, err := notify.Get(tx, in.Order)
	if err != nil {
		return nil, err
	}
	switch {
	case o.WarningID != in.Warning || o.RecipientID != in.Recipient:
		return nil, refusal.New(refusal.Invalid, "finding.other_order", refusal.Args{"id": in.Order})
	case o.Drill:
		return nil, refusal.New(refusal.Conflict, "finding.drill", refusal.Args{"id": in.Order})
	case o.State == notify.StateSuperseded:
		return nil, refusal.New(refusal.Conflict, "finding.replaced", refusal.Args{"id": in.Order})
	case in.Final && o.State == notify.StateOpen:
		return nil, refusal.New(refusal.Conflict, "finding.goes_on", refusal.Args{"id": in.Order})
	}
	return o, nil
}

// judgeMonitor adds to ev what changed of one monitor.
func judgeMonitor(tx *bbolt.Tx, rules Rules, c *Case, ev *Judged, s *Seen, findings *int, now time.Time) error {
	was := c.monitor(s.Key)
	if was == nil {
		was = &Monitor{Key: s.Key}
	}
	var standing *Finding
	if was.Finding != "" {
		var err error
		if standing, err = GetFinding(tx, was.Finding); err != nil {
			return err
		}
	}
	if s.Verdict == judge.Violated {
		if err := mayViolate(rules, standing, s, now); err != nil {
			return err
		}
	}
	m := Monitor{Key: s.Key, Verdict: s.Verdict, Worst: s.Worst, Since: s.Since, Failed: s.Failed, Finding: was.Finding}
	changed := follow(c, ev, &m, standing, s, findings)
	if !changed && unchanged(was, &m) {
		return nil
	}
	ev.Monitors = append(ev.Monitors, m)
	return nil
}

func unchanged(a, b *Monitor) bool {
	return a.Verdict == b.Verdict && a.Worst == b.Worst && a.Finding == b.Finding
}

// follow gives ev the findings that change with a monitor: one that begins, goes on otherwise or is cleared. It reports
// whether any does.
func follow(c *Case, ev *Judged, m *Monitor, standing *Finding, s *Seen, findings *int) (changed bool) {
	suspicious := s.Verdict >= judge.Suspected
	goesOn := standing != nil && s.Verdict >= judge.Unknown && s.Finding != nil &&
		(standing.Verdict >= judge.Suspected) == suspicious
	if standing != nil && !goesOn {
		f := standing.Recorded()
		f.Cleared, f.Hours, f.Revision = true, nil, f.Revision+1
		ev.Findings = append(ev.Findings, f)
		m.Finding, changed = "", true
	}
	if s.Verdict < judge.Unknown || s.Finding == nil {
		return changed
	}
	f := *s.Finding
	f.Warning, f.Recipient, f.Key, f.Verdict, f.Worst = c.Warning, c.Recipient, s.Key, s.Verdict, s.Worst
	f.Failed = s.Failed
	if goesOn {
		f.ID, f.Order, f.Revision = standing.ID, standing.Order, standing.Revision+1
		if f.rests(standing) {
			return changed
		}
	} else {
		*findings++
		f.ID, f.Order, f.Revision = findingID(c.Warning, c.Recipient, *findings), ev.Order, 1
		m.Finding = f.ID
	}
	ev.Findings = append(ev.Findings, f)
	return true
}

// Recorded is a finding as an event has it.
func (f *Finding) Recorded() Finding {
	bare := *f
	bare.Ended, bare.OpenedAt, bare.ChangedAt, bare.ToldAt, bare.Explanations = false, time.Time{}, time.Time{}, time.Time{}, nil
	return bare
}

// rests reports whether a finding rests on what another revision of it does, further hours of the same kind apart: those
// show on the chart, and a record of each would grow by all of them. An hour that it rests on no more makes it another one,
// but for those that a list of [MostHours] has no room for.
func (f *Finding) rests(before *Finding) bool {
	if f.Verdict != before.Verdict || f.Worst != before.Worst || !f.From.Equal(before.From) || f.Criterion != before.Criterion {
		return false
	}
	known := map[int64]*FoundHour{}
	for i := range f.Hours {
		known[f.Hours[i].At.Unix()] = &f.Hours[i]
	}
	for i := range before.Hours {
		was := &before.Hours[i]
		switch h := known[was.At.Unix()]; {
		case h != nil && !h.Equal(was):
			return false
		case h == nil && (len(f.Hours) < MostHours || !was.At.Before(f.Hours[0].At)):
			return false
		}
	}
	return true
}

// mayViolate refuses a violation that does not follow from what the enterprise was told and said.
func mayViolate(rules Rules, f *Finding, s *Seen, now time.Time) error {
	refuse := func(rule string) error {
		id := s.Measure
		if f != nil {
			id = f.ID
		}
		return terms.Transition(terms.OrderState, rule, judge.Suspected.String(), refusal.Args{"id": id})
	}
	if f == nil || f.Verdict < judge.Suspected {
		return refuse("finding.not_told")
	}
	told, ok := f.Told()
	switch {
	case f.Verdict == judge.Violated:
		return nil // it was one before
	case !ok:
		return refuse("finding.not_told")
	case f.Advisory:
		return refuse("finding.advisory")
	case told.Rejected:
		return nil
	case f.byBaseline():
		return refuse("finding.by_baseline")
	case now.Before(told.At.Add(rules.ExplainWithin)):
		return refuse("finding.may_explain")
	case !told.Explained.IsZero() && !told.Explained.After(told.At.Add(rules.ExplainWithin)):
		return refuse("finding.explained")
	}
	return nil
}
