package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// edit changes the record's file while no program runs on it.
func (w *world) edit(change func(tx *bbolt.Tx) error) {
	w.t.Helper()
	db, err := bbolt.Open(filepath.Join(w.dir, File), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		w.t.Fatal(err)
	}
}

// toFirstLayout makes of the state what a program of the first layout left: no number, no index of keys, and something
// in it that this program would not have left.
func toFirstLayout(tx *bbolt.Tx) error {
	return errors.Join(tx.Bucket(metaBucket).Delete(layoutKey), tx.DeleteBucket(idemAtBucket),
		tx.Bucket(countBucket).Put([]byte("old"), make([]byte, 8)))
}

// A state of an older layout is made anew from the blocks at the start; the old file is kept, one of them, and a check
// before that says what it is and calls it no damage.
func TestAnOlderLayoutIsMadeAnew(t *testing.T) {
	w := newWorld(t)
	w.start()
	e := Seal([]byte("secret"))
	if _, err := w.j.Submit(t.Context(),
		Command{Kind: "t.add", Key: "k", Payload: add{Name: "x", N: 3, Ref: e.Ref}, Vault: []VaultEntry{e}}); err != nil {
		t.Fatal(err)
	}
	state := prove(t, w.j).StateHash
	for range 2 {
		w.stopJournal()
		w.edit(toFirstLayout)
		r, err := CheckDir(t.Context(), Options{Dir: w.dir, JS: w.js, Registry: testRegistry()})
		if err != nil || !r.OK || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "older layout 1") {
			t.Errorf("a check before it: %+v, %v", r, err)
		}
		w.start()
		if r := prove(t, w.j); r.StateHash != state {
			t.Errorf("the state is another than before")
		}
		wantSecret(t, w.j, e.Ref, "secret")
		if got, err := Do[uint64](t.Context(), w.j,
			Command{Kind: "t.add", Key: "k", Payload: add{Name: "x", N: 3, Ref: e.Ref}}); err != nil || got != 3 {
			t.Errorf("the key is forgotten: %d, %v", got, err)
		}
		kept, err := filepath.Glob(filepath.Join(w.dir, File+keptMark+"*"))
		if err != nil || len(kept) != 1 {
			t.Errorf("kept %v, %v; want one file", kept, err)
		}
	}
}

// A state that a newer program left is refused with both numbers, and nothing is changed.
func TestANewerLayoutIsRefused(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	w.stopJournal()
	w.edit(func(tx *bbolt.Tx) error {
		return tx.Bucket(metaBucket).Put(layoutKey, []byte{0, 0, 0, 0, 0, 0, 0, layout + 1})
	})
	before, err := os.ReadFile(filepath.Join(w.dir, File))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.tryStart()
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("layout %d", layout+1)) ||
		!strings.Contains(err.Error(), fmt.Sprintf("up to %d", layout)) {
		t.Errorf("the start gave %v", err)
	}
	after, err := os.ReadFile(filepath.Join(w.dir, File))
	if err != nil || string(before) != string(after) {
		t.Errorf("the refusal changed the file (%v)", err)
	}
}

// A key is forgotten thirty days after its block, by the time of blocks, at most a thousand in one; a replay forgets
// the same.
func TestKeysAreForgottenAfterAMonth(t *testing.T) {
	w := newWorld(t)
	now := time.Date(2026, 11, 1, 8, 0, 0, 0, shanghai)
	w.opt.Clock = func() time.Time { return now }
	w.start()
	const keys = pruneMost + 200
	done := make(chan error, keys)
	for i := range keys {
		err := w.j.SubmitFunc(Command{Kind: "t.add", Key: fmt.Sprint("k", i), Payload: add{Name: "x", N: 1}},
			func(_ any, err error) { done <- err })
		if err != nil {
			t.Fatal(err)
		}
	}
	for range keys {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	left := func() (n, index int) {
		_ = w.j.View(func(tx *bbolt.Tx) error {
			n, index = tx.Bucket(idemBucket).Stats().KeyN, tx.Bucket(idemAtBucket).Stats().KeyN
			return nil
		})
		return n, index
	}
	now = now.Add(keyLife)
	w.add("x", 1)
	if n, index := left(); n != keys || index != keys {
		t.Errorf("after thirty days %d keys and %d rows of the index are left, want all", n, index)
	}
	if got, err := Do[uint64](t.Context(), w.j,
		Command{Kind: "t.add", Key: "k0", Payload: add{Name: "x", N: 1}}); err != nil || got != 1 {
		t.Errorf("the first key gave %d, %v; want its first answer", got, err)
	}
	now = now.Add(time.Millisecond)
	for _, want := range []int{keys - pruneMost, 0} {
		w.add("x", 1)
		if n, index := left(); n != want || index != want {
			t.Errorf("%d keys and %d rows of the index are left, want %d", n, index, want)
		}
		prove(t, w.j)
	}
	if got, err := Do[uint64](t.Context(), w.j,
		Command{Kind: "t.add", Key: "k0", Payload: add{Name: "x", N: 1}}); err != nil || got != keys+4 {
		t.Errorf("a forgotten key gave %d, %v; want it done again", got, err)
	}
	prove(t, w.j)
}
