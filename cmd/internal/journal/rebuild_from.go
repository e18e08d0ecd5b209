package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// RestoredMark is what a start reads of [RestoredFile]: at which block a record was made to end, by a rebuild or a
// restore, and how far it had reached as far as is known.
type RestoredMark struct {
	Block     uint64 `json:"block"`
	Confirmed uint64 `json:"confirmed,omitempty"` // 0 where that is not known
	At        string `json:"restored_at"`         // when that was done
	// Erased is what a restore erased and the record does not know to be erased.
	Erased []string `json:"erased_now,omitempty"`
}

// RebuildSource is what [RebuildFrom] takes for the record.
type RebuildSource string

// The sources.
const (
	FromStream RebuildSource = "stream"
	FromDB     RebuildSource = "db"
)

// RebuildReport is what a rebuild from one of the two stores did.
type RebuildReport struct {
	Report
	Confirmed uint64 `json:"confirmed,omitempty"` // how far the record had reached, as far as is known
	KeptStore string `json:"kept_store,omitempty"`
	// Behind is the file that holds the blocks behind a hole, which can be read and not be applied; Lines are their
	// entries, as an export writes them, for people to act on.
	Behind string       `json:"behind,omitempty"`
	Lines  []ExportLine `json:"lines,omitempty"`
}

// RebuildFrom makes one store of a folder from the other, and the height from what that gives, where a start refuses
// because neither is what it was: from the stream up to the first block that cannot be read or does not follow, or from
// the record's file as it is. The old file and a copy of the old streams are kept. Blocks behind a hole are never
// applied; with skip they go into a file, without it they are a reason to refuse. It is for a node of its own.
func RebuildFrom(ctx context.Context, opt Options, from RebuildSource, skip bool) (r RebuildReport, err error) {
	if opt, err = opt.complete(); err != nil {
		return r, err
	}
	if opt.Shared {
		return r, errors.New("a shared stream is made anew by nobody: restore it on the cluster")
	}
	if h := opt.Inventory.Height; h != nil {
		r.Confirmed = h.Number
	}
	path := filepath.Join(opt.Dir, File)
	switch from {
	case FromStream:
		err = r.recordFromStream(ctx, opt, path, skip)
	case FromDB:
		err = recordFromItself(ctx, opt, path)
	default:
		err = fmt.Errorf("unknown source %q", from)
	}
	if err != nil {
		return r, err
	}
	if err := r.streamFromRecord(ctx, opt, path); err != nil {
		return r, err
	}
	opt.Inventory = nil
	r.Report, err = CheckDir(ctx, opt)
	return r, err
}

func (r *RebuildReport) recordFromStream(ctx context.Context, opt Options, path string, skip bool) error {
	info, err := opt.log.info(ctx)
	if err != nil {
		return err
	}
	s, err := scanStream(ctx, opt.log, 0, [32]byte{}, info)
	switch {
	case err != nil:
		return err
	case s.good == 0:
		return fmt.Errorf("the stream holds no block that can be read from the first on (%w): nothing was changed",
			errors.Join(s.bad, errors.New("it is empty")))
	case s.behind > 0 && !skip:
		return fmt.Errorf("%w; %d blocks behind that can be read (%d to %d) and cannot be applied: with --skip-unreadable the record ends at block %d "+
			"and they go into a file (nothing was changed)", s.bad, s.behind, s.behindFrom, s.behindTo, s.good)
	}
	if s.behind > 0 {
		if err := r.keepBehind(ctx, opt, path, s); err != nil {
			return err
		}
	}
	var old *bbolt.DB
	if exists(path) {
		if old, err = openDB(path, opt.Registry); err != nil {
			opt.Log.Warn("the old file cannot be opened; its vault is taken from the key-value bucket at the next start",
				"err", err)
		}
	}
	return swap(opt, path, old, func(fresh *bbolt.DB) error {
		return fillFromStream(ctx, fresh, opt.Registry, opt.log, s.good)
	})
}

// keepBehind writes the readable blocks behind the first bad one into a file.
func (r *RebuildReport) keepBehind(ctx context.Context, opt Options, path string, s scan) error {
	var blocks []*Block
	for n := s.behindFrom; n <= s.behindTo; n++ {
		b, err := readBlock(ctx, opt.log, n)
		if errors.As(err, new(*badMessage)) {
			continue
		}
		if err != nil {
			return err
		}
		blocks = append(blocks, b)
		r.Lines = append(r.Lines, exportLines(b)...)
	}
	r.Behind = fmt.Sprintf("%s.behind-%d", path, s.good)
	return keepBlocks(r.Behind, blocks)
}

func recordFromItself(ctx context.Context, opt Options, path string) error {
	if !exists(path) {
		return fmt.Errorf("there is no %s (nothing was changed)", path)
	}
	old, err := openDB(path, opt.Registry)
	if err != nil {
		return err
	}
	if err := remake(ctx, opt, path, old, nil); err != nil {
		return fmt.Errorf("the record's own blocks do not make a state (nothing was changed; try --from stream): %w", err)
	}
	return nil
}

// streamFromRecord puts the old streams aside, makes the journal's anew from the record, and writes the height.
func (r *RebuildReport) streamFromRecord(ctx context.Context, opt Options, path string) error {
	db, err := openDB(path, opt.Registry)
	if err != nil {
		return err
	}
	j := &Journal{opt: opt, reg: opt.Registry, db: db, log: opt.log}
	j.vault = j.newVault()
	err = func() error {
		j.takeVault(ctx, takeVaultWithin)
		last, err := j.tip()
		if err != nil {
			return err
		}
		if err := j.putAside(); err != nil {
			return err
		}
		r.KeptStore = opt.Inventory.Kept
		if err := opt.log.reset(ctx); err != nil {
			return err
		}
		if last.number < r.Confirmed {
			mark := RestoredMark{Block: last.number, Confirmed: r.Confirmed, At: time.Now().In(shanghai).Format(timeForm)}
			if err := writeRestored(opt.Dir, mark); err != nil {
				return err
			}
		}
		if err := writeHeight(opt.Dir, last, 1); err != nil { // the stream is empty until the next lines have run
			return err
		}
		if err := j.appendTail(ctx, 1); err != nil {
			return err
		}
		return writeHeight(opt.Dir, last, 0)
	}()
	return errors.Join(err, db.Close())
}

// readRestored reads the mark of a restored record; nil where there is none.
func readRestored(dir string) (*RestoredMark, error) {
	path := filepath.Join(dir, RestoredFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, unlessMissing(err)
	}
	m := new(RestoredMark)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return m, nil
}
