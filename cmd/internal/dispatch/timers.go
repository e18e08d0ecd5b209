package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
)

// TimersAtOnce bounds how many due timers are submitted together; they share blocks.
const TimersAtOnce = 256

// Timers runs the commands of due timers, while this node has the lease. A timer is a row that its own firing
// removes, so that none is lost by a restart and none fires twice.
func Timers(ctx context.Context, j *journal.Journal, epoch uint64, log *slog.Logger) {
	for ctx.Err() == nil {
		work := j.Work()
		var ids []string
		var next journal.Moment
		now := j.Moment()
		_ = j.View(func(tx *bbolt.Tx) error { // a failed read is read again
			ids, next = journal.DueTimers(tx, now, TimersAtOnce)
			return nil
		})
		failed := Fire(ctx, j, epoch, ids, log)
		if len(ids) > 0 && failed == 0 {
			continue
		}
		wait := journal.Wait(now, next, time.Minute)
		if failed > 0 {
			work, wait = nil, time.Second
		}
		await(ctx, work, wait)
	}
}

// Fire submits timers that are due, and returns how many could not be run.
func Fire(ctx context.Context, j *journal.Journal, epoch uint64, ids []string, log *slog.Logger) (failed int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, id := range ids {
		wg.Go(func() {
			if err := j.FireTimer(ctx, epoch, id); err != nil && ctx.Err() == nil {
				log.Error("a timer could not be run and is tried again", "timer", id, "err", err)
				mu.Lock()
				failed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return failed
}
