// Package notarytest has a record signed for in tests, as the node that leads does.
package notarytest

import (
	"context"
	"encoding/json"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/local"
	"qingkong/cmd/internal/notary"
)

// stores are where the records of tests keep their checkpoints, by who signs.
var stores sync.Map

func where(s *local.Store) notary.Store {
	return &notary.Alone{Rows: local.Rows{Store: s, Bucket: notary.Rows}}
}

// Sign signs for a record until the test's end.
func Sign(t testing.TB, j *journal.Journal) *notary.Notary {
	t.Helper()
	store := local.Open(filepath.Join(t.TempDir(), "local.db"), local.Options{},
		local.Tenant{Name: "ledger", Version: 1, Buckets: []string{notary.Rows}, Lost: "local.lost.ledger"})
	n := notary.New(notary.Options{Journal: j, Region: "120111", Store: where(store)})
	stores.Store(n, store)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		stores.Delete(n)
		if err := store.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return n
}

// Lose has a million entries have been signed for that the record does not hold, and waits until that is seen.
func Lose(t testing.TB, n *notary.Notary) {
	t.Helper()
	if _, err := n.Covering(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	signer, key, err := n.Signer()
	if err != nil {
		t.Fatal(err)
	}
	text := torchwood.Checkpoint{Origin: key.Origin, Tree: tlog.Tree{N: 1_000_000, Hash: tlog.Hash{1}}}.String()
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	row, err := json.Marshal(notary.Kept{Latest: string(signed)})
	if err != nil {
		t.Fatal(err)
	}
	store, _ := stores.Load(n)
	if err := (local.Rows{Store: store.(*local.Store), Bucket: notary.Rows}).Save("kept", row); err != nil {
		t.Fatal(err)
	}
	for range 400 {
		if n.Status().Lost != nil {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("nobody sees that entries are lost")
}
