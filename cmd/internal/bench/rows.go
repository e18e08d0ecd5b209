package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// row is one row that a transaction changed: its values before and after, nil for not there.
type row struct {
	bucket, key, was, is []byte
}

// changedRows are the rows that differ between two states of a file, bucket by bucket.
func changedRows(before, after *bbolt.Tx) (rows []row, err error) {
	err = after.ForEach(func(name []byte, b *bbolt.Bucket) error {
		was := before.Bucket(name)
		if was == nil {
			return fmt.Errorf("bucket %s is new", name)
		}
		add := func(key, was, is []byte) {
			rows = append(rows, row{slices.Clone(name), slices.Clone(key), slices.Clone(was), slices.Clone(is)})
		}
		x, y := was.Cursor(), b.Cursor()
		xk, xv := x.First()
		yk, yv := y.First()
		for xk != nil || yk != nil {
			if xk != nil && xv == nil || yk != nil && yv == nil {
				return fmt.Errorf("bucket %s holds buckets", name)
			}
			switch at := compareKeys(xk, yk); {
			case at < 0:
				add(xk, xv, nil)
				xk, xv = x.Next()
			case at > 0:
				add(yk, nil, yv)
				yk, yv = y.Next()
			default:
				if !bytes.Equal(xv, yv) {
					add(xk, xv, yv)
				}
				xk, xv = x.Next()
				yk, yv = y.Next()
			}
		}
		return nil
	})
	return rows, err
}

// compareKeys orders keys; none comes after all.
func compareKeys(a, b []byte) int {
	switch {
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return bytes.Compare(a, b)
}

// write puts rows into a file: as they are after the transaction or, undone, as they were before it.
func write(tx *bbolt.Tx, rows []row, undone bool) error {
	for _, r := range rows {
		b := tx.Bucket(r.bucket)
		if b == nil {
			return fmt.Errorf("no bucket %s", r.bucket)
		}
		value := r.is
		if undone {
			value = r.was
		}
		var err error
		if value == nil {
			err = b.Delete(r.key)
		} else {
			err = b.Put(r.key, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rowReplay holds the rows of real transactions, one after the other, and a copy of the file as it was before the
// first. Writing them there is exactly the work that bbolt had with them, and nothing else.
type rowReplay struct {
	db   *bbolt.DB
	acts []actRows
	next int
}

// actRows are the rows that came with one act; alone says that no other transaction came with it.
type actRows struct {
	rows  []row
	alone bool
}

// viewer is a file that can be read while others write it.
type viewer interface {
	View(fn func(tx *bbolt.Tx) error) error
}

// copyRows lets act be done on all of todo, and takes the rows of each from db to a copy in file. height counts db's
// transactions.
func copyRows(db viewer, height func() uint64, file string, todo []int, act func(int) error) (*rowReplay, error) {
	if err := db.View(func(tx *bbolt.Tx) error { return tx.CopyFile(file, 0o600) }); err != nil {
		return nil, err
	}
	r := &rowReplay{}
	for _, i := range todo {
		at := height()
		err := db.View(func(before *bbolt.Tx) error {
			if err := act(i); err != nil {
				return err
			}
			return db.View(func(after *bbolt.Tx) error {
				rows, err := changedRows(before, after)
				r.acts = append(r.acts, actRows{rows, height() == at+1})
				return err
			})
		})
		if err != nil {
			return nil, err
		}
	}
	if !slices.ContainsFunc(r.acts, func(a actRows) bool { return a.alone }) {
		return nil, errors.New("no act had a transaction of its own, so that its rows cannot be told")
	}
	var err error
	r.db, err = bbolt.Open(file, 0o600, &bbolt.Options{ // as the record's own: see journal
		Timeout: time.Second, InitialMmapSize: 1 << 30, FreelistType: bbolt.FreelistMapType, NoFreelistSync: true,
	})
	return r, err
}

// turn is the contender that commits the rows of one transaction after the other, and begins anew at the end.
func (r *rowReplay) turn(_ context.Context, within time.Duration) (lap, error) {
	for r.next == len(r.acts) || !r.acts[r.next].alone {
		if err := r.db.Update(r.skip); err != nil {
			return lap{}, err
		}
	}
	few := r.acts[r.next:]
	if end := slices.IndexFunc(few, func(a actRows) bool { return !a.alone }); end >= 0 {
		few = few[:end]
	}
	l, err := race(1, few, until(within), func(a actRows) error {
		return r.db.Update(func(tx *bbolt.Tx) error { return write(tx, a.rows, false) })
	})
	r.next += l.acts
	return l, err
}

// skip writes without measuring: the rows of several transactions, or all rows back as they were.
func (r *rowReplay) skip(tx *bbolt.Tx) error {
	if r.next < len(r.acts) {
		r.next++
		return write(tx, r.acts[r.next-1].rows, false)
	}
	r.next = 0
	for _, a := range slices.Backward(r.acts) {
		if err := write(tx, a.rows, true); err != nil {
			return err
		}
	}
	return nil
}

// count is how many rows, and bytes of keys and values, a transaction wrote, in the median.
func (r *rowReplay) count() (rows, size float64) {
	var n, bytes []float64
	for _, a := range r.acts {
		if !a.alone {
			continue
		}
		sum := 0
		for _, one := range a.rows {
			sum += len(one.key) + len(one.is)
		}
		n, bytes = append(n, float64(len(a.rows))), append(bytes, float64(sum))
	}
	return median(n), median(bytes)
}
