package app

import (
	"time"

	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/settings"
)

// openJudging makes what holds orders against readings. Nobody judges before this node leads.
func (a *App) openJudging() error {
	cfg := a.opt.Config
	holidays, err := settings.Holidays(cfg.Compliance)
	if err != nil {
		return err
	}
	a.results = judging.OpenResults(judging.ResultOptions{Dir: cfg.Data, Full: a.room.Full, Clock: a.opt.Clock, Log: a.log,
		Keep: time.Duration(cfg.Compliance.ResultsDays) * 24 * time.Hour})
	a.onStop("results of hours", resultsWithin, a.results.Close)
	a.judging = judging.New(judging.Options{Journal: a.journal, Readings: a.station, Holidays: holidays.Class,
		Settings: settings.Judging(cfg.Compliance), Follow: settings.Follow(cfg.Compliance), Keep: a.results.Keep,
		Log: a.log})
	a.svc.Judging = a.judging
	return nil
}

// Judging is how this node judges.
func (a *App) Judging() judging.Status { return a.judging.Status() }
