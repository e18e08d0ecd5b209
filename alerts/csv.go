package alerts

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
)

// dailyColumns are the columns of a daily episode CSV; true = required. Their order is free.
var dailyColumns = map[string]bool{
	"date": true, "aqi": true, "primary": false, "cause": false,
	"pm25": false, "pm10": false, "so2": false, "no2": false, "co": false, "o3_8h": false,
}

// dailyHeader is the header as documented, for the remedy of a wrong one.
const dailyHeader = "date,aqi,primary,pm25,pm10,so2,no2,co,o3_8h"

// maxWrong ends the reading of a file that is wrong all over.
const maxWrong = 100

// ReadDailyCSV reads an episode: one row per day with the header date,aqi,primary,pm25,pm10,so2,no2,co,o3_8h and
// optionally cause; µg/m³, CO in mg/m³; an empty cell is missing. A UTF-8 byte-order mark is accepted. Only aqi is
// used: a row without it is an unknown day. The days come back in ascending order. A refusal names every wrong cell
// by its row (the line of the file, the header being row 1) and column, with the value and what to do.
func ReadDailyCSV(r io.Reader) ([]Day, error) {
	br := bufio.NewReader(r)
	if bom, err := br.Peek(3); err == nil && string(bom) == "\ufeff" {
		_, _ = br.Discard(3) // just peeked
	}
	cr := csv.NewReader(br)
	cr.FieldsPerRecord = -1
	cr.ReuseRecord = true
	header, err := cr.Read()
	if errors.Is(err, io.EOF) {
		return nil, refusal.Input([]refusal.Field{{Path: "row 1", Rule: "csv.empty", Args: refusal.Args{"header": dailyHeader}}})
	}
	if err != nil {
		return nil, brokenCSV(err)
	}
	t := dailyTable{}
	if err := t.header(header); err != nil {
		return nil, err
	}
	for len(t.wrong) < maxWrong {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, brokenCSV(err)
		}
		row, _ := cr.FieldPos(0)
		t.row(row, rec)
	}
	if len(t.days) == 0 && len(t.wrong) == 0 {
		t.add(2, "date", "", "csv.no_days", nil)
	}
	if err := refusal.Input(t.wrong); err != nil {
		return nil, err
	}
	slices.SortFunc(t.days, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
	return t.days, nil
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

// dailyTable is what has been read of a file.
type dailyTable struct {
	columns []string
	days    []Day
	seen    map[Date]int // date → its row
	wrong   []refusal.Field
}

func (t *dailyTable) add(row int, column, value, rule string, args refusal.Args) {
	if args == nil {
		args = refusal.Args{}
	}
	args["row"], args["column"], args["value"] = row, column, value
	t.wrong = append(t.wrong, refusal.Field{Path: fmt.Sprintf("row %d, column %s", row, column), Rule: rule, Args: args})
}

func (t *dailyTable) header(rec []string) error {
	for _, cell := range rec {
		name := strings.TrimSpace(cell)
		if _, known := dailyColumns[name]; !known {
			t.add(1, name, name, "csv.column_unknown", refusal.Args{"header": dailyHeader})
		} else if slices.Contains(t.columns, name) {
			t.add(1, name, name, "csv.column_twice", nil)
		}
		t.columns = append(t.columns, name)
	}
	for _, name := range []string{"date", "aqi"} {
		if !slices.Contains(t.columns, name) {
			t.add(1, name, strings.Join(t.columns, ","), "csv.column_missing", refusal.Args{"header": dailyHeader})
		}
	}
	return refusal.Input(t.wrong)
}

func (t *dailyTable) row(row int, rec []string) {
	if len(rec) != len(t.columns) {
		t.add(row, t.columns[min(len(rec), len(t.columns)-1)], strings.Join(rec, ","), "csv.cell_count", refusal.Args{"got": len(rec), "want": len(t.columns)})
		return
	}
	day := Day{Primary: []string{}}
	for i, cell := range rec {
		column, cell := t.columns[i], strings.TrimSpace(cell)
		switch column {
		case "date":
			day.Date = t.date(row, cell)
		case "aqi":
			day.AQI = t.aqi(row, cell)
		case "primary":
			day.Primary = t.primary(row, cell)
		case "cause":
			day.Cause = Cause(strings.ReplaceAll(cell, "-", "_"))
			if !slices.Contains(causes, day.Cause) {
				t.add(row, column, cell, "csv.cause", nil)
			}
		default:
			t.concentration(row, column, cell)
		}
	}
	t.days = append(t.days, day)
}

func (t *dailyTable) date(row int, cell string) Date {
	d, ok := ParseDate(cell)
	if !ok {
		t.add(row, "date", cell, "csv.date", nil)
		return d
	}
	if first, twice := t.seen[d]; twice {
		t.add(row, "date", cell, "csv.date_twice", refusal.Args{"first": first})
		return d
	}
	if t.seen == nil {
		t.seen = map[Date]int{}
	}
	t.seen[d] = row
	return d
}

func (t *dailyTable) aqi(row int, cell string) *int {
	if cell == "" {
		return nil
	}
	aqi, err := strconv.Atoi(cell)
	if err != nil || aqi < 0 || aqi > maxAQI {
		t.add(row, "aqi", cell, "csv.aqi", nil)
		return nil
	}
	return &aqi
}

// primary reads a list separated by semicolons.
func (t *dailyTable) primary(row int, cell string) []string {
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

func (t *dailyTable) concentration(row int, column, cell string) {
	if cell == "" {
		return
	}
	if v, err := strconv.ParseFloat(cell, 64); err != nil || v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		t.add(row, column, cell, "csv.concentration", nil)
	}
}
