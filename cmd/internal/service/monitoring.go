package service

import (
	"context"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
)

// look is what is measured of a recipient's orders under a warning, or a refusal where this node judges nothing.
func (s *Service) look(ctx context.Context, warning, recipient string) (*judging.Look, error) {
	if s.Judging == nil {
		return nil, refusal.New(refusal.NotReady, "finding.none_here", nil)
	}
	return s.Judging.Look(ctx, warning, recipient)
}

var _ = bind(calls.Monitoring, (*Service).Monitoring)

// Monitoring is what an order that the caller may see demands, and what is measured of it: of all revisions under its
// warning, for a measure that is unchanged keeps its clock. Orders of drills are not judged and have no monitors.
func (s *Service) Monitoring(ctx context.Context, a Ask, in calls.ByID) (out calls.OrderMonitoring, err error) {
	o, err := journal.Read(s.J, func(tx *bbolt.Tx) (*notify.Order, error) { return VisibleOrder(tx, a.Who, in.ID) })
	if err != nil {
		return out, err
	}
	out = calls.OrderMonitoring{OrderID: o.ID, Monitors: []calls.MonitorView{}}
	if o.Drill {
		return out, nil
	}
	l, err := s.look(ctx, o.WarningID, o.RecipientID)
	if err != nil {
		return out, err
	}
	out.Verdict, out.Worst = l.Case.Verdict, l.Case.Worst
	var over, unknown int
	for i := range l.Watches {
		m, err := s.monitorOf(ctx, l, &l.Watches[i])
		if err != nil {
			return out, err
		}
		for k := range m.Hours {
			switch m.Hours[k].Result {
			case judge.Pending:
				continue
			case judge.NoData:
				unknown++
			}
			over++
		}
		out.Monitors = append(out.Monitors, m)
	}
	if over > 0 {
		out.NoData = float64(unknown) / float64(over)
	}
	return out, nil
}

func (s *Service) monitorOf(ctx context.Context, l *judging.Look, w *judging.WatchLook) (m calls.MonitorView, err error) {
	first, last := &w.Segments[0], &w.Segments[len(w.Segments)-1]
	m = calls.MonitorView{Key: w.Key, Criterion: last.Criterion.String(), Unit: w.Unit, From: first.From,
		Verdict: w.State.Verdict, Worst: w.State.Worst, Heard: w.Heard, Fits: w.Fits, Hours: []calls.JudgedHour{}}
	if !last.To.IsZero() {
		m.To = &last.To
	}
	i := slices.IndexFunc(l.Case.Monitors, func(m compliance.Monitor) bool { return m.Key == w.Key })
	if i >= 0 {
		m.FindingID = l.Case.Monitors[i].Finding
	}
	for i := range w.Hours {
		m.Hours = append(m.Hours, besideUsual(w, &w.Hours[i]))
	}
	for i := range w.Days {
		h := hourOf(&w.Days[i].Outcome)
		if w.Days[i].Foresees {
			h.Forecast = &w.Days[i].Forecast
		}
		m.Hours = append(m.Hours, h)
	}
	around, err := s.Judging.Around(ctx, l, w)
	m.StartsAt, m.EndsAt, m.Short, m.Around = around.Starts, around.Ends, around.Short, []calls.JudgedHour{}
	for i := range around.Hours {
		m.Around = append(m.Around, besideUsual(w, &around.Hours[i]))
	}
	return m, err
}

// besideUsual is an hour beside what is usual at it.
func besideUsual(w *judging.WatchLook, o *judge.Outcome) calls.JudgedHour {
	h := hourOf(o)
	if w.Baseline != nil {
		if b := w.Bin(h.At); b.N > 0 {
			h.Low, h.High = &b.Low, &b.High
		}
	}
	return h
}

func hourOf(o *judge.Outcome) calls.JudgedHour {
	h := calls.JudgedHour{At: o.At, Result: o.Result, Why: o.Why}
	if o.Has {
		h.Measured = &o.Measured
	}
	if o.Held {
		h.Limit = &o.Limit
	}
	return h
}

var _ = bind(calls.DeriveFinding, (*Service).DeriveFinding)

// DeriveFinding works the hours of a finding out again from what this node keeps, and says what differs from the record or
// is kept no more.
func (s *Service) DeriveFinding(ctx context.Context, a Ask, in calls.ByID) (out calls.Derived, err error) {
	f, err := journal.Read(s.J, func(tx *bbolt.Tx) (*compliance.Finding, error) {
		return s.foundBy(tx, a.Who, nil).get(in.ID)
	})
	if err != nil {
		return out, err
	}
	l, err := s.look(ctx, f.Warning, f.Recipient)
	if err != nil {
		return out, err
	}
	hours, gone := l.Derive(f)
	out = calls.Derived{ID: f.ID, Hours: append([]compliance.FoundHour{}, hours...), Notes: []string{}}
	note := func(rule string, at time.Time, args refusal.Args) {
		args["at"] = at.In(alerts.Shanghai()).Format("2006-01-02 15:04")
		out.Notes = append(out.Notes, refusal.Text(rule, a.Lang, args))
	}
	for _, at := range gone {
		note("finding.derive_gone", at, refusal.Args{})
	}
	for i := range f.Hours {
		was := &f.Hours[i]
		k := slices.IndexFunc(hours, func(h compliance.FoundHour) bool { return h.At.Equal(was.At) })
		if k >= 0 {
			differences(was, &hours[k], func(rule string, args refusal.Args) { note(rule, was.At, args) })
		}
	}
	out.Same = len(out.Notes) == 0
	return out, nil
}

// differences says what of an hour comes out otherwise than it was recorded.
func differences(was, now *compliance.FoundHour, note func(rule string, args refusal.Args)) {
	values := func(a, b any) refusal.Args { return refusal.Args{"was": a, "now": b} }
	switch {
	case was.Measured != nil && now.Measured == nil && now.Why == judge.NothingCame:
		note("finding.derive_no_reading", values(numberText(was.Measured), ""))
		return
	case !sameNumber(was.Measured, now.Measured):
		note("finding.derive_measured", values(numberText(was.Measured), numberText(now.Measured)))
	}
	if was.Result != now.Result {
		note("finding.derive_result", values(refusal.Words("judge.result."+was.Result.String(), nil),
			refusal.Words("judge.result."+now.Result.String(), nil)))
	}
	if !sameNumber(was.Limit, now.Limit) {
		note("finding.derive_limit", values(numberText(was.Limit), numberText(now.Limit)))
	}
	if a, b := was.Usual, now.Usual; a != nil && b != nil && (a.Hash != b.Hash || a.N != b.N || !slices.Equal(a.Days, b.Days)) {
		note("finding.derive_baseline", values(a.N, b.N))
	}
	if !slices.EqualFunc(was.Said, now.Said, compliance.Said.Equal) {
		note("finding.derive_said", values(len(was.Said), len(now.Said)))
	}
}

func sameNumber(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }

func numberText(x *float64) string {
	if x == nil {
		return "—"
	}
	return strconv.FormatFloat(*x, 'g', 6, 64)
}
