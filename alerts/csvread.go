package alerts

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts/aqi"
	"qingkong/alerts/forms"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// maxWrong ends the reading of a file that is wrong all over.
const maxWrong = 100

// CSV reads a file of days or of hours, in UTF-8: one row each, below a header whose columns stand in any order. The
// plain header is date,aqi,primary,pm25,pm10,so2,no2,co,o3_8h (of hours time in place of date and o3), µg/m³, CO in
// mg/m³; which others are understood, and which forms of cells, package forms says. A row of titles or notes and a
// column that is not known are passed over and told of in Notes. A day without an AQI has that of its concentrations,
// else the band of its class; without any it is unknown, and such an hour is left out. A refusal names every wrong cell
// by its row (the line of the file) and column, with the value and what to do; nothing of the file counts then.
func (r Reader) CSV(in io.Reader) (Air, error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return Air{}, fmt.Errorf("read CSV: %w", err)
	}
	l, err := findLayout(string(text))
	if err != nil {
		return Air{}, err
	}
	t := &table{Reader: r, layout: l, limits: r.plausible(), date: -1, time: -1, hour: -1, seen: map[string]int{},
		first: map[int]row{}}
	t.air.low = map[Date]int{}
	if err := t.heads(); err != nil {
		return Air{}, err
	}
	err = t.rows()
	if broken := (*csv.ParseError)(nil); errors.As(err, &broken) && errors.Is(broken.Err, csv.ErrBareQuote) {
		again := t.fresh()
		again.lazy = true
		t, err = again, again.rows()
	}
	if err != nil {
		return Air{}, brokenCSV(err, t.before)
	}
	return t.end()
}

// table is what has been read of a file.
type table struct {
	Reader
	layout
	limits           Plausible
	air              Air
	date, time, hour int // columns of the key; -1 for none
	hourly           bool
	decided          bool           // whether the rows are of days or of hours
	seen             map[string]int // day or hour → its row
	first            map[int]row    // of columns that name a place, the first row that has one
	doubt            [2]doubt       // of PM2.5 and PM10 without a unit
	wrong            []refusal.Field
}

// doubt is whether every value of a column without a unit is below 1.
type doubt struct {
	line        int
	name, value string
	certain     bool // one is not
}

// fresh is the table before its rows.
func (t *table) fresh() *table {
	again := *t
	again.air = Air{low: map[Date]int{}}
	again.seen, again.first, again.wrong, again.doubt = map[string]int{}, map[int]row{}, nil, [2]doubt{}
	return &again
}

func (t *table) add(line int, column, value, rule string, args refusal.Args) {
	if args == nil {
		args = refusal.Args{}
	}
	args["row"], args["column"], args["value"] = line, column, refusal.Shown(value)
	t.wrong = append(t.wrong, refusal.Field{Path: columnPath(line, column), Rule: rule, Args: args})
}

// bad refuses a cell with the reason that its form was refused with.
func (t *table) bad(line int, column, value, rule string, w *forms.Wrong) {
	t.add(line, column, value, rule, refusal.Args{"why": refusal.Words(w.Rule, w.Args)})
}

func (t *table) note(line int, column, rule string, args refusal.Args) {
	if len(t.air.Notes) < maxNotes {
		path := "row " + strconv.Itoa(line)
		if column != "" {
			path = columnPath(line, column)
		}
		t.air.Notes = append(t.air.Notes, note(path, rule, args))
	}
}

// name is how a column is called in messages.
func (t *table) name(i int) string {
	if t.columns[i].name != "" {
		return t.columns[i].name
	}
	return strconv.Itoa(i + 1)
}

// heads refuses a header that lacks what every file has, or that says a thing twice or in a way that is not known.
func (t *table) heads() error {
	said := make([]string, len(t.columns))
	// one of an hour and one of a day are told apart once it is known which of them the rows are
	first := map[forms.Head]bool{}
	for i, c := range t.columns {
		said[i] = c.name
		switch {
		case c.wrong != nil:
			t.add(t.line, t.name(i), c.name, "csv.column_unit", refusal.Args{"why": refusal.Words(c.wrong.Rule, c.wrong.Args)})
		case c.Column == forms.Unknown, c.Column == forms.Ignored, c.Column == forms.Place:
		case first[forms.Head{Column: c.Column, Day: c.Day, Hour: c.Hour}]:
			t.add(t.line, t.name(i), c.name, "csv.column_twice", nil)
		default:
			first[forms.Head{Column: c.Column, Day: c.Day, Hour: c.Hour}] = true
		}
		switch c.Column {
		case forms.Date:
			t.date = i
		case forms.Time:
			t.time = i
		case forms.Hour:
			t.hour = i
		}
	}
	line, value := max(t.line, 1+t.before), strings.Join(said, ",")
	if !t.key {
		t.add(line, "date", value, "csv.column_missing", refusal.Args{"header": exampleDaily})
	}
	if !t.values {
		t.add(line, "aqi", value, "csv.column_missing", refusal.Args{"header": exampleDaily})
	}
	for _, title := range t.titles {
		unit, w := forms.StatedUnit(title)
		if w != nil {
			t.add(line, "1", title, "csv.column_unit", refusal.Args{"why": refusal.Words(w.Rule, w.Args)})
		}
		for i := range t.columns {
			if _, ok := t.columns[i].Column.Pollutant(false); ok && t.columns[i].Unit == forms.NoUnit {
				t.columns[i].Unit = unit
			}
		}
	}
	return refusal.Input(t.wrong)
}

// rows reads the rows below the header.
func (t *table) rows() error {
	return t.each(func(r row) bool {
		if r.line > t.line && !r.blank() {
			t.row(r)
		}
		return len(t.wrong) < maxWrong
	})
}

// decide finds out from the first row of data whether the rows are days or hours, and puts aside the columns that do
// not belong to such a report.
func (t *table) decide(r row) {
	t.decided = true
	switch {
	case t.date >= 0 && t.hour >= 0:
		t.hourly, t.time = true, t.hour
	case t.date >= 0 && t.time >= 0:
		if t.hourly = forms.HourAlone(r.cell(t.time)); !t.hourly {
			t.columns[t.time].Column, t.time = forms.Unknown, -1
		}
	case t.date < 0:
		if t.hourly = !forms.DayAlone(r.cell(t.time)); !t.hourly {
			t.date, t.time = t.time, -1
		}
	}
	pollutants := map[aqi.Pollutant]bool{}
	for i := range t.columns {
		c := &t.columns[i]
		p, ok := c.Column.Pollutant(t.hourly)
		odd := t.hourly && (c.Day || c.Column == forms.Class || p == aqi.O3H8) || !t.hourly && c.Hour
		if odd {
			c.Column, ok = forms.Unknown, false
		}
		if ok && pollutants[p] {
			t.add(t.line, t.name(i), c.name, "csv.column_twice", nil)
		}
		pollutants[p] = pollutants[p] || ok
		if c.Column == forms.Unknown && c.name != "" {
			t.note(t.line, t.name(i), "note.column_aside", refusal.Args{"value": refusal.Shown(c.name)})
		}
	}
}

// row reads one row below the header, which may also be a note, a sum, or the header again.
func (t *table) row(r row) {
	key := max(t.date, -1)
	if key < 0 {
		key = t.time
	}
	_, noDay := forms.Day(r.cell(key))
	_, noHour := forms.HourAt(r.cell(key))
	if noDay != nil && noHour != nil && t.aside(r, r.cell(key)) {
		return
	}
	if !t.decided {
		t.decide(r)
	}
	if !t.fits(r) {
		return
	}
	t.places(r)
	date, at, ok := t.when(r)
	e := entry{primary: []string{}}
	for i := range t.columns {
		ok = t.read(r, i, &e) && ok
	}
	if !ok {
		return
	}
	if t.hourly {
		t.takeHour(r.line, at, &e)
	} else {
		t.takeDay(r.line, date, &e)
	}
}

// footers are the beginnings of rows that are no data, whatever else stands in them.
var footers = strings.Fields("注 备注 说明 数据来源 来源 制表 制作 填表 审核 审批 签发 预报员 会商 发布 起报 单位 联系 平均 均值 合计 总计 统计 最大 最小 最高 最低 极值 note " +
	"remark source total average mean max min unit")

// aside reports whether a row without a day is no row of data but a note, a sum, or the header again.
func (t *table) aside(r row, key string) bool {
	label := strings.ToLower(strings.TrimLeft(refusal.Plainly(r.label()), "*※ ("))
	again, repeats := 0, true
	for i, c := range r.cells {
		repeats = repeats && (c == "" || c == t.columnText(i))
		if h, _ := forms.ReadHead(c); h.Column != forms.Unknown {
			again++
		}
	}
	switch {
	case repeats:
	case again > 2:
		t.add(r.line, t.name(0), strings.Join(r.cells, ","), "csv.second_header", nil)
	case slices.ContainsFunc(footers, func(f string) bool { return strings.HasPrefix(label, f) }):
	case forms.DayLike(key) || t.tellsOf(r):
		return false
	}
	if !repeats {
		t.note(r.line, "", "note.row_aside", refusal.Args{"value": refusal.Shown(r.label())})
	}
	return true
}

func (t *table) columnText(i int) string {
	if i < len(t.columns) {
		return t.columns[i].name
	}
	return ""
}

// tellsOf reports whether a row has a value of the air.
func (t *table) tellsOf(r row) bool {
	for i, c := range t.columns {
		if c.tells() && forms.AbsenceOf(r.cell(i)) == forms.Present {
			return true
		}
	}
	return false
}

// fits refuses a row with fewer cells than the header has, or with something beyond it. Empty cells at the end are
// none.
func (t *table) fits(r row) bool {
	want := len(t.columns)
	for want > 0 && t.columns[want-1].name == "" {
		want--
	}
	got := len(r.cells)
	for got > len(t.columns) && r.cells[got-1] == "" {
		got--
	}
	if got >= want && got <= len(t.columns) {
		return true
	}
	t.add(r.line, t.name(min(got, len(t.columns)-1)), strings.Join(r.cells, ","), "csv.cell_count",
		refusal.Args{"got": got, "want": want})
	return false
}

// places refuses a second region or station.
func (t *table) places(r row) {
	for i, c := range t.columns {
		if c.Column != forms.Place || r.cell(i) == "" {
			continue
		}
		first, ok := t.first[i]
		if !ok {
			t.first[i] = r
		} else if first.cell(i) != r.cell(i) {
			t.add(r.line, t.name(i), r.cell(i), "csv.places",
				refusal.Args{"first": first.line, "other": refusal.Shown(first.cell(i))})
		}
	}
}

// when reads the row's day, or its hour.
func (t *table) when(r row) (date Date, at time.Time, ok bool) {
	column, rule, day := t.date, "csv.date", ""
	var w *forms.Wrong
	if t.date >= 0 {
		day, w = forms.Day(r.cell(t.date))
	}
	if w == nil && t.hourly {
		if column, rule = t.time, "csv.time"; t.date >= 0 {
			at, w = forms.HourOf(day, r.cell(t.time))
		} else {
			at, w = forms.HourAt(r.cell(t.time))
		}
	}
	if w != nil {
		t.bad(r.line, t.name(column), r.cell(column), rule, w)
	}
	return Date(day), t.begin(at), w == nil
}

// begin is the beginning of the hour that a time names.
func (r Reader) begin(at time.Time) time.Time {
	if r.HourEnds {
		return at.Add(-time.Hour)
	}
	return at
}

// ruleOf is the rule that a wrong cell of a column is refused by.
func ruleOf(c forms.Column) string {
	switch c {
	case forms.AQI, forms.AQILow, forms.AQIHigh:
		return "csv.aqi"
	case forms.Class, forms.Primary, forms.Cause:
		return "csv." + string(c)
	}
	return "csv.concentration"
}

// read reads the cell of a column into the entry.
func (t *table) read(r row, i int, e *entry) bool {
	c, text := t.columns[i], r.cell(i)
	if !c.tells() && c.Column != forms.Primary && c.Column != forms.Cause {
		return true
	}
	if w := e.read(c.Column, c.Unit, text, t.hourly, t.Measured); w != nil {
		t.bad(r.line, t.name(i), text, ruleOf(c.Column), w)
		return false
	}
	if b := e.index; c.Column == forms.AQI && b != nil && (t.Measured || t.hourly) && (b.Low != b.High || b.Class) {
		rule := "csv.range_measured"
		if !t.Measured {
			rule = "csv.range_hour"
		}
		t.add(r.line, t.name(i), text, rule, nil)
		return false
	}
	if p, ok := c.Column.Pollutant(t.hourly); ok {
		t.weigh(r.line, i, p, text, e)
	}
	return true
}

// weigh notes what speaks against a value having the unit that no header names.
func (t *table) weigh(line, i int, p aqi.Pollutant, text string, e *entry) {
	for k, one := range []*aqi.Concentration{e.PM25, e.PM10} {
		if p != aqiPollutants[k] || one == nil || t.columns[i].Unit != forms.NoUnit || *one == (aqi.Concentration{}) {
			continue
		}
		d := &t.doubt[k]
		d.certain = d.certain || one.Cmp(aqi.Whole(1)) >= 0
		if d.line == 0 {
			d.line, d.name, d.value = line, t.name(i), text
		}
	}
}

// takeDay keeps a day.
func (t *table) takeDay(line int, date Date, e *entry) {
	if !t.credible(line, e) || !t.wholeRange(line, e) {
		return
	}
	if t.Measured {
		e.class = nil
	}
	o := e.resolve(date)
	d := Day{Date: date, Primary: o.primary, Cause: e.cause, Measured: e.Measured, SetAside: e.aside}
	if o.band != nil {
		d.AQI = &o.band.High
	}
	if first, twice := t.seen[string(date)]; twice && !t.Measured {
		i := slices.IndexFunc(t.air.Days, func(known Day) bool { return known.Date == date })
		low, ranged := t.air.low[date]
		same := i >= 0 && reflect.DeepEqual(t.air.Days[i], d) && ranged == (o.band != nil && o.band.Low != o.band.High) &&
			(!ranged || low == o.band.Low)
		t.twice(line, t.date, string(date), first, same)
		return
	}
	t.seen[string(date)] = line
	if o.band != nil && o.band.Low != o.band.High {
		t.air.low[date] = o.band.Low
	}
	t.air.Days = append(t.air.Days, d)
	t.remark(line, date, e, o)
}

// wholeRange refuses half a range, one that is upside down, and one beside an index.
func (t *table) wholeRange(line int, e *entry) bool {
	if e.low == nil && e.high == nil {
		return true
	}
	refuse := func(i int, rule string, args refusal.Args) bool {
		t.bad(line, t.name(max(i, 0)), "", "csv.aqi", &forms.Wrong{Rule: rule, Args: args})
		return false
	}
	switch low, high := t.column(forms.AQILow), t.column(forms.AQIHigh); {
	case t.Measured:
		return refuse(max(low, high), "day.range_measured", nil)
	case e.index != nil:
		return refuse(t.column(forms.AQI), "day.aqi_and_range", nil)
	case e.low == nil:
		return refuse(low, "day.half_range", nil)
	case e.high == nil:
		return refuse(high, "day.half_range", nil)
	case *e.low > *e.high:
		return refuse(high, "day.range_upside_down", refusal.Args{"low": *e.low, "high": *e.high})
	}
	return true
}

// column is the place of a column, or of that of a pollutant; -1 where there is none.
func (t *table) column(c forms.Column) int {
	return slices.IndexFunc(t.columns, func(k column) bool {
		own, ok := k.Column.Pollutant(t.hourly)
		return k.Column == c || ok && forms.Column(own) == c
	})
}

// remark tells what is strange about a day, and that its values make no index.
func (t *table) remark(line int, date Date, e *entry, o outcome) {
	if t.Measured {
		return
	}
	if o.band == nil && !e.empty() {
		t.note(line, "", "note.no_index", refusal.Args{"value": date})
	}
	for _, r := range e.remarks(date, o) {
		t.note(line, string(r.column), r.rule, r.args)
	}
}

// takeHour keeps an hour that has something.
func (t *table) takeHour(line int, at time.Time, e *entry) {
	if !t.credible(line, e) {
		return
	}
	h := Hour{At: at, Cause: e.cause, Measured: e.Measured, SetAside: e.aside}
	if e.index != nil {
		h.AQI = &e.index.High
	}
	key := at.Format(time.RFC3339)
	if first, twice := t.seen[key]; twice && !t.Measured {
		i := slices.IndexFunc(t.air.Hours, func(known Hour) bool { return known.At.Equal(at) })
		t.twice(line, t.time, key, first, i >= 0 && reflect.DeepEqual(t.air.Hours[i], h) || i < 0 && e.empty())
		return
	}
	t.seen[key] = line
	if !e.empty() || len(e.aside) > 0 {
		t.air.Hours = append(t.air.Hours, h)
	}
	if !t.Measured && e.aboveItsOwn() {
		t.note(line, string(aqi.PM25), "note.pm25_above_pm10", refusal.Args{"pm25": *e.PM25, "pm10": *e.PM10})
	}
}

// twice refuses a day or an hour that stands in an earlier row with other values.
func (t *table) twice(line, column int, value string, first int, same bool) {
	if same {
		t.note(line, "", "note.row_same", refusal.Args{"first": first})
		return
	}
	t.add(line, t.name(column), value, "csv.date_twice", refusal.Args{"first": first})
}

// credible refuses what a forecast cannot expect.
func (t *table) credible(line int, e *entry) bool {
	if t.Measured {
		return true
	}
	p, args := t.limits.tooHigh(&e.Measured, t.hourly)
	if p == "" {
		return true
	}
	t.bad(line, t.name(max(t.column(forms.Column(p)), 0)), fmt.Sprint(args["value"]), "csv.too_high",
		&forms.Wrong{Rule: "day.too_high", Args: args})
	return false
}

// end is what the file holds, or everything that is wrong with it.
func (t *table) end() (Air, error) {
	if len(t.air.Days)+len(t.air.Hours) == 0 && len(t.wrong) == 0 { // no row, or hours that are all marked as missing
		key := max(t.date, t.time, 0)
		t.add(t.line+1, t.name(key), "", "csv.no_days", nil)
	}
	for k, d := range t.doubt {
		if !t.Measured && d.line > 0 && !d.certain {
			p := aqiPollutants[k]
			t.bad(d.line, d.name, d.value, "csv.unit_doubtful", &forms.Wrong{Rule: "day.unit_doubtful",
				Args: refusal.Args{"pollutant": terms.Words(terms.Pollutant, p), "unit": aqi.Unit(p), "value": d.value}})
		}
	}
	if err := refusal.Input(t.wrong); err != nil {
		return Air{}, err
	}
	slices.SortFunc(t.air.Days, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
	slices.SortFunc(t.air.Hours, func(a, b Hour) int { return a.At.Compare(b.At) })
	return t.air, nil
}
