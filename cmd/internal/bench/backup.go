package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/app"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/settings"
	"qingkong/notify"
)

// backupCallers is how many callers acknowledge orders beside a backup.
const backupCallers = 4

// backupSize is how much is measured.
type backupSize struct {
	orders int
	rounds int
	pause  time.Duration // without a backup, at least
}

// backupBench is a program with the orders of one warning, of which every one can be acknowledged once.
type backupBench struct {
	dispatchBench
	orders []*notify.Order
	next   atomic.Int64
}

// Backup measures a backup of a record with n orders while callers acknowledge orders one after another, in turns with
// the same time without a backup: seconds, bytes, and the writer's latency in both; then the restore of the last
// backup. The record is proved at the end, and the restored one by its restore.
func Backup(ctx context.Context, n int, log *slog.Logger) ([]Figure, error) {
	return runBackup(ctx, backupSize{orders: n, rounds: 3, pause: time.Second}, log)
}

func runBackup(ctx context.Context, size backupSize, log *slog.Logger) (_ []Figure, err error) {
	b := &backupBench{dispatchBench: dispatchBench{n: size.orders}}
	defer func() { err = errors.Join(err, b.end(ctx)) }()
	if err := b.dispatched(ctx, log); err != nil {
		return nil, err
	}
	var took, bytes []float64
	var beside, alone []time.Duration
	file := ""
	for round := range size.rounds {
		file = filepath.Join(b.dir, fmt.Sprintf("backup-%d.tar", round))
		begin := time.Now()
		var done folder.BackupResult
		laps, err := b.acknowledge(ctx, func(ctx context.Context) (err error) {
			done, err = b.app.Backup(ctx, folder.BackupRequest{File: file}, nil)
			return err
		})
		if err != nil {
			return nil, err
		}
		length := time.Since(begin)
		took, bytes, beside = append(took, length.Seconds()), append(bytes, float64(done.Bytes)), append(beside, laps...)
		laps, err = b.acknowledge(ctx, func(ctx context.Context) error {
			select {
			case <-time.After(max(length, size.pause)):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil {
			return nil, err
		}
		alone = append(alone, laps...)
	}
	b.add("backup_s", median(took), "s", 0)
	b.add("backup_mb", median(bytes)/(1<<20), "MB", 0)
	if info, err := os.Stat(filepath.Join(b.dir, "data", journal.File)); err == nil {
		b.add("qingkong.db", float64(info.Size())/(1<<20), "MB", 0)
	}
	for _, q := range []struct {
		name string
		of   float64
	}{{"p50", 0.50}, {"p99", 0.99}} {
		b.add("backup_writer_"+q.name+"_ms", quantile(beside, q.of)/1000, "ms", quantile(alone, q.of)/1000)
	}
	if err := b.restore(ctx, file); err != nil {
		return nil, err
	}
	err = b.prove(ctx)
	return b.figures, err
}

// dispatched starts the program and has n orders go out.
func (b *backupBench) dispatched(ctx context.Context, log *slog.Logger) error {
	if err := b.dispatchBench.dispatched(ctx, app.Options{Log: log}, orangeList(b.n)); err != nil {
		return err
	}
	for cursor, more := "", true; more; more = cursor != "" {
		err := b.journal.View(func(tx *bbolt.Tx) error {
			page, next, err := notify.ListOrders(tx, notify.Filter{Warning: b.warning.ID}, cursor, 1000)
			b.orders, cursor = append(b.orders, page...), next
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// acknowledge has the callers acknowledge orders for as long as something runs, and returns how long each took.
func (b *backupBench) acknowledge(ctx context.Context, meanwhile func(ctx context.Context) error) (laps []time.Duration,
	err error) {
	ctx, cancel := context.WithTimeout(ctx, dispatchPatience)
	defer cancel()
	over := make(chan struct{})
	var mu sync.Mutex
	var failed error
	var callers sync.WaitGroup
	for range backupCallers {
		callers.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				i := b.next.Add(1) - 1
				if int(i) >= len(b.orders) {
					return
				}
				o := b.orders[i]
				begin := time.Now()
				_, err := b.svc.AnswerOrder(ctx, ofRecipient(o.RecipientID),
					notify.AnswerText{OrderID: o.ID, Action: notify.Acknowledge})
				lap := time.Since(begin)
				mu.Lock()
				laps, failed = append(laps, lap), errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	err = meanwhile(ctx)
	close(over)
	callers.Wait()
	if int(b.next.Load()) >= len(b.orders) {
		err = errors.Join(err, errors.New("the orders are used up: give a larger --n"))
	}
	return laps, errors.Join(err, failed)
}

// restore brings a backup back to a new folder.
func (b *backupBench) restore(ctx context.Context, file string) error {
	set, err := settings.Of(b.config)
	if err != nil {
		return err
	}
	begin := time.Now()
	_, err = journal.Restore(ctx, journal.RestoreOptions{Files: []string{file}, Dir: filepath.Join(b.dir, "restored"),
		Registry: service.Registry(set)})
	b.add("restore_s", time.Since(begin).Seconds(), "s", 0)
	return err
}
