package workbook

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/reductionlist/internal/text"
)

// Rules of what a number format makes of a number that is something else than the number; see [reader.mark].
const (
	markDate   = "list.cell_date"   // it is a day
	markTime   = "list.cell_time"   // it is a time
	markHidden = "list.cell_hidden" // what is shown and what is kept differ
	markUnit   = "list.cell_unit"   // a text, mostly a unit, stands behind it
)

// show is what a cell shows, with all digits that the file keeps: 50%, 0.3吨, E0001, 2026-10-01, 28:00. The rule, where
// there is one, says what is unusual about that.
func (f numberFormat) show(value string, date1904 bool) (shown, rule string) {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || len(f) == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return value, ""
	}
	s, sign := f.choose(v)
	switch {
	case s.date:
		return day(v, s.clock, date1904)
	case s.clock:
		return clock(v, s)
	case s.plain:
		return value, ""
	case s.thousandths > 0:
		return value, markHidden
	}
	return s.number(value, v, sign)
}

// choose finds the section of a number, and the sign that is written before it: a section of its own for numbers below
// zero writes none.
func (f numberFormat) choose(v float64) (s *section, sign string) {
	if v < 0 {
		sign = "-"
	}
	if slices.ContainsFunc(f, func(s section) bool { return s.test.op != "" }) {
		for i := range f[:min(len(f), 3)] {
			if f[i].test.holds(v) {
				return &f[i], sign
			}
		}
		return &section{}, sign
	}
	switch {
	case v < 0 && len(f) > 1:
		return &f[1], ""
	case v == 0 && len(f) > 2:
		return &f[2], ""
	}
	return &f[0], sign
}

// number writes a number into its section.
func (s *section) number(value string, v float64, sign string) (shown, rule string) {
	first := slices.IndexFunc(s.parts, func(p part) bool { return p.digit != 0 })
	needed := slices.ContainsFunc(s.parts, func(p part) bool { return p.digit == '0' || p.digit == '#' })
	switch {
	case !needed && v == 0: // a dash, or nothing
		return "0", ""
	case first < 0:
		return value, markHidden
	}
	last := len(s.parts) - 1
	for s.parts[last].digit == 0 {
		last--
	}
	digits := longNumber(strings.TrimPrefix(value, "-"))
	if s.percents > 0 {
		digits = text.Number(text.Round12(math.Abs(v) * math.Pow10(2*s.percents)))
	} else if plain := text.Number(math.Abs(v)); strings.ContainsAny(digits, "eE") && len(plain) <= 15 {
		digits = plain
	}
	middle, ok := s.parts[first : last+1].spread(digits)
	if !ok {
		return value, markHidden
	}
	behind := text.Trim(s.parts[last+1:].texts())
	shown = text.Trim(sign + s.parts[:first].texts() + middle + behind)
	if strings.Trim(behind, "%)") != "" {
		return shown, markUnit
	}
	return shown, ""
}

func (ps parts) texts() string {
	said := ""
	for _, p := range ps {
		said += p.text
	}
	return said
}

// spread writes digits into their places: with zeros before a whole number where there are more places, and with what
// stands between the places, as in 000-0000-0000. A broken number has no such texts within.
func (ps parts) spread(digits string) (string, bool) {
	whole, broken, _ := strings.Cut(digits, ".")
	places, zeros, within := 0, 0, false
	for _, p := range ps {
		switch {
		case p.digit == 0:
			within = true
		case !p.after:
			places++
			if p.digit == '0' {
				zeros++
			}
		}
	}
	if strings.Trim(digits, "0123456789.") != "" {
		return digits, !within
	}
	for len(whole) < zeros {
		whole = "0" + whole
	}
	if !within {
		if broken != "" {
			whole += "." + broken
		}
		return whole, true
	}
	if broken != "" || slices.ContainsFunc(ps, func(p part) bool { return p.after }) {
		return "", false
	}
	var backwards []string
	for i := len(ps) - 1; i >= 0; i-- {
		switch p := ps[i]; {
		case p.digit == 0:
			backwards = append(backwards, p.text)
		case places == 1: // the first place takes what is left
			backwards, whole = append(backwards, whole), ""
		case whole != "":
			backwards, whole = append(backwards, whole[len(whole)-1:]), whole[:len(whole)-1]
			places--
		default:
			places--
		}
	}
	slices.Reverse(backwards)
	return strings.Join(backwards, ""), true
}

// Days of the 1900 date system are counted so that day 61 is 1900-03-01, for the system has a 29 February 1900.
var dayNought = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

const (
	daysBetween = 1462    // of the 1904 date system before those of the 1900 one
	firstDay    = 20000   // 1954-10-03
	lastDay     = 2958466 // 10000-01-01
)

// day is a number that is shown as a day, with the time where there is one.
func day(v float64, clock, date1904 bool) (shown, rule string) {
	if date1904 {
		v += daysBetween
	}
	if v < firstDay || v >= lastDay { // a small number that has got the format of a day
		return text.Number(v), markHidden
	}
	at := dayNought.AddDate(0, 0, int(v)).Add(time.Duration(math.Round((v-math.Floor(v))*86400)) * time.Second)
	if clock && at.Format(time.TimeOnly) != "00:00:00" {
		return at.Format(time.DateTime), markDate
	}
	return at.Format(time.DateOnly), markDate
}

// clock is a number of days that is shown as a time, 4:00 or 28:00:30. A format that shows a time of day leaves out
// whole days, or hours where it shows only minutes: the cell then holds something else than it shows.
func clock(v float64, s *section) (shown, rule string) {
	seconds := math.Round(v * 86400)
	h := int(seconds) / 3600
	if v < 0 || seconds > 1e9 || !s.elapsed && (h >= 24 || !s.hours && h > 0) || s.noon {
		return text.Number(v), markHidden
	}
	return hoursOf(int(seconds)), markTime
}

func hoursOf(seconds int) string {
	shown := fmt.Sprintf("%d:%02d", seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		shown += fmt.Sprintf(":%02d", seconds%60)
	}
	return shown
}

// isoCell is a cell of the kind that holds a day or a time as ISO 8601 writes it (ECMA-376 part 1, 18.18.11, "d").
func isoCell(value string, f numberFormat) (shown, rule string) {
	if t, ok := isoClock(value); ok {
		return t, markTime
	}
	timed := false
	for i := range f {
		timed = timed || f[i].clock && !f[i].date
	}
	at, zoned, ok := parseISO(value)
	switch {
	case !ok:
		return value, markHidden
	// a time without a day, which programs write as that of their day 0
	case at.Before(time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)):
		if at.Year() == 1899 && at.YearDay() == 364 && timed {
			return hoursOf(at.Hour()*3600 + at.Minute()*60 + at.Second()), markTime
		}
		return value, markHidden
	case timed:
		return value, markHidden
	case at.Format(time.TimeOnly) == "00:00:00":
		return at.Format(time.DateOnly), markDate
	case zoned: // of which zone the day is does not show
		return value, markDate
	}
	return at.Format(time.DateTime), markDate
}

func isoClock(value string) (string, bool) {
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, strings.TrimSuffix(strings.TrimPrefix(value, "T"), "Z")); err == nil {
			return hoursOf(t.Hour()*3600 + t.Minute()*60 + t.Second()), true
		}
	}
	return "", false
}

func parseISO(value string) (at time.Time, zoned, ok bool) {
	plain := strings.TrimSuffix(value, "Z")
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, plain); err == nil {
			return t, plain != value, true
		}
	}
	return time.Time{}, false, false
}
