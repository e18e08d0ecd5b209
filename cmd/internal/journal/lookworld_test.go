package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal/natstest"
)

// naming is an event that names an entry of the vault.
type naming struct {
	Ref string `json:"ref"`
}

func (naming) Kind() string { return "n.named" }

// namingRegistry is that of the counters, and of entries that the record names.
func namingRegistry() *Registry {
	r := today().registry(Module{Name: "n", Buckets: []string{"n.none"}, Decode: decodeTo[naming],
		Apply: func(*bbolt.Tx, Effects, time.Time, string, Pos, Event) error { return nil }})
	Handle(r, "n.name", func(_ *bbolt.Tx, _ string, in naming, _ time.Time) ([]Event, bool, error) {
		return []Event{in}, true, nil
	})
	return r
}

// filled is a world with a record of some blocks, with entries that they name, one of them erased, and content in
// pieces.
type filled struct {
	*world
	live, erased VaultEntry
	content      string
}

// newFilled gives a copy of the one world that is filled.
func newFilled(t *testing.T) *filled {
	t.Helper()
	theFilled.Do(func() { theFilled.of, theFilled.data, theFilled.streams = fillOne(t) })
	f := theFilled.of
	f.world = newWorld(t)
	f.opt.Registry = namingRegistry()
	for dir, files := range map[string]fs.FS{f.dir: theFilled.data, f.nats: theFilled.streams} {
		if err := os.CopyFS(dir, files); err != nil {
			t.Fatal(err)
		}
	}
	return &f
}

// theFilled is the world that is filled, with what its folders hold.
var theFilled struct {
	sync.Once
	of            filled
	data, streams fs.FS
}

// filesIn are the files below a folder, in memory.
func filesIn(t *testing.T, dir string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		file := &fstest.MapFile{Mode: info.Mode(), ModTime: info.ModTime()}
		if !d.IsDir() {
			file.Data, err = os.ReadFile(filepath.Join(dir, path))
		}
		files[path] = file
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func fillOne(t *testing.T) (_ filled, data, streams fs.FS) {
	t.Helper()
	f := &filled{world: newWorld(t), live: Seal([]byte("王某 13800000000")), erased: Seal([]byte("李某"))}
	f.opt.Registry = namingRegistry()
	f.start()
	for _, e := range []VaultEntry{f.live, f.erased} {
		if _, err := f.j.Submit(t.Context(),
			Command{Kind: "n.name", Payload: naming{e.Ref}, Vault: []VaultEntry{e}}); err != nil {
			t.Fatal(err)
		}
	}
	for range 12 {
		f.add("x", 1)
	}
	if err := f.j.Erase(t.Context(), "duty", f.erased.Ref, "asked for"); err != nil {
		t.Fatal(err)
	}
	f.content = f.oldContent(strings.Repeat("表格", oldPiece/4))
	f.vaultLevel()
	f.add("x", 1) // what was delivered is forgotten with the next block
	height := f.j.Height()
	f.eventually("the stream is level", func() bool {
		info, err := f.j.log.info(t.Context())
		return err == nil && info.last == height
	})
	f.stop()
	return *f, filesIn(t, f.dir), filesIn(t, f.nats)
}

func (f *filled) vault(ref string, change func(row []byte) []byte) {
	f.t.Helper()
	f.edit(func(tx *bbolt.Tx) error {
		b := tx.Bucket(vaultBucket)
		row := change(bytes.Clone(b.Get([]byte(ref))))
		if row == nil {
			return b.Delete([]byte(ref))
		}
		return b.Put([]byte(ref), row)
	})
}

// look checks the stopped world through the files alone, on a server with a copy of its streams. It fails the test
// where a file or a folder of either store is not as it was, or a copy is left.
func (w *world) look() (Report, error) {
	w.t.Helper()
	w.stop()
	return w.lookCtx(w.t.Context())
}

func (w *world) lookCtx(ctx context.Context) (Report, error) {
	w.t.Helper()
	l := StoppedOptions{Dir: w.dir, Registry: w.opt.Registry, Streams: w.nats, Tmp: w.t.TempDir(), account: "$G",
		Serve: func(store string) (jetstream.JetStream, func() error, error) {
			s := natstest.Start(w.t, store)
			return s.JS, func() error { s.Stop(); return nil }, nil
		}}
	if l.Registry == nil {
		l.Registry = testRegistry()
	}
	before := snapshot(w.t, w.dir, w.nats)
	r, err := CheckStopped(ctx, l)
	if after := snapshot(w.t, w.dir, w.nats); !slices.Equal(before, after) {
		w.t.Errorf("the check changed the folder: it was\n%s\nand is\n%s", strings.Join(before, "\n"),
			strings.Join(after, "\n"))
	}
	if left, readErr := os.ReadDir(l.Tmp); readErr != nil || len(left) > 0 {
		w.t.Errorf("the check left %v, %v", left, readErr)
	}
	return r, err
}

// snapshot lists every file and folder with its mode, time and content.
func snapshot(t testing.TB, dirs ...string) (list []string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			var sum [sha256.Size]byte
			if !d.IsDir() {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				sum = sha256.Sum256(text)
			}
			list = append(list, fmt.Sprintf("%s %s %d %s %x", path, info.Mode(), info.Size(),
				info.ModTime().Format(time.RFC3339Nano), sum[:8]))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func sizeOf(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func truncate(t testing.TB, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// cutTail takes the last bytes of the stream's file of messages.
func (w *world) cutTail() {
	w.t.Helper()
	truncate(w.t, w.blk("1.blk"), sizeOf(w.t, w.blk("1.blk"))-700)
}

func (w *world) file() string { return filepath.Join(w.dir, File) }

func (w *world) write(path, text string) {
	w.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// replace puts one text of the same length in another's place, wherever it stands in the record's file.
func (w *world) replace(from, to string) {
	w.t.Helper()
	text, err := os.ReadFile(w.file())
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(w.file(), strings.ReplaceAll(string(text), from, to))
}

func (w *world) drop(bucket []byte) {
	w.t.Helper()
	w.edit(func(tx *bbolt.Tx) error { return tx.DeleteBucket(bucket) })
}

func (w *world) setHeight(change func(h *Height)) {
	w.t.Helper()
	h, err := ReadHeight(w.dir)
	if err != nil || h == nil {
		w.t.Fatal(h, err)
	}
	change(h)
	hw := newHeightWriter(w.dir, nil, false)
	hw.now = *h
	if err := hw.save(); err != nil {
		w.t.Fatal(err)
	}
}

// onServer changes the streams of the stopped world.
func (w *world) onServer(change func(js jetstream.JetStream)) {
	w.t.Helper()
	s := natstest.Start(w.t, w.nats)
	change(s.JS)
	s.Stop()
}

func (w *world) putFar(js jetstream.JetStream, key string, value []byte) {
	w.t.Helper()
	kv, err := js.KeyValue(w.t.Context(), vaultKV)
	if err == nil {
		_, err = kv.Put(w.t.Context(), key, value)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// purgeAll takes a key out of the key-value bucket without a trace.
func (w *world) purgeAll(js jetstream.JetStream, key string) {
	w.t.Helper()
	s, err := js.Stream(w.t.Context(), "KV_"+vaultKV)
	if err == nil {
		err = s.Purge(w.t.Context(), jetstream.WithPurgeSubject("$KV."+vaultKV+"."+key))
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// pagesOf is how long the file has to be for the pages that it counts.
func pagesOf(t testing.TB, path string) int64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	m, _, err := newestMeta(f)
	if err != nil {
		t.Fatal(err)
	}
	return int64(m.next) * m.pageSize
}
