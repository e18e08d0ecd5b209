package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/feed"
	"qingkong/alerts/schedule"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/service"
)

// feeder hands what the feeds bring to the service.
type feeder struct {
	svc     *service.Service
	source  map[string]string // feed -> source
	station map[string]string // feed -> station; of those that bring measurements
	ends    map[string]bool   // feeds whose times name the end of an hour
	log     *slog.Logger
}

// newFeeds builds the feeds of the configuration; nil without any.
func newFeeds(cfg config.Config, svc *service.Service, keep feed.Keep, log *slog.Logger) (*feed.Feeds, error) {
	if len(cfg.Feeds) == 0 {
		return nil, nil
	}
	h := &feeder{svc: svc, source: map[string]string{}, station: map[string]string{}, ends: map[string]bool{}, log: log}
	var sources []feed.Source
	for _, f := range cfg.Feeds {
		h.source[f.Name], h.station[f.Name], h.ends[f.Name] = f.Source, f.Station, f.HourLabel == "end"
		sources = append(sources, feed.Source{Name: f.Name, Kind: f.Kind, Path: f.Path, URL: f.URL, Schedule: f.Schedule,
			Format: f.Format, Source: f.Source, SilentAfter: time.Duration(f.SilentAfterH) * time.Hour})
	}
	return feed.New(sources, filepath.Join(cfg.Data, folder.Feeds), keep, h, log)
}

// takeWithin bounds how long a document waits until it is recorded.
const takeWithin = 30 * time.Second

// Take implements feed.Handler.
func (h *feeder) Take(ctx context.Context, d feed.Document) error {
	ctx, cancel := context.WithTimeout(ctx, takeWithin)
	defer cancel()
	return h.svc.Feed(ctx, service.FeedDocument{Feed: d.Feed, Source: d.Source, Station: h.station[d.Feed], At: d.At,
		CSV: d.Format == "csv", HourEnds: h.ends[d.Feed], Body: d.Body})
}

// Silent implements feed.Handler: the alarm is an event of the record, a line in the log, and stands on the status
// page.
func (h *feeder) Silent(ctx context.Context, name string, silent bool, since time.Time) {
	if silent {
		h.log.Warn("a source of forecasts has fallen silent", "feed", name, "since", since)
	} else {
		h.log.Info("a source of forecasts is heard again", "feed", name)
	}
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := h.svc.FeedSilent(ctx, alerts.FeedSilence{Feed: name, Source: h.source[name], Silent: silent, Since: since})
		if err == nil || ctx.Err() != nil {
			return
		}
		h.log.Error("the silence of a source could not be recorded and is tried again", "feed", name, "err", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// reevaluate brings proposals in line with the calendar on the schedule of the configuration, until ctx ends.
func (a *App) reevaluate(ctx context.Context) {
	times, wrong := schedule.Parse(a.opt.Config.Criteria.Reevaluate)
	if wrong != nil { // the configuration was checked
		a.fail(fmt.Errorf("criteria.reevaluate: %s", wrong.Message("en")))
		return
	}
	times.Run(ctx, a.log, func() {
		if err := a.svc.Reevaluate(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("proposals could not be looked at again; the next time of the schedule tries anew", "err", err)
		}
		a.warnOfMissing()
	})
}

// warnOfMissing logs that measured air is high and too few hours are there to judge it; the desk shows the same.
func (a *App) warnOfMissing() {
	var ev alerts.Evaluation
	err := a.journal.View(func(tx *bbolt.Tx) (err error) {
		ev, err = alerts.Engine{Settings: a.svc.Air}.EvaluateNow(tx, a.svc.Region, false, a.journal.Wall())
		return err
	})
	switch missing := ev.HighAndMissing; {
	case err != nil:
		a.log.Error("what is measured could not be looked at", "err", err)
	case missing != nil:
		a.log.Warn("measured air is high and hours are missing, so that it is not judged: ask for the data", "from",
			missing.From, "to", missing.To,
			"valid_h", missing.Valid, "need_h", missing.Need, "mean_aqi", *missing.Mean)
	}
}
