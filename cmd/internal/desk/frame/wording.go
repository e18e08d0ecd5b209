package frame

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
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

// Exact is a time to the second, or a pointer to one, as what is to be proved states it; empty for none.
func Exact(v any) string {
	t := moment(v)
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateTime)
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

// Shares are parts of a total as whole numbers of per cent that add up to 100 where the parts add up to the total: what
// rounding down leaves over goes to the largest remainders, the first of equal ones. Some that round to none are "<1", and
// not all that round to all are ">99".
func Shares(parts []int, total int) []string {
	out, order, left := make([]string, len(parts)), make([]int, len(parts)), 0
	if total <= 0 {
		for i := range out {
			out[i] = "0"
		}
		return out
	}
	whole := make([]int, len(parts))
	for i, n := range parts {
		whole[i], order[i] = n*100/total, i
		left += n*100 - whole[i]*total
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(parts[b]*100%total, parts[a]*100%total) })
	for _, i := range order[:left/total] {
		whole[i]++
	}
	for i, n := range parts {
		switch out[i] = strconv.Itoa(whole[i]); {
		case whole[i] == 0 && n > 0:
			out[i] = "<1"
		case whole[i] == 100 && n < total:
			out[i] = ">99"
		}
	}
	return out
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
