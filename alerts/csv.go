package alerts

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// form is what a kind of episode CSV looks like. Its columns may stand in any order; true = required.
type form struct {
	key     string // the column that tells the day or the hour
	columns map[string]bool
	header  string // as documented, for the remedy of a wrong one
}

var (
	daily = form{key: "date", header: "date,aqi,primary,pm25,pm10,so2,no2,co,o3_8h", columns: map[string]bool{
		"date": true, "aqi": true, "primary": false, "cause": false,
		"pm25": false, "pm10": false, "so2": false, "no2": false, "co": false, "o3_8h": false,
	}}
	hourly = form{key: "time", header: "time,aqi,primary,pm25,pm10,so2,no2,co,o3", columns: map[string]bool{
		"time": true, "aqi": true, "primary": false, "cause": false,
		"pm25": false, "pm10": false, "so2": false, "no2": false, "co": false, "o3": false,
	}}
)

// maxWrong ends the reading of a file that is wrong all over.
const maxWrong = 100

// Air is what an episode CSV holds: days or hours, in ascending order.
type Air struct {
	Days  []Day
	Hours []Hour
}

// Series is the episode as a series to be evaluated.
func (a Air) Series() Series {
	s := Series{}
	for _, d := range a.Days {
		s.Days = append(s.Days, d.air(""))
	}
	for i := range a.Hours {
		h := &a.Hours[i]
		s.Hours = append(s.Hours, HourAir{At: h.At, AQI: h.AQI, Values: h.Values(), Cause: h.Cause})
	}
	return s
}

// Daily is the episode by days; of hours, each calendar day that has a 24-hour mean.
func (a Air) Daily() []Day {
	if len(a.Hours) == 0 {
		return a.Days
	}
	var days []Day
	for _, w := range windows(a.Series().Hours) {
		if d := w.day(); d != "" {
			days = append(days, Day{Date: d, AQI: w.aqi, Primary: w.primary, Cause: w.cause})
		}
	}
	return days
}

// Forecast is the episode as what a source expects: its days that have an index, each with that one value, and its hours.
func (a Air) Forecast() ([]ForecastDay, []Hour) {
	days := []ForecastDay{}
	for _, d := range a.Days {
		if d.AQI != nil {
			days = append(days, ForecastDay{Date: d.Date, AQILow: *d.AQI, AQIHigh: *d.AQI, Primary: d.Primary, Cause: d.Cause, Measured: d.Measured})
		}
	}
	return days, a.Hours
}

// Measured is the episode's days that have an index, or of which something is set aside: what is unknown was not measured.
func (a Air) Measured() []Day {
	days := []Day{}
	for _, d := range a.Days {
		if d.AQI != nil || len(d.NotTaken) > 0 {
			days = append(days, d)
		}
	}
	return days
}

// First is the episode's first day.
func (a Air) First() Date {
	if len(a.Days) > 0 {
		return a.Days[0].Date
	}
	return DateOf(a.Hours[0].At)
}

// ReadCSV reads an episode: one row per day with the header date,aqi,primary,pm25,pm10,so2,no2,co,o3_8h, or one per
// hour with time (RFC 3339, the hour's beginning) and o3, and optionally cause; µg/m³, CO in mg/m³; an empty cell is
// missing. A UTF-8 byte-order mark is accepted. A day without an AQI has that of its concentrations, see resolve; without
// both it is unknown, and such an hour is left out. A refusal names every wrong cell by its row (the line of the file, the
// header being row 1) and column, with the value and what to do.
func ReadCSV(r io.Reader) (Air, error) { return readCSV(r, nil, false) }

// ReadObservedCSV is [ReadCSV] of what was measured: values that are none are set aside in their rows, and a day or an hour may
// stand twice, as in [ParseObservation].
func ReadObservedCSV(r io.Reader) (Air, error) { return readCSV(r, nil, true) }

// ReadDailyCSV is [ReadCSV] of days alone.
func ReadDailyCSV(r io.Reader) ([]Day, error) {
	ep, err := readCSV(r, &daily, false)
	return ep.Days, err
}

func readCSV(r io.Reader, want *form, observed bool) (Air, error) {
	br := bufio.NewReader(r)
	if bom, err := br.Peek(3); err == nil && string(bom) == "\ufeff" {
		_, _ = br.Discard(3) // just peeked
	}
	cr := csv.NewReader(br)
	cr.FieldsPerRecord = -1
	cr.ReuseRecord = true
	header, err := cr.Read()
	if errors.Is(err, io.EOF) {
		return Air{}, refusal.Input([]refusal.Field{{Path: "row 1", Rule: "csv.empty", Args: refusal.Args{"header": daily.header}}})
	}
	if err != nil {
		return Air{}, brokenCSV(err)
	}
	t := table{form: &daily, observed: observed}
	if want == nil && slices.ContainsFunc(header, func(c string) bool { return strings.TrimSpace(c) == hourly.key }) {
		t.form = &hourly
	}
	if err := t.header(header); err != nil {
		return Air{}, err
	}
	for len(t.wrong) < maxWrong {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Air{}, brokenCSV(err)
		}
		row, _ := cr.FieldPos(0)
		t.row(row, rec)
	}
	if len(t.days)+len(t.hours) == 0 && len(t.wrong) == 0 {
		t.add(2, t.form.key, "", "csv.no_days", nil)
	}
	if err := refusal.Input(t.wrong); err != nil {
		return Air{}, err
	}
	slices.SortFunc(t.days, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
	slices.SortFunc(t.hours, func(a, b Hour) int { return a.At.Compare(b.At) })
	return Air{Days: t.days, Hours: t.hours}, nil
}

// brokenCSV refuses what is not CSV; an error of the reader below is passed on.
func brokenCSV(err error) error {
	var pe *csv.ParseError
	if !errors.As(err, &pe) {
		return fmt.Errorf("read CSV: %w", err)
	}
	return refusal.Input([]refusal.Field{{Path: "row " + strconv.Itoa(pe.Line), Rule: "csv.broken",
		Args: refusal.Args{"row": pe.Line, "column": pe.Column, "why": pe.Err.Error()}}})
}

// table is what has been read of a file.
type table struct {
	days    []Day
	hours   []Hour
	form    *form
	columns []string
	seen    map[string]int // date or time → its row
	wrong   []refusal.Field

	observed bool       // what it holds was measured
	notTaken []NotTaken // of the row that is being read
}

func (t *table) add(row int, column, value, rule string, args refusal.Args) {
	if args == nil {
		args = refusal.Args{}
	}
	args["row"], args["column"], args["value"] = row, column, value
	t.wrong = append(t.wrong, refusal.Field{Path: fmt.Sprintf("row %d, column %s", row, column), Rule: rule, Args: args})
}

func (t *table) header(rec []string) error {
	for _, cell := range rec {
		name := strings.TrimSpace(cell)
		if _, known := t.form.columns[name]; !known {
			t.add(1, name, name, "csv.column_unknown", refusal.Args{"header": t.form.header})
		} else if slices.Contains(t.columns, name) {
			t.add(1, name, name, "csv.column_twice", nil)
		}
		t.columns = append(t.columns, name)
	}
	for _, name := range []string{t.form.key, "aqi"} {
		if !slices.Contains(t.columns, name) {
			t.add(1, name, strings.Join(t.columns, ","), "csv.column_missing", refusal.Args{"header": t.form.header})
		}
	}
	return refusal.Input(t.wrong)
}

// cells are the values of one row.
type cells struct {
	date    Date
	at      time.Time
	aqi     *int
	primary []string
	cause   Cause
	Measured
}

func (t *table) row(row int, rec []string) {
	if len(rec) != len(t.columns) {
		t.add(row, t.columns[min(len(rec), len(t.columns)-1)], strings.Join(rec, ","), "csv.cell_count", refusal.Args{"got": len(rec), "want": len(t.columns)})
		return
	}
	c := cells{primary: []string{}}
	t.notTaken = nil
	for i, cell := range rec {
		column, cell := t.columns[i], strings.TrimSpace(cell)
		switch column {
		case "date":
			c.date = t.date(row, cell)
		case "time":
			c.at = t.time(row, cell)
		case "aqi":
			c.aqi = t.aqi(row, cell)
		case "primary":
			c.primary = t.primary(row, cell)
		case "cause":
			c.cause = Cause(strings.ReplaceAll(cell, "-", "_"))
			if !slices.Contains(causes, c.cause) {
				t.add(row, column, cell, "csv.cause", nil)
			}
		default:
			t.concentration(row, column, cell, &c.Measured)
		}
	}
	t.take(&c)
}

// take keeps a row. A day whose published index its concentrations do not make keeps it.
func (t *table) take(c *cells) {
	if t.form == &hourly {
		if c.aqi != nil || len(c.Values()) > 0 || len(t.notTaken) > 0 {
			t.hours = append(t.hours, Hour{At: c.at, AQI: c.aqi, Cause: c.cause, Measured: c.Measured, NotTaken: t.notTaken})
		}
		return
	}
	d := Day{Date: c.date, Cause: c.cause, Measured: c.Measured, NotTaken: t.notTaken}
	d.AQI, d.Primary = resolve(c.date, c.aqi, c.primary, c.Values())
	t.days = append(t.days, d)
}

func (t *table) date(row int, cell string) Date {
	d, ok := ParseDate(cell)
	if !ok {
		t.add(row, "date", cell, "csv.date", nil)
		return d
	}
	t.once(row, "date", cell, cell)
	return d
}

func (t *table) time(row int, cell string) time.Time {
	at, err := time.Parse(time.RFC3339, cell)
	_, ok := ParseDate(string(DateOf(at)))
	if err != nil || !ok || !at.Equal(at.Truncate(time.Hour)) {
		t.add(row, "time", cell, "csv.time", nil)
		return at
	}
	at = at.In(Shanghai())
	t.once(row, "time", cell, at.String())
	return at
}

// once refuses a day or an hour that stands in an earlier row.
func (t *table) once(row int, column, cell, key string) {
	if first, twice := t.seen[key]; twice && !t.observed {
		t.add(row, column, cell, "csv.date_twice", refusal.Args{"first": first})
		return
	}
	if t.seen == nil {
		t.seen = map[string]int{}
	}
	t.seen[key] = row
}

func (t *table) aqi(row int, cell string) *int {
	if cell == "" {
		return nil
	}
	index, err := strconv.Atoi(cell)
	if err == nil && t.observed && unreadable(nameAQI, cell) {
		t.notTaken = append(t.notTaken, NotTaken{nameAQI, shortened(cell), AsideImpossible})
		return nil
	}
	if err != nil || index < 0 || index > maxAQI {
		t.add(row, "aqi", cell, "csv.aqi", nil)
		return nil
	}
	return &index
}

// primary reads a list separated by semicolons.
func (t *table) primary(row int, cell string) []string {
	out := []string{}
	if cell == "" {
		return out
	}
	for part := range strings.SplitSeq(cell, ";") {
		p, ok := ParsePollutant(part)
		if !ok {
			t.add(row, "primary", cell, "csv.primary", nil)
			return out
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func (t *table) concentration(row int, column, cell string, into *Measured) {
	if cell == "" {
		return
	}
	if column == "o3" {
		column = aqi.O3H1
	}
	v, err := aqi.ParseConcentration(cell)
	if err != nil && t.observed && unreadable(column, cell) {
		t.notTaken = append(t.notTaken, NotTaken{column, shortened(cell), AsideImpossible})
		return
	}
	if err != nil {
		t.add(row, column, cell, "csv.concentration", refusal.Args{"largest": aqi.MaxConcentration})
		return
	}
	into.set(column, v)
}
