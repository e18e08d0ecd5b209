package journal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"
)

// Rebuild makes the state below dir anew from its own blocks, or from the stream where the record's file is
// gone, and keeps the old file beside it. The vault is taken over. It returns the report of a check.
func Rebuild(ctx context.Context, opt Options) (Report, error) {
	path := filepath.Join(opt.Dir, File)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return rebuildFromStream(ctx, opt)
	}
	old, err := openDB(path, opt.Registry)
	if err != nil {
		return Report{}, err
	}
	if err := remake(ctx, opt, path, old, nil); err != nil {
		return Report{}, err
	}
	return CheckDir(ctx, opt)
}

// The limits of one transaction of a replay. It takes many small blocks, because each transaction costs a commit, but
// few long ones, because bbolt keeps what a transaction adds in one place as one ever longer page.
const (
	replayBlocks = 200
	replayBytes  = 2 << 20
)

// remake swaps a record's file for one whose state is made anew from its own blocks; progress, which may be nil, hears
// how far that is.
func remake(ctx context.Context, opt Options, path string, old *bbolt.DB, progress func(block uint64)) error {
	return swap(opt, path, old, func(fresh *bbolt.DB) error {
		return guarded(path, func() error {
			return old.View(func(tx *bbolt.Tx) error {
				return opt.Registry.applyAll(ctx, fresh, progress, parsedBlocks(tx))
			})
		})
	})
}

// applyAll applies blocks until one is an error; progress, which may be nil, hears the last of each transaction.
func (r *Registry) applyAll(ctx context.Context, to *bbolt.DB, progress func(block uint64),
	blocks iter.Seq2[*Block, error]) error {
	var some []*Block
	size := 0
	apply := func() error {
		err := to.Update(func(tx *bbolt.Tx) error {
			for _, b := range some {
				if err := r.applyBlock(tx, b); err != nil {
					return fmt.Errorf("block %d: %w", b.Number, err)
				}
			}
			return nil
		})
		if err == nil && progress != nil && len(some) > 0 {
			progress(some[len(some)-1].Number)
		}
		some, size = some[:0], 0
		return cmp.Or(err, ctx.Err())
	}
	for b, err := range blocks {
		if err != nil {
			return err
		}
		some, size = append(some, b), size+len(b.Raw)
		if len(some) < replayBlocks && size < replayBytes {
			continue
		}
		if err := apply(); err != nil {
			return err
		}
	}
	return apply()
}

// rebuildFromStream opens the journal on an empty file: recovery applies the whole stream and the vault.
func rebuildFromStream(ctx context.Context, opt Options) (Report, error) {
	j, err := Open(ctx, opt)
	if err != nil {
		return Report{}, err
	}
	report, err := j.Check(ctx)
	return report, errors.Join(err, j.Close(ctx))
}

// swap fills a new file beside path, takes the vault over, and puts it in path's place in one rename; the old
// one stays as path.before-<time>. old is nil where there is none that can be read.
func swap(opt Options, path string, old *bbolt.DB, fill func(fresh *bbolt.DB) error) (err error) {
	next := path + ".new"
	if err := removeIfThere(next); err != nil {
		return closeAfter(old, err)
	}
	fresh, err := openDB(next, opt.Registry)
	if err != nil {
		return closeAfter(old, err)
	}
	fresh.NoSync = true
	err = fill(fresh)
	if err == nil && old != nil {
		err = guarded(path, func() error { return copyVault(old, fresh) })
	}
	err = closeAfter(old, errors.Join(err, fresh.Sync(), fresh.Close()))
	if err != nil {
		return errors.Join(err, removeIfThere(next))
	}
	if exists(path) {
		keep := path + keptMark + time.Now().In(shanghai).Format("20060102-150405.000")
		if err := os.Link(path, keep); err != nil {
			return err
		}
	}
	return os.Rename(next, path)
}

func copyVault(from, to *bbolt.DB) error {
	return from.View(func(src *bbolt.Tx) error {
		return to.Update(func(dst *bbolt.Tx) error {
			// the last is where older programs kept sessions
			for _, name := range append(slices.Clip(vaultBuckets), string(sessionsBucket)) {
				there := src.Bucket([]byte(name))
				if there == nil {
					continue
				}
				b, err := dst.CreateBucketIfNotExists([]byte(name))
				if err == nil {
					err = b.SetSequence(max(b.Sequence(), there.Sequence()))
				}
				if err != nil {
					return err
				}
				err = there.ForEach(func(k, v []byte) error {
					if name != string(sessionsBucket) && isTombstone(b.Get(k)) {
						return nil // erased stays erased
					}
					return b.Put(k, v)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// Resubmission is what became of one command of a losing branch.
type Resubmission struct {
	Block   uint64 `json:"block"`
	Command string `json:"command"`
	Key     string `json:"key,omitempty"`
	Actor   string `json:"actor,omitempty"`
	At      string `json:"at"`
	Outcome string `json:"outcome"` // recorded, nothing_new or refused
	Why     string `json:"why,omitempty"`
}

// Reconciliation is what settling a fork did.
type Reconciliation struct {
	ForkedAt uint64         `json:"forked_at"` // the first block that differs; 0: there was no fork
	Kept     string         `json:"kept"`      // the file that keeps the losing branch
	Commands []Resubmission `json:"commands"`
}

// Reconcile settles a fork: the stream's branch stands, for other nodes hold it too; this node's blocks from the
// fork on are kept in a file, the state is made anew from the stream, and the losing commands are submitted
// again in their order. What is refused now is listed; nothing of it is lost silently.
func Reconcile(ctx context.Context, opt Options) (done Reconciliation, err error) {
	done.Commands = []Resubmission{}
	path := filepath.Join(opt.Dir, File)
	db, err := openStopped(opt.Dir) // there may be no fork, and then nothing is written
	if err != nil {
		return done, err
	}
	stream := readStream(opt.JS, opt.Shared)
	losing, last, err := losingBranch(ctx, db, stream)
	if err != nil || len(losing) == 0 {
		return done, errors.Join(err, db.Close())
	}
	done.ForkedAt = losing[0].Number
	done.Kept = fmt.Sprintf("%s.fork-%d-%x", path, losing[0].Number, losing[0].Hash[:4])
	if err := keepBlocks(done.Kept, losing); err != nil {
		return done, errors.Join(err, db.Close())
	}
	err = swap(opt, path, db, func(fresh *bbolt.DB) error {
		return fillFromStream(ctx, fresh, opt.Registry, stream, last)
	})
	if err != nil {
		return done, err
	}
	if err := writeHeightOf(opt, path); err != nil {
		return done, err
	}
	opt.Inventory = nil // as it is now
	j, err := Open(ctx, opt)
	if err != nil {
		return done, err
	}
	for _, b := range losing {
		for i := range b.Parts {
			done.Commands = append(done.Commands, j.resubmit(ctx, b, &b.Parts[i]))
		}
	}
	return done, j.Close(ctx)
}

// writeHeightOf writes the height of a record that was made anew, in the place of the one that it gave up.
func writeHeightOf(opt Options, path string) error {
	db, err := openToRead(path)
	if err != nil {
		return err
	}
	var t tip
	err = db.View(func(tx *bbolt.Tx) (err error) { t, err = readTip(tx); return err })
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return writeHeight(opt.Dir, t, 0)
}

// losingBranch finds the first block that differs and returns this node's blocks from there on.
func losingBranch(ctx context.Context, db *bbolt.DB, stream appendLog) (losing []*Block, last uint64, err error) {
	info, err := stream.info(ctx)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, 0, nil // nothing to fork from
	}
	if err != nil {
		return nil, 0, err
	}
	err = db.View(func(tx *bbolt.Tx) error {
		t, err := readTip(tx)
		if err != nil {
			return err
		}
		for n := t.number; n > 0; n-- {
			ours, err := ParseBlock(bytes.Clone(ReadBlock(tx, n)))
			if err != nil {
				return fmt.Errorf("block %d: %w", n, err)
			}
			if n <= info.last {
				theirs, err := streamBlock(ctx, stream, n)
				if err != nil {
					return err
				}
				if theirs.Hash == ours.Hash {
					break
				}
			}
			losing = append([]*Block{ours}, losing...)
		}
		return nil
	})
	if len(losing) > 0 && losing[0].Number > info.last {
		return nil, info.last, err // only a missing tail: start appends it again
	}
	return losing, info.last, err
}

func keepBlocks(path string, blocks []*Block) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		if _, err := f.Write(b.Raw); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(f.Sync(), f.Close())
}

func fillFromStream(ctx context.Context, fresh *bbolt.DB, reg *Registry, stream appendLog, last uint64) error {
	for n := uint64(1); n <= last; n++ {
		b, err := streamBlock(ctx, stream, n)
		if err != nil {
			return err
		}
		if err := fresh.Update(func(tx *bbolt.Tx) error { return reg.applyBlock(tx, b) }); err != nil {
			return err
		}
	}
	return nil
}

func streamBlock(ctx context.Context, stream appendLog, number uint64) (b *Block, err error) {
	raw, err := stream.read(ctx, number)
	if err != nil {
		return nil, err
	}
	if b, err = ParseBlock(raw); err != nil {
		err = fmt.Errorf("block %d in the stream: %w", number, err)
	}
	return b, err
}

func (j *Journal) resubmit(ctx context.Context, b *Block, part *Part) Resubmission {
	c := part.Command
	out := Resubmission{Block: b.Number, Command: c.Kind, Key: c.Key, Actor: c.Actor, At: b.At}
	refuse := func(err error) Resubmission { out.Outcome, out.Why = "refused", err.Error(); return out }
	h := j.reg.handlers[c.Kind]
	if h == nil {
		return refuse(fmt.Errorf("no handler for command %q", c.Kind))
	}
	if h.bulk && len(part.Entries) == 1 {
		var err error
		if _, c.Payload, err = j.reg.lift(part.Entries[0].Kind, part.Entries[0].Data); err != nil {
			return refuse(err)
		}
	}
	payload, err := h.payload(c.Payload)
	if err != nil {
		return refuse(err)
	}
	before := j.Height()
	if _, err := j.Submit(ctx, Command{Kind: c.Kind, Key: c.Key, Actor: c.Actor, Payload: payload,
		Proof: c.Proof}); err != nil {
		return refuse(err)
	}
	out.Outcome = "recorded"
	if j.Height() == before {
		out.Outcome = "nothing_new"
	}
	return out
}
