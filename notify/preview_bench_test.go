package notify

import (
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// BenchmarkPreviewRound counts what a raise does to the orders of 15,000 recipients: with what the list asks of them at
// hand, with a page of it too, and with the list read for it.
func BenchmarkPreviewRound(b *testing.B) {
	const n, id = 15_000, "W20161216-01"
	db, now := newDB(b), time.Date(2016, 12, 16, 18, 0, 0, 0, alerts.Shanghai())
	version := loadList(b, db, now, manyRecipients(n))
	p, fx := benchPlan(version, id, now), &discard{effects: newEffects()}
	p.Level = alerts.Yellow
	var kept DueDigests
	err := db.Update(func(tx *bbolt.Tx) error {
		if err := p.start(tx, fx, nil); err != nil {
			return err
		}
		planAll(b, tx, fx, id, now)
		var err error
		kept, err = ReadDueDigests(tx, version.ID, alerts.Orange)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	change := WarningChange{At: now, Wall: now,
		Warning: &alerts.Warning{ID: id, Stages: []alerts.Stage{{Level: alerts.Orange, From: now}},
			ListPin: alerts.ListPin{ListVersion: version.ID, ListHash: version.Hash}},
		Events: []Event{alerts.LevelChanged{OfWarning: alerts.OfWarning{ID: id}, To: alerts.Orange}}}
	for name, c := range map[string]struct{ anew, page bool }{"count": {}, "count and page": {page: true},
		"count anew": {anew: true}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				err := db.View(func(tx *bbolt.Tx) error {
					due := func(*Round) (DueDigests, error) { return kept, nil }
					if c.anew {
						due = dueOf(tx)
					}
					p, err := PreviewRound(tx, change, due)
					if err == nil && p.Revised != n {
						b.Fatalf("counted %+v", p.RoundCounts)
					}
					if err == nil && c.page {
						_, _, err = p.Page(tx, "E007000", 20)
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
