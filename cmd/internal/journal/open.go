package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Open opens the record below Options.Dir, mends whatever the last end left, and starts the writer.
func Open(ctx context.Context, opt Options) (_ *Journal, err error) {
	opt, err = opt.complete()
	if err != nil {
		return nil, err
	}
	path, node := filepath.Join(opt.Dir, File), filepath.Join(opt.Dir, nodeFile)
	fresh, named := !exists(path), exists(node)
	if fresh {
		if err := opt.refuseEmpty(ctx); err != nil {
			return nil, err
		}
	}
	db, err := openDB(path, opt.Registry)
	if err != nil {
		return nil, err
	}
	db.NoSync = opt.NoSync
	if db, err = bringUp(ctx, opt, db); err != nil {
		return nil, closeAfter(db, err)
	}
	db.NoSync = opt.NoSync
	j := &Journal{
		opt: opt, reg: opt.Registry, db: db, log: opt.log, clock: newClock(opt.Clock, opt.Mono),
		heights: newHeightWriter(opt.Dir, opt.Inventory.Height, opt.NoSync),
		queue:   make(chan *pending, 8192), publishing: make(chan struct{}, 64), kick: make(chan struct{}, 1),
		stop:      make(chan struct{}),
		vaultOwes: make(chan struct{}, 1), vaultLook: make(chan struct{}, 1),
		blobWatch: blobWatch{look: make(chan struct{}, 1), bad: map[string]bool{}},
	}
	j.fresh, j.leader.seen = fresh, time.Now()
	j.behindWork, j.endBehind = context.WithCancel(context.Background())
	if err := j.start(ctx); err != nil {
		j.endBehind()
		err = closeAfter(db, err)
		if fresh && j.Height() == 0 { // a start that was refused leaves the folder as it was
			err = errors.Join(err, os.Remove(path))
			if !named {
				err = errors.Join(err, removeIfThere(node))
			}
		}
		return nil, err
	}
	return j, nil
}

func removeIfThere(path string) error {
	return unlessMissing(os.Remove(path))
}

// unlessMissing is an error but that a file is not there.
func unlessMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func closeAfter(db *bbolt.DB, err error) error {
	if db == nil {
		return err
	}
	return errors.Join(err, db.Close())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// complete fills in what was left out.
func (opt Options) complete() (Options, error) {
	opt.Log = cmp.Or(opt.Log, slog.New(slog.DiscardHandler))
	if opt.Fatal == nil {
		opt.Fatal = func(err error) {
			opt.Log.Error("the record could not be committed and its block may be in the stream; ending so that the restart catches up", "err", err)
			os.Exit(3)
		}
	}
	if opt.at == nil {
		opt.at = func(string) {}
	}
	opt.scrub = cmp.Or(opt.scrub, scrubBytes)
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return opt, err
	}
	if opt.Inventory == nil {
		var err error
		if opt.Inventory, err = Survey(opt.Dir, ""); err != nil {
			return opt, err
		}
	}
	if opt.log == nil {
		opt.log = openStream(opt.JS, opt.Shared)
	}
	return opt, nil
}

// refuseEmpty refuses a folder whose node once had a record and has nothing left: a new beginning there would take the
// place of what may only be missing for the moment.
func (opt Options) refuseEmpty(ctx context.Context) error {
	if h := opt.Inventory.Height; !exists(filepath.Join(opt.Dir, nodeFile)) || h != nil && h.Number == 0 {
		return nil // a beginning, or one that had confirmed nothing yet
	}
	info, err := opt.log.info(ctx)
	if err != nil {
		return err
	}
	if info.last > 0 {
		return nil
	}
	return fmt.Errorf("journal: %s has the name of a node and neither %s nor a stream that holds blocks: is a disk not mounted? "+
		"Restore the folder from a backup; for a new beginning remove %s and %s there (nothing was changed)", opt.Dir, File,
		nodeFile, HeightFile)
}

func (j *Journal) start(ctx context.Context) (err error) {
	if j.opt.Node == "" {
		if j.opt.Node, err = nodeName(j.opt.Dir); err != nil {
			return err
		}
	}
	if j.restored, err = readRestored(j.opt.Dir); err != nil {
		return err
	}
	if m := j.restored; m != nil {
		j.opt.Log.Warn("the record was made to end early; ids beyond its end may exist outside", "block", m.Block,
			"confirmed", m.Confirmed, "at", m.At)
	}
	j.vault = j.newVault()
	if err := j.openBlobs(); err != nil {
		return err
	}
	if j.opt.Shared {
		if j.nodes, err = openNodes(ctx, j.opt.JS); err != nil {
			return err
		}
	}
	if err := j.begin(ctx); errors.Is(err, ErrForked) {
		j.halt(err)
	} else if err != nil {
		return err
	}
	last, err := j.tip()
	if err != nil {
		return err
	}
	j.clock.follow(last.at)
	j.heights.reached(last.number, last.hash)
	if within := j.vaultWithin(); within > 0 {
		j.takeVault(ctx, within)
	}
	if j.opt.Shared {
		return j.runShared(ctx)
	}
	j.runAlone(last)
	return nil
}

// vaultWithin is how long the start waits for the vault's key-value bucket: not at all where this node has its vault.
func (j *Journal) vaultWithin() time.Duration {
	switch {
	case j.fresh:
		return takeVaultWithin
	case j.opt.Shared:
		return mergeWithin
	}
	return 0
}

func (j *Journal) runAlone(last tip) {
	short := j.streamEnd < last.number
	j.tail = newTail(j, j.streamEnd+1, short)
	if j.unasked && last.number > 0 { // the place of the last block says how the stream is
		j.tail.next, j.tail.unsure = last.number, true
	}
	// the follower takes the mark away when it has handed over
	if h := j.opt.Inventory.Height; h != nil && h.ShortFrom != 0 {
		j.tail.short.Store(true)
	}
	if j.Halted() == nil {
		_ = j.markShort() // where it cannot be written nothing is, until it can
	}
	if err := j.heights.save(); err != nil {
		j.opt.Log.Error("the height is not written; it is tried again each second", "err", err)
	}
	go j.tail.run()
	j.runBoth()
}

func (j *Journal) runShared(ctx context.Context) error {
	if err := j.heights.save(); err != nil {
		return err
	}
	if err := j.follow(ctx); err != nil {
		return err
	}
	j.wg.Go(func() { j.reportEvery(time.Second) })
	j.wg.Go(func() { j.vault.follow(j.behindWork) })
	j.wg.Go(func() { j.deliverVault(j.behindWork) })
	j.runBoth()
	return nil
}

func (j *Journal) runBoth() {
	j.running.Store(true)
	j.oweRestored()
	j.wg.Go(j.run)
	j.wg.Go(j.keepHeight)
	j.wg.Go(func() { j.keepVault(j.behindWork) })
	j.wg.Go(func() { j.keepBlobs(j.behindWork) })
}

// keepHeight writes the height while the record grows.
func (j *Journal) keepHeight() {
	every(j.stop, heightEvery, func() {
		err := j.heights.save()
		if err == nil {
			j.heightErr.Store(nil)
		} else if j.heightErr.Swap(&err) == nil {
			j.opt.Log.Error("the height is not written; it is tried again each second", "err", err)
		}
	})
}

// Close ends the writer after the block it is working on, and everything else within ctx. Commands that are still
// queued are answered ErrClosed.
func (j *Journal) Close(ctx context.Context) error {
	j.gate.Lock()
	if j.closed {
		j.gate.Unlock()
		return nil
	}
	j.closed = true
	close(j.stop)
	j.gate.Unlock()
	ended := make(chan error, 1)
	go func() { ended <- j.end(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return fmt.Errorf("journal: not closed in time; the next start finds what was confirmed: %w", ctx.Err())
	}
}

func (j *Journal) end(ctx context.Context) error {
	if j.tail != nil { // while the writer waits for an append the follower goes on
		defer j.tail.cancel()
	}
	j.endBehind()
	j.wg.Wait()
	if j.tail != nil {
		j.tail.close(ctx)
	}
	for {
		select {
		case p := <-j.queue:
			p.done(nil, ErrClosed)
			continue
		default:
		}
		return errors.Join(j.heights.end(), j.db.Close())
	}
}
