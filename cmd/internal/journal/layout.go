package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// layout numbers the form of the state that applying events leaves. A program that would leave another one has the next
// number: at its first start it makes the state anew from the blocks, which are of no layout. Layout 1 has no number;
// in 2 keys are forgotten after a month, and timers of typed times keep to the wall clock; in 3 a region keeps what was
// dismissed of each kind of proposal; in 4 an order knows what its recipient was told when it ended, and its objection,
// and a day keeps what each station measured; in 5 an outbox row names its channel, and the record knows which blobs
// its events name; in 6 the reports of a recipient are kept, and who has received an end is counted; in 7 a raise that
// is ordered ahead and moved makes another round; in 8 a warning has a sheet of whom to call; in 9 the files that an account
// hands in on a day are counted, findings are listed by recipient, and the record knows which blocks name a warning; in 10
// their bytes are counted beside them; in 11 the record knows which blocks tell of a file that was handed in; in 12 a
// recusal that ended stays.
const layout = 12

var layoutKey = []byte("layout")

// readLayout is the layout of the state in tx; a file without blocks has none yet.
func readLayout(tx *bbolt.Tx) (uint64, error) {
	b := tx.Bucket(metaBucket)
	if b == nil {
		return layout, nil
	}
	row := b.Get(layoutKey)
	switch {
	case row == nil && b.Get(lastKey) == nil:
		return layout, nil
	case row == nil:
		return 1, nil
	case len(row) != 8:
		return 0, errors.New("journal: the row of the state's layout is damaged (run qingkong journal rebuild)")
	}
	return binary.BigEndian.Uint64(row), nil
}

func writeLayout(tx *bbolt.Tx) error {
	return tx.Bucket(metaBucket).Put(layoutKey, binary.BigEndian.AppendUint64(nil, layout))
}

// refuseNewer says that a program of a later layout has written the state, or nil.
func refuseNewer(path string, have uint64) error {
	if have <= layout {
		return nil
	}
	return fmt.Errorf("%s was written by a newer program: its state has layout %d, this program knows up to %d; run that program, "+
		"or one newer still (nothing was changed)", path, have, layout)
}

// bringUp makes the state of an older layout anew from its own blocks, before anything else is done with it. The old
// file is kept beside it, one of them.
func bringUp(ctx context.Context, opt Options, db *bbolt.DB) (*bbolt.DB, error) {
	path := filepath.Join(opt.Dir, File)
	var have uint64
	var last tip
	err := db.View(func(tx *bbolt.Tx) (err error) {
		if have, err = readLayout(tx); err == nil {
			last, err = readTip(tx)
		}
		return err
	})
	if err != nil || have == layout {
		return db, err
	}
	if err := refuseNewer(path, have); err != nil {
		return db, err
	}
	if err := roomFor(opt.Dir, db); err != nil {
		return db, err
	}
	if err := dropKept(path); err != nil {
		return db, err
	}
	opt.Log.Warn("the state has an older layout and is made anew from its blocks; the old file is kept", "layout", have,
		"program", layout, "blocks", last.number)
	told := time.Now()
	progress := func(block uint64) {
		if time.Since(told) > 5*time.Second {
			told = time.Now()
			opt.Log.Info("making the state anew", "block", block, "of", last.number)
		}
	}
	if err := remake(ctx, opt, path, db, progress); err != nil {
		return nil, fmt.Errorf("journal: make the state anew: %w", err)
	}
	opt.Log.Info("the state is made anew", "blocks", last.number)
	return openDB(path, opt.Registry)
}

// roomFor refuses to begin what needs a second file of the size of the first where there is no room for it.
func roomFor(dir string, db *bbolt.DB) error {
	info, err := os.Stat(db.Path())
	if err != nil {
		return err
	}
	return roomIn(dir, info.Size(), "the state has to be made anew beside the old file, which needs %d MB below %s; %d MB are free (make room "+
		"and start again; nothing was changed)")
}

const keptMark = ".before-"

// dropKept removes the files that earlier rebuilds kept.
func dropKept(path string) error {
	old, err := filepath.Glob(path + keptMark + "*")
	for _, name := range old {
		if !strings.HasSuffix(name, ".new") && err == nil {
			err = os.Remove(name)
		}
	}
	return err
}
