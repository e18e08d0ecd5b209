package demo

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/seeds/xiqing"
)

// figuresFresh is after how long the demo gives the plants' figures anew: an order always finds fresh ones.
const figuresFresh = 12 * time.Hour

// figures gives the two plants figures that are marked as examples, unless somebody gave some not long ago.
func (d *Demo) figures(ctx context.Context, p Program) error {
	now := p.Service.J.Now().In(alerts.Shanghai())
	for id, f := range xiqing.Figures(now) {
		fresh := false
		err := p.Service.J.View(func(tx *bbolt.Tx) error {
			g, err := notify.LatestFigures(tx, id)
			fresh = g != nil && now.Sub(g.At) < figuresFresh
			return err
		})
		if err == nil && !fresh {
			err = p.Service.RecordFigures(ctx, service.By("demo"), id, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// KeepFigures gives them anew for as long as the demo runs.
func (d *Demo) KeepFigures(ctx context.Context, p Program) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := d.figures(ctx, p); err != nil {
				p.Log.Warn("the demo's figures could not be given anew", "err", err)
			}
		}
	}
}
