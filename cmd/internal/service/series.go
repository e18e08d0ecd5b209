package service

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/papers"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
)

// steps are those of a series, with how far back one goes unless told.
var steps = map[string]struct {
	step telemetry.Step
	back time.Duration
}{
	calls.StepSample: {telemetry.Moment, 6 * time.Hour},
	calls.StepMinute: {telemetry.Minute, 6 * time.Hour},
	calls.StepHour:   {telemetry.Hour, 7 * 24 * time.Hour},
	calls.StepDay:    {telemetry.Day, 60 * 24 * time.Hour},
}

// stepName is what a step is called.
func stepName(of telemetry.Step) string {
	for name, s := range steps {
		if s.step == of {
			return name
		}
	}
	return ""
}

// readable is the instrument of a point that the caller may see. To whom it is another's, and where nobody knows of it and
// nothing is kept of it, it is not found.
func (s *Service) readable(ctx context.Context, a Ask, point string) (p telemetry.Point, by *Reporter,
	from Instruments, err error) {
	if from, err = s.instruments(); err != nil {
		return "", nil, nil, err
	}
	p = telemetry.Point(point)
	ref, factor := p.Split()
	if by, err = s.Reporter(ref); err != nil {
		return "", nil, nil, err
	}
	unknown := refusal.New(refusal.NotFound, "telemetry.no_point_read", refusal.Args{"point": refusal.Shown(point)})
	if by == nil {
		if by, err = strayOf(ctx, from, ref); err != nil {
			return "", nil, nil, err
		}
		if by == nil || Scoped(a.Who) {
			return "", nil, nil, unknown
		}
	}
	if !by.seenBy(a.Who) {
		return "", nil, nil, unknown
	}
	if by.has(factor) {
		return p, by, from, nil
	}
	kept, err := keptOf(ctx, from, p)
	if err == nil && kept == nil {
		err = unknown
	}
	return p, by, from, err
}

// strayOf is an instrument of which something is kept and which neither the register nor the list knows any more; nil
// for none.
func strayOf(ctx context.Context, from Instruments, ref string) (*Reporter, error) {
	kept, err := from.Points(ctx, ref)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	return &Reporter{Station: &telemetry.Station{MN: ref}}, nil
}

// keptOf is what is kept of a point; nil for nothing.
func keptOf(ctx context.Context, from Instruments, p telemetry.Point) (*telemetry.PointState, error) {
	ref, _ := p.Split()
	all, err := from.Points(ctx, ref)
	for i := range all {
		if all[i].Point == p {
			return &all[i], err
		}
	}
	return nil, err
}

var _ = bind(calls.PointSeries, (*Service).Series)

// Series is what a point said in a time, at most [calls.MostPeriods] periods in one answer. Of periods that are not among
// them nothing came.
func (s *Service) Series(ctx context.Context, a Ask, in calls.SeriesQuery) (out calls.Series, err error) {
	from, to, err := s.span(in.SeriesPeriod)
	if err != nil {
		return out, err
	}
	if in.Cursor != "" {
		if at := timeOf(in.Cursor, false); at.After(from) {
			from = at
		}
	}
	p, by, of, err := s.readable(ctx, a, in.Point)
	if err != nil {
		return out, err
	}
	step := cmp.Or(in.Step, calls.StepHour)
	limit := cmp.Or(in.Limit, calls.MostPeriods)
	kept, err := of.Series(ctx, p, steps[step].step, from, to, limit+1)
	if err != nil {
		return out, err
	}
	if step != calls.StepSample && by.isGate(p) {
		end := to
		if len(kept) > limit {
			end = kept[limit].At.Add(1)
		}
		if kept, err = withPasses(ctx, of, p, step, kept, from, end); err != nil {
			return out, err
		}
	}
	out = calls.Series{Point: p, PointWords: pointWords(a, by, p), Step: step, From: from, To: to,
		Items: []calls.SeriesItem{}}
	if out.Unit = by.unit(out.Factor); out.Unit == "" {
		state, err := keptOf(ctx, of, p)
		if err != nil {
			return out, err
		}
		if state != nil {
			out.Unit = state.Unit
		}
	}
	out.AmountUnit = readings.AmountUnit(out.Unit)
	for i := range kept {
		if i == limit {
			out.Next = kept[i].At.UTC().Format(time.RFC3339) // nothing in it has to be escaped
			break
		}
		out.Items = append(out.Items, itemOf(out.Unit, &kept[i]))
	}
	return out, nil
}

// SeriesTable is what a point said in a time, with a row for each period that is over: one that is missing says so, see
// [MissingOf]. A table has at most [calls.MostPeriods] rows.
func (s *Service) SeriesTable(ctx context.Context, a Ask, in calls.SeriesExport) (t papers.SeriesTable, err error) {
	got, err := s.Series(ctx, a, calls.SeriesQuery{PointQuery: in.PointQuery, SeriesPeriod: in.SeriesPeriod})
	if err != nil {
		return t, err
	}
	long := func(count int) error {
		return refusal.Wrong("from", "telemetry.export_long", refusal.Args{"count": count, "limit": calls.MostPeriods})
	}
	if got.Next != "" {
		return t, long(calls.MostPeriods + 1)
	}
	by, err := s.Reporter(got.Ref)
	if err != nil {
		return t, err
	}
	usual := 0
	if by != nil {
		usual = by.Station.MinuteMin
	}
	missing := MissingOf(&got, usual, s.J.Wall())
	count := len(got.Items)
	for _, m := range missing {
		count += m.N
	}
	if count > calls.MostPeriods {
		return t, long(count)
	}
	gaps := map[time.Time]bool{}
	t = papers.SeriesTable{Series: got, Lang: a.Lang,
		Gap: func(i *calls.SeriesItem) bool { return gaps[i.At] }}
	t.Items = make([]calls.SeriesItem, 0, count)
	every := periodOf(&got, usual)
	upTo := func(end time.Time) {
		for ; len(missing) > 0 && !missing[0].To.After(end); missing = missing[1:] {
			for n := range missing[0].N {
				at := missing[0].From.Add(time.Duration(n) * every)
				gaps[at] = true
				t.Items = append(t.Items, calls.SeriesItem{At: at})
			}
		}
	}
	for _, item := range got.Items {
		upTo(item.At)
		t.Items = append(t.Items, item)
	}
	if len(missing) > 0 {
		upTo(missing[len(missing)-1].To)
	}
	return t, nil
}

// span is the time that is asked for: of a day its beginning, or where the time ends the day's end.
func (s *Service) span(in calls.SeriesPeriod) (from, to time.Time, err error) {
	from, to = s.spanOf(in.From, in.To, steps[cmp.Or(in.Step, calls.StepHour)].back)
	if !from.Before(to) {
		return from, to, refusal.Wrong("from", "telemetry.from_to",
			refusal.Args{"from": refusal.Clock(from), "to": refusal.Clock(to)})
	}
	return from, to, nil
}

// spanOf is the time from one to another, which were checked: up to and with now, and so far back, unless told.
func (s *Service) spanOf(from, to string, back time.Duration) (begin, end time.Time) {
	now := s.J.Wall().In(alerts.Shanghai()).Truncate(time.Second)
	end = now.Add(time.Second)
	if to != "" {
		now = timeOf(to, true)
		end = now
	}
	if begin = now.Add(-back); from != "" {
		begin = timeOf(from, false)
	}
	return begin, end
}

// timeOf is a time that was checked; of a day its beginning, or its end.
func timeOf(text string, end bool) time.Time {
	if day, ok := alerts.ParseDate(text); ok {
		if end {
			return day.AddDays(1).Start()
		}
		return day.Start()
	}
	at, _ := refusal.ReadTime(text)
	return at.In(alerts.Shanghai())
}

// pointWords say what a point is, in the caller's language.
func pointWords(a Ask, by *Reporter, p telemetry.Point) calls.PointWords {
	ref, factor := p.Split()
	w := calls.PointWords{Ref: ref, Factor: factor, Name: factor, Station: by.Station.Name, RecipientID: by.Station.Recipient}
	if known := readings.Lookup(factor); known != nil {
		if w.Name = known.Name.ZH; a.Lang == "en" {
			w.Name = known.Name.EN
		}
	}
	return w
}

// itemOf is one period of a point with that unit.
func itemOf(unit string, k *telemetry.Kept) calls.SeriesItem {
	item := calls.SeriesItem{At: k.At, Value: valueOf(unit, &k.Reading), Flag: flagText(k.Flag), N: k.N, SpanMin: k.Span,
		Least: number(&k.Values, telemetry.Min), Most: number(&k.Values, telemetry.Max),
		Total: number(&k.Values, telemetry.Total), Converted: number(&k.Values, telemetry.ZsAvg),
		ConvTotal: number(&k.Values, telemetry.ZsTotal), Source: k.Source, Late: k.Late, Resent: k.Resent,
		ReceivedAt: moment(k.Received)}
	for i := range k.Others {
		o := &k.Others[i]
		item.Others = append(item.Others, calls.OtherValue{Value: valueOf(unit, &o.Reading),
			Total: number(&o.Values, telemetry.Total), Flag: flagText(o.Flag), Late: o.Late, Resent: o.Resent,
			ReceivedAt: moment(o.Received)})
	}
	return item
}

func valueOf(unit string, r *telemetry.Reading) *float64 {
	if x, ok := readings.Value(unit, r); ok {
		return &x
	}
	return nil
}

func number(v *telemetry.Values, k telemetry.Kind) *float64 {
	if x, ok := v.Get(k); ok {
		return &x
	}
	return nil
}

// moment is a time in Beijing; nil for none.
func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.In(alerts.Shanghai())
	return &at
}

func flagText(f telemetry.Flag) string {
	if f == 0 {
		return ""
	}
	return string(rune(f))
}

var _ = bind(calls.GatePasses, (*Service).Passes)

// Passes are the vehicles at a gate. Plates are personal: duty and inspectors see them whole, which is recorded.
func (s *Service) Passes(ctx context.Context, a Ask, in calls.PassesQuery) (out calls.Passes, err error) {
	from, to := s.spanOf(in.From, in.To, 24*time.Hour)
	skip := 0
	if in.Cursor != "" {
		if from, skip, err = readPassCursor(in.Cursor); err != nil {
			return out, err
		}
	}
	p, by, of, err := s.readable(ctx, a, in.Point)
	if err != nil {
		return out, err
	}
	limit := cmp.Or(in.Limit, calls.UsualLimit)
	got, err := of.Passes(ctx, p, from, to, skip, limit+1)
	if err != nil {
		return out, err
	}
	out = calls.Passes{Point: p, Masked: !seesPlates(a.Who), Items: []calls.VehiclePass{}}
	if len(got) > limit {
		got = got[:limit]
		out.Next = passCursor(got, from, skip)
	}
	plates := 0
	for i := range got {
		g := &got[i]
		one := calls.VehiclePass{At: g.At.In(alerts.Shanghai()), Plate: g.Plate.Masked(), Standard: g.Standard, Fuel: g.Fuel}
		if !out.Masked {
			one.Plate = string(g.Plate)
		}
		if g.Plate != "" {
			plates++
		}
		out.Items = append(out.Items, one)
	}
	if !out.Masked && plates > 0 {
		s.Saw(a, Reading{Kind: access.SeenPlate, Recipients: []string{by.Station.Recipient}, Count: plates})
	}
	return out, nil
}

// passCursor stands for what follows a page that began at from without the first skip there: the time of its last, and
// how many of that time were given. It holds no plate.
func passCursor(page []readings.Pass, from time.Time, skip int) string {
	last, given := page[len(page)-1].At, 0
	for i := len(page) - 1; i >= 0 && page[i].At.Equal(last); i-- {
		given++
	}
	if last.Equal(from) {
		given += skip
	}
	return fmt.Sprintf("%d.%d", last.UnixMilli(), given)
}

func readPassCursor(cursor string) (from time.Time, skip int, err error) {
	ms, given, _ := strings.Cut(cursor, ".")
	at, err := strconv.ParseInt(ms, 10, 64)
	if err == nil {
		skip, err = strconv.Atoi(given)
	}
	from = time.UnixMilli(at).In(alerts.Shanghai())
	if err != nil || skip < 0 || skip > passesCounted || from.Year() < 1970 || from.Year() > 9999 ||
		fmt.Sprintf("%d.%d", at, skip) != cursor {
		return time.Time{}, 0, wrongCursor(cursor)
	}
	return from, skip, nil
}

// seesPlates reports whether who sees whole plates.
func seesPlates(who *access.Principal) bool {
	return who.Role == calls.Duty || who.Role == calls.Inspector
}
