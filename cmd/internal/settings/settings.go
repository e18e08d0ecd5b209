// Package settings turns the configuration into the types of the packages that use it.
package settings

import (
	"fmt"
	"os"
	"slices"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/aqi"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/service"
	"qingkong/notify/telemetry"
	"qingkong/seeds"
)

// Of are the settings of the acts. Criteria that are not there or cannot be read are refused.
func Of(cfg config.Config) (service.Settings, error) {
	set := alerts.DefaultSettings()
	set.OwnDeclaration = cfg.OwnDeclaration
	set.Approval = map[alerts.Level]int{alerts.Advisory: cfg.Approval.Advisory, alerts.Yellow: cfg.Approval.Yellow,
		alerts.Orange: cfg.Approval.Orange, alerts.Red: cfg.Approval.Red}
	set.StartLimits = alerts.StartLimits{BackD: cfg.StartLimits.BackD, AheadD: cfg.StartLimits.AheadD}
	c := cfg.Criteria.Settings
	set.Range, set.MergeGapH, set.LiftH, set.LiftAtMost = c.Range, c.MergeGapH, c.LiftH, c.LiftAtMost
	set.Merge, set.LiftRule, set.LiftStep, set.LiftLeadH = c.Merge, c.LiftRule, c.LiftStep, c.LiftLeadH
	set.StuckH, set.Plausible = stuckHours(c.StuckH), plausible(c.Plausible)
	set.AQIMismatch, set.DustSuspect = c.AQIMismatch, c.DustSuspect
	set.ForecastMaxAgeH, set.ForecastMaxLeadD = c.ForecastMaxAgeH, c.ForecastMaxLeadD
	set.StartAt, set.EveningHour = c.StartAt, c.EveningHour
	set.LeadH, set.Over300Consecutive = c.LeadH, c.Over300Consecutive
	sets, err := Criteria(cfg.Criteria.Folder)
	if err == nil {
		set, err = set.Choose(alerts.CriteriaChoice{Use: cfg.Criteria.Use, Tianjin2023: c.Tianjin2023,
			WorkRequirement: cfg.Criteria.WorkRequirement}, sets)
	}
	return service.Settings{Region: cfg.District.Region, Alerts: set, List: List(cfg.ListChecks),
		RepeatFirst: cfg.Orders.RepeatFirst, RepeatMax: cfg.Orders.RepeatMax,
		Publishing:    service.Publishing{District: cfg.District.Name, PublicURL: cfg.PublicURL, Watch: cfg.Supervision},
		FiguresMaxAge: cfg.Orders.FiguresMaxAge, FactorRequired: cfg.SecondFactor == "required",
		Patience: patience(cfg.Telemetry), Follow: Follow(cfg.Compliance),
		Ranking: Ranking(cfg.Compliance.Rank), Office: Office(cfg.Compliance.Rank),
		Evidence: EvidenceLimits(cfg.Evidence), Photos: Photos(cfg.Evidence),
		KeepEvidence: time.Duration(cfg.Evidence.KeepDays) * 24 * time.Hour,
		Inspect:      Inspection(cfg.Inspection), Maps: Maps(cfg.Inspection)}, err
}

func patience(t config.Telemetry) telemetry.Patience {
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	return telemetry.Patience{Late: minutes(t.LateMin), Silent: minutes(t.SilentMin), MessagesLate: minutes(60 * t.MessagesLateH),
		MessagesSilent: minutes(60 * t.MessagesSilentH)}
}

func stuckHours(s config.StuckHours) alerts.StuckHours {
	return alerts.StuckHours{aqi.PM25: s.PM25, aqi.PM10: s.PM10, aqi.NO2: s.NO2, aqi.O3H1: s.O3, aqi.SO2: s.SO2,
		aqi.CO: s.CO}
}

func plausible(p config.Plausible) alerts.Plausible {
	out := alerts.Plausible{Hour: limits(p.Hour), Day: limits(p.Day)}
	out.Day[aqi.O3H1] = out.Hour[aqi.O3H1] // a day may have its largest hour beside its largest 8-hour mean
	return out
}

func limits(l config.Limit6) aqi.Values {
	return aqi.Values{aqi.PM25: aqi.Whole(l.PM25), aqi.PM10: aqi.Whole(l.PM10), aqi.SO2: aqi.Whole(l.SO2),
		aqi.NO2: aqi.Whole(l.NO2),
		aqi.CO:  aqi.Whole(l.CO), aqi.O3H8: aqi.Whole(l.O3), aqi.O3H1: aqi.Whole(l.O3)}
}

// Criteria are the sets that come with the program and those of a folder; one of the folder with a built-in's name
// takes its place. An empty folder's name is none.
func Criteria(folder string) ([]alerts.Criteria, error) {
	sets, err := alerts.ReadCriteria(seeds.Criteria())
	if err != nil || folder == "" {
		return sets, err
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("criteria.folder: %w", err)
	}
	own, err := alerts.ReadCriteria(os.DirFS(folder))
	if err != nil {
		return nil, fmt.Errorf("criteria.folder %s: %w", folder, err)
	}
	for _, c := range own {
		sets = slices.DeleteFunc(sets, func(have alerts.Criteria) bool { return have.Name == c.Name })
	}
	return append(sets, own...), nil
}
