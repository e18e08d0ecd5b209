package app

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/stations"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/dialog"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
)

// openStations opens what this node keeps of stations. Nobody reaches it yet.
func (a *App) openStations() {
	cfg := a.opt.Config
	days := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
	register := &stations.Record{View: a.journal.View, Height: a.journal.Height, Secrets: a.svc.StationSecrets}
	a.register = register
	a.station = stations.OpenNode(stations.NodeOptions{
		Dir: cfg.Data, Station: a.svc.ReporterStation, Rooted: a.rooted,
		Cipher: func(st *telemetry.Station) (*hj212.Cipher, error) {
			k, err := register.Station(st.MN)
			if err != nil || k == nil {
				return nil, err
			}
			return k.Cipher, k.Trouble
		},
		MaxBytes: int64(cfg.Telemetry.MaxGB) << 30, Raw: days(cfg.Telemetry.RawDays),
		Minutes: days(cfg.Telemetry.MinutesDays), Hours: days(cfg.Telemetry.HoursDays),
		BytesADay: int64(cfg.Telemetry.ShareMBADay) << 20,
		Full:      a.room.Full, Kept: a.opt.Kept, Clock: a.opt.Clock, Log: a.log, Shared: a.sharedStations(),
	})
	a.onStop("readings", localWithin, a.station.Close)
	a.svc.Instruments = a.station
	own := cfg.HJ212
	set := dialog.DefaultSettings
	set.CalibrateOver = time.Duration(own.CalibrateOverS) * time.Second
	set.Intervals, set.History = own.SetIntervals, own.FetchHistory
	a.lines = stations.New(stations.Options{
		TLS: a.certs.Config("hj212.tls"), Register: register, Taker: a.station.Taker,
		Dialog: set, Gaps: a.station.Gaps, Idle: time.Duration(own.IdleS) * time.Second, FramesPerSecond: own.FramesPerS,
		BytesADay:  int64(cfg.Telemetry.ShareMBADay) << 20,
		PerAddress: own.ConnectionsPerAddress, InAll: own.Connections, Metrics: stations.NewMetrics(), Log: a.log,
		Clock: a.opt.Clock,
	})
	a.station.Serves(a.lines)
}

// Stations is how this node keeps what stations send.
func (a *App) Stations() stations.Status { return a.station.Status() }

// sharedStations is how several nodes share what stations send; nil for a node of its own.
func (a *App) sharedStations() *stations.Shared {
	if a.bus.Embedded() {
		return nil
	}
	_, js := a.bus.Journal()
	return &stations.Shared{JS: js, Stamp: a.opt.hooks.stamp, MaxBytes: int64(a.opt.Config.Telemetry.StreamGB) << 30,
		Replicas: func(ctx context.Context) (int, error) { // what is confirmed is as safe as the record
			s, err := js.Stream(ctx, journal.Stream)
			if err != nil {
				return 0, err
			}
			return s.CachedInfo().Config.Replicas, nil
		}}
}

// listenStations opens the port of HJ 212, where one is configured. That of a demo that nobody chose gives way: another
// demo may run on this machine.
func (a *App) listenStations() error {
	if a.opt.Config.Listen.HJ212 == "" {
		return nil
	}
	err := a.lines.Listen(a.opt.Config.Listen.HJ212)
	if err != nil && a.anyStations {
		a.log.Warn("the usual port of HJ 212 is taken; the demo takes another", "err", err)
		err = a.lines.Listen("127.0.0.1:0")
	}
	if err != nil {
		return err
	}
	a.addr.HJ212 = a.lines.Addr()
	a.background("stations", a.lines.Run)
	a.onStop("stations", stationsWithin, a.lines.Stop)
	return nil
}

// rooted is the first hour whose root is not recorded; zero while none is.
func (a *App) rooted() (hour time.Time, err error) {
	err = a.journal.View(func(tx *bbolt.Tx) error {
		last, found, err := telemetry.LastHour(tx)
		if found {
			hour = last.Add(time.Hour)
		}
		return err
	})
	return hour, err
}

// How the roots of hours are recorded.
const (
	rootsEvery = time.Minute
	rootsAfter = time.Minute      // the end of an hour
	rootsNodes = 2 * time.Minute  // the same among several nodes, whose clocks differ
	rootsBack  = 48 * time.Hour   // beyond which hours in which nothing came are passed over
	rootsOnce  = 100              // hours
	rootWithin = 20 * time.Second // for one
)

// rootHours records the roots of hours that are over until ctx ends. The leader does it, by what it keeps itself: among
// several nodes that is what the stream brought, and an hour of which it may have a part alone is passed over, for a root
// over a part would say that the rest never came.
func (a *App) rootHours(ctx context.Context) {
	tick := time.NewTicker(rootsEvery)
	defer tick.Stop()
	for {
		if err := a.rootDue(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("the root over what stations sent in an hour is not recorded; it is tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// rootDue records what is due. Before anything ever came nothing is.
func (a *App) rootDue(ctx context.Context) error {
	now := a.journal.Now()
	hour, err := a.rooted()
	if err != nil {
		return err
	}
	if hour.IsZero() {
		if hour, err = a.station.FirstHour(); err != nil || hour.IsZero() {
			return err
		}
	}
	after := rootsAfter
	if !a.bus.Embedded() {
		after = rootsNodes
	}
	for n := 0; n < rootsOnce && !hour.Add(time.Hour+after).After(now); hour = hour.Add(time.Hour) {
		root, leaves, err := a.station.Root(ctx, hour)
		if errors.Is(err, frames.ErrPart) && hour.After(a.partTold) {
			a.partTold = hour
			a.log.Warn("no root is recorded of an hour: not all that stations sent in it is on this node", "hour", hour)
		}
		if errors.Is(err, frames.ErrGone) || err == nil && leaves == 0 && now.Sub(hour) > rootsBack {
			continue
		}
		if err != nil {
			return err
		}
		within, cancel := context.WithTimeout(ctx, rootWithin)
		err = a.svc.RootHour(within, telemetry.RootHour{Hour: hour, Root: base64.StdEncoding.EncodeToString(root[:]),
			Frames: leaves})
		cancel()
		if err != nil && refusal.CodeOf(err) != refusal.Conflict { // another node recorded it meanwhile
			return err
		}
		n++
	}
	return nil
}

// overNATS takes frames that come by NATS.
type overNATS struct{ a *App }

// TakeFrame implements natsapi's Stations.
func (o overNATS) TakeFrame(ctx context.Context, mn, from string, message []byte) ([]byte, error) {
	return o.a.lines.TakeFrame(ctx, mn, from, message)
}

// IsFrame implements natsapi's Stations.
func (o overNATS) IsFrame(message []byte) bool { return stations.IsFrame(message) }

// Owner implements natsapi's Stations.
func (o overNATS) Owner(mn string) string {
	st, err := o.a.svc.ReporterStation(mn)
	if err != nil || st == nil || st.Retired {
		return ""
	}
	return st.Recipient
}
