package alerts

import (
	"time"

	"qingkong/alerts/refusal"
)

// StartLimits are how far from now a start may lie, in days, before whoever names it repeats its date; a wrong year or month is
// caught by it. 0 is no limit.
type StartLimits struct {
	BackD  int `json:"back_d"`
	AheadD int `json:"ahead_d"`
}

// confirmed checks that a start beyond the limits comes with its own date, in Shanghai; within them confirm is not held against it.
func (c *checker) confirmed(start time.Time, confirm Date, limits StartLimits, now time.Time) {
	day := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
	beyond := limits.BackD > 0 && start.Before(now.Add(-day(limits.BackD))) || limits.AheadD > 0 && start.After(now.Add(day(limits.AheadD)))
	args := refusal.Args{"starts_at": clock(start), "date": DateOf(start), "value": confirm, "back": limits.BackD, "ahead": limits.AheadD, "now": clock(now)}
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
