package app

import (
	"qingkong/alerts"
	"qingkong/cmd/internal/config"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// ListSettings are what lists are checked by under a configuration.
func ListSettings(c config.ListChecks) rules.Settings {
	s := rules.DefaultSettings()
	share := func(p config.Shares) reductionlist.Amounts {
		return reductionlist.Amounts{SO2: p.SO2 / 100, NOx: p.NOx / 100, PM: p.PM / 100, VOCs: p.VOCs / 100}
	}
	s.BottomLine = map[alerts.Level]reductionlist.Amounts{alerts.Yellow: share(c.BottomLine.Yellow),
		alerts.Orange: share(c.BottomLine.Orange), alerts.Red: share(c.BottomLine.Red)}
	s.Exchange, s.Margin = c.SO2NOxExchange, c.DistrictMarginDeg
	if b := c.District; b != (config.Box{}) {
		s.District = []rules.Point{{Lon: b.West, Lat: b.South}, {Lon: b.East, Lat: b.South}, {Lon: b.East, Lat: b.North}, {Lon: b.West, Lat: b.North}}
	}
	s.MicroSpared, s.MicroKgPerYear, s.WorkingDays = c.MicroSpared, c.MicroKgPerYear, float64(c.WorkingDays)
	s.NearNames, s.NearNameLength = c.NearNames, c.NearNameLength
	s.Weights = rules.Weights(c.Weights)
	return s
}
