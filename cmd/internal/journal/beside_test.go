package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// heldMost is how long a read transaction of a check may be open.
const heldMost = 100 * time.Millisecond

// beside checks the record while it is open, and fails the test where a file is left or seen.
func (f *filled) beside() Report {
	f.t.Helper()
	r, err := f.besideIn(f.t.TempDir())
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *filled) besideIn(tmp string) (Report, error) {
	f.t.Helper()
	r, err := f.j.CheckBeside(f.t.Context(), CheckOptions{Tmp: tmp, Progress: func(uint64, uint64) {
		if there, err := os.ReadDir(tmp); err != nil || len(there) > 0 { // a kill now would leave it
			f.t.Errorf("the scratch file has a name: %v, %v", there, err)
		}
	}})
	if there, err := os.ReadDir(tmp); err != nil || len(there) > 0 {
		f.t.Errorf("the check left %v, %v", there, err)
	}
	return r, err
}

// overwrite puts bytes into the record's file beneath the open journal, wherever others stand, and returns how to undo
// it.
func (f *filled) overwrite(old, new []byte) (undo func()) {
	f.t.Helper()
	if len(old) != len(new) {
		f.t.Fatal("the file would be longer")
	}
	text, err := os.ReadFile(f.file())
	if err != nil {
		f.t.Fatal(err)
	}
	var places []int64
	for at := 0; ; {
		i := bytes.Index(text[at:], old)
		if i < 0 {
			break
		}
		places = append(places, int64(at+i))
		at += i + 1
	}
	if len(places) == 0 {
		f.t.Fatalf("the file does not hold %.40q", old)
	}
	for _, at := range places {
		f.writeAt(at, new)
	}
	return func() {
		for _, at := range places {
			f.writeAt(at, old)
		}
	}
}

func (f *filled) writeAt(at int64, text []byte) {
	f.t.Helper()
	file, err := os.OpenFile(f.file(), os.O_WRONLY, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = file.WriteAt(text, at)
	if err := errors.Join(err, file.Close()); err != nil {
		f.t.Fatal(err)
	}
}

// A check beside commands that come all the time finds the record whole, up to a block of that time, and leaves what it
// found.
func TestACheckBesideWork(t *testing.T) {
	t.Parallel()
	f := newFilled(t)
	f.start()
	f.vaultLevel()
	end, begun := make(chan struct{}), make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-end:
				return
			default:
			}
			e := Seal([]byte(fmt.Sprint("contact ", n)))
			_, err := f.j.Submit(context.Background(), Command{Kind: "n.name", Payload: naming{e.Ref}, Vault: []VaultEntry{e}})
			if err == nil && n%3 == 0 {
				err = f.j.Erase(context.Background(), "duty", e.Ref, "asked for")
			}
			if err != nil {
				t.Error(err)
				return
			}
			f.add(fmt.Sprint("x", n%50), 1)
			if n == 20 {
				close(begun)
			}
		}
	})
	<-begun
	for range 2 {
		before := f.j.Height()
		r := f.beside()
		if !r.OK || r.Blocks < before || r.Entries == 0 || r.StateHash == "" || r.Root == "" || r.Held == 0 {
			t.Errorf("beside work: %+v", r)
		}
		if f.j.Height() == before {
			t.Error("no work was done beside the check")
		}
	}
	close(end)
	work.Wait()
	f.vaultLevel()
	r, all := f.beside(), prove(t, f.j)
	r.Held, all.Held = 0, 0
	if r.Blocks != all.Blocks || r.StateHash != all.StateHash || r.Root != all.Root || r.Entries != all.Entries {
		t.Errorf("of the same record a check beside work says %+v and one alone %+v", r, all)
	}
}

// However many rows there are, a check holds no transaction for long: a large record is read in many.
func TestACheckHoldsNoTransactionLong(t *testing.T) {
	f := newFilled(t)
	const rows = 1_000_000
	f.edit(func(tx *bbolt.Tx) error {
		b := tx.Bucket(vaultBucket)
		b.FillPercent = 1
		for n := range uint64(rows) {
			key := append([]byte("w"), binary.BigEndian.AppendUint64(nil, n)...)
			if err := b.Put(key, append([]byte{entryHere}, make([]byte, saltLen)...)); err != nil {
				return err
			}
		}
		return nil
	})
	shortest := time.Hour
	for range 5 { // a busy machine may hold up any one of them
		begun := time.Now()
		r, err := CheckStopped(t.Context(), StoppedOptions{Dir: f.dir, Registry: f.opt.Registry, Tmp: t.TempDir()})
		if err != nil || !r.OK {
			t.Fatalf("%+v, %v", r, err)
		}
		t.Logf("a check of %d rows took %v and held its longest transaction for %v", rows, time.Since(begun), r.Held)
		if shortest = min(shortest, r.Held); shortest <= heldMost {
			break
		}
	}
	if shortest == 0 || shortest > heldMost {
		t.Errorf("a transaction was open for %v", shortest)
	}
}

// Whatever page is damaged beneath the open record, in whatever way: the structure check names it, holds no transaction
// for long, and ends without a fault; a page that is put right is found right.
func TestTheStructureOfAnOpenRecord(t *testing.T) {
	f := newFilled(t)
	f.start()
	f.vaultLevel()
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
	structure := func() []string {
		found, err := f.j.CheckPages(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := structure(); len(found) > 0 {
		t.Fatalf("of a whole record: %q", found)
	}
	leaves := 0
	for page := range m.next {
		used := walk.seen[page/64]&(1<<(page%64)) != 0
		text := bytes.Clone(whole[int64(page)*m.pageSize : int64(page+1)*m.pageSize])
		if page > 1 && (!used || binary.NativeEndian.Uint64(text) != page) {
			continue // it is free, or the inside of a long one
		}
		for how, change := range map[string]func(p []byte){
			"zeros":    func(p []byte) { clear(p) },
			"ones":     func(p []byte) { fill(p, 0xff) },
			"count":    func(p []byte) { binary.NativeEndian.PutUint16(p[10:], 0xfff0) },
			"overflow": func(p []byte) { binary.NativeEndian.PutUint32(p[12:], 1<<30) },
			"flags":    func(p []byte) { p[8] ^= 3 },
			"elements": func(p []byte) { fill(p[16:64], 0x7f) },
			"another":  func(p []byte) { copy(p, whole[3*4096:4*4096]) },
		} {
			if page < 2 && how != "elements" || page == 3 && how == "another" {
				continue // of a meta page only what it says counts
			}
			bad := bytes.Clone(text)
			change(bad)
			f.writeAt(int64(page)*m.pageSize, bad)
			found := structure()
			f.writeAt(int64(page)*m.pageSize, text)
			if want := fmt.Sprintf("page %d ", page); !strings.Contains(strings.Join(found, "\n"), want) {
				t.Errorf("%s on page %d: found %q", how, page, found)
			}
		}
		leaves++
	}
	if leaves < 8 {
		t.Errorf("only %d pages are in use", leaves)
	}
	if found := structure(); len(found) > 0 {
		t.Errorf("of the record that was put right: %q", found)
	}
}

// Keys that do not ascend, or do not belong under the branch that names their page, are found in the open record.
func TestKeysOutOfOrderInAnOpenRecord(t *testing.T) {
	f := newFilled(t)
	f.start()
	f.vaultLevel()
	for name, key := range map[string][2]string{"a row of the vault": {f.live.Ref, "a" + f.live.Ref[1:]},
		"a bucket": {"journal.blocks", "~ournal.blocks"}} {
		undo := f.overwrite([]byte(key[0]), []byte(key[1]))
		found, err := f.j.CheckPages(t.Context())
		undo()
		if err != nil || !strings.Contains(strings.Join(found, "\n"), "keys out of their order") {
			t.Errorf("%s: %q, %v", name, found, err)
		}
	}
}

// A byte that flips beneath the open record is found beside work, in a block as in a row of the vault, and no content
// is told.
func TestAFlippedByteIsFoundBesideWork(t *testing.T) {
	t.Parallel()
	f := newFilled(t)
	f.start()
	f.vaultLevel()
	if r := f.beside(); !r.OK {
		t.Fatalf("of a whole record: %+v", r)
	}
	var block []byte
	if err := f.j.View(func(tx *bbolt.Tx) error { block = bytes.Clone(ReadBlock(tx, 5)); return nil }); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"a block":            {block, "block 5"},
		"a row of the vault": {f.live.row(), "vault: entry " + f.live.Ref + " does not have the hash that is its name"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := bytes.Clone(c.text)
			bad[len(bad)-10] ^= 1
			undo := f.overwrite(c.text, bad)
			r := f.beside()
			undo()
			all := strings.Join(r.Problems, "\n")
			if r.OK || !strings.Contains(all, c.want) || strings.Contains(all, "王") {
				t.Errorf("want a problem with %q: %+v", c.want, r)
			}
			if r := f.beside(); !r.OK {
				t.Errorf("put right it is %+v", r)
			}
		})
	}
}

// A damaged page ends a check beside work with the page's number, and what the stream holds; and a backup with a
// sentence.
func TestADamagedPageBesideWork(t *testing.T) {
	f := newFilled(t)
	f.start()
	f.vaultLevel()
	root := uint64(0)
	if err := f.j.View(func(tx *bbolt.Tx) error {
		root = uint64(tx.Bucket(blocksBucket).Root())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 4096)
	whole, err := os.ReadFile(f.file())
	if err != nil {
		t.Fatal(err)
	}
	f.writeAt(int64(root)*4096, text)
	r := f.beside()
	_, err = f.j.Backup(t.Context(), BackupOptions{File: filepath.Join(t.TempDir(), "b")})
	f.writeAt(int64(root)*4096, whole[root*4096:(root+1)*4096])
	if err == nil || !strings.Contains(err.Error(), "cannot be read to its end") {
		t.Errorf("a backup of it: %v", err)
	}
	if r.OK || !strings.Contains(r.Problems[0], fmt.Sprintf("page %d ", root)) ||
		!strings.Contains(strings.Join(r.Notes, "\n"), "the stream ends at 16") {
		t.Errorf("%+v", r)
	}
}

// Where the follower owes blocks a stream that holds those before is right; a silent one is no damage.
func TestACheckBesideAFollowerThatOwes(t *testing.T) {
	f := &filled{world: newWorld(t)}
	stream := f.withFaults()
	f.add("x", 1)
	f.eventually("the stream has the first block", func() bool {
		info, err := stream.info(t.Context())
		return err == nil && info.last == 1
	})
	many := make([]fault, 10_000)
	stream.will(many...)
	f.add("x", 1)
	f.add("x", 1)
	f.eventually("the follower stands", func() bool { return f.j.Status().Tail != nil })
	r := f.beside()
	if !r.OK || r.Blocks != 3 || !strings.Contains(strings.Join(r.Notes, "\n"), "the stream ends at 1, the record at 3") {
		t.Errorf("%+v", r)
	}
	stream.will()
}

func TestACheckBesideASilentStream(t *testing.T) {
	f := newFilled(t)
	f.start()
	f.vaultLevel()
	f.srv.Stop()
	r, err := f.besideIn(t.TempDir())
	if err == nil || len(r.Problems) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
	f.stopJournal()
	f.srv = nil
}

// A check that is given up, or that the end of the journal overtakes, ends at once; without room it does not begin.
func TestACheckBesideThatIsGivenUp(t *testing.T) {
	f := newFilled(t)
	f.start()
	f.vaultLevel()
	tmp := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	if r, err := f.j.CheckBeside(ctx, CheckOptions{Tmp: tmp, Progress: func(uint64, uint64) { cancel() }}); !errors.Is(err,
		context.Canceled) {
		t.Errorf("given up: %+v, %v", r, err)
	}
	if _, err := f.j.CheckBeside(t.Context(),
		CheckOptions{Tmp: tmp, KeepFree: 1 << 60}); refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("without room: %v", err)
	}
	closed := make(chan error, 1)
	_, err := f.j.CheckBeside(t.Context(), CheckOptions{Tmp: tmp, Progress: func(uint64, uint64) {
		go func(j *Journal) { closed <- j.Close(context.Background()) }(f.j)
		<-f.j.behindWork.Done()
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the journal was closed and the check says %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	f.j = nil
}

// What a check that was killed at its beginning left is removed, and nothing else.
func TestWhatAKilledCheckLeft(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{scratchName + "123", "kept"} {
		if err := os.MkdirAll(dir+"/"+name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(dir+"/"+scratchName+"123/"+File, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := SweepChecks(dir); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || left[0].Name() != "kept" {
		t.Errorf("left: %v, %v", left, err)
	}
}
