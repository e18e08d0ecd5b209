package settings

import (
	"qingkong/alerts"
	"qingkong/cmd/internal/config"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
	"qingkong/seeds/towns"
)

// UsualList are the settings of list checks without a configuration.
func UsualList() rules.Settings {
	s := rules.DefaultSettings()
	s.Towns = towns.Names
	return s
}

// townsOf is the register of a district's towns: its own, or that which comes with the program.
func townsOf(own []string) func(region string) []string {
	if len(own) == 0 {
		return towns.Names
	}
	return func(string) []string { return own }
}

// List are the settings of list checks under a configuration.
func List(c config.ListChecks) rules.Settings {
	s := rules.DefaultSettings()
	share := func(p config.Shares) reductionlist.Amounts {
		return reductionlist.Amounts{SO2: p.SO2 / 100, NOx: p.NOx / 100, PM: p.PM / 100, VOCs: p.VOCs / 100}
	}
	s.BottomLine = map[alerts.Level]reductionlist.Amounts{alerts.Yellow: share(c.BottomLine.Yellow),
		alerts.Orange: share(c.BottomLine.Orange), alerts.Red: share(c.BottomLine.Red)}
	s.Exchange, s.Margin = c.SO2NOxExchange, c.DistrictMarginDeg
	if b := c.District; b != (config.Box{}) {
		s.District = []rules.Point{{Lon: b.West, Lat: b.South}, {Lon: b.East, Lat: b.South}, {Lon: b.East, Lat: b.North},
			{Lon: b.West, Lat: b.North}}
	}
	s.MicroSpared, s.MicroKgPerYear, s.WorkingDays = c.MicroSpared, c.MicroKgPerYear, float64(c.WorkingDays)
	s.PostWords, s.Towns = c.PostWords, townsOf(c.Towns)
	s.NearNames, s.NearNameLength = c.NearNames, c.NearNameLength
	s.Weights = rules.Weights(c.Weights)
	return s
}
