package forms

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

// The days that spreadsheets count: 36526 is 2000-01-01, 73050 is 2099-12-31. Those outside are no days.
const (
	firstSerial = 36526
	lastSerial  = 73050
)

// The years that a day of the air can lie in.
const (
	firstYear = 1990
	lastYear  = 2199
)

var (
	serial     = regexp.MustCompile(`^([0-9]{5})(\.[0-9]{1,15})?$`)
	wholeDay   = regexp.MustCompile(`^([0-9]{8})\.0+$`)
	dayOrder   = regexp.MustCompile(`^[0-9]{1,2} ?[-/. ] ?[0-9]{1,2} ?[-/. ] ?[0-9]{4}`)
	shortYear  = regexp.MustCompile(`^[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?$`)
	withoutIts = regexp.MustCompile(`^(?:[0-9]{1,2}月)?[0-9]{1,2}[日号]?(?: ?\(?(?:星期|周|礼拜).\)?)?$|^[0-9]{1,2}[-/.][0-9]{1,2}$`)
	hourOnly   = regexp.MustCompile(`^([0-9]{1,2})(?::00(?::00)?| ?[时点]整?|\.0+)?$`)
	dayLike    = regexp.MustCompile(`^[0-9][-0-9/.年月日号时点分秒:T ()星期周礼拜一二三四五六天]*$|^[今明后][天日]?$`)
)

// Day reads a calendar day of Asia/Shanghai with its year, and returns it as YYYY-MM-DD: 2026-12-01, 2026/12/1,
// 2026年12月1日, 20261201, with a day of the week that agrees, a time of 00:00 or 24:00, or a spreadsheet's number of the
// day. A time of 24:00 is the end of the day that stands beside it. Years 1990 to 2199.
func Day(text string) (string, *Wrong) {
	plain := refusal.Plainly(Text(text))
	if m := serial.FindStringSubmatch(plain); m != nil {
		n, _ := strconv.Atoi(m[1])
		if n < firstSerial || n > lastSerial || strings.Trim(m[2], ".0") != "" {
			return "", wrong("day.date_wrong", text)
		}
		return time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), nil
	}
	if m := wholeDay.FindStringSubmatch(plain); m != nil {
		plain = m[1]
	}
	w, ok := refusal.ReadWritten(plain)
	if !ok {
		return "", wrong(dayRule(plain), text)
	}
	at := w.Time().In(refusal.Shanghai())
	if w.Hour == 24 {
		at = at.AddDate(0, 0, -1)
	}
	if hour, minute, second := at.Clock(); hour+minute+second+at.Nanosecond() > 0 {
		return "", wrong("day.date_timed", text)
	}
	if at.Year() < firstYear || at.Year() > lastYear {
		return "", wrong("day.date_wrong", text)
	}
	return at.Format(time.DateOnly), nil
}

// dayRule says what is wrong with a text that is no day.
func dayRule(plain string) string {
	switch {
	case dayOrder.MatchString(plain):
		return "day.date_order"
	case shortYear.MatchString(plain), withoutIts.MatchString(plain):
		return "day.date_year"
	}
	return "day.date_wrong"
}

// DayAlone reports whether a text is a day without a time.
func DayAlone(text string) bool {
	plain := refusal.Plainly(Text(text))
	if m := serial.FindStringSubmatch(plain); m != nil {
		return m[2] == ""
	}
	w, ok := refusal.ReadWritten(plain)
	return ok && !w.Timed
}

// DayLike reports whether a text looks like somebody's way of writing a day, whether or not it can be read.
func DayLike(text string) bool { return dayLike.MatchString(refusal.Plainly(Text(text))) }

// HourAt reads an hour with its day: RFC 3339, 2026-12-01 08:00, 2026年12月1日8时, 2026120108, or a spreadsheet's number. A
// time without a zone is in Asia/Shanghai, and 24:00 is 00:00 of the next day. The time has to be a full hour.
func HourAt(text string) (time.Time, *Wrong) {
	plain := refusal.Plainly(Text(text))
	at, ok := refusal.ReadTime(plain)
	if m := serial.FindStringSubmatch(plain); m != nil {
		at, ok = serialHour(m[1], m[2])
	}
	if !ok {
		return at, wrong("hour.wrong", text)
	}
	return onTheHour(at.In(refusal.Shanghai()), text)
}

func onTheHour(at time.Time, text string) (time.Time, *Wrong) {
	switch {
	case at.Year() < firstYear || at.Year() > lastYear:
		return at, wrong("hour.wrong", text)
	case !at.Equal(at.Truncate(time.Hour)):
		return at, wrong("hour.not_full", text)
	}
	return at, nil
}

// serialHour is a spreadsheet's time; its fraction of a day is rounded to a second.
func serialHour(day, fraction string) (time.Time, bool) {
	n, err := strconv.Atoi(day)
	if err != nil || n < firstSerial || n > lastSerial || fraction == "" {
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat("0"+fraction, 64)
	seconds := int(math.Round(f * 24 * 60 * 60))
	return time.Date(1899, 12, 30+n, 0, 0, seconds, 0, refusal.Shanghai()), err == nil
}

// HourOf reads an hour whose day stands in another cell: 8, 08:00, 8时, 24:00.
func HourOf(day, text string) (time.Time, *Wrong) {
	m := hourOnly.FindStringSubmatch(refusal.Plainly(Text(text)))
	if m == nil {
		return time.Time{}, wrong("hour.clock", text)
	}
	hour, _ := strconv.Atoi(m[1])
	begin, err := time.ParseInLocation(time.DateOnly, day, refusal.Shanghai())
	if err != nil || hour > 24 {
		return time.Time{}, wrong("hour.clock", text)
	}
	return begin.Add(time.Duration(hour) * time.Hour), nil
}

// HourAlone reports whether a text is an hour without its day.
func HourAlone(text string) bool { return hourOnly.MatchString(refusal.Plainly(Text(text))) }
