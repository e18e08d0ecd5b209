// Package alerts turns what is forecast and measured into a warning: it keeps forecasts and observations,
// evaluates them by versioned criteria, proposes what the criteria ask for, and carries a warning through its
// states. It never declares by itself: a proposal is a suggestion with the trace that explains it.
//
// # Decide and apply
//
// Every Decide method is a pure function of (transaction, command, now): it reads, writes nothing, and returns the
// events to be recorded or a *refusal.Error. Apply writes an event's state and depends on nothing but the event and
// the state, so that a replay leaves the same bytes as the live path. The settings that a decision used are in its
// events.
//
// # Buckets
//
// Values are JSON unless said otherwise. A scope is "l" (live) or "d" (drill) followed by the region's six digits;
// numbers and times (Unix milliseconds) in keys are big-endian uint64.
//
//	alerts.forecast        forecast id                → storedForecast
//	alerts.forecast_hash   sha256 of the content      → forecast id, plain
//	alerts.forecast_day    scope "/" date             → forecastDay: the newest forecast of that day
//	alerts.observed_day    region "/" date            → observedDay: what each station measured on it
//	alerts.forecast_hour   scope "/" hour             → forecastHour: the newest forecast of that hour
//	alerts.observed_hour   region "/" hour            → observedHour: what each station measured in it
//	alerts.forecast_said   region "/" date "/" source "/" lead → said: a source's last word of that lead; see skill.go
//	alerts.feed            feed                       → FeedState: whether the feed has fallen silent
//	alerts.proposal        proposal id                → Proposal
//	alerts.proposal_time   state "/" raised_at id     → empty
//	alerts.warning         warning id                 → Warning
//	alerts.warning_time    declared_at id             → empty
//	alerts.scope           scope                      → scopeRow: open proposal, live warning, what was dismissed
//	alerts.message         topic "/" message id       → storedMessage: what goes out, frozen at event time
//	alerts.number          name                       → uint64: last number of a day's ids, and counts for lists
//	alerts.restored        number                     → Outside: what a lost end of the record may have given out
package alerts

import (
	"time"

	"qingkong/alerts/refusal"
)

// Event is one fact to be recorded.
type Event = interface{ Kind() string }

// Effects is what applying may ask of the world.
type Effects = interface {
	Send(topic, id string, due time.Time)
	Drop(topic, id string)
	Timer(id string, due time.Time, command string, payload any)
	WallTimer(id string, due time.Time, command string, payload any)
	CancelTimer(id string)
}

// Shanghai is the zone of every time and calendar day in this package.
func Shanghai() *time.Location { return refusal.Shanghai() }

// moment brings a time that a person gave to the form in which times are recorded.
func moment(t time.Time) time.Time { return t.In(Shanghai()).Truncate(time.Millisecond) }

// moments is moment of those times that were given.
func moments(times ...**time.Time) {
	for _, t := range times {
		if *t != nil {
			*t = new(moment(**t))
		}
	}
}

// Date is a calendar day in Asia/Shanghai, YYYY-MM-DD; dates of this form order as strings.
type Date string

const dateForm = "2006-01-02"

// ParseDate reads YYYY-MM-DD; years 1990 to 2199 are taken for possible.
func ParseDate(s string) (Date, bool) {
	t, err := time.Parse(dateForm, s)
	return Date(s), err == nil && t.Year() >= 1990 && t.Year() < 2200
}

// DateOf is the day in which t lies.
func DateOf(t time.Time) Date { return Date(t.In(Shanghai()).Format(dateForm)) }

// Start is 00:00 of the day.
func (d Date) Start() time.Time {
	t, err := time.ParseInLocation(dateForm, string(d), Shanghai())
	if err != nil {
		panic("alerts: not a date: " + string(d))
	}
	return t
}

// End is 24:00 of the day, which is 00:00 of the next.
func (d Date) End() time.Time { return d.AddDays(1).Start() }

// AddDays is the day n days later; n may be negative.
func (d Date) AddDays(n int) Date { return DateOf(d.Start().AddDate(0, 0, n)) }
