package ledger

import (
	"fmt"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"
)

func openDB(t testing.TB) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "l.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range Buckets() {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func leaf(i int64) []byte { return fmt.Appendf(nil, "entry %d", i) }

// However the leaves are spread over transactions, each root is tlog's own and every leaf can be proved in
// every later tree.
func TestRootsAndProofsAreThoseOfTlog(t *testing.T) {
	db := openDB(t)
	var size int64
	for step := int64(1); size < 300; step = step%7 + 1 {
		err := db.Update(func(tx *bbolt.Tx) error {
			tree, err := Load(tx)
			if err != nil {
				return err
			}
			for range step {
				if got := tree.Append(leaf(size)); got != size {
					t.Fatalf("leaf got index %d, want %d", got, size)
				}
				size++
			}
			if err := tree.Save(); err != nil {
				return err
			}
			want, err := tlog.TreeHash(size, Hashes(tx))
			if err != nil {
				return err
			}
			if tree.Root() != want {
				t.Fatalf("size %d: root %v, tlog says %v", size, tree.Root(), want)
			}
			for i := range size {
				proof, err := tlog.ProveRecord(size, i, Hashes(tx))
				if err != nil {
					return err
				}
				if err := tlog.CheckRecord(proof, size, want, i, tlog.RecordHash(leaf(i))); err != nil {
					t.Fatalf("size %d, leaf %d: %v", size, i, err)
				}
				if tlog.CheckRecord(proof, size, want, i, tlog.RecordHash(leaf(i+1))) == nil {
					t.Fatalf("size %d: another leaf passes for %d", size, i)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRolledBackLeavesAreGone(t *testing.T) {
	db := openDB(t)
	add := func(leaves []int64, keep bool) (root tlog.Hash) {
		tx, err := db.Begin(true)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := Load(tx)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range leaves {
			tree.Append(leaf(l))
		}
		if err := tree.Save(); err != nil {
			t.Fatal(err)
		}
		if keep {
			err = tx.Commit()
		} else {
			err = tx.Rollback()
		}
		if err != nil {
			t.Fatal(err)
		}
		return tree.Root()
	}
	add([]int64{0, 1, 2}, true)
	add([]int64{77, 78}, false)
	got := add([]int64{3, 4}, true)
	other := openDB(t)
	db = other
	if want := add([]int64{0, 1, 2, 3, 4}, true); got != want {
		t.Errorf("root after a rollback %v, want %v", got, want)
	}
}

func TestEmptyRootIsTheHashOfNothing(t *testing.T) {
	db := openDB(t)
	_ = db.View(func(tx *bbolt.Tx) error {
		tree, err := Load(tx)
		if err != nil {
			t.Fatal(err)
		}
		const want = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" // RFC 6962 §2.1: SHA-256 of the empty string
		if got := tree.Root().String(); got != want {
			t.Errorf("Root() = %s, want %s", got, want)
		}
		return nil
	})
}

func BenchmarkAppend(b *testing.B) {
	db := openDB(b)
	tx, err := db.Begin(true)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	tree, err := Load(tx)
	if err != nil {
		b.Fatal(err)
	}
	text := make([]byte, 300)
	for b.Loop() {
		tree.Append(text)
		if tree.Size()%256 == 0 {
			if err := tree.Save(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
