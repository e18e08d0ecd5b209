package stations

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/series"
	"qingkong/cmd/internal/service"
)

// pointView is what a point said in a time, as a drawing and as a table.
type pointView struct {
	*frame.Chrome
	frame.Pager
	Series   calls.Series
	Name     string
	Unit     string // in words
	Station  string // address of its station's page
	Steps    []frame.Link
	Step     string
	Fields   []frame.Field // of the time
	CSV      string
	XLSX     string
	Charts   []*series.Chart
	Limits   []limitRow
	Path     string
	Sign     string // the unit as it is printed
	Gaps     []gapLine
	Flags    []flagLine
	Rows     []periodRow
	Total    int
	HasTotal bool
	HasConv  bool
	HasRange bool
	HasN     bool
	Amount   string // unit of totals
	More     string // address of the time that follows; empty where all is shown
	Passes   *passesView
	Error    string
}

// gapLine is a run of periods of which nothing came, in words.
type gapLine struct {
	From, To time.Time
	N        int
}

// mostGaps is how many gaps a page tells in words.
const mostGaps = 20

// GapsShown are the latest gaps, GapsMore how many there are besides.
func (view *pointView) GapsShown() []gapLine { return view.Gaps[:min(len(view.Gaps), mostGaps)] }

// GapsMore is for templates.
func (view *pointView) GapsMore() int { return max(0, len(view.Gaps)-mostGaps) }

// flagLine is how many periods have a flag that is not N.
type flagLine struct {
	Flag  string
	Shape string
	Word  string
	N     int
}

// periodRow is a period in the table.
type periodRow struct {
	At        string
	Value     string
	Range     string
	Converted string
	Total     string
	N         int
	Flag      string
	Notes     []string // that it is late, sent again, made here, or that something else came
}

// mostDrawn is how many periods a page draws: more than two days of minutes, and more than the hours that are kept of a
// quarter.
const mostDrawn = 3000

func (d *desk) point(q *frame.Request) (any, error) {
	if d.Svc.Instruments == nil {
		return nil, refusal.New(refusal.NotReady, "telemetry.none_here", nil)
	}
	v := q.URL.Query()
	in := calls.SeriesQuery{PointQuery: calls.PointQuery{Point: q.PathValue("point")}, Limit: mostDrawn}
	if slices.Contains(drawnSteps, v.Get("step")) {
		in.Step = v.Get("step")
	}
	view := &pointView{Chrome: q.Chrome()}
	typed, err := periodTyped(q, v)
	if err == nil {
		in.From, in.To = typed.From, typed.To
		view.Series, err = d.Svc.Series(q.Context(), q.Ask(), in)
	}
	if refusal.CodeOf(err) == refusal.Invalid { // the page stands, at the usual time, and says what was wrong
		view.Error = q.Refuse(err).Detail(q.Lang)
		if e := q.Refused; len(e.Fields) > 0 {
			view.Error = e.Fields[0].Message(q.Lang)
		}
		in.From, in.To = "", ""
		view.Series, err = d.Svc.Series(q.Context(), q.Ask(), in)
	}
	if err != nil {
		return nil, err
	}
	s := &view.Series
	view.Name = series.FactorName(q.Lang, s.Factor)
	view.Title = strings.TrimSpace(cmp.Or(s.Station, s.Ref) + " " + view.Name)
	view.Unit, view.Step, view.Station = unitWords(q.Lang, s.Unit), s.Step, stationPath(s.Ref)
	view.Path, view.Sign = q.URL.EscapedPath(), series.Sign(s.Unit)
	view.chooser(q, v)
	if err := d.limits(q, view); err != nil {
		return nil, err
	}
	view.draw(q, d.Svc.J.Wall())
	view.table(q)
	return view, d.passes(q, view)
}

// drawnSteps are the steps that can be chosen, the shortest first.
var drawnSteps = []string{calls.StepSample, calls.StepMinute, calls.StepHour, calls.StepDay}

// periodTyped is the time that was asked for, as people write days and times; what was left out is empty.
func periodTyped(q *frame.Request, v url.Values) (in calls.SeriesPeriod, err error) {
	var fields []frame.Field
	for _, name := range []string{"from", "to"} {
		if day, ok := frame.Day(v.Get(name)); ok {
			v.Set(name, day+" 00:00")
			if name == "to" { // to its end
				v.Set(name, day+" 24:00")
			}
		}
		fields = append(fields, q.Field(name, frame.KindMoment, false))
	}
	values, err := frame.Typed(fields, v)
	text := func(name string) string {
		at, ok := values[name].(time.Time)
		if !ok {
			return ""
		}
		return at.Format(time.RFC3339)
	}
	return calls.SeriesPeriod{From: text("from"), To: text("to")}, err
}

// chooser leads to the other steps and to the tables, and asks for another time.
func (view *pointView) chooser(q *frame.Request, typed url.Values) {
	s := &view.Series
	for _, step := range drawnSteps {
		view.Steps = append(view.Steps, frame.Link{Href: q.URL.EscapedPath() + "?step=" + step, Text: q.T("step." + step),
			Current: step == s.Step})
	}
	for _, f := range []struct {
		name  string
		value time.Time
	}{{"from", s.From}, {"to", s.To}} {
		field := q.Field(f.name, frame.KindMoment, false)
		field.Label, field.Hint = q.T("point."+f.name), ""
		field.Value = frame.MomentValue(f.value)
		if view.Error != "" && typed.Has(f.name) {
			field.Value = typed.Get(f.name)
		}
		view.Fields = append(view.Fields, field)
	}
	at := url.Values{"step": {s.Step}, "from": {s.From.Format(time.RFC3339)}, "to": {s.To.Format(time.RFC3339)}}
	at.Set("format", "csv")
	view.CSV = exportPath(s.Point, at)
	at.Set("format", "xlsx")
	view.XLSX = exportPath(s.Point, at)
	if s.Next != "" {
		view.More = q.URL.EscapedPath() + "?" +
			url.Values{"step": {s.Step}, "from": {s.Next}, "to": {s.To.Format(time.RFC3339)}}.Encode()
	}
}

// samplesOf are the periods of a series as they are drawn.
func samplesOf(s *calls.Series) []series.Sample {
	all := make([]series.Sample, len(s.Items))
	for i := range s.Items {
		it := &s.Items[i]
		end := it.At
		switch s.Step {
		case calls.StepMinute:
			end = end.Add(time.Duration(max(1, it.SpanMin)) * time.Minute)
		case calls.StepHour:
			end = end.Add(time.Hour)
		case calls.StepDay:
			end = end.AddDate(0, 0, 1)
		}
		all[i] = series.Sample{At: it.At, End: end, Value: it.Value, Least: it.Least, Most: it.Most, Converted: it.Converted,
			Flag: it.Flag}
	}
	return all
}

// draw makes the charts of the series: of its values, and of its totals where they come.
func (view *pointView) draw(q *frame.Request, now time.Time) {
	s := &view.Series
	if len(s.Items) == 0 {
		return
	}
	all := samplesOf(s)
	var missing []series.Span
	for _, m := range service.MissingOf(s, 0, now) {
		missing = append(missing, series.Span{From: m.From, To: m.To, Word: q.T("point.missing")})
		view.Gaps = append(view.Gaps, gapLine(m))
	}
	slices.Reverse(view.Gaps)
	view.flagged(q, all)
	values := series.Draw(series.Plot{ID: "values", Title: view.Name, Unit: series.Sign(s.Unit), From: s.From, To: s.To, Samples: all,
		Missing: missing, Limits: view.drawn(false)})
	describe(values, q, view, all, view.Name)
	view.Charts = append(view.Charts, values)
	totals := make([]series.Sample, len(all))
	for i := range all {
		totals[i] = series.Sample{At: all[i].At, End: all[i].End, Flag: all[i].Flag, Value: s.Items[i].Total}
		view.HasTotal = view.HasTotal || s.Items[i].Total != nil
	}
	if view.HasTotal {
		title := q.T("point.total", "name", view.Name)
		c := series.Draw(series.Plot{ID: "totals", Title: title, Unit: series.Sign(s.AmountUnit), From: s.From, To: s.To,
			Samples: totals, Missing: missing, Limits: view.drawn(true)})
		describe(c, q, view, totals, title)
		view.Charts = append(view.Charts, c)
	}
}

// drawn are the limits that stand in one of the charts.
func (view *pointView) drawn(totals bool) (lines []series.Limit) {
	for _, l := range view.Limits {
		if l.Drawn && l.Total == totals {
			lines = append(lines, series.Limit{Value: l.Value, Text: l.Short})
		}
	}
	return lines
}

// flagged counts the periods with a flag that is not N.
func (view *pointView) flagged(q *frame.Request, all []series.Sample) {
	count := map[string]int{}
	for i := range all {
		if f := all[i].Flag; !series.Normal(f) {
			count[f]++
		}
	}
	for _, f := range strings.Split("DTCMSFB", "") {
		if count[f] > 0 {
			view.Flags = append(view.Flags, flagLine{f, series.Shapes[f], flagWord(q.Lang, f), count[f]})
		}
	}
}

// describe says in a sentence what a chart shows, and names what is drawn in it.
func describe(c *series.Chart, q *frame.Request, view *pointView, all []series.Sample, what string) {
	var low, high, last *float64
	has := struct{ conv, band, value bool }{}
	for i := range all {
		s := &all[i]
		has.conv, has.band = has.conv || s.Converted != nil, has.band || s.Least != nil && s.Most != nil
		if s.Value == nil {
			continue
		}
		has.value, last = true, s.Value
		if low == nil || *s.Value < *low {
			low = s.Value
		}
		if high == nil || *s.Value > *high {
			high = s.Value
		}
	}
	c.Say = q.T("chart.say", "step", q.T("step."+view.Step), "from", frame.Clock(view.Series.From), "to", frame.Clock(view.Series.To),
		"n", len(all))
	if has.value {
		c.Say += q.T("chart.values", "low", series.Number(*low), "high", series.Number(*high), "last", series.Number(*last), "unit", c.Unit)
	}
	missing := 0
	for _, g := range view.Gaps {
		missing += g.N
	}
	if missing > 0 {
		c.Say += q.T("chart.gaps", "n", missing)
	}
	for _, f := range view.Flags {
		c.Say += q.T("chart.flagged", "flag", f.Word, "n", f.N)
	}
	c.Legend = append(c.Legend, series.Legend{Class: "reading", Name: what})
	if has.conv {
		c.Legend = append(c.Legend, series.Legend{Class: "converted", Name: q.T("point.converted")})
	}
	if has.band {
		c.Legend = append(c.Legend, series.Legend{Class: "range", Name: q.T("point.range")})
	}
	if missing > 0 {
		c.Legend = append(c.Legend, series.Legend{Class: "missing", Name: q.T("point.missing")})
	}
	for _, d := range c.Sizes[:1] {
		if len(d.Limits) > 0 {
			c.Legend = append(c.Legend, series.Legend{Class: "limit", Name: q.T("point.limit")})
		}
	}
	for _, f := range view.Flags {
		c.Legend = append(c.Legend, series.Legend{Class: "flag-" + f.Flag, Shape: f.Shape, Name: f.Word})
	}
}
