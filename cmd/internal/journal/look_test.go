package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal/natstest"
)

func TestACheckOfAWholeFolderSaysOK(t *testing.T) {
	f := newFilled(t)
	r, err := f.look()
	if err != nil || !r.OK || len(r.Problems) > 0 || r.Blocks < 15 || r.Entries < 15 || r.StateHash == "" {
		t.Errorf("%+v, %v", r, err)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "copied ") {
		t.Errorf("notes %q, want what was copied", r.Notes)
	}
}

// Each row damages a folder; the check names it, and neither the damage nor the check's way to it changes the folder.
// No content of the vault is in any sentence.
func TestACheckNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(f *filled)
		want   []string // each in one problem
		note   string   // in a note; then there is no problem
	}{
		{"a character of a stored name that was altered",
			func(f *filled) { f.vault(f.live.Ref, func(row []byte) []byte { row[len(row)-1] ^= 1; return row }) },
			[]string{"does not have the hash that is its name",
				"is another in qingkong.db than in QINGKONG_VAULT, which has the right one"}, ""},
		{"an entry that a block names and that is gone on both sides",
			func(f *filled) {
				f.vault(f.live.Ref, func([]byte) []byte { return nil })
				f.onServer(func(js jetstream.JetStream) { f.purgeAll(js, f.live.Ref) })
			},
			[]string{"block 1, entry 0 names "}, ""},
		{"an entry that is gone in the record's file",
			func(f *filled) { f.vault(f.live.Ref, func([]byte) []byte { return nil }) },
			[]string{"is in QINGKONG_VAULT and not in qingkong.db", "neither there nor erased"}, ""},
		{"an entry that the record erased and that is back",
			func(f *filled) { f.vault(f.erased.Ref, func([]byte) []byte { return f.erased.row() }) },
			[]string{"was erased by the record and is still there",
				"was erased in QINGKONG_VAULT and is in qingkong.db still"}, ""},
		{"an entry that was erased and is in the key-value bucket still",
			func(f *filled) {
				f.onServer(func(js jetstream.JetStream) { f.putFar(js, f.erased.Ref, f.erased.sealed) })
			},
			[]string{"was erased in qingkong.db and is in QINGKONG_VAULT still"}, ""},
		{"an entry that the key-value bucket lacks",
			func(f *filled) { f.onServer(func(js jetstream.JetStream) { f.purgeAll(js, f.live.Ref) }) },
			[]string{"is in qingkong.db and not in QINGKONG_VAULT"}, ""},
		{"an entry that the key-value bucket is owed",
			func(f *filled) {
				f.onServer(func(js jetstream.JetStream) { f.purgeAll(js, f.live.Ref) })
				f.edit(func(tx *bbolt.Tx) error { return vaultRows.owe(tx, f.live.Ref, f.live.row()) })
			},
			nil, "1 entries are owed to QINGKONG_VAULT"},
		{"the key-value bucket that is not there",
			func(f *filled) {
				f.remove(filepath.Join(f.nats, "jetstream", "$G", "streams", "KV_"+vaultKV))
			},
			[]string{"QINGKONG_VAULT is not there"}, ""},
		{"a row of the vault that is none",
			func(f *filled) { f.vault(f.live.Ref, func([]byte) []byte { return []byte{7} }) },
			[]string{"is no entry"}, ""},
		{"many entries that were altered",
			func(f *filled) {
				f.edit(func(tx *bbolt.Tx) error {
					for i := range 200 {
						e := Seal([]byte{byte(i)})
						if err := vaultRows.put(tx, e.Ref, append(e.row(), 'x')); err != nil {
							return err
						}
					}
					return tx.Bucket(sumBucket).Put([]byte("sum"), make([]byte, 8))
				})
			},
			[]string{"vault: 180 more entries are wrong", "bucket t.sums"}, ""},
		{"content that lost a piece",
			func(f *filled) {
				f.vault(pieceRef(strings.TrimPrefix(f.content, contentPrefix), 1), func([]byte) []byte { return nil })
			},
			[]string{"lacks pieces of its 2"}, ""},
		{"content that was altered",
			func(f *filled) {
				f.vault(pieceRef(strings.TrimPrefix(f.content, contentPrefix), 0), func(row []byte) []byte {
					row[500] ^= 1
					return row
				})
			},
			[]string{"content sha256:"}, ""},
		{"content that does not say how many pieces it has",
			func(f *filled) {
				f.vault(ContentRef(f.content),
					func(row []byte) []byte { return append(row, 'x') })
			},
			[]string{"does not say how many pieces"}, ""},

		{"a stream whose file was cut, with its index",
			func(f *filled) { f.cutTail() }, []string{"messages were deleted", "of which the server kept"}, ""},
		{"a stream whose file was cut, without its index",
			func(f *filled) { f.cutTail(); f.remove(f.blk("index.db")) }, []string{"the stream ends at"}, ""},
		{"a flipped byte, without the index: the server cuts all behind it",
			func(f *filled) { flip(f.world); f.remove(f.blk("index.db")) },
			[]string{"the stream ends at", "of which the server kept"}, ""},
		{"a flipped byte, with the index",
			func(f *filled) { flip(f.world) }, []string{"stream: message"}, ""},
		{"a cut stream that the mark says is short",
			func(f *filled) {
				flip(f.world)
				f.remove(f.blk("index.db"))
				f.setHeight(func(h *Height) { h.ShortFrom = 2 })
			},
			nil, "of which the server kept"},
		{"the key-value bucket, cut without its index",
			func(f *filled) {
				dir := filepath.Join(f.nats, "jetstream", "$G", "streams", "KV_"+vaultKV, "msgs")
				f.remove(filepath.Join(dir, "index.db"))
				truncate(f.t, filepath.Join(dir, "1.blk"), 500)
			},
			[]string{"is in qingkong.db and not in QINGKONG_VAULT",
				"stream KV_QINGKONG_VAULT: msgs/1.blk has 500 bytes, of which the server kept"}, ""},
		{"the row of the layout",
			func(f *filled) {
				f.edit(func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(layoutKey, []byte("x")) })
			},
			[]string{"the row of the state's layout is damaged"}, ""},
		{"a bucket whose name was altered", func(f *filled) { f.replace("t.sums", "a.sums") },
			[]string{"has its keys out of their order: row a.sums stands behind "}, ""},
		{"a row whose key was altered", func(f *filled) { f.replace(f.live.Ref, "a"+f.live.Ref[1:]) },
			[]string{"has its keys out of their order: row "}, ""},
		{"a stream that is not there",
			func(f *filled) { f.remove(filepath.Join(f.nats, "jetstream")) },
			[]string{"the stream is not there, the record ends at "}, ""},

		{"a record below the height",
			func(f *filled) { f.setHeight(func(h *Height) { h.Number += 7 }) },
			[]string{"the record ends at block 16, height says that block 23 was confirmed"}, ""},
		{"a record with another block at the height",
			func(f *filled) { f.setHeight(func(h *Height) { h.Hash = strings.Repeat("0", 64) }) },
			[]string{"height says that block 16 with the hash 0000"}, ""},
		{"a height that cannot be read",
			func(f *filled) { f.write(filepath.Join(f.dir, HeightFile), "{") }, []string{"is damaged"}, ""},

		{"a record without its blocks",
			func(f *filled) { f.drop(blocksBucket) }, []string{"bucket journal.blocks is missing"}, ""},
		{"a record without its end",
			func(f *filled) { f.drop(metaBucket) }, []string{"bucket journal.meta is missing"}, ""},
		{"a record without a bucket of the state",
			func(f *filled) { f.drop(sumBucket) }, []string{"bucket t.sums is missing"}, ""},
		{"a record without its tree",
			func(f *filled) { f.drop([]byte("ledger.edge")) }, []string{"bucket ledger.edge is missing"}, ""},
		{"a record without its vault",
			func(f *filled) { f.drop(vaultBucket) }, []string{"bucket vault.entries is missing"}, ""},
		{"a record without what it owes",
			func(f *filled) { f.drop(vaultOwedBucket) }, []string{"bucket vault.owed is missing"}, ""},
		{"a record without a bucket that would be empty",
			func(f *filled) { f.drop([]byte("n.none")) }, nil, "bucket n.none is missing; it would be empty"},
		{"a block that was altered", func(f *filled) {
			f.edit(func(tx *bbolt.Tx) error {
				raw := bytes.Clone(ReadBlock(tx, 5))
				raw[100] ^= 1
				return putBlock(tx, 5, raw)
			})
		}, []string{"block 5", "message 5 is not block 5"}, ""},

		{"a record that was cut to two pages",
			func(f *filled) { truncate(f.t, f.file(), 8192) }, []string{"it was cut"}, ""},
		{"a record that was cut by one page",
			func(f *filled) { truncate(f.t, f.file(), pagesOf(f.t, f.file())-1) }, []string{"it was cut"}, ""},
		{"an empty file", func(f *filled) { truncate(f.t, f.file(), 0) }, []string{"neither of its two meta pages"}, ""},
		{"a file of something else", func(f *filled) { f.write(f.file(), strings.Repeat("x", 20000)) },
			[]string{"neither of its two meta pages"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFilled(t)
			c.damage(f)
			r, err := f.look()
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Join(r.Problems, "\n") + "\n" + strings.Join(r.Notes, "\n")
			if c.note != "" && (!r.OK || len(r.Problems) > 0 || !strings.Contains(strings.Join(r.Notes, "\n"), c.note)) {
				t.Errorf("want a note with %q and no problem; got\n%s", c.note, all)
			}
			for _, want := range c.want {
				if !slices.ContainsFunc(r.Problems, func(p string) bool { return strings.Contains(p, want) }) {
					t.Errorf("want a problem with %q; got\n%s", want, all)
				}
			}
			if len(c.want) > 0 && r.OK {
				t.Error("it says ok")
			}
			if strings.Contains(all, "13800000000") || strings.Contains(all, "王") {
				t.Errorf("content is told:\n%s", all)
			}
		})
	}
}

// Whatever page is damaged, in whatever way: the check ends with a report or says what it is, and never with a panic or
// a fault.
func TestACheckOfDamagedPagesEnds(t *testing.T) {
	t.Parallel()
	f := newFilled(t)
	whole, err := os.ReadFile(f.file())
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := newestMeta(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	walk := newPageWalk(bytes.NewReader(whole), m)
	if found := walk.all(); len(found) > 0 {
		t.Fatal(found)
	}
	damage := []struct {
		how    string
		change func(page []byte)
	}{
		{"zeros", func(p []byte) { clear(p) }},
		{"ones", func(p []byte) { fill(p, 0xff) }},
		{"count", func(p []byte) { binary.NativeEndian.PutUint16(p[10:], 0xfff0) }},
		{"overflow", func(p []byte) { binary.NativeEndian.PutUint32(p[12:], 1<<30) }},
		{"flags", func(p []byte) { p[8] ^= 3 }},
		{"elements", func(p []byte) { fill(p[16:64], 0x7f) }},
		{"another", func(p []byte) { copy(p, whole[3*4096:4*4096]) }},
	}
	pages := 0
	for page := range m.next {
		used := walk.seen[page/64]&(1<<(page%64)) != 0
		if page > 1 && (!used || binary.NativeEndian.Uint64(whole[page*4096:]) != page) {
			continue // it is free, or the inside of a long one
		}
		pages++
		for i := range 3 {
			d := damage[(int(page)+2*i)%len(damage)]
			text := bytes.Clone(whole)
			d.change(text[page*4096 : (page+1)*4096])
			f.write(f.file(), string(text))
			r, err := CheckStopped(t.Context(), StoppedOptions{Dir: f.dir, Registry: f.opt.Registry, Tmp: t.TempDir()})
			if err != nil || r.OK != (len(r.Problems) == 0) {
				t.Errorf("%s on page %d: %+v, %v", d.how, page, r, err)
			}
			if page > 1 && r.OK { // where a meta page is damaged the other may say the same
				t.Errorf("%s on page %d is not found", d.how, page)
			}
		}
	}
	if pages < 8 {
		t.Errorf("only %d pages are in use", pages)
	}
}

func fill(b []byte, with byte) {
	for i := range b {
		b[i] = with
	}
}

// A fault while a mapped file is read is a sentence: a disk that cannot read a page ends in one.
func TestAFaultIsASentence(t *testing.T) {
	f := newFilled(t)
	db, err := openToRead(f.file())
	if err != nil {
		t.Fatal(err)
	}
	truncate(t, f.file(), 8192)
	p := &recordCheck{reg: f.opt.Registry, tmp: t.TempDir(), r: Report{Problems: []string{}}}
	r, err := p.run(t.Context(), db)
	if err != nil || r.OK || len(r.Problems) == 0 ||
		!strings.Contains(r.Problems[0], f.file()+" cannot be read to its end") {
		t.Errorf("%+v, %v", r, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// A folder that may only be read is checked all the same.
func TestACheckOfAFolderThatMayOnlyBeRead(t *testing.T) {
	f := newFilled(t)
	for _, dir := range []string{f.dir, f.nats} {
		f.readOnly(dir, true)
		t.Cleanup(func() { f.readOnly(dir, false) })
	}
	if r, err := f.look(); err != nil || !r.OK {
		t.Errorf("%+v, %v", r, err)
	}
}

func (w *world) readOnly(dir string, on bool) {
	w.t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o600)
		if d.IsDir() {
			mode = 0o700
		}
		if on {
			mode &^= 0o222
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// A state of an older layout is no damage, and no row of the new one is written.
func TestACheckOfAnOlderLayout(t *testing.T) {
	f := newFilled(t)
	f.edit(toFirstLayout)
	r, err := f.look()
	if err != nil || !r.OK || !strings.Contains(strings.Join(r.Notes, "\n"), "older layout 1") {
		t.Errorf("%+v, %v", r, err)
	}
}

// A folder on which a journal is open is refused in one sentence.
func TestACheckBesideAnOpenRecordIsRefused(t *testing.T) {
	f := newFilled(t)
	f.start()
	_, err := f.lookRunning()
	if err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("got %v", err)
	}
}

func (w *world) lookRunning() (Report, error) {
	return CheckStopped(w.t.Context(), StoppedOptions{Dir: w.dir, Registry: w.opt.Registry, Tmp: w.t.TempDir()})
}

// A check that is interrupted, at whatever step, leaves no copy; it says that it was interrupted.
func TestAnInterruptedCheckLeavesNothing(t *testing.T) {
	f := newFilled(t)
	for name, interrupt := range map[string]func(l *StoppedOptions, cancel func()){
		"before it begins": func(_ *StoppedOptions, cancel func()) { cancel() },
		"at the copy":      func(l *StoppedOptions, cancel func()) { l.Copying = func(int64, string) { cancel() } },
		"at the server": func(l *StoppedOptions, cancel func()) {
			serve := l.Serve
			l.Serve = func(store string) (jetstream.JetStream, func() error, error) { cancel(); return serve(store) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			l := StoppedOptions{Dir: f.dir, Registry: f.opt.Registry, Streams: f.nats, Tmp: t.TempDir(), account: "$G",
				Serve: func(store string) (jetstream.JetStream, func() error, error) {
					s := natstest.Start(t, store)
					return s.JS, func() error { s.Stop(); return nil }, nil
				}}
			interrupt(&l, cancel)
			if _, err := CheckStopped(ctx, l); !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
			if left, err := os.ReadDir(l.Tmp); err != nil || len(left) > 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
}

// Copies do not go into the folder that is looked at, nor where there is no room or no folder for them.
func TestWhereACheckCopiesTo(t *testing.T) {
	f := newFilled(t)
	for name, c := range map[string]struct{ tmp, want string }{
		"the folder itself":     {f.dir, "lies in the data folder"},
		"a folder within":       {filepath.Join(f.dir, "views"), "lies in the data folder"},
		"one that is not there": {filepath.Join(t.TempDir(), "none"), "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.MkdirAll(filepath.Join(f.dir, "views"), 0o700); err != nil {
				t.Fatal(err)
			}
			_, err := CheckStopped(t.Context(), StoppedOptions{Dir: f.dir, Registry: f.opt.Registry, Tmp: c.tmp})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if err := roomIn(t.TempDir(), 1<<62, "%d MB to %s, where %d MB are free"); err == nil || !strings.Contains(err.Error(), "MB are free") {
		t.Errorf("without room: %v", err)
	}
}

// On an external server a check makes neither stream nor bucket.
func TestACheckMakesNothingOnAServer(t *testing.T) {
	f := newFilled(t)
	s := natstest.Start(t, t.TempDir())
	r, err := CheckStopped(t.Context(),
		StoppedOptions{Dir: f.dir, Registry: f.opt.Registry, Tmp: t.TempDir(), JS: s.JS, Shared: true})
	if err != nil || r.OK || !strings.Contains(r.Problems[0], "the stream is not there") {
		t.Errorf("%+v, %v", r, err)
	}
	for name := range s.JS.StreamNames(t.Context()).Name() {
		t.Errorf("the check made %s", name)
	}
}

// While the journal runs, its own check proves this side of the vault too.
func TestTheRunningCheckProvesTheVault(t *testing.T) {
	f := newFilled(t)
	f.vault(f.live.Ref, func(row []byte) []byte { row[len(row)-1] ^= 1; return row })
	f.start()
	r, err := f.j.Check(t.Context())
	if err != nil || r.OK || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], f.live.Ref) {
		t.Errorf("%+v, %v", r, err)
	}
}
