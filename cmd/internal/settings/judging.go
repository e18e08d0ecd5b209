package settings

import (
	"fmt"
	"os"

	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/judging"
	"qingkong/notify/compliance/judge"
	"qingkong/seeds"
)

// Judging are the numbers by which orders are held against what is measured.
func Judging(c config.Compliance) judge.Settings {
	share := func(pct float64) float64 { return pct / 100 }
	return judge.Settings{WaitFor: c.WaitFor, ValidMinutes: c.ValidMinutes, ValidHours: c.ValidHours,
		LowMeansADay: c.LowMeansADay, TaggedInADay: c.TaggedInADay, SuspectAfter: c.SuspectAfter,
		ViolatedAfter: c.ViolatedAfter, ClearAfter: c.ClearAfter, UnknownAfter: c.UnknownAfter, ExplainWithin: c.ExplainWithin,
		Window: c.BaselineDays, Days: c.BaselineOf, Least: c.BaselineLeast, Low: share(c.LowPct), High: share(c.HighPct),
		StopShare: share(c.StopPct), StopHours: c.StopHours, ResidualRank: share(c.ResidualRankPct),
		ResidualOf: share(c.ResidualOfMedianPct), Residual: share(c.ResidualPct), StopPower: share(c.StopPowerPct),
		StopFlow: share(c.StopFlowPct)}
}

// Follow are the times within which findings are followed up.
func Follow(c config.Compliance) judging.Follow {
	return judging.Follow{ExplainWithin: c.ExplainWithin, DecideWithin: c.DecideWithin, TaskWithin: c.TaskWithin,
		SilentFor: c.SilentFor}
}

// maxHolidays bounds the file of holidays: a day takes some 100 bytes.
const maxHolidays = 4 << 20

// Holidays are the configured ones, or those that come with the program. Errors: a file that cannot be read, a refusal
// with the row of one that is wrong.
func Holidays(c config.Compliance) (*judge.Holidays, error) {
	if c.Holidays == "" {
		return judge.ParseHolidays(seeds.Holidays())
	}
	const key = "compliance.holidays"
	info, err := os.Stat(c.Holidays)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if info.IsDir() || info.Size() > maxHolidays {
		return nil, fmt.Errorf("%s: %s is no table of holidays: a folder, or larger than %d bytes", key, c.Holidays, maxHolidays)
	}
	body, err := os.ReadFile(c.Holidays)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	table, err := judge.ParseHolidays(body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", key, c.Holidays, err)
	}
	return table, nil
}
