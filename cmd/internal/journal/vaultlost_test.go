package journal

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"
)

// An entry that both sides of the vault lost is said to be lost while the program runs; one that was erased is not.
func TestAnEntryThatBothSidesLost(t *testing.T) {
	f := newFilled(t)
	for _, c := range []struct {
		name string
		lose func()
		lost int
	}{
		{"nothing is lost", func() {}, 0},
		{"the record's file lacks it, and takes it over",
			func() { f.vault(f.live.Ref, func([]byte) []byte { return nil }) }, 0},
		{"both lack it", func() {
			f.vault(f.live.Ref, func([]byte) []byte { return nil })
			f.onServer(func(js jetstream.JetStream) { f.purgeAll(js, f.live.Ref) })
		}, 1},
	} {
		f.stop()
		c.lose()
		f.start()
		f.eventually(c.name+": the record is held against the vault", func() bool { return f.j.counted.Load() })
		if s := f.j.Status().Vault; s.Lost != c.lost {
			t.Errorf("%s: %d entries are said to be lost, want %d", c.name, s.Lost, c.lost)
		}
	}
	wantSecret(t, f.j, f.live.Ref, "")
	if err := f.j.Erase(t.Context(), "admin", f.live.Ref, "lost, and entered anew"); err != nil {
		t.Fatal(err)
	}
	f.eventually("an erased entry is no longer counted", func() bool { return f.j.Status().Vault.Lost == 0 })
}

// An entry that is owed again, as after a kill, is damaged in the key-value bucket: the stream of a single node goes on
// all the same.
func TestAnOwedEntryThatIsDamagedThere(t *testing.T) {
	w := newWorld(t)
	w.start()
	e := Seal([]byte("a secret on its way"))
	if _, err := w.j.Submit(t.Context(),
		Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Ref: e.Ref}, Vault: []VaultEntry{e}}); err != nil {
		t.Fatal(err)
	}
	w.vaultLevel()
	w.stop()
	flipVault(w, "a secret on its way")
	w.edit(func(tx *bbolt.Tx) error { return vaultRows.owe(tx, e.Ref, e.row()) })
	w.start()
	w.add("x", 1)
	height := w.j.Height()
	w.eventually("the stream is level", func() bool {
		info, err := w.j.log.info(t.Context())
		return err == nil && info.last == height
	})
	wantSecret(t, w.j, e.Ref, "a secret on its way")
}

// A row that the key-value bucket has is not stored there again: put over a damaged copy it would never be answered.
func TestARowThatIsThereIsNotPutAgain(t *testing.T) {
	w := newWorld(t)
	w.start()
	e := Seal([]byte("stored without an answer"))
	var revisions [2]uint64
	for i := range revisions {
		if err := w.j.vault.send(t.Context(), e.Ref, e.row()); err != nil {
			t.Fatal(err)
		}
		there, err := w.j.vault.far.get(t.Context(), e.Ref)
		if err != nil {
			t.Fatal(err)
		}
		revisions[i] = there.revision
	}
	if revisions[0] != revisions[1] {
		t.Errorf("it was stored again: revisions %v", revisions)
	}
}

// On a node of its own the stream has no block before the entries that it names are committed: a commit that fails
// would leave a block whose entries are nowhere.
func TestABlockWithEntriesIsAppendedAfterItsCommit(t *testing.T) {
	w := newWorld(t)
	var before, early atomic.Int64 // blocks in the stream before a commit; blocks that landed before theirs
	w.opt.at = func(point string) {
		if point != "handed" {
			return
		}
		log := openStream(w.js, false)
		for range 20 {
			info, err := log.info(context.Background())
			if err == nil && int64(info.last) > before.Load() {
				early.Add(1)
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	w.start()
	w.add("x", 1)
	if early.Load() != 1 {
		t.Fatal("a block without entries is not appended beside its commit")
	}
	before.Store(1)
	e := Seal([]byte("13800000000"))
	if _, err := w.j.Submit(t.Context(),
		Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Ref: e.Ref}, Vault: []VaultEntry{e}}); err != nil {
		t.Fatal(err)
	}
	if early.Load() != 1 {
		t.Error("the block stood in the stream before its entries were anywhere")
	}
}
