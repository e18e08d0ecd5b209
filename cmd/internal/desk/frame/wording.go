package frame

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"qingkong/alerts"
)

// moment takes a time or a pointer to one.
func moment(v any) time.Time {
	switch t := v.(type) {
	case time.Time:
		return t.In(alerts.Shanghai())
	case *time.Time:
		if t != nil {
			return t.In(alerts.Shanghai())
		}
	}
	return time.Time{}
}

// Clock is a time, or a pointer to one, as pages show it; empty for none.
func Clock(v any) string {
	t := moment(v)
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04")
}

// Moment is a time in words: 12月16日20时, and 2016-12-16 20:00 in English.
func Moment(lang string, t time.Time) string {
	if lang != ZH {
		return Clock(t)
	}
	t = t.In(alerts.Shanghai())
	day, at := t.Format("1月2日"), fmt.Sprintf("%d时", t.Hour())
	if m := t.Minute(); m != 0 {
		at += fmt.Sprintf("%d分", m)
	}
	return day + at
}

// Until is the end of a period: the end of a day is its 24:00.
func Until(v any) string {
	t := moment(v)
	if t.IsZero() {
		return ""
	}
	if h, m, s := t.Clock(); h+m+s == 0 {
		return t.AddDate(0, 0, -1).Format(time.DateOnly) + " 24:00"
	}
	return Clock(t)
}

// Percent is a share as a whole number, 1 to 99 unless it is none or all.
func Percent(n, of int) int {
	switch {
	case of <= 0 || n <= 0:
		return 0
	case n >= of:
		return 100
	}
	return min(99, max(1, n*100/of))
}

// Number writes a number as the list writes it.
func Number(f float64) string {
	text, _ := json.Marshal(f) // of a list's quantity, which is finite
	return string(text)
}

// ShortNumber writes a number with at most three decimals.
func ShortNumber(f float64) string {
	return strconv.FormatFloat(float64(int64(f*1000+0.5))/1000, 'f', -1, 64)
}

// Row is a label and a value.
type Row struct{ Label, Value string }
