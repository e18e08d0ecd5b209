package refusal

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/width"
)

// Written is a day, with or without a time of day, as a person or a program wrote it.
type Written struct {
	Year, Month, Day     int
	Hour, Minute, Second int // Hour is 24 only at 24:00
	Nano                 int
	Timed                bool           // a time of day stands beside the day
	Zone                 *time.Location // nil = none is written: Asia/Shanghai
}

// The forms of a day, of what may stand between day and time, and of the time.
const (
	dayForm     = `(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})| ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?[日号])`
	weekdayForm = ` ?\(?(?:星期|周|礼拜)([一二三四五六日天])\)?`
	zoneForm    = `(?: ?(Z|[+-]\d{2}:?\d{2}))?`
	clockForm   = `(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?`
)

var (
	separated = regexp.MustCompile(`^` + dayForm + `(?:` + weekdayForm + `)?(?:(T| ?)(?:` + clockForm +
		`|(\d{1,2}) ?[时点](?: ?整|(\d{1,2}) ?分?)?|(\d{1,2}))` + zoneForm + `)?$`)
	compact = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(?:(?:T| )` + clockForm + zoneForm +
		`|(?:T| )?(\d{2})(?:(\d{2})(\d{2})?)?)?$`)
)

// Shanghai is the zone of every time that is written without one. It is loaded at first use, for the binary brings its
// own zone database, which registers itself at start in no order we could rely on.
var Shanghai = sync.OnceValue(func() *time.Location {
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic("refusal: " + err.Error())
	}
	return loc
})

// Plainly brings what people type to one spelling: full-width letters, digits and signs to the ordinary ones, blanks of
// any kind to single ones, marks without width away, dashes and tildes of any kind to - and ~. Raised and circled
// digits stay what they are: behind a number they are the marks of footnotes.
func Plainly(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("\u200b\u200c\u200d\u2060\ufeff\u00ad", r):
			return -1
		case strings.ContainsRune("‐‑‒–—―−─﹣", r):
			return '-'
		case strings.ContainsRune("〜∼˜∽", r):
			return '~'
		case strings.ContainsRune("【〔", r):
			return '['
		case strings.ContainsRune("】〕", r):
			return ']'
		}
		return r
	}, width.Fold.String(s))
	return strings.Join(strings.Fields(s), " ")
}

// maxWritten is more than any day with its time takes.
const maxWritten = 120

// ReadWritten reads a day of the years 1 to 9999 with its year: 2016-12-01, 2016/12/1, 2016.12.1, 2016年12月1日, 20161201,
// with a day of the week that agrees, and with a time: 8:00, 08:00:00, 8时, 24:00, a zone. A day whose year is not
// written, or in which day and month could be exchanged, is no day.
func ReadWritten(s string) (w Written, ok bool) {
	if len(s) > maxWritten {
		return w, false
	}
	s = Plainly(s)
	weekday := ""
	if m := separated.FindStringSubmatch(s); m != nil {
		w.Year = number(m[1])
		w.Month, w.Day = number(m[2]+m[4]+m[6]+m[8]), number(m[3]+m[5]+m[7]+m[9])
		weekday = m[10]
		clock := m[12] + m[16] + m[18]
		// A digit that follows the day's at once belongs to neither.
		if clock != "" && m[11] == "" && weekday == "" && m[9] == "" {
			return w, false
		}
		w.Timed = clock != ""
		w.Hour, w.Minute, w.Second, w.Nano = number(clock), number(m[13]+m[17]), number(m[14]), fraction(m[15])
		w.Zone, ok = offset(m[19])
	} else if m := compact.FindStringSubmatch(s); m != nil {
		w.Year, w.Month, w.Day = number(m[1]), number(m[2]), number(m[3])
		clock := m[4] + m[9]
		w.Timed = clock != ""
		w.Hour, w.Minute, w.Second, w.Nano = number(clock), number(m[5]+m[10]), number(m[6]+m[11]), fraction(m[7])
		w.Zone, ok = offset(m[8])
	}
	return w, ok && w.possible(weekday)
}

// ReadTime reads a time as [ReadWritten] has it: RFC 3339, or without a zone in Asia/Shanghai; 24:00 is the beginning
// of the next day. A day alone is no time.
func ReadTime(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, true
	}
	w, ok := ReadWritten(s)
	return w.Time(), ok && w.Timed
}

// Clock is a time as people read it, in Asia/Shanghai: 2016-12-16 20:00, with its seconds where it has any.
func Clock(t time.Time) string {
	t = t.In(Shanghai())
	if t.Second() == 0 {
		return t.Format("2006-01-02 15:04")
	}
	return t.Format(time.DateTime)
}

// Time is the instant; of a day alone its beginning.
func (w Written) Time() time.Time {
	in := w.Zone
	if in == nil {
		in = Shanghai()
	}
	return time.Date(w.Year, time.Month(w.Month), w.Day, w.Hour, w.Minute, w.Second, w.Nano, in)
}

// possible reports whether there is such a day and time, of the day of the week that may stand beside it.
func (w Written) possible(weekday string) bool {
	names := [...]string{"日", "一", "二", "三", "四", "五", "六"}
	day := time.Date(w.Year, time.Month(w.Month), w.Day, 0, 0, 0, 0, time.UTC)
	return w.Year > 0 && day.Year() == w.Year && int(day.Month()) == w.Month && day.Day() == w.Day &&
		w.Minute < 60 && w.Second < 60 && (w.Hour < 24 || w.Hour == 24 && w.Minute+w.Second+w.Nano == 0) &&
		(weekday == "" || names[day.Weekday()] == strings.Replace(weekday, "天", "日", 1))
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0 // of no digits
	}
	return n
}

// fraction is that of a second in nanoseconds.
func fraction(digits string) int { return number((digits + "000000000")[:9]) }

// offset is the zone that is written like Z, +08:00 or +0800; nil for none.
func offset(s string) (*time.Location, bool) {
	switch s {
	case "":
		return nil, true
	case "Z":
		return time.UTC, true
	}
	hours, minutes := number(s[1:3]), number(s[len(s)-2:])
	seconds := (hours*60 + minutes) * 60
	if s[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), hours < 24 && minutes < 60
}
