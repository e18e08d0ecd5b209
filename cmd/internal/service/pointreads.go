package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
)

var _ = bind(calls.Points, (*Service).Points)

// Points are those of a station or of a recipient, with their latest values: what the register and the list name, heard
// of or not, and whatever else is kept of them. There are no pages: a recipient has few.
func (s *Service) Points(ctx context.Context, a Ask, in calls.PointsQuery) (out alerts.Page[calls.PointView], err error) {
	of, err := s.instruments()
	if err != nil {
		return out, err
	}
	if a.Who.Role == calls.Enterprise && in.MN == "" && in.Recipient == "" {
		in.Recipient = a.Who.Recipient
	}
	var found []*Reporter
	switch {
	case in.MN != "" && in.Recipient != "", in.MN == "" && in.Recipient == "":
		return out, refusal.Wrong("mn", "telemetry.points_of_one", nil)
	case in.MN != "":
		r, err := s.Reporter(in.MN)
		if err == nil && (r == nil || !r.seenBy(a.Who)) {
			err = refusal.New(refusal.NotFound, "telemetry.no_station", refusal.Args{"mn": refusal.Shown(in.MN)})
		}
		if err != nil {
			return out, err
		}
		found = append(found, r)
	default:
		want := wanted{in.Recipient, func(r *Reporter) bool { return r.Belongs(in.Recipient) && r.seenBy(a.Who) }}
		err := s.eachReporter(want, func(r *Reporter) error { found = append(found, r); return nil })
		if err != nil {
			return out, err
		}
		slices.SortFunc(found, func(x, y *Reporter) int { return strings.Compare(x.Station.MN, y.Station.MN) })
	}
	out.Items = []calls.PointView{}
	for _, r := range found {
		points, err := s.pointsOf(ctx, a, of, r)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, points...)
	}
	out.Total = len(out.Items)
	return out, nil
}

// pointsOf are the points of an instrument.
func (s *Service) pointsOf(ctx context.Context, a Ask, of Instruments, r *Reporter) ([]calls.PointView, error) {
	kept, err := of.Points(ctx, r.Station.MN)
	if err != nil {
		return nil, err
	}
	states := map[telemetry.Point]*telemetry.PointState{}
	names := r.points()
	if r.bare && !r.named("") && len(names) > 1 { // it says what it measures by a factor
		names = names[1:]
	}
	for i := range kept {
		states[kept[i].Point] = &kept[i]
		if !slices.Contains(names, kept[i].Point) {
			names = append(names, kept[i].Point)
		}
	}
	out := []calls.PointView{}
	now := s.J.Wall()
	for _, p := range names {
		_, factor := p.Split()
		v := calls.PointView{Point: p, Unit: r.unit(factor), PointWords: pointWords(a, r, p), Freshness: telemetry.Never,
			Registered: r.registers(factor), Expected: []calls.ExpectedBy{}}
		for _, e := range r.Expected {
			if e.Factor == factor {
				v.Expected = append(v.Expected, calls.ExpectedBy{RecipientID: e.Recipient, MeasureID: e.Measure, Levels: e.Levels,
					Source: e.Source, Criterion: e.Criterion})
			}
		}
		if state := states[p]; state != nil {
			v.Unit = cmp.Or(v.Unit, state.Unit)
			latest(&v, state)
			v.Freshness = s.patience.Of(r.Station, receivedLast(state), now)
		}
		out = append(out, v)
	}
	return out, nil
}

// latest puts the latest value of any step into a view.
func latest(v *calls.PointView, state *telemetry.PointState) {
	var last *telemetry.Kept
	for i := range state.Last {
		k := &state.Last[i]
		if last == nil || k.At.After(last.At) || k.At.Equal(last.At) && k.Step < last.Step {
			last = k
		}
	}
	if last == nil {
		return
	}
	v.Step, v.At, v.Flag, v.ReceivedAt = stepName(last.Step), moment(last.At), flagText(last.Flag), moment(last.Received)
	v.Value = valueOf(v.Unit, &last.Reading)
}

// receivedLast is when the last of a point came. What was made here has no time of its own.
func receivedLast(state *telemetry.PointState) (at time.Time) {
	for i := range state.Last {
		if r := state.Last[i].Received; r.After(at) {
			at = r
		}
	}
	return at
}
