package journal

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// kinds are those of all events from block first on, in order.
func (w *world) kinds(first uint64) (kinds []string) {
	w.t.Helper()
	err := w.j.View(func(tx *bbolt.Tx) error {
		for n := first; n <= w.j.Height(); n++ {
			b, err := ParseBlock(ReadBlock(tx, n))
			if err != nil {
				return err
			}
			for _, e := range b.Entries() {
				kinds = append(kinds, e.Kind)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return kinds
}

// A restored record goes on with the event that says so, before whatever is asked of it, and with what the restore
// erased; it says it once.
func TestARestoredRecordSaysSoFirst(t *testing.T) {
	w := newWorld(t)
	w.start()
	gone := w.keep("x", "erased after the backup")
	b := w.backup(BackupOptions{})
	list := filepath.Join(t.TempDir(), "erased")
	if err := os.WriteFile(list, []byte(gone+"\nvof-another-record\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newWorld(t)
	if _, err := Restore(t.Context(),
		RestoreOptions{Files: []string{b.File}, Dir: r.dir, Registry: testRegistry(), Erased: list}); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.add("x", 1)
	want := []string{RecordRestored{}.Kind(), VaultErased{}.Kind(), VaultErased{}.Kind(), "t.added"}
	if got := r.kinds(b.Last + 1); !slices.Equal(got, want) {
		t.Errorf("the record goes on with %v, want %v", got, want)
	}
	r.restart()
	r.add("x", 1)
	if got := r.kinds(b.Last + 1); !slices.Equal(got, append(want, "t.added")) {
		t.Errorf("after another start it has %v", got)
	}
	prove(t, r.j)

	if text := r.secret(gone); text != "" {
		t.Errorf("the vault has %q that was erased", text)
	}
}

// While nothing is written the event waits, and it is the first when something is.
func TestARestoredRecordSaysSoAfterAPause(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	b := w.backup(BackupOptions{})
	r := restored(t, b.File)
	r.start()
	r.eventually("the event is written without anybody asking", func() bool { return r.j.Height() > b.Last })
	r.stop()

	r = restored(t, b.File)
	r.setHeight(func(h *Height) { h.ShortFrom = 0 })
	blocked := filepath.Join(r.dir, HeightFile+".new")
	if err := os.Mkdir(blocked, 0o700); err != nil {
		t.Fatal(err)
	}
	r.start()
	if r.j.Paused() == nil {
		t.Fatal("the record is written although its height is not")
	}
	if _, err := r.j.Submit(t.Context(),
		Command{Kind: "t.add", Payload: add{Name: "x", N: 1}}); refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("during the pause: %v", err)
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	r.eventually("the event is written after the pause", func() bool { return r.j.Height() > b.Last })
	r.add("x", 1)
	if got := r.kinds(b.Last + 1); !slices.Equal(got, []string{RecordRestored{}.Kind(), "t.added"}) {
		t.Errorf("the record goes on with %v", got)
	}
}

// A long list of erasures does not make the block of the event too large.
func TestARestoreOfManyErasures(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	b := w.backup(BackupOptions{})
	r := newWorld(t)
	var list []byte
	for n := range erasedAtOnce + 300 {
		list = append(list, Seal([]byte{byte(n), byte(n >> 8)}).Ref+"\n"...)
	}
	path := filepath.Join(t.TempDir(), "erased")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(),
		RestoreOptions{Files: []string{b.File}, Dir: r.dir, Registry: testRegistry(), Erased: path}); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.add("x", 1)
	erased := 0
	for _, kind := range r.kinds(b.Last + 1) {
		if kind == (VaultErased{}).Kind() {
			erased++
		}
	}
	if erased != erasedAtOnce+300 {
		t.Errorf("%d erasures are recorded, want %d", erased, erasedAtOnce+300)
	}
	prove(t, r.j)
}
