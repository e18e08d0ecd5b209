package monitoring

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/series"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// monitorView is what one judged monitor shows beside what is demanded of it, as a drawing and as a table.
type monitorView struct {
	calls.MonitorView
	ID     string // begins the ids of what shows it
	Name   string // of what is measured
	What   string // and by what
	Demand string // the criterion in words
	Sign   string // the unit as it is printed
	Point  string // address of the point's page
	Daily  bool
	Says   []string // what cannot be known, and why
	Share  string   // of hours or days that are over, those without data, in per cent; empty where none is over
	Over   int
	Last   *hourRow // the latest of which something is known
	Chart  *series.Chart
	Rows   []hourRow // the latest first
	More   int       // earlier ones that the table does not have
}

// hourRow is an hour, or a day, in a table.
type hourRow struct {
	At       string
	Measured string
	Limit    string
	Usual    string
	Result   judge.Result
	Word     string // the result in words, with why
	Flag     string // of [series.Shapes]; empty for none
}

const (
	drawnFor  = 7 * 24 * time.Hour // that a chart goes back
	mostHours = 72                 // that a table has
	hundred   = 100
	lateBy    = 90 * time.Minute // after which an hour before the order counts as one of which nothing came
)

// viewOf words and draws a monitor. id begins the ids of its chart.
func viewOf(q *frame.Request, m *calls.MonitorView, id string, now time.Time) monitorView {
	v := monitorView{MonitorView: *m, ID: id, Name: nameOf(q, m.Source, m.Factor), Sign: series.Sign(m.Unit),
		What: whatOf(q, m.Source, m.Factor), Demand: demandOf(q.Lang, m.Criterion),
		Point: series.PointPath(telemetry.PointOf(m.Ref, m.Factor)), Daily: compliance.Daily(m.Kind)}
	if !q.May(calls.ActTelemetryRead) {
		v.Point = ""
	}
	unknown := 0
	for i := range slices.Backward(m.Hours) {
		h := &m.Hours[i]
		if h.Result != judge.Pending {
			v.Over++
		}
		if h.Result == judge.NoData {
			unknown++
		}
		row := rowOf(q, h, v.Daily)
		if v.Last == nil && (h.Measured != nil || h.Result != judge.Pending) {
			v.Last = &row
		}
		if len(v.Rows) < mostHours {
			v.Rows = append(v.Rows, row)
		} else {
			v.More++
		}
	}
	if v.Over > 0 {
		v.Share = frame.Shares([]int{unknown}, v.Over)[0]
		if unknown > 0 && unknown < v.Over && v.Share == "0" {
			v.Share = "<1"
		}
	}
	v.says(q, now)
	v.draw(q, id, now)
	return v
}

// nameOf is what is measured: a factor, or where there is none the kind of instrument.
func nameOf(q *frame.Request, source reductionlist.Source, factor string) string {
	if factor == "" {
		return terms.Name(terms.Source, source, q.Lang)
	}
	return series.FactorName(q.Lang, factor)
}

// whatOf is what is measured, and by what.
func whatOf(q *frame.Request, source reductionlist.Source, factor string) string {
	if factor == "" {
		return terms.Name(terms.Source, source, q.Lang)
	}
	return terms.Name(terms.Source, source, q.Lang) + " " + series.FactorName(q.Lang, factor)
}

// demandOf is a criterion in words, or as it is written where it cannot be read.
func demandOf(lang, criterion string) string {
	c, err := reductionlist.ParseCriterion(criterion)
	if err != nil {
		return criterion
	}
	return c.Text(lang)
}

// says is what cannot be known of the monitor, and why.
func (v *monitorView) says(q *frame.Request, now time.Time) {
	say := func(key string, args ...any) { v.Says = append(v.Says, q.T(key, args...)) }
	if !v.Heard {
		say("monitored.never")
	} else if !v.Fits {
		say("monitored.unfit")
	}
	if v.Heard && v.Short > 0 {
		say("monitored.short", "n", v.Short)
	}
	if v.Over == 0 {
		first := v.From
		if v.Daily {
			if first = alerts.DateOf(v.From).Start(); first.Before(v.From) {
				first = first.AddDate(0, 0, 1)
			}
		}
		if now.Before(first) {
			say("monitored.from", "at", frame.Moment(q.Lang, first))
		} else {
			say("monitored.waiting")
		}
	}
}

func rowOf(q *frame.Request, h *calls.JudgedHour, daily bool) hourRow {
	row := hourRow{At: hourText(h.At, daily), Measured: numberOf(h.Measured), Limit: numberOf(h.Limit), Result: h.Result,
		Word: resultText(q.Lang, h.Result, h.Why), Flag: flagOf(h.Result)}
	if h.Low != nil && h.High != nil {
		row.Usual = series.Number(*h.Low) + "–" + series.Number(*h.High)
	}
	if h.Forecast != nil {
		row.Word += q.T("monitored.forecast", "value", series.Number(*h.Forecast))
	}
	return row
}

// hourText names an hour by its beginning and its end, and a day by its date.
func hourText(at time.Time, daily bool) string {
	at = at.In(alerts.Shanghai())
	if daily {
		return at.Format("01-02")
	}
	return at.Format("01-02 15:04") + "–" + at.Add(time.Hour).Format("15:04")
}

func numberOf(v *float64) string {
	if v == nil {
		return "—"
	}
	return series.Number(*v)
}

// resultText is what an hour shows, with why.
func resultText(lang string, r judge.Result, why judge.Why) string {
	text := refusal.Text("judge.result."+r.String(), lang, nil)
	if rule := "judge.why." + string(why); why != "" && refusal.Known(rule) {
		text = frame.Word(lang, "monitored.why", "result", text, "why", refusal.Text(rule, lang, nil))
	}
	return text
}

func flagOf(r judge.Result) string {
	switch r {
	case judge.Fail:
		return series.Failed
	case judge.Tagged:
		return series.Tagged
	}
	return ""
}

// draw makes the chart of the monitor: what was measured before its order and since, what it is held against, what is usual,
// and of which hours nothing is known. It has none where there is nothing to draw.
func (v *monitorView) draw(q *frame.Request, id string, now time.Time) {
	step := time.Hour
	if v.Daily {
		step = 24 * time.Hour
	}
	all := slices.Concat(v.Around, v.Hours)
	slices.SortFunc(all, func(a, b calls.JudgedHour) int { return a.At.Compare(b.At) })
	from := now.Add(-drawnFor)
	if v.EndsAt != nil && v.EndsAt.Before(now) {
		from = v.EndsAt.Add(-drawnFor)
	}
	all = slices.DeleteFunc(all, func(h calls.JudgedHour) bool { return h.At.Before(from) })
	p := series.Plot{ID: id, Title: v.Name, Unit: v.Sign}
	values := 0
	for i := range all {
		h := &all[i]
		s := series.Sample{At: h.At, End: h.At.Add(step), Value: h.Measured, Least: h.Low, Most: h.High, Limit: h.Limit,
			Converted: h.Forecast, Flag: flagOf(h.Result)}
		lead := h.Result == judge.Pending && h.At.Before(v.From) && !now.Before(s.End.Add(lateBy))
		if h.Measured == nil && (h.Result == judge.NoData || lead) {
			n := len(p.Missing)
			if n > 0 && p.Missing[n-1].To.Equal(s.At) {
				p.Missing[n-1].To = s.End
			} else {
				p.Missing = append(p.Missing, series.Span{From: s.At, To: s.End, Word: q.T("monitored.no_data")})
			}
		}
		if s.Value != nil {
			values++
		}
		p.Samples = append(p.Samples, s)
	}
	if values == 0 {
		return
	}
	p.From, p.To = all[0].At, all[len(all)-1].At.Add(step)
	if end := cmp.Or(v.EndsAt, &p.To); end.After(v.StartsAt) && !v.StartsAt.IsZero() {
		p.Window = []series.Span{{From: v.StartsAt, To: *end, Word: q.T("monitored.window")}}
	}
	if !v.From.Before(p.From) && v.From.Before(p.To) {
		p.Events = []series.Event{{At: v.From, Word: q.T("monitored.judged_from")}}
	}
	v.Chart = series.Draw(p)
	v.describe(q, &p)
}

// describe says in a sentence what the chart shows, and names what is drawn in it.
func (v *monitorView) describe(q *frame.Request, p *series.Plot) {
	count := map[string]int{}
	var last, limit *float64
	constant, usual, foreseen := true, false, false
	for i := range p.Samples {
		s := &p.Samples[i]
		count[s.Flag]++
		if s.Value != nil {
			last = s.Value
		}
		if s.Limit != nil {
			constant = constant && (limit == nil || *limit == *s.Limit)
			limit = s.Limit
		}
		usual = usual || s.Least != nil
		foreseen = foreseen || s.Converted != nil
	}
	c := v.Chart
	c.Say = q.T("monitored.say", "demand", v.Demand, "from", frame.Clock(p.From), "to", frame.Clock(p.To))
	if last != nil {
		c.Say += q.T("monitored.say.last", "value", strings.TrimSpace(series.Number(*last)+" "+v.Sign))
	}
	c.Legend = append(c.Legend, series.Legend{Class: "reading", Name: q.T("monitored.measured")})
	switch {
	case limit != nil && constant:
		c.Legend = append(c.Legend, series.Legend{Class: "limit",
			Name: q.T("monitored.limit") + " " + strings.TrimSpace(series.Number(*limit)+" "+v.Sign)})
	case limit != nil:
		c.Legend = append(c.Legend, series.Legend{Class: "limit", Name: q.T("monitored.limit_hourly")})
	}
	if usual {
		c.Legend = append(c.Legend, series.Legend{Class: "range", Name: q.T("monitored.usual")})
	}
	if foreseen {
		c.Legend = append(c.Legend, series.Legend{Class: "converted", Name: q.T("monitored.foreseen")})
	}
	if len(p.Missing) > 0 {
		hours := 0
		for _, m := range p.Missing {
			hours += int(m.To.Sub(m.From) / time.Hour)
		}
		c.Legend = append(c.Legend, series.Legend{Class: "missing", Name: q.T("monitored.no_data")})
		c.Say += q.T("monitored.say.no_data", "n", hours)
	}
	for _, f := range []string{series.Failed, series.Tagged} {
		if count[f] > 0 {
			c.Legend = append(c.Legend, series.Legend{Class: "flag-" + f, Shape: series.Shapes[f],
				Name: refusal.Text("judge.result."+f, q.Lang, nil)})
			c.Say += q.T("monitored.say."+f, "n", count[f])
		}
	}
	if len(p.Window) > 0 {
		c.Legend = append(c.Legend, series.Legend{Class: "during", Name: q.T("monitored.window")})
	}
	if len(p.Events) > 0 {
		c.Legend = append(c.Legend, series.Legend{Class: "event", Name: q.T("monitored.judged_from")})
	}
}

// percent is a share from 0 to 1 in per cent.
func percent(share float64) string {
	n := share * hundred
	switch {
	case n > 0 && n < 1:
		return "<1"
	case n < hundred && n > hundred-1:
		return ">99"
	}
	return strconv.Itoa(int(n + 0.5))
}
