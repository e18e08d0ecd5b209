package bench

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// The rows of transactions, written into a copy, make it what the original has become; begun anew, they do so again.
func TestRowsOfTransactions(t *testing.T) {
	// it grows while it is read
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "db"), 0o600, &bbolt.Options{InitialMmapSize: 1 << 24})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	update := func(fn func(a, b *bbolt.Bucket) error) {
		t.Helper()
		err := db.Update(func(tx *bbolt.Tx) error {
			a, err := tx.CreateBucketIfNotExists([]byte("a"))
			if err != nil {
				return err
			}
			b, err := tx.CreateBucketIfNotExists([]byte("b"))
			if err != nil {
				return err
			}
			return fn(a, b)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	update(func(a, b *bbolt.Bucket) error {
		for i := range 20 {
			if err := a.Put(fmt.Appendf(nil, "%02d", i), []byte("open")); err != nil {
				return err
			}
		}
		return b.Put([]byte("total"), []byte("20"))
	})
	height := uint64(0)
	act := func(i int) error { // one row changes, one goes, one comes, one stays as it is, and an empty one comes
		height++
		update(func(a, b *bbolt.Bucket) error {
			for key, value := range map[string]string{fmt.Sprintf("%02d", i): "done", fmt.Sprintf("%02d.at", i): "now",
				fmt.Sprintf("%02d.e", i): "", "19": "open"} {
				if err := a.Put([]byte(key), []byte(value)); err != nil {
					return err
				}
			}
			if err := a.Delete(fmt.Appendf(nil, "%02d", i+10)); err != nil {
				return err
			}
			return b.Put([]byte("total"), fmt.Append(nil, 20-i))
		})
		return nil
	}
	twice := func(i int) error { // the second comes with a transaction of somebody else
		if i == 2 {
			height++
		}
		return act(i)
	}
	r, err := copyRows(db, func() uint64 { return height }, filepath.Join(t.TempDir(), "copy"), []int{1, 2, 3, 4}, twice)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.db.Close() }()
	if rows, size := r.count(); rows != 5 || size <= 0 {
		t.Errorf("%v rows of %v bytes, want 5", rows, size)
	}
	for round := range 3 {
		for _, want := range []int{1, 2} { // those before and behind it, which itself is not counted
			if l, err := r.turn(context.Background(), time.Hour); err != nil || l.acts != want || len(l.each) != want {
				t.Fatalf("round %d: %+v, %v, want %d", round, l, err, want)
			}
		}
		if got, want := contents(t, r.db), contents(t, db); !bytes.Equal(got, want) {
			t.Errorf("round %d: the copy has\n%s\nthe original\n%s", round, got, want)
		}
	}
	if _, err := copyRows(db, func() uint64 {
		height++
		return height
	}, filepath.Join(t.TempDir(), "copy"), []int{5}, act); err == nil {
		t.Error("the rows of several transactions are taken for those of one")
	}
}

func contents(t *testing.T, db *bbolt.DB) []byte {
	t.Helper()
	var text bytes.Buffer
	err := db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				_, err := fmt.Fprintf(&text, "%s %s=%s\n", name, k, v)
				return err
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}
