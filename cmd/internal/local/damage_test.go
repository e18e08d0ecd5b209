package local

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

const rowsWritten = 2000

// written is the file of a store that was closed in order, with rows on many pages.
func written(t *testing.T) string {
	t.Helper()
	w := fresh(t)
	w.must(w.update(func(tx *bbolt.Tx) error {
		for i := range rowsWritten {
			if err := put(fmt.Sprintf("%06d", i), strings.Repeat("x", 200))(tx); err != nil {
				return err
			}
		}
		return nil
	}))
	w.close()
	return w.path
}

// spoil changes the bytes of a file.
func spoil(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// pages calls change with each page of a kind.
func pages(kind uint16, change func(page []byte)) func([]byte) []byte {
	return func(text []byte) []byte {
		size := os.Getpagesize()
		for at := 0; at+size <= len(text); at += size {
			if page := text[at : at+size]; binary.NativeEndian.Uint16(page[8:]) == kind {
				change(page)
			}
		}
		return text
	}
}

// A file that cannot be used is put aside, whatever is wrong with it, and another is begun; that is said until what
// lies aside is removed, over a restart too.
func TestADamagedFileIsPutAside(t *testing.T) {
	const branch, leaf = 0x01, 0x02
	for name, change := range map[string]func(t *testing.T, path string){
		"no file of bbolt": func(t *testing.T, path string) {
			spoil(t, path, func([]byte) []byte { return []byte("hello") })
		},
		"cut": func(t *testing.T, path string) {
			spoil(t, path, func(b []byte) []byte { return b[:4*os.Getpagesize()] })
		},
		"both metas": func(t *testing.T, path string) {
			spoil(t, path, func(b []byte) []byte { clear(b[:2*os.Getpagesize()]); return b })
		},
		"a leaf": func(t *testing.T, path string) {
			spoil(t, path, pages(leaf, func(page []byte) { clear(page[16:]); page[10] = 200 }))
		},
		"a branch": func(t *testing.T, path string) {
			spoil(t, path, pages(branch, func(page []byte) { binary.NativeEndian.PutUint64(page[24:], 1<<30) }))
		},
		"a folder": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := written(t)
			change(t, path)
			w := open(t, path)
			w.must(w.update(put("a", "x")))
			s := w.Status()
			if s.Trouble != nil || len(s.Aside) != 1 || len(s.Lost) != 1 || time.Since(s.Aside[0].At) > time.Minute {
				t.Fatalf("%+v", s)
			}
			if !strings.Contains(w.log.String(), "level=WARN") {
				t.Errorf("not logged:\n%s", &w.log)
			}
			w.close()
			again := open(t, path)
			if got, s := again.rows(), again.Status(); len(got) != 1 || len(s.Aside) != 1 {
				t.Errorf("after a restart: %v, %+v", got, s)
			}
			again.must(os.RemoveAll(s.Aside[0].File))
			if s := again.Status(); len(s.Aside) != 0 || len(s.Lost) != 0 {
				t.Errorf("after the file was removed: %+v", s)
			}
		})
	}
}

func TestAFileThatIsEmptyIsBegun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "local.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := open(t, path)
	w.must(w.update(put("a", "x")))
	if s := w.Status(); len(s.Aside) != 0 || s.Trouble != nil {
		t.Errorf("%+v", s)
	}
}

func TestTheNewestThatLieAsideAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "local.db")
	now := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	for i := range 5 {
		if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
			t.Fatal(err)
		}
		w := open(t, path, func(o *Options) { o.Clock = func() time.Time { return now.AddDate(0, 0, i) } })
		s := w.Status()
		if n := min(i+1, asideKept); len(s.Aside) != n || !s.Aside[n-1].At.Equal(now.AddDate(0, 0, i)) {
			t.Fatalf("after %d: %+v", i+1, s.Aside)
		}
		w.close()
	}
}

// A file that is cut while it is open faults whoever reads or writes it. The program goes on with another one.
func TestAFileIsDamagedWhileItIsOpen(t *testing.T) {
	everything := func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meter.rows")).ForEach(func(_, v []byte) error { _ = append([]byte(nil), v...); return nil })
	}
	for name, meet := range map[string]func(w *world){
		"who reads": func(w *world) {
			if err := w.View(everything); err == nil {
				w.t.Error("a file that was cut is read to its end")
			}
			w.eventually("the damage is found", func() bool { return len(w.Status().Aside) == 1 })
		},
		"who writes": func(w *world) {
			w.must(w.Update(context.Background(), func(tx *bbolt.Tx) error { // done again in the new file
				if err := everything(tx); err != nil {
					return err
				}
				return put("b", "x")(tx)
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, written(t))
			w.must(os.Truncate(w.path, 8<<10))
			meet(w)
			w.must(w.update(put("a", "x")))
			if s := w.Status(); len(s.Aside) != 1 || s.Trouble != nil || w.rows()["a"] != "x" {
				t.Errorf("%+v", s)
			}
		})
	}
}
