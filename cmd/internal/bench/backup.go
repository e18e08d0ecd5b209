package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

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
	size backupSize
	open []*notify.Order // nobody has acknowledged them
	file string          // of the last backup
}

// Backup measures a backup of a record with n orders while callers acknowledge orders one after another, in turns with
// the same time without a backup: seconds, bytes, and the writer's latency in both; then the restore of the last
// backup. The record is proved at the end, and the restored one by its restore.
func Backup(ctx context.Context, n int) ([]Result, error) {
	return runBackup(ctx, backupSize{orders: n, rounds: 3, pause: time.Second})
}

func runBackup(ctx context.Context, size backupSize) ([]Result, error) {
	b := &backupBench{dispatchBench: dispatchBench{n: size.orders}, size: size}
	b.list = orangeList(b.n)
	return b.run(ctx, b.sendOrders, b.backups, b.restore, b.prove)
}

// backups takes the backups, in turns with as long without one.
func (b *backupBench) backups(ctx context.Context) error {
	var took, bytes []float64
	var beside, alone []time.Duration
	for round := range b.size.rounds {
		b.file = filepath.Join(b.dir, fmt.Sprintf("backup-%d.tar", round))
		begin := time.Now()
		var done folder.BackupResult
		laps, err := b.acknowledge(ctx, func(ctx context.Context) (err error) {
			done, err = b.app.Backup(ctx, folder.BackupRequest{File: b.file}, nil)
			return err
		})
		if err != nil {
			return err
		}
		length := time.Since(begin)
		took, bytes, beside = append(took, length.Seconds()), append(bytes, float64(done.Bytes)), append(beside, laps...)
		laps, err = b.acknowledge(ctx, func(ctx context.Context) error {
			return pause(ctx, max(length, b.size.pause))
		})
		if err != nil {
			return err
		}
		alone = append(alone, laps...)
	}
	b.add("backup_s", median(took), "s", 0)
	b.add("backup_mb", median(bytes)/(1<<20), "MB", 0)
	if info, err := os.Stat(filepath.Join(b.dir, "data", journal.File)); err == nil {
		b.add("qingkong.db", float64(info.Size())/(1<<20), "MB", 0)
	}
	b.add("backup_writer_p50_ms", quantile(beside, 0.50), "ms", quantile(alone, 0.50))
	b.add("backup_writer_p99_ms", quantile(beside, 0.99), "ms", quantile(alone, 0.99))
	return nil
}

// sendOrders starts the program and has n orders go out.
func (b *backupBench) sendOrders(ctx context.Context) error {
	if err := b.dispatchBench.sendOrders(ctx); err != nil {
		return err
	}
	return b.journal.View(func(tx *bbolt.Tx) (err error) {
		b.open, err = ordersOf(tx, b.warning.ID)
		return err
	})
}

// acknowledge has the callers acknowledge orders for as long as something runs, and returns how long each took.
func (b *backupBench) acknowledge(ctx context.Context, meanwhile func(context.Context) error) (each []time.Duration,
	err error) {
	ctx, cancel := context.WithTimeout(ctx, dispatchPatience)
	defer cancel()
	var over atomic.Bool
	var l lap
	var failed error
	var callers sync.WaitGroup
	callers.Go(func() {
		l, failed = race(backupCallers, b.open, func() bool { return !over.Load() }, func(o *notify.Order) error {
			_, err := b.svc.AnswerOrder(ctx, ofRecipient(o.RecipientID),
				notify.AnswerText{OrderID: o.ID, Action: notify.Acknowledge})
			return err
		})
	})
	err = meanwhile(ctx)
	over.Store(true)
	callers.Wait()
	if b.open = b.open[l.acts:]; len(b.open) == 0 {
		err = errors.Join(err, errors.New("the orders are used up: give a larger --n"))
	}
	return l.each, errors.Join(err, failed)
}

// restore brings the last backup back to a new folder.
func (b *backupBench) restore(ctx context.Context) error {
	set, err := settings.Of(b.config)
	if err != nil {
		return err
	}
	begin := time.Now()
	_, err = journal.Restore(ctx, journal.RestoreOptions{Files: []string{b.file}, Dir: filepath.Join(b.dir, "restored"),
		Registry: service.Registry(set)})
	b.add("restore_s", time.Since(begin).Seconds(), "s", 0)
	return err
}
