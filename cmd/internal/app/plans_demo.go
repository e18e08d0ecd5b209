package app

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/seeds/xiqing"
)

// demoFigures is after how long the demo gives the plants' figures anew: an order always finds fresh ones.
const demoFigures = 12 * time.Hour

// figures gives the two plants figures that are marked as examples, unless somebody gave some not long ago.
func (d *Demo) figures(ctx context.Context, a *App) error {
	now := a.journal.Now().In(alerts.Shanghai())
	for id, f := range xiqing.Figures(now) {
		fresh := false
		err := a.journal.View(func(tx *bbolt.Tx) error {
			g, err := notify.Figures(tx, id)
			fresh = g != nil && now.Sub(g.At) < demoFigures
			return err
		})
		if err == nil && !fresh {
			err = a.svc.RecordFigures(ctx, service.By("demo"), id, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keepFigures gives them anew for as long as the demo runs.
func (d *Demo) keepFigures(a *App) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(time.Hour)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				if err := d.figures(ctx, a); err != nil {
					a.log.Warn("the demo's figures could not be given anew", "err", err)
				}
			}
		}
	}
}
