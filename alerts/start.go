package alerts

import (
	"slices"
	"time"

	"qingkong/alerts/refusal"
)

// The values of Settings.StartAt: a warning starts with the first day that asks for it, or on the evening before, as
// notices often have it.
const (
	StartMidnight      = "midnight"
	StartEveningBefore = "evening_before"
)

// startOf is when a warning starts whose first qualifying day begins at midnight, in Shanghai: at midnight, or at
// EveningHour of the day before.
func (s Settings) startOf(midnight time.Time) time.Time {
	if s.StartAt != StartEveningBefore {
		return midnight
	}
	return DateOf(midnight).AddDays(-1).Start().Add(time.Duration(s.EveningHour) * time.Hour)
}

// starts is the start that a proposal names: startOf for one that starts or raises by days, else the beginning of the
// period.
func (s Settings) starts(kind ProposalKind, period Period, steps []step) time.Time {
	byDay := func(st step) bool { return st.from.Equal(period.From) && !st.hourly }
	if (kind == KindStart || kind == KindUpgrade) && slices.ContainsFunc(steps, byDay) {
		return s.startOf(period.From)
	}
	return period.From
}

// StartLimits are how far from now a start may lie, in days, before its date has to be repeated; that catches a wrong
// year or month. 0 is no limit.
type StartLimits struct {
	BackD  int `json:"back_d"`
	AheadD int `json:"ahead_d"`
}

// confirmed checks that a start beyond the limits comes with its own date, in Shanghai; for a start within them confirm
// is not compared.
func (c *checker) confirmed(start time.Time, confirm Date, limits StartLimits, now time.Time) {
	day := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
	beyond := limits.BackD > 0 && start.Before(now.Add(-day(limits.BackD))) || limits.AheadD > 0 &&
		start.After(now.Add(day(limits.AheadD)))
	args := refusal.Args{"starts_at": clock(start), "date": DateOf(start), "value": confirm, "back": limits.BackD,
		"ahead": limits.AheadD, "now": clock(now)}
	_, ok := ParseDate(string(confirm))
	switch {
	case confirm != "" && !ok:
		c.add("confirm", "day.date_wrong", refusal.Args{"value": confirm})
	case !beyond || confirm == DateOf(start):
	case confirm == "":
		c.add("confirm", "warning.confirm_start", args)
	default:
		c.add("confirm", "warning.confirm_other", args)
	}
}
