package judge

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

// Holidays tells working days from days of rest by what the State Council published: a Saturday may be a working day that
// makes up for a holiday.
type Holidays struct {
	off   map[string]bool // by day: whether people are off; absent of days that go by their weekday
	years map[int]bool    // that are published
}

// HolidayColumns are the headers of a table of holidays.
var HolidayColumns = []string{"日期", "假日", "放假", "来源"}

// ParseHolidays reads a table of holidays: UTF-8, a header of [HolidayColumns], a row a day that is off (是) or a working
// day that makes up for one (否). A year counts as published where its National Day is in the table. Errors: refusals with
// the row.
func ParseHolidays(body []byte) (*Holidays, error) {
	h := &Holidays{off: map[string]bool{}, years: map[int]bool{}}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord = len(HolidayColumns)
	head, err := r.Read()
	if err != nil || strings.Join(head, ",") != strings.Join(HolidayColumns, ",") {
		return nil, wrongHoliday(1, strings.Join(head, ","))
	}
	for row := 2; ; row++ {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return h, nil
		}
		if err != nil {
			return nil, wrongHoliday(row, err.Error())
		}
		day, err := time.Parse(time.DateOnly, cells[0])
		_, twice := h.off[cells[0]]
		if err != nil || twice || cells[2] != "是" && cells[2] != "否" {
			return nil, wrongHoliday(row, strings.Join(cells, ","))
		}
		h.off[cells[0]] = cells[2] == "是"
		if day.Month() == time.October && day.Day() == 1 {
			h.years[day.Year()] = true
		}
	}
}

func wrongHoliday(row int, text string) error {
	return refusal.New(refusal.Invalid, "judge.holidays", refusal.Args{"row": row, "value": refusal.Shown(text),
		"columns": strings.Join(HolidayColumns, ",")})
}

// Class is what kind of day a day is; see [Calendar].
func (h *Holidays) Class(day time.Time) (class DayClass, known bool) {
	off, named := h.off[day.Format(time.DateOnly)]
	if !named {
		off = day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
	}
	if off {
		class = RestDay
	}
	return class, h.years[day.Year()]
}
