package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// startLooking starts as the program does: the folder is looked at before the server opens its store.
func (w *world) startLooking() (*Journal, error) {
	w.t.Helper()
	before, err := Survey(w.dir, w.nats)
	if err != nil {
		return nil, err
	}
	w.opt.Inventory = before
	defer func() { w.opt.Inventory = nil }()
	return w.tryStart()
}

// hurt has a record of ten blocks, and damages it while nothing runs.
func hurt(t *testing.T, damage func(w *world)) *world {
	w := newWorld(t)
	w.start()
	for range 10 {
		w.add("x", 1)
	}
	w.stop()
	damage(w)
	return w
}

// flipBlock changes a byte of one block in the file of the stream.
func flipBlock(w *world, number int) {
	w.t.Helper()
	data, err := os.ReadFile(w.blk("1.blk"))
	if err != nil {
		w.t.Fatal(err)
	}
	at := 0
	for range number {
		at += bytes.Index(data[at:], []byte(`"total":`)) + 1
	}
	data[at+3] ^= 0x04
	if err := os.WriteFile(w.blk("1.blk"), data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) cutBlk(keep float64) {
	w.t.Helper()
	info, err := os.Stat(w.blk("1.blk"))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.Truncate(w.blk("1.blk"), int64(keep*float64(info.Size()))); err != nil {
		w.t.Fatal(err)
	}
}

// With both stores hurt nothing is made anew from what is left: the start is refused with the numbers and every way
// out, what was there is kept, byte for byte, and later starts say the same. What the server made of it at the first
// may be kept once more.
func TestBothStoresHurt(t *testing.T) {
	gone := func(w *world) { w.remove(filepath.Join(w.dir, File)) }
	for _, c := range []struct {
		name   string
		damage func(w *world)
		says   []string
	}{
		{"the record gone, one byte flipped in the stream", func(w *world) { gone(w); flipBlock(w, 5) },
			[]string{"message 5", "5 blocks behind that can be read (6 to 10)",
				"--from stream --skip-unreadable, which keeps blocks 1 to 4 and loses 5 to 10", "restore"}},
		{"the same, and index.db gone: the server cuts the file itself", func(w *world) {
			gone(w)
			flipBlock(w, 5)
			w.remove(w.blk("index.db"))
		},
			[]string{"the server cut 1.blk from", "which keeps blocks 1 to", "and loses"}},
		{"the record gone, the stream cut", func(w *world) { gone(w); w.cutBlk(0.6) },
			[]string{"which keeps blocks 1 to", "loses"}},
		{"the record gone, the stream cut, index.db gone", func(w *world) {
			gone(w)
			w.cutBlk(0.6)
			w.remove(w.blk("index.db"))
		},
			[]string{"which keeps blocks 1 to", "loses"}},
		{"the record cut to two pages, one byte flipped in the stream", func(w *world) {
			flipBlock(w, 5)
			if err := os.Truncate(filepath.Join(w.dir, File), 8192); err != nil {
				w.t.Fatal(err)
			}
		}, []string{File + " is damaged", "it has 8192 bytes, its newest meta page counts", "Move it out of the folder"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := hurt(t, c.damage)
			before := t.TempDir()
			if err := os.CopyFS(before, os.DirFS(w.nats)); err != nil {
				t.Fatal(err)
			}
			for range 4 {
				_, err := w.startLooking()
				if err == nil {
					t.Fatal("it starts")
				}
				for _, want := range c.says {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the refusal does not say %q: %v", want, err)
					}
				}
				w.stop()
			}
			kept, err := filepath.Glob(filepath.Join(w.dir, keptStore+"*"))
			if err != nil || len(kept) > 2 {
				t.Fatalf("kept %v, %v", kept, err)
			}
			was := before
			if len(kept) > 0 {
				was = kept[0]
			}
			blk := func(dir string) []byte {
				data, err := os.ReadFile(filepath.Join(dir, "jetstream", "$G", "streams", Stream, "msgs", "1.blk"))
				must(t, err)
				return data
			}
			if !bytes.Equal(blk(was), blk(before)) {
				t.Error("what was left of the stream is not kept as it was")
			}
		})
	}
}

// An older record, from a backup, beside a stream that was cut: refused, with what each way out keeps.
func TestAnOlderRecordBesideACutStream(t *testing.T) {
	w := newWorld(t)
	w.start()
	for range 3 {
		w.add("x", 1)
	}
	w.stopJournal()
	copyFile(t, filepath.Join(w.dir, File), filepath.Join(w.dir, "older"))
	w.start()
	for range 7 {
		w.add("x", 1)
	}
	w.stop()
	if err := os.Rename(filepath.Join(w.dir, "older"), filepath.Join(w.dir, File)); err != nil {
		t.Fatal(err)
	}
	w.cutBlk(0.7)
	_, err := w.startLooking()
	if err == nil || !strings.Contains(err.Error(), "--from db, which keeps blocks 1 to 3 and loses 4 to 10") ||
		!strings.Contains(err.Error(), "--from stream") {
		t.Fatalf("the start gave %v", err)
	}
	if kept, _ := filepath.Glob(filepath.Join(w.dir, keptStore+"*")); len(kept) != 1 {
		t.Errorf("kept %v", kept)
	}
	opt := Options{Dir: w.dir, JS: w.js, Registry: testRegistry()}
	r, err := RebuildFrom(t.Context(), opt, FromDB, false)
	if err != nil || !r.OK || r.Blocks != 3 || r.Confirmed != 10 {
		t.Fatalf("rebuilt %+v, %v", r, err)
	}
	w.start()
	w.want("x", 3)
	w.add("x", 1)
	prove(t, w.j)
}

// Rebuilt from the stream: the record ends before the hole, what is readable behind it stands in a file and is listed,
// and neither is applied; the old files are kept, and the record goes on from there.
func TestARebuildFromTheStream(t *testing.T) {
	w := hurt(t, func(w *world) { w.remove(filepath.Join(w.dir, File)); flipBlock(w, 5) })
	w.startServer()
	before, err := Survey(w.dir, w.nats)
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Dir: w.dir, JS: w.js, Registry: testRegistry(), Inventory: before}
	if _, err := RebuildFrom(t.Context(), opt, FromStream, false); err == nil ||
		!strings.Contains(err.Error(), "--skip-unreadable") {
		t.Fatalf("without skipping: %v", err)
	}
	if exists(filepath.Join(w.dir, File)) {
		t.Error("a refused rebuild left a file")
	}
	r, err := RebuildFrom(t.Context(), opt, FromStream, true)
	if err != nil || !r.OK || r.Blocks != 4 || r.Confirmed != 10 || r.KeptStore == "" {
		t.Fatalf("rebuilt %+v, %v", r, err)
	}
	if len(r.Lines) != 5 || r.Lines[0].Block != 6 || string(r.Lines[4].Data) != `{"name":"x","n":1,"total":10}` {
		t.Errorf("behind the hole: %+v", r.Lines)
	}
	if raw, err := os.ReadFile(r.Behind); err != nil || bytes.Count(raw, []byte(hashMark)) != 5 {
		t.Errorf("the blocks behind the hole are not kept: %v", err)
	}
	if m, err := readRestored(w.dir); err != nil || m == nil || m.Block != 4 || m.Confirmed != 10 {
		t.Errorf("nothing says that the record ends early: %+v, %v", m, err)
	}
	w.start()
	w.want("x", 4)
	if m := w.j.Status().Restored; m == nil || m.Block != 4 {
		t.Errorf("the running record says %+v of its end", m)
	}
	w.add("x", 1)
	prove(t, w.j)
}

// A stream that is damaged beside a whole record is put aside before it is made anew.
func TestADamagedStreamIsPutAside(t *testing.T) {
	w := hurt(t, func(w *world) { flipBlock(w, 5) })
	if _, err := w.startLooking(); err != nil {
		t.Fatal(err)
	}
	w.want("x", 10)
	w.eventually("the stream is level", func() bool { s := w.j.Status(); return !s.Short && s.Behind == 0 })
	prove(t, w.j)
	kept, err := filepath.Glob(filepath.Join(w.dir, keptStore+"*"))
	if err != nil || len(kept) != 1 {
		t.Errorf("kept %v, %v", kept, err)
	}
}

// Files that bbolt would fault on, or call by a wrong name, are one sentence with the file and what helps.
func TestDamagedPages(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, path string)
		says   string
	}{
		{"cut to two pages", func(t *testing.T, path string) { must(t, os.Truncate(path, 8192)) }, "it was cut"},
		{"cut by one byte", func(t *testing.T, path string) {
			f, err := os.Open(path)
			must(t, err)
			m, _, err := newestMeta(f)
			must(t, errors.Join(err, f.Close()))
			must(t, os.Truncate(path, int64(m.next)*m.pageSize-1))
		}, "it was cut"},
		{"not a database", func(t *testing.T, path string) {
			must(t, os.WriteFile(path, bytes.Repeat([]byte("x"), 1<<16), 0o600))
		}, "neither of its two meta pages is valid"},
		{"all pages but the first overwritten", func(t *testing.T, path string) {
			data, err := os.ReadFile(path)
			must(t, err)
			for i := 2 * os.Getpagesize(); i < len(data); i++ {
				data[i] = 0xff
			}
			must(t, os.WriteFile(path, data, 0o600))
		}, "is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := hurt(t, func(w *world) { c.damage(w.t.(*testing.T), filepath.Join(w.dir, File)) })
			_, err := w.startLooking()
			if err == nil || !strings.Contains(err.Error(), c.says) ||
				!strings.Contains(err.Error(), "Move it out of the folder") || strings.Contains(err.Error(), "goroutine") {
				t.Fatalf("the start gave %v", err)
			}
			w.remove(filepath.Join(w.dir, File)) // what it says helps
			if _, err := w.startLooking(); err != nil {
				t.Fatal(err)
			}
			w.want("x", 10)
			prove(t, w.j)
		})
	}
	// The newest meta page may be the second.
	w := hurt(t, func(*world) {})
	path := filepath.Join(w.dir, File)
	data, err := os.ReadFile(path)
	must(t, err)
	clear(data[:os.Getpagesize()])
	must(t, os.WriteFile(path, data, 0o600))
	if _, err := w.startLooking(); err != nil && !strings.Contains(err.Error(), File) {
		t.Errorf("without the first meta page: %v", err)
	}
}

// Right and disk are told apart from damage.
func TestWhyARecordIsNotOpened(t *testing.T) {
	for err, want := range map[error]string{
		os.ErrPermission:       "may not be opened by this user",
		errors.New("odd luck"): "odd luck",
	} {
		if got := whyNotOpened("x/qingkong.db", err).Error(); !strings.Contains(got, want) ||
			!strings.Contains(got, "x/qingkong.db") {
			t.Errorf("%v is worded %s", err, got)
		}
	}
	w := newWorld(t)
	w.start()
	_, err := bbolt.Open(filepath.Join(w.dir, File), 0o600, &bbolt.Options{Timeout: 1})
	if got := whyNotOpened("x", err).Error(); !strings.Contains(got, "in use") {
		t.Errorf("a file in use is worded %s", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
