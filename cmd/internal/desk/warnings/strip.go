package warnings

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/desk/frame"
)

// strip draws the air of some days: a bar a day in the classes of HJ 633, with the class in words, and above them the
// windows by which the criteria are met. It is drawn twice, lying for a desk and standing for a phone.
type strip struct {
	Days     []stripDay
	Windows  []stripWindow
	Drill    bool
	Proposal string // whose windows they are
	Source   string
	Width    int // of the lying drawing
	Height   int
	Base     int // of its bars
	Tall     int // height of the standing drawing
	Today    int // x of the line between yesterday and today; 0 for none
}

type stripDay struct {
	Date     alerts.Date
	Label    string // 12-16
	Week     string
	Value    string // 230–280
	Low      int
	High     int
	Class    int // 1 to 6, 0 unknown
	Name     string
	Primary  string
	Counts   int // the index that counts, where it is not the value
	Why      string
	Note     string // remark on a day that counts
	Issued   time.Time
	Observed bool
	// Geometry of the lying drawing, then of the standing one.
	X, Mid, Y, H, ValueY, RangeH int
	Row, Len, ValueX             int
}

type stripWindow struct {
	Level        alerts.Level
	Text         string
	From, To     time.Time
	X, W, Y, TX  int
	Top, Len, PX int
}

// IssuedShort is when the day's forecast was issued, without the year.
func (d stripDay) IssuedShort() string { return d.Issued.In(alerts.Shanghai()).Format("01-02 15:04") }

// Sizes of the drawings, in units of their view boxes.
const (
	stripMost   = 10
	dayWidth    = 96
	barWidth    = 56
	barHeight   = 120
	windowRow   = 26
	labelSpace  = 102
	valueSpace  = 24
	standRow    = 56
	standLeft   = 112
	standLength = 120
	aqiTop      = 500
)

// bounds are the upper ends of the classes of HJ 633, table 2.
var bounds = []int{50, 100, 150, 200, 300}

func class(index int) int {
	n, _ := slices.BinarySearch(bounds, index)
	return n + 1
}

// strip draws the days around now: those by which the open proposal, or else the live warning's own proposal, was
// worked out, and what was forecast since. It is nil when nothing is known.
func (d *desk) strip(q *frame.Request, tx *bbolt.Tx, ev alerts.Evaluation, open *alerts.Proposal,
	live *alerts.Warning) (*strip, error) {
	p := open
	if p == nil && live != nil && live.ProposalID != nil {
		var err error
		if p, err = alerts.GetProposal(tx, *live.ProposalID); err != nil && refusal.CodeOf(err) != refusal.NotFound {
			return nil, err
		}
	}
	days := map[alerts.Date]stripDay{}
	if p != nil {
		for _, v := range p.Trace.Days {
			days[v.Date] = dayOf(q, v)
		}
	}
	source, err := d.judgedDays(q, tx, ev, days)
	if err != nil {
		return nil, err
	}
	s := &strip{Source: source}
	if p != nil {
		s.Drill, s.Proposal = p.Drill, p.ID
	}
	first := alerts.DateOf(q.Now).AddDays(-2)
	for day := range days {
		if day < first {
			delete(days, day)
		}
	}
	if len(days) == 0 {
		return nil, nil
	}
	s.lay(days)
	if p != nil {
		s.windows(q, p)
	}
	s.draw(q)
	return s, nil
}

// dayOf is what the criteria make of a day.
func dayOf(q *frame.Request, v alerts.DayVerdict) stripDay {
	day := stripDay{Date: v.Date, Observed: v.Source == alerts.SourceObservation, Primary: pollutants(q, v.Primary)}
	if v.AQI != nil {
		day.Low, day.High, day.Class = *v.AQI, *v.AQI, class(*v.AQI)
	}
	if v.CountedAQI != nil {
		day.Counts = *v.CountedAQI
	}
	if v.IssuedAt != nil {
		day.Issued = *v.IssuedAt
	}
	switch {
	case v.Why == "":
	case !v.Counted:
		day.Why = v.Reason(q.Lang)
	case v.Remarkable():
		day.Note = refusal.Text("why."+v.Why, q.Lang, nil)
	}
	return day
}

// judgedDays adds what is known of today and the days to come: what is measured, and the newest forecast with its
// range. It returns the source of the newest forecast.
func (d *desk) judgedDays(q *frame.Request, tx *bbolt.Tx, ev alerts.Evaluation,
	days map[alerts.Date]stripDay) (source string, err error) {
	forecasts := map[string]*alerts.Forecast{}
	var newest time.Time
	for _, v := range ev.Days {
		few := v.Hours != nil && v.Date >= alerts.DateOf(q.Now).AddDays(-2) // such a day may have been other than measured
		if !few && (v.Date < alerts.DateOf(q.Now) || v.AQI == nil && v.ForecastID == "") {
			continue
		}
		day := dayOf(q, v)
		if f := forecasts[v.ForecastID]; f == nil && v.ForecastID != "" {
			if forecasts[v.ForecastID], err = alerts.GetForecast(tx, v.ForecastID); err != nil {
				return "", err
			}
		}
		if f := forecasts[v.ForecastID]; f != nil {
			if f.IssuedAt.After(newest) {
				source, newest = f.Source, f.IssuedAt
			}
			for _, said := range f.Days {
				if said.Date == v.Date && said.AQILow <= day.High && day.High <= said.AQIHigh {
					day.Low, day.High, day.Class = said.AQILow, said.AQIHigh, class(said.AQIHigh)
				}
			}
		}
		days[v.Date] = day
	}
	return source, nil
}

// lay puts the days in order, without gaps.
func (s *strip) lay(days map[alerts.Date]stripDay) {
	first, last := alerts.Date("9999-12-31"), alerts.Date("")
	for day := range days {
		first, last = min(first, day), max(last, day)
	}
	for day := first; day <= last && len(s.Days) < stripMost; day = day.AddDays(1) {
		v, known := days[day]
		if !known {
			v = stripDay{Date: day}
		}
		s.Days = append(s.Days, v)
	}
}

// windows adds the spells by which the clauses of a proposal are met, those of the highest level first.
func (s *strip) windows(q *frame.Request, p *alerts.Proposal) {
	begin, end := s.Days[0].Date.Start(), s.Days[len(s.Days)-1].Date.End()
	for _, c := range slices.Backward(p.Trace.Clauses) {
		for _, w := range c.Windows {
			if !w.To.After(begin) || !w.From.Before(end) || len(s.Windows) == 4 || !c.Met {
				continue
			}
			// two clauses of a level may be met by the same spell
			if slices.ContainsFunc(s.Windows, func(have stripWindow) bool {
				return have.Level == c.Level && have.From.Equal(w.From) && have.To.Equal(w.To)
			}) {
				continue
			}
			s.Windows = append(s.Windows, stripWindow{Level: c.Level, From: w.From, To: w.To,
				Text: q.T("strip.window", "level", terms.ShortLevel(c.Level, q.Lang),
					"hours", int(w.To.Sub(w.From)/time.Hour))})
		}
	}
}

// draw works out the place of everything.
func (s *strip) draw(q *frame.Request) {
	top := windowRow*len(s.Windows) + valueSpace
	s.Base = top + barHeight
	s.Width, s.Height, s.Tall = dayWidth*len(s.Days), s.Base+labelSpace, standRow*len(s.Days)+4
	scale := func(v, length int) int { return max(3, min(v, aqiTop)*length/aqiTop) }
	today := alerts.DateOf(q.Now)
	for i := range s.Days {
		d := &s.Days[i]
		at := d.Date.Start()
		d.Label, d.Week = at.Format("01-02"), q.T(fmt.Sprintf("week.%d", at.Weekday()))
		d.Name = className(q, d)
		d.Mid = dayWidth*i + dayWidth/2
		d.X = d.Mid - barWidth/2
		d.Row = standRow*i + 2
		if d.Date == today && i > 0 {
			s.Today = dayWidth * i
		}
		if d.Class == 0 {
			d.Value, d.ValueY, d.ValueX = "—", s.Base-8, standLeft+8
			continue
		}
		d.Value = fmt.Sprint(d.High)
		if d.Low != d.High {
			d.Value = fmt.Sprintf("%d–%d", d.Low, d.High)
			d.RangeH = scale(d.High-d.Low, barHeight)
		}
		if d.Counts > 0 {
			d.Value += fmt.Sprintf("→%d", d.Counts)
		}
		d.H = scale(d.High, barHeight)
		d.Y = s.Base - d.H
		d.ValueY = d.Y - 6
		d.Len = scale(d.High, standLength)
		d.ValueX = standLeft + d.Len + 8
	}
	s.place()
}

// place puts the windows above the days, by the hour.
func (s *strip) place() {
	begin := s.Days[0].Date.Start()
	whole := s.Days[len(s.Days)-1].Date.End().Sub(begin)
	at := func(t time.Time, length int) int {
		return max(0, min(length, int(int64(t.Sub(begin))*int64(length)/int64(whole))))
	}
	for i := range s.Windows {
		w := &s.Windows[i]
		w.X = at(w.From, s.Width) + 4
		w.W = max(12, at(w.To, s.Width)-w.X-4)
		w.Y, w.TX = windowRow*i+2, w.X+w.W/2
		w.Top = at(w.From, s.Tall) + 2
		w.Len = max(8, at(w.To, s.Tall)-w.Top-2)
		w.PX = standLeft - 12 - 6*i
	}
}

// className is the standard's name for the class of a day's index.
func className(q *frame.Request, d *stripDay) string {
	if d.Class == 0 {
		return q.T("strip.no_data")
	}
	name, english := aqi.Class(d.High)
	if q.Lang == frame.EN {
		return english
	}
	return name
}

// pollutants names primary pollutants as people write them.
func pollutants(q *frame.Request, names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, terms.Name(terms.Pollutant, n, q.Lang))
	}
	return strings.Join(out, "、")
}
