package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// boltFile is a file of bbolt with a large bucket, a small one inside a row, pages for one value, and free pages.
func boltFile(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	large, small := []byte("large"), []byte("small")
	put := func(from, to int) {
		must(t, db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(large)
			must(t, err)
			for i := from; i < to; i++ {
				must(t, b.Put(fmt.Appendf(nil, "key %05d", i), fmt.Appendf(nil, "value %d of %d", i, to)))
			}
			must(t, b.Put([]byte("wide"), make([]byte, 50_000)))
			in, err := tx.CreateBucketIfNotExists(small)
			return errors.Join(err, in.Put([]byte("a"), []byte("1")), in.Put([]byte("b"), []byte("2")))
		}))
	}
	put(0, 5000)
	put(1000, 2000)
	must(t, db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(large)
		for i := 2000; i < 3000; i++ {
			must(t, b.Delete(fmt.Appendf(nil, "key %05d", i)))
		}
		return nil
	}))
	must(t, db.Close())
	return path
}

// Each damage leaves pages that lie where they are named and rows that lie inside them, as a copy may that was made while
// the file was written.
func TestLookAtPages(t *testing.T) {
	type file struct {
		data []byte
		m    pageMeta
	}
	page := func(f *file, id uint64) []byte { return f.data[int64(id)*f.m.pageSize:][:f.m.pageSize] }
	// of gives the pages of a kind that the root reaches, other than those of free pages.
	of := func(t *testing.T, f *file, flags uint16, rows int) (ids []uint64) {
		w := newPageWalk(bytes.NewReader(f.data), f.m)
		if found := w.all(); len(found) > 0 {
			t.Fatalf("before it is damaged: %q", found)
		}
		free := map[uint64]bool{}
		list := page(f, f.m.freelist)
		for i := range int(order.Uint16(list[10:])) {
			free[order.Uint64(list[pageHead+8*i:])] = true
		}
		for id := uint64(2); id < f.m.next; id++ {
			p := page(f, id)
			if !free[id] && order.Uint64(p) == id && order.Uint16(p[8:]) == flags && int(order.Uint16(p[10:])) >= rows {
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 {
			t.Fatalf("no page has the flags %#x", flags)
		}
		return ids
	}
	swap := func(data []byte, a, b, length int) {
		kept := bytes.Clone(data[a:][:length])
		copy(data[a:], data[b:][:length])
		copy(data[b:], kept)
	}
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, f *file)
		says   string
	}{
		{"nothing", func(*testing.T, *file) {}, ""},
		{"two rows of a leaf have each other's keys", func(t *testing.T, f *file) {
			p := page(f, of(t, f, pageLeaf, 10)[1])
			tree, _ := parsePage(order.Uint64(p), p)
			one, other := tree.element(3), tree.element(4)
			swap(p, int(one.begin), int(other.begin), int(one.key))
		}, "has its keys out of their order"},
		{"two branches name each other's pages", func(t *testing.T, f *file) {
			p := page(f, of(t, f, pageBranch, 3)[0])
			swap(p, pageHead+8, pageHead+pageElement+8, 8)
		}, "has its keys out of their order"},
		{"two branches name one page", func(t *testing.T, f *file) {
			p := page(f, of(t, f, pageBranch, 3)[0])
			copy(p[pageHead+8:][:8], p[pageHead+pageElement+8:])
		}, "is used twice"},
		{"a page that is used is free as well", func(t *testing.T, f *file) {
			used := of(t, f, pageLeaf, 10)[0]
			order.PutUint64(page(f, f.m.freelist)[pageHead:], used)
		}, "is used and counted as free"},
		{"a page is free twice", func(t *testing.T, f *file) {
			of(t, f, pageLeaf, 1)
			list := page(f, f.m.freelist)[pageHead:]
			copy(list[:8], list[8:])
		}, "is used and counted as free"},
		{"a page is free that there is not", func(t *testing.T, f *file) {
			of(t, f, pageLeaf, 1)
			order.PutUint64(page(f, f.m.freelist)[pageHead:], f.m.next)
		}, "as free; there are"},
		{"more pages are free than are listed", func(t *testing.T, f *file) {
			of(t, f, pageLeaf, 1)
			order.PutUint16(page(f, f.m.freelist)[10:], 0xfffe)
		}, "is no list of free pages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := boltFile(t)
			data, err := os.ReadFile(path)
			must(t, err)
			f := &file{data: data}
			f.m, _, err = newestMeta(bytes.NewReader(data))
			must(t, err)
			c.damage(t, f)
			must(t, os.WriteFile(path, data, 0o600))
			found, err := Damage(path)
			must(t, err)
			if c.says == "" && len(found) > 0 || c.says != "" && !strings.Contains(strings.Join(found, "; "), c.says) {
				t.Errorf("found %q", found)
			}
		})
	}
}
