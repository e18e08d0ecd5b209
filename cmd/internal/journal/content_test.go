package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/blobs"
)

// put stores content and returns its name.
func (w *world) put(text string) string {
	w.t.Helper()
	name, size, err := w.j.PutContent(w.t.Context(), strings.NewReader(text), int64(len(text)))
	if err != nil || size != int64(len(text)) {
		w.t.Fatalf("put: %d of %d bytes, %v", size, len(text), err)
	}
	return name
}

// putNamed stores content that an event names then.
func (w *world) putNamed(text string) string {
	w.t.Helper()
	name := w.put(text)
	w.add(name, 1)
	return name
}

// content is what stands under a name, "" where there is none.
func (w *world) content(name string) string {
	w.t.Helper()
	data, err := w.j.ReadContent(w.t.Context(), name)
	if err != nil && !errors.Is(err, ErrNoContent) {
		w.t.Errorf("%s: %v", name, err)
	}
	return string(data)
}

func (w *world) eraseContent(name string) {
	w.t.Helper()
	if err := w.j.EraseContent(w.t.Context(), "tester", name, "asked for"); err != nil {
		w.t.Fatal(err)
	}
}

// blobFile is where a node keeps a blob.
func (w *world) blobFile(name string) string {
	return filepath.Join(w.dir, BlobsFolder, hashOf64(name)[:2], hashOf64(name))
}

func (w *world) has(name string) bool { return exists(w.blobFile(name)) }

// flip changes one byte of a blob's file.
func (w *world) flip(name string) {
	w.t.Helper()
	data, err := os.ReadFile(w.blobFile(name))
	if err == nil {
		data[len(data)/2] ^= 1
		err = os.WriteFile(w.blobFile(name), data, 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

const oldPiece = 512 << 10

// oldContent stores content as programs did before there were blobs: in the vault, in pieces.
func (w *world) oldContent(text string) string {
	w.t.Helper()
	sum := sha256.Sum256([]byte(text))
	hash := hex.EncodeToString(sum[:])
	sealed := func(ref string, content []byte) VaultEntry {
		return VaultEntry{Ref: ref, sealed: append(make([]byte, saltLen), content...)}
	}
	n := 0
	for piece := range slices.Chunk([]byte(text), oldPiece) {
		if err := w.j.StoreVault(w.t.Context(), sealed(pieceRef(hash, n), piece)); err != nil {
			w.t.Fatal(err)
		}
		n++
	}
	if err := w.j.StoreVault(w.t.Context(), sealed(contentRef+hash, fmt.Append(nil, n))); err != nil {
		w.t.Fatal(err)
	}
	return contentPrefix + hash
}

func TestContentIsFoundByItsHash(t *testing.T) {
	w := newWorld(t)
	w.start()
	names := map[string]string{}
	for _, size := range []int{0, 1, oldPiece, oldPiece + 1, 3*oldPiece + 7} {
		text := strings.Repeat("x", size)
		for range 2 {
			names[w.put(text)] = text
		}
		old := strings.Repeat("y", size)
		names[w.oldContent(old)] = old
	}
	check := func() {
		t.Helper()
		for name, want := range names {
			if got := w.content(name); got != want {
				t.Errorf("%d bytes came back as %d", len(want), len(got))
			}
			c, err := w.j.OpenContent(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			tail := make([]byte, len(want)/2)
			if _, err := c.ReadAt(tail, int64(len(want)-len(tail))); len(tail) > 0 && err != nil ||
				c.Size() != int64(len(want)) {
				t.Errorf("read at its half: %v, size %d", err, c.Size())
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		for _, name := range []string{"", "sha256:", "sha256:00", "md5:00", "sha256:" + strings.Repeat("0", 64),
			"sha256:" + strings.Repeat("../", 21) + "0"} {
			if _, err := w.j.ReadContent(t.Context(), name); !errors.Is(err, ErrNoContent) {
				t.Errorf("content %q: %v", name, err)
			}
		}
		all, err := w.j.Contents(t.Context())
		if err != nil || len(all) != len(names) {
			t.Errorf("%d are listed of %d (%v)", len(all), len(names), err)
		}
	}
	check()
	w.vaultLevel()
	w.stop()
	if err := os.Remove(filepath.Join(w.dir, File)); err != nil {
		t.Fatal(err)
	}
	w.start() // bbolt is rebuilt: what is in the vault comes from the key-value side
	check()
}

// What a read finds to be wrong while a look goes on stays suspect after it, and trouble that goes on keeps its beginning.
func TestALookForgetsNoSuspicion(t *testing.T) {
	w := blobWatch{look: make(chan struct{}, 1), bad: map[string]bool{}}
	w.suspect("found")
	w.suspect("mended")
	was := w.suspects()
	w.suspect("meanwhile")
	w.note(BlobStatus{Missing: 1}, was, map[string]bool{"found": true}, nil)
	if got := fmt.Sprint(w.suspects()); got != "map[found:true meanwhile:true]" {
		t.Errorf("suspect after a look: %s", got)
	}
	w.note(BlobStatus{}, w.suspects(), nil, errors.New("no answer"))
	if got := len(w.suspects()); got != 2 {
		t.Errorf("%d are suspect after a look that did not come to its end", got)
	}
	began := w.status.TroubleSince
	time.Sleep(time.Millisecond)
	w.note(BlobStatus{}, w.suspects(), nil, errors.New("no answer"))
	if w.status.Trouble == nil || !w.status.TroubleSince.Equal(began) {
		t.Errorf("trouble since %v, then since %v", began, w.status.TroubleSince)
	}
	w.note(BlobStatus{}, w.suspects(), nil, nil)
	if w.status != (BlobStatus{Since: w.status.Since}) || len(w.suspects()) > 0 {
		t.Errorf("in the end %+v, %v", w.status, w.suspects())
	}
}

// Content that is erased is gone from every place and is not taken in again; what was erased is told from what is
// missing.
func TestErasedContentIsNotMissing(t *testing.T) {
	w := newWorld(t)
	w.start()
	erased, lost, damaged, old, kept := w.putNamed("to be erased"), w.putNamed("to be lost"), w.putNamed("to be damaged"),
		w.oldContent("an older one"), w.putNamed("kept")
	w.add(old, 1)
	for range 2 {
		w.eraseContent(erased)
		w.eraseContent(old)
	}
	height := w.j.Height()
	w.eraseContent("sha256:" + strings.Repeat("0", 64))
	w.eraseContent("no name")
	if w.j.Height() != height {
		t.Error("erasing what never was is recorded")
	}
	if w.content(erased) != "" || w.content(old) != "" || w.has(erased) {
		t.Error("what was erased is there")
	}
	if again := w.put("to be erased"); again != erased || w.has(erased) {
		t.Errorf("what was erased is taken in again as %s", again)
	}
	if listed, err := readErased(filepath.Join(w.dir, ErasedFile)); err != nil || !listed[ContentRef(erased)] ||
		!listed[ContentRef(old)] {
		t.Errorf("the list of what was erased is %v, %v", listed, err)
	}
	prove(t, w.j)

	if err := os.Remove(w.blobFile(lost)); err != nil {
		t.Fatal(err)
	}
	w.flip(damaged)
	if w.content(lost) != "" {
		t.Error("what was lost is read")
	}
	if _, err := w.j.OpenContent(t.Context(), damaged); !errors.Is(err, blobs.ErrDamaged) {
		t.Errorf("a damaged file is opened: %v", err)
	}
	w.eventually("the look finds both", func() bool { s := w.j.Blobs(); return s.Missing == 1 && s.Damaged == 1 })
	want := []string{
		"vault: blob " + lost + ", which block 2 names, is neither there nor erased",
		"vault: blob " + damaged + " does not have the hash that is its name: it was changed",
	}
	r, err := w.j.Check(t.Context())
	slices.Sort(want)
	slices.Sort(r.Problems)
	if err != nil || !slices.Equal(r.Problems, want) {
		t.Errorf("a check says %q, %v, want %q", r.Problems, err, want)
	}
	w.vaultLevel()
	stopped, err := w.look()
	slices.Sort(stopped.Problems)
	if err != nil || !slices.Equal(stopped.Problems, want) {
		t.Errorf("a check of the stopped folder says %q, %v", stopped.Problems, err)
	}
	w.start()
	w.put("to be lost")
	w.put("to be damaged")
	if err := w.j.ScrubBlobs(t.Context(), true); err != nil || w.j.Blobs().Missing+w.j.Blobs().Damaged > 0 {
		t.Errorf("put again, they are %+v, %v", w.j.Blobs(), err)
	}
	prove(t, w.j)
	if w.content(kept) != "kept" {
		t.Error("what nobody erased is gone")
	}
}

// A kill between the record of an erasure and the removal of the file, or in the middle of a put, leaves files that the
// next start removes.
func TestWhatAKillLeavesIsRemoved(t *testing.T) {
	w := newWorld(t)
	w.start()
	name := w.putNamed("personal")
	if err := w.j.Erase(t.Context(), "tester", ContentRef(name), "asked for"); err != nil { // and the file stays
		t.Fatal(err)
	}
	half := filepath.Join(w.dir, BlobsFolder, "tmp", "put-1")
	w.vaultLevel()
	w.stop()
	if err := errors.Join(os.MkdirAll(filepath.Dir(half), 0o700), os.WriteFile(half, []byte("pers"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if !w.has(name) {
		t.Fatal("the file is not there") // else this proves nothing
	}
	r, err := w.look()
	if err != nil || !r.OK || !strings.Contains(strings.Join(r.Notes, "\n"),
		"1 blobs are erased and their files are there still") {
		t.Errorf("a check says %+v, %v", r, err)
	}
	w.start()
	w.eventually("both are gone", func() bool { return !w.has(name) && !exists(half) })
	prove(t, w.j)
}

// What no event names is removed when it is a day old, and not while a backup is made.
func TestOnlyWhatWasNeverNamedIsCollected(t *testing.T) {
	w := newWorld(t)
	w.start()
	named, unnamed, young := w.putNamed("named"), w.put("unnamed"), w.put("young")
	hourAgo := time.Now().Add(-time.Hour)
	for _, name := range []string{named, unnamed} {
		if err := os.Chtimes(w.blobFile(name), hourAgo, hourAgo); err != nil {
			t.Fatal(err)
		}
	}
	collect := func() {
		t.Helper()
		if err := w.j.collectBlobs(t.Context(), hourAgo.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	begun := false
	w.backup(BackupOptions{Progress: func(BackupProgress) {
		if !begun {
			begun = true
			collect()
		}
	}})
	if !begun || !w.has(unnamed) {
		t.Error("it was collected while a backup was made")
	}
	collect()
	if !w.has(named) || w.has(unnamed) || !w.has(young) {
		t.Errorf("named is there: %v, unnamed: %v, young: %v", w.has(named), w.has(unnamed), w.has(young))
	}
}

// A refused put leaves nothing, and says whether it may come again.
func TestContentThatIsRefused(t *testing.T) {
	w := newWorld(t)
	broken := errors.New("the connection broke")
	full := error(nil)
	w.opt.Full = func() error { return full }
	w.start()
	put := func(r io.Reader, limit int64) error { _, _, err := w.j.PutContent(t.Context(), r, limit); return err }
	if err := put(strings.NewReader("four"), 3); refusal.CodeOf(err) != refusal.TooLarge {
		t.Errorf("too large: %v", err)
	}
	if err := put(io.MultiReader(strings.NewReader("half"), readerFunc(func([]byte) (int, error) { return 0, broken })),
		100); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.j.PutContent(ended, strings.NewReader("x"), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	full = refusal.New(refusal.NotReady, "watch.full", nil)
	if err := put(strings.NewReader("x"), 1); !errors.Is(err, full) {
		t.Errorf("a disk that is nearly full: %v", err)
	}
	full = nil
	// A folder that cannot be written is what a full disk is: the file can be kept nowhere.
	if err := errors.Join(os.RemoveAll(filepath.Join(w.dir, BlobsFolder)),
		os.WriteFile(filepath.Join(w.dir, BlobsFolder), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := put(strings.NewReader("x"), 1); refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("a disk that takes nothing: %v", err)
	}
	if err := os.Remove(filepath.Join(w.dir, BlobsFolder)); err != nil {
		t.Fatal(err)
	}
	w.put("x")
	if left, err := os.ReadDir(filepath.Join(w.dir, BlobsFolder, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// Blobs go into backups one by one; an erased one never does, and what was erased later is not brought back.
func TestBackupsCarryBlobs(t *testing.T) {
	w := newWorld(t)
	w.start()
	first, gone, later := w.putNamed("the first"), w.putNamed("xyzzy"), w.putNamed("plugh")
	w.eraseContent(gone)
	full := w.backup(BackupOptions{})
	second := w.putNamed("the second")
	w.eraseContent(later)
	more := w.backup(BackupOptions{Since: full.File})
	for path, wants := range map[string]string{full.File: "the first plugh", more.File: "the second"} {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"the first", "the second", "xyzzy", "plugh"} {
			if got, want := bytes.Contains(raw, []byte(text)), strings.Contains(wants, text); got != want {
				t.Errorf("%s: %q is in it: %v", filepath.Base(path), text, got)
			}
		}
	}
	for path, want := range map[string]bool{full.File: true, more.File: true} { // that one goes on from the first
		for ref, want := range map[string]bool{ContentRef(later): want, ContentRef(gone): false} {
			if holds, err := BackupHolds(t.Context(), path, nil, []string{ref}); err != nil || holds != want {
				t.Errorf("%s holds %s: %v, %v", filepath.Base(path), ref, holds, err)
			}
		}
	}
	for name, c := range map[string]struct {
		files  []string
		list   string
		want   map[string]string
		lacked int
	}{
		"the first": {[]string{full.File}, "", map[string]string{first: "the first", gone: "", later: "plugh"}, 0},
		"the first with the list": {[]string{full.File}, filepath.Join(w.dir, ErasedFile),
			map[string]string{first: "the first", gone: "", later: ""}, 0},
		"both": {[]string{full.File, more.File}, "",
			map[string]string{first: "the first", gone: "", later: "", second: "the second"}, 0},
	} {
		r := newWorld(t)
		done, err := Restore(t.Context(),
			RestoreOptions{Files: c.files, Dir: r.dir, Registry: testRegistry(), Erased: c.list})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		there := 0
		for blob, want := range c.want {
			if r.has(blob) != (want != "") {
				t.Errorf("%s: %q is there: %v", name, want, r.has(blob))
			}
			if want != "" {
				there++
			}
		}
		if done.Blobs != there || done.NoBlobs != 0 {
			t.Errorf("%s: the restore says %+v", name, done)
		}
		r.start()
		for blob, want := range c.want {
			if got := r.content(blob); got != want {
				t.Errorf("%s: %q is %q", name, want, got)
			}
		}
		r.vaultLevel()
		prove(t, r.j)
	}
	w.flip(second)
	rest := w.backup(BackupOptions{})
	r := newWorld(t)
	done, err := Restore(t.Context(), RestoreOptions{Files: []string{rest.File}, Dir: r.dir, Registry: testRegistry()})
	if err != nil || rest.Lacks != 1 || done.Blobs != 1 || done.NoBlobs != 1 {
		t.Errorf("a backup beside a damaged blob says %+v, its restore %+v, %v", rest.Manifest, done, err)
	}
}

// Two nodes have the same blobs: one takes from the object store what it lacks, and an erasure removes the file of
// both.
func TestBlobsReachTheOtherNode(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	read, unread := a.putNamed("read on the other node"), a.putNamed("never read there")
	caughtUp(t, a, b)
	if got := b.content(read); got != "read on the other node" || !b.has(read) {
		t.Errorf("the other node reads %q and keeps it: %v", got, b.has(read))
	}
	if err := b.j.ScrubBlobs(t.Context(), false); err != nil || !b.has(unread) {
		t.Errorf("a look does not bring what is missing: %v", err)
	}
	b.flip(read)
	if got := b.content(read); got != "read on the other node" {
		t.Errorf("a damaged file is not brought anew: %q", got)
	}
	if err := a.j.blobs.Remove(t.Context(), unread); err != nil { // as if the object store was lost, and this node's file
		t.Fatal(err)
	}
	if err := b.j.ScrubBlobs(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if got := a.content(unread); got != "never read there" {
		t.Errorf("a scrub does not give the object store what it lacks: %q", got)
	}
	if all, err := b.j.Contents(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("there are %v, %v", all, err)
	}
	b.eraseContent(read)
	caughtUp(t, a, b)
	a.eventually("the file is gone on both nodes", func() bool { return !a.has(read) && !b.has(read) })
	if err := errors.Join(a.j.ScrubBlobs(t.Context(), true), b.j.ScrubBlobs(t.Context(), true)); err != nil {
		t.Fatal(err)
	}
	if a.content(read) != "" || b.content(read) != "" || a.has(read) || b.has(read) {
		t.Error("what was erased is there")
	}
	unnamed := a.put("named by nobody")
	if err := b.j.collectBlobs(t.Context(), time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if b.content(unnamed) != "" {
		t.Error("what nobody names is in the object store still")
	}
	prove(t, a.j)
	prove(t, b.j)
}

// While the object store is silent an erasure is answered like any other: the file here is gone, and what the others
// have is owed. What would only be on this node is not taken in.
func TestBlobsWhileTheObjectStoreIsSilent(t *testing.T) {
	a, b := pair(t)
	far := &silentBlobs{Far: blobs.Objects(a.js)}
	a.opt.objects = far
	a.start()
	b.start()
	name := a.putNamed("personal")
	caughtUp(t, a, b)
	if b.content(name) != "personal" {
		t.Fatal("the other node has nothing to erase")
	}
	far.silent.Store(true)
	a.eraseContent(name)
	if a.has(name) || a.content(name) != "" {
		t.Error("the file is there")
	}
	height := a.j.Height()
	if _, _, err := a.j.PutContent(t.Context(), strings.NewReader("new"), 3); refusal.CodeOf(err) != refusal.NotReady ||
		a.j.Height() != height {
		t.Errorf("taken in: %v", err)
	}
	if err := a.j.ScrubBlobs(t.Context(), false); err == nil || a.j.Blobs().Trouble == nil {
		t.Errorf("nobody is told: %v, %+v", err, a.j.Blobs())
	}
	far.silent.Store(false)
	if err := a.j.ScrubBlobs(t.Context(), false); err != nil || a.j.Blobs().Trouble != nil {
		t.Errorf("it goes on with %v, %+v", err, a.j.Blobs())
	}
	caughtUp(t, a, b)
	b.eventually("the other node's file is gone", func() bool { return !b.has(name) })
	if _, err := far.Stored(t.Context(), name); !errors.Is(err, blobs.ErrMissing) {
		t.Errorf("the object store has it: %v", err)
	}
}

// silentBlobs is an object store that gives no answer for a while.
type silentBlobs struct {
	blobs.Far
	silent atomic.Bool
}

var errNoAnswer = errors.New("no answer")

func (s *silentBlobs) Remove(ctx context.Context, name string) error {
	if s.silent.Load() {
		return errNoAnswer
	}
	return s.Far.Remove(ctx, name)
}

func (s *silentBlobs) Stored(ctx context.Context, name string) (time.Time, error) {
	if s.silent.Load() {
		return time.Time{}, errNoAnswer
	}
	return s.Far.Stored(ctx, name)
}

// What a put takes of memory does not grow with what is put.
func TestAPutIsNeverWholeInMemory(t *testing.T) {
	w := newWorld(t)
	w.start()
	const size, most = 64 << 20, 8 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	name, n, err := w.j.PutContent(t.Context(),
		io.LimitReader(readerFunc(func(b []byte) (int, error) { return len(b), nil }), size), size)
	if err != nil || n != size {
		t.Fatalf("%d bytes, %v", n, err)
	}
	c, err := w.j.OpenContent(t.Context(), name)
	if err == nil {
		_, err = io.Copy(io.Discard, c)
		err = errors.Join(err, c.Close())
	}
	runtime.ReadMemStats(&after)
	if err != nil || after.TotalAlloc-before.TotalAlloc > most {
		t.Errorf("a put and a read of %d bytes allocated %d (%v)", size, after.TotalAlloc-before.TotalAlloc, err)
	}
}

// The names of blobs are journaled: a replay has the same, and a record of an earlier program gets them at its first
// start.
func TestTheRecordKnowsWhichBlobsItNames(t *testing.T) {
	w := newWorld(t)
	w.start()
	name := w.putNamed("named twice")
	w.add(name, 1)
	w.stop()
	w.edit(func(tx *bbolt.Tx) error {
		return errors.Join(tx.DeleteBucket(blobsBucket),
			tx.Bucket(metaBucket).Put(layoutKey, binary.BigEndian.AppendUint64(nil, 4)))
	})
	w.start()
	if n := w.j.collectBlobs(t.Context(), time.Now().Add(time.Hour)); n != nil || w.content(name) != "named twice" {
		t.Errorf("what an older record names is collected (%v)", n)
	}
	prove(t, w.j)
}
