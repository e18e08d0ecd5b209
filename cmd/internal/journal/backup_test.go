package journal

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// keep adds to a counter with a secret of its own, and returns the secret's reference.
func (w *world) keep(name, secret string) string {
	w.t.Helper()
	e := Seal([]byte(secret))
	_, err := w.j.Submit(w.t.Context(),
		Command{Kind: "t.add", Actor: "tester", Payload: add{Name: name, N: 1, Ref: e.Ref}, Vault: []VaultEntry{e}})
	if err != nil {
		w.t.Fatal(err)
	}
	return e.Ref
}

func (w *world) beside(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) backup(opt BackupOptions) StoredBackup {
	w.t.Helper()
	if opt.File == "" {
		opt.File = filepath.Join(w.t.TempDir(), "backup.tar")
	}
	opt.Beside = []string{"demo-credentials.json", "feeds"}
	done, err := w.j.Backup(w.t.Context(), opt)
	if err != nil {
		w.t.Fatalf("backup: %v", err)
	}
	return done
}

// restored is a world on an empty machine that the backups were brought back to.
func restored(t *testing.T, files ...string) *world {
	t.Helper()
	w := newWorld(t)
	if _, err := Restore(t.Context(), RestoreOptions{Files: files, Dir: w.dir, Registry: testRegistry()}); err != nil {
		t.Fatalf("restore: %v", err)
	}
	return w
}

func (w *world) secret(ref string) (text string) {
	w.t.Helper()
	_ = w.j.View(func(tx *bbolt.Tx) error { text = string(ReadVault(tx, ref)); return nil })
	return text
}

// What was confirmed when a backup ended is there on an empty machine, with the vault but what was erased, and the
// files beside; the start completes the stream and work goes on.
func TestBackupIsRestored(t *testing.T) {
	w := newWorld(t)
	w.beside("demo-credentials.json", "{}")
	w.beside("feeds/emc/state.json", "seen")
	w.beside("nats/leftover", "not of the record")
	w.start()
	kept, gone := w.keep("x", "a telephone number"), w.keep("x", "to be erased, xyzzy")
	if err := w.j.Erase(t.Context(), "tester", gone, "asked for"); err != nil {
		t.Fatal(err)
	}
	content, unnamed := w.putNamed(strings.Repeat("photo", 100_000)), w.put("named by nobody")
	for range 50 {
		w.add("y", 1)
	}
	got := w.backup(BackupOptions{Program: "v1"})
	if got.Last != w.j.Height() || got.First != 1 || got.Node != w.j.Node() || got.Program != "v1" {
		t.Errorf("the backup says %+v, the record stands at %d", got.Manifest, w.j.Height())
	}
	raw, err := os.ReadFile(got.File)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(got.File); err != nil || info.Mode() != 0o600 || info.Size() != got.Bytes {
		t.Errorf("the file is %v, %v; it was said to have %d bytes", info, err, got.Bytes)
	}
	if bytes.Contains(raw, []byte("xyzzy")) {
		t.Error("an erased entry is in the backup")
	}
	if bytes.Contains(raw, []byte("not of the record")) {
		t.Error("a file is in the backup that is not of the record")
	}

	r := restored(t, got.File)
	h, err := ReadHeight(r.dir)
	if err != nil || h.Number != got.Last || h.Hash != got.Hash || h.ShortFrom != 1 {
		t.Errorf("the height says %+v, %v", h, err)
	}
	if c, err := r.look(); err != nil || !c.OK ||
		!strings.Contains(strings.Join(c.Notes, "\n"), "the stream is not there") {
		t.Errorf("a check before the first start says %+v, %v", c, err)
	}
	r.start()
	r.want("x", 2)
	r.want("y", 50)
	if text := r.secret(kept); text != "a telephone number" {
		t.Errorf("the vault has %q", text)
	}
	if text := r.secret(gone); text != "" {
		t.Errorf("the vault has %q that was erased", text)
	}
	err = r.j.View(func(tx *bbolt.Tx) error {
		if !InVault(tx, gone) {
			t.Error("nothing is known of what was erased")
		}
		return nil
	})
	if text, other := r.content(content), r.content(unnamed); err != nil || text != strings.Repeat("photo", 100_000) ||
		other != "" {
		t.Errorf("the contents have %d and %d bytes (%v)", len(text), len(other), err)
	}
	for name, want := range map[string]string{"demo-credentials.json": "{}", "feeds/emc/state.json": "seen"} {
		if text, err := os.ReadFile(filepath.Join(r.dir, name)); string(text) != want {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
	}
	var mark Restoration
	text, err := os.ReadFile(filepath.Join(r.dir, RestoredFile))
	if err = errors.Join(err, json.Unmarshal(text, &mark)); err != nil || mark.Block != got.Last ||
		mark.Hash != got.Hash || mark.Damaged != 0 {
		t.Errorf("the mark of a restore says %+v, %v", mark, err)
	}
	r.add("y", 1)
	r.eventually("the stream is level", func() bool { return !r.j.Status().Short })
	r.vaultLevel()
	prove(t, r.j)
	r.restart()
	prove(t, r.j)
}

// A stopped folder is backed up without being touched.
func TestBackupOfAStoppedFolder(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.keep("x", "secret")
	w.stop()
	before, err := os.ReadFile(filepath.Join(w.dir, File))
	if err != nil {
		t.Fatal(err)
	}
	got, err := BackupFolder(t.Context(), w.dir, BackupOptions{File: filepath.Join(t.TempDir(), "b")})
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(w.dir, File))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file of the record has changed (%v)", err)
	}
	r := restored(t, got.File)
	r.start()
	r.want("x", 1)
}

// One transaction copies no more than a chunk and one row, and none is open while a part is written.
func TestBackupReadsInShortTransactions(t *testing.T) {
	w := newWorld(t)
	w.start()
	for n := range 24 { // parts of several chunks, of blocks of several pieces
		_, err := w.j.Submit(t.Context(),
			Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Pad: strings.Repeat("pad", 200<<10)}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.j.StoreVault(t.Context(), Seal(bytes.Repeat([]byte{byte(n)}, oldPiece))); err != nil {
			t.Fatal(err)
		}
	}
	w.stopJournal()
	db, err := openDB(filepath.Join(w.dir, File), testRegistry())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	parts := 0
	from := backupSource{dir: w.dir, view: db.View, now: time.Now}
	_, err = backup(t.Context(), from,
		BackupOptions{File: filepath.Join(t.TempDir(), "b"), Progress: func(BackupProgress) {
			parts++
			if n := db.Stats().OpenTxN; n != 0 {
				t.Errorf("%d transactions are open while part %d is written", n, parts)
			}
		}})
	if err != nil || parts < 4 {
		t.Errorf("%d parts, %v", parts, err)
	}
	writer := &backupWriter{backupSource: from, have: map[rowSum]bool{}, erased: map[string]bool{}}
	for name, chunk := range map[string]func(*bbolt.Tx, []byte) ([]byte, bool, error){"blocks": writer.blockChunk,
		"vault": writer.vaultChunk} {
		for n, end := 0, false; !end; n++ {
			err := db.View(func(tx *bbolt.Tx) error {
				body, last, err := chunk(tx, nil)
				end = last
				if len(body) > chunkBytes+maxBlock+100 {
					t.Errorf("%s, transaction %d copies %d bytes", name, n, len(body))
				}
				return err
			})
			if err != nil || n > 100 {
				t.Fatalf("%s, transaction %d: %v", name, n, err)
			}
		}
	}
}

// A backup that is not as it was written is refused by the name of the part that is not, and the folder is left as it
// was.
func TestDamagedBackupIsRefused(t *testing.T) {
	w := newWorld(t)
	w.beside("demo-credentials.json", "{}")
	w.start()
	w.keep("x", "secret")
	good := w.backup(BackupOptions{}).File
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	type place struct{ header, body, end int64 }
	places := map[string]place{}
	var names []string
	in := bytes.NewReader(raw)
	for r := tar.NewReader(in); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		at := in.Size() - int64(in.Len())
		places[head.Name] = place{at - 512, at, at + head.Size}
		names = append(names, head.Name)
	}
	for _, want := range []string{"blocks/000001", "vault/000001", "refs/000001", "files/demo-credentials.json",
		manifestName, manifestSum} {
		p, ok := places[want]
		if !ok {
			t.Fatalf("there is no part %s among %v", want, names)
		}
		for what, damage := range map[string]func() []byte{
			"a flipped byte":            func() []byte { b := bytes.Clone(raw); b[p.body+(p.end-p.body)/2] ^= 1; return b },
			"a flipped byte at its end": func() []byte { b := bytes.Clone(raw); b[p.end-1] ^= 1; return b },
			"a flipped header":          func() []byte { b := bytes.Clone(raw); b[p.header+3] ^= 1; return b },
			"the file cut inside":       func() []byte { return raw[:p.body+(p.end-p.body)/2] },
			"the file cut before":       func() []byte { return raw[:p.header] },
		} {
			t.Run(want+": "+what, func(t *testing.T) {
				path, dir := filepath.Join(t.TempDir(), "b"), filepath.Join(t.TempDir(), "new")
				if err := os.WriteFile(path, damage(), 0o600); err != nil {
					t.Fatal(err)
				}
				_, err := Restore(t.Context(), RestoreOptions{Files: []string{path}, Dir: dir, Registry: testRegistry()})
				if refusal.CodeOf(err) != refusal.Invalid {
					t.Errorf("restore answers %v", err)
				}
				if strings.HasPrefix(what, "a flipped byte") && want != manifestSum && !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("the refusal does not name %s: %v", want, err)
				}
				if exists(dir) {
					t.Error("the folder was made")
				}
			})
		}
	}
}

// A backup that goes on from another holds what came since, and only with it gives the whole record.
func TestIncrementalBackups(t *testing.T) {
	w := newWorld(t)
	w.start()
	first, soon := w.keep("x", "the first secret"), w.keep("x", "erased later, plugh")
	full := w.backup(BackupOptions{})
	second := w.keep("x", "the second secret")
	if err := w.j.Erase(t.Context(), "tester", soon, "asked for"); err != nil {
		t.Fatal(err)
	}
	one := w.backup(BackupOptions{Since: full.File})
	none := w.backup(BackupOptions{Since: one.File})
	third := w.keep("x", "the third secret")
	two := w.backup(BackupOptions{Since: none.File})
	if one.First != full.Last+1 || one.Before != full.Hash || none.First != none.Last+1 || two.First != one.Last+1 {
		t.Errorf("the chain is %d-%d, %d-%d, %d-%d, %d-%d", full.First, full.Last, one.First, one.Last, none.First, none.Last,
			two.First, two.Last)
	}
	for _, b := range []StoredBackup{one, none, two} {
		if text, err := os.ReadFile(b.File); err != nil || bytes.Contains(text, []byte("the first secret")) {
			t.Errorf("an incremental backup holds what the full one does (%v)", err)
		}
	}

	r := restored(t, full.File, one.File, none.File, two.File)
	r.start()
	r.want("x", 4)
	for ref, want := range map[string]string{first: "the first secret", second: "the second secret",
		third: "the third secret", soon: ""} {
		if text := r.secret(ref); text != want {
			t.Errorf("the vault has %q, want %q", text, want)
		}
	}
	prove(t, r.j)

	other := newWorld(t)
	other.start()
	other.add("x", 1)
	if _, err := other.j.Backup(t.Context(),
		BackupOptions{File: filepath.Join(t.TempDir(), "b"), Since: full.File}); refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("a backup that goes on from another record: %v", err)
	}
	for _, files := range [][]string{{one.File}, {full.File, two.File}, {one.File, full.File}, {full.File, full.File}} {
		dir := t.TempDir()
		_, err := Restore(t.Context(), RestoreOptions{Files: files, Dir: dir, Registry: testRegistry()})
		if refusal.CodeOf(err) != refusal.Invalid {
			t.Errorf("a chain with a hole is answered %v", err)
		}
		if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
			t.Errorf("the folder holds %v, %v", there, err)
		}
	}
}

// Nothing is overwritten, nothing is written where there is no room, and nothing is left of a backup that did not end.
func TestBackupThatIsNotMade(t *testing.T) {
	w := newWorld(t)
	w.beside("demo-credentials.json", "{}")
	w.start()
	w.keep("x", "secret")
	dir := t.TempDir()
	file := filepath.Join(dir, "b")
	left := func(when string, want int) {
		t.Helper()
		there, err := os.ReadDir(dir)
		if err != nil || len(there) != want {
			t.Errorf("%s the folder holds %v, %v", when, there, err)
		}
	}
	_, err := w.j.Backup(t.Context(), BackupOptions{File: file, KeepFree: 1 << 60})
	if refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("without room: %v", err)
	}
	left("without room", 0)

	ctx, cancel := context.WithCancel(t.Context())
	_, err = w.j.Backup(ctx, BackupOptions{File: file, Progress: func(BackupProgress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	left("given up", 0)

	if err := os.WriteFile(file, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.j.Backup(t.Context(), BackupOptions{File: file}); refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("over a file: %v", err)
	}
	if text, err := os.ReadFile(file); string(text) != "another" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	taken := false
	_, err = w.j.Backup(t.Context(), BackupOptions{File: file, Progress: func(BackupProgress) {
		if !taken {
			taken = true
			if err := os.WriteFile(file, []byte("another"), 0o600); err != nil {
				t.Error(err)
			}
		}
	}})
	if refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("over a file that came meanwhile: %v", err)
	}
	left("beside another", 1)

	closed := make(chan error, 1)
	begun := make(chan struct{})
	go func() { <-begun; closed <- w.j.Close(context.Background()) }()
	once := false
	_, err = w.j.Backup(t.Context(), BackupOptions{File: file + "2", Progress: func(BackupProgress) {
		if !once {
			once = true
			close(begun)
			<-w.j.behindWork.Done()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the journal was closed and the backup says %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	w.j = nil
	left("after the end", 1)
}

// A restore goes into an empty folder alone.
func TestRestoreTouchesNothing(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	b := w.backup(BackupOptions{})
	w.stop()
	_, err := Restore(t.Context(), RestoreOptions{Files: []string{b.File}, Dir: w.dir, Registry: testRegistry()})
	if refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("into a folder that holds a record: %v", err)
	}
	w.start()
	w.want("x", 1)
}

// An erasure is listed beside the record before it is answered. With that list an older backup is brought back without
// what was erased since; a list that was lost is made again of what the record has erased.
func TestErasureHoldsAfterARestore(t *testing.T) {
	w := newWorld(t)
	list := filepath.Join(w.dir, ErasedFile)
	listed := func(want ...string) {
		t.Helper()
		got, err := readErased(list)
		if err != nil || len(got) != len(want) {
			t.Errorf("the list holds %v, %v, want %v", got, err, want)
		}
		for _, ref := range want {
			if !got[ref] {
				t.Errorf("the list lacks %s", ref)
			}
		}
	}
	erase := func(ref string) {
		t.Helper()
		if err := w.j.Erase(t.Context(), "tester", ref, "asked for"); err != nil {
			t.Fatal(err)
		}
	}
	w.start()
	first, second, kept := w.keep("x", "plugh"), w.keep("x", "xyzzy"), w.keep("x", "kept")
	old := w.backup(BackupOptions{})
	erase(first)
	listed(first)
	erase(second)
	listed(first, second)
	young := w.backup(BackupOptions{})

	for name, c := range map[string]struct {
		file, list string
		want       map[string]string
	}{
		"the older backup":            {old.File, "", map[string]string{first: "plugh", second: "xyzzy", kept: "kept"}},
		"the older one with the list": {old.File, list, map[string]string{first: "", second: "", kept: "kept"}},
		"the younger backup":          {young.File, "", map[string]string{first: "", second: "", kept: "kept"}},
	} {
		r := newWorld(t)
		done, err := Restore(t.Context(),
			RestoreOptions{Files: []string{c.file}, Dir: r.dir, Registry: testRegistry(), Erased: c.list})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r.start()
		erased := 0
		for ref, want := range c.want {
			if text := r.secret(ref); text != want {
				t.Errorf("%s: the vault has %q, want %q", name, text, want)
			}
			if want == "" {
				erased++
			}
		}
		if got, err := readErased(filepath.Join(r.dir, ErasedFile)); err != nil || len(got) != erased ||
			done.Erased != erased || done.Vault != len(c.want)-erased {
			t.Errorf("%s: the list holds %v, %v, the restore says %+v", name, got, err, done)
		}
		r.vaultLevel()
		prove(t, r.j)
		r.stop()
	}
	dir := t.TempDir()
	if _, err := Restore(t.Context(), RestoreOptions{Files: []string{old.File}, Dir: dir, Registry: testRegistry(),
		Erased: filepath.Join(dir, "none")}); err == nil {
		t.Error("a list that is not there is taken for an empty one")
	}

	w.stop()
	if err := os.WriteFile(list, []byte("vfrom-an-earlier-record\nvcut"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	erase(kept)
	listed("vfrom-an-earlier-record", "vcut", first, second, kept)
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if err := w.j.ListErased(t.Context()); err != nil {
		t.Fatal(err)
	}
	listed(first, second, kept)
}

// What an external stream holds is asked without making one, so that a restore can be refused before anything is
// written.
func TestRestoreIsRefusedByWhatMustHoldFirst(t *testing.T) {
	w := newWorld(t)
	w.startServer()
	if n, err := StreamHolds(t.Context(), w.js); n != 0 || err != nil {
		t.Errorf("before there is a stream: %d, %v", n, err)
	}
	if _, err := w.js.Stream(t.Context(), Stream); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("asking has made the stream: %v", err)
	}
	w.start()
	w.add("x", 1)
	b := w.backup(BackupOptions{})
	w.eventually("the stream holds the record", func() bool {
		n, err := StreamHolds(t.Context(), w.js)
		return err == nil && n == w.j.Height()
	})
	dir := filepath.Join(t.TempDir(), "new")
	no := errors.New("the stream holds blocks")
	_, err := Restore(t.Context(), RestoreOptions{Files: []string{b.File}, Dir: dir, Registry: testRegistry(),
		Check: func(context.Context) error { return no }})
	if !errors.Is(err, no) || exists(dir) {
		t.Errorf("refused: %v; the folder is there: %v", err, exists(dir))
	}
}
