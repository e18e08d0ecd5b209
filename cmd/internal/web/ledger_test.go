package web

import (
	"fmt"
	"net/http"
	"testing"

	"qingkong/cmd/internal/calls"

	"golang.org/x/mod/sumdb/tlog"
)

// Every entry is handed out once, whatever the pages, and its proof holds for it and for no other bytes.
func TestLedger(t *testing.T) {
	w := newWorld(t)
	w.ordered()
	all := list[calls.Entry](w, "viewer", "/api/v1/ledger/entries?limit=1000")
	if all.Total != len(all.Items) || all.Next != "" || all.Total < 10 {
		t.Fatalf("%d entries, total %d, next %q", len(all.Items), all.Total, all.Next)
	}
	for _, limit := range []int{1, 2, 7} {
		next, seen := "0", 0
		for next != "" {
			page := list[calls.Entry](w, "inspector", fmt.Sprintf("/api/v1/ledger/entries?limit=%d&from=%s", limit, next))
			for _, e := range page.Items {
				if want := all.Items[seen]; e.Index != int64(seen) || string(e.Leaf) != string(want.Leaf) || e.Kind != want.Kind ||
					!e.At.Equal(want.At) {
					t.Errorf("entry %d by %d: %+v", seen, limit, e)
				}
				seen++
			}
			next = page.Next
		}
		if seen != all.Total {
			t.Errorf("by %d: %d entries, want %d", limit, seen, all.Total)
		}
	}
	if past := list[calls.Entry](w, "viewer", "/api/v1/ledger/entries?from=99999"); len(past.Items) != 0 ||
		past.Total != all.Total {
		t.Errorf("past the end: %+v", past)
	}
	for i := range all.Items {
		e := &all.Items[i]
		var p calls.Inclusion
		w.must(http.StatusOK, call{who: "viewer", path: fmt.Sprintf("/api/v1/ledger/proof?entry=%d", i)}, &p)
		if p.Entry != e.Index || p.Size != int64(all.Total) || p.LeafHash != tlog.RecordHash(e.Leaf) {
			t.Errorf("proof of %d: %+v", i, p)
		}
		if err := tlog.CheckRecord(p.Proof, p.Size, p.Root, p.Entry, tlog.RecordHash(e.Leaf)); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		e.Leaf[len(e.Leaf)/2] ^= 1
		if tlog.CheckRecord(p.Proof, p.Size, p.Root, p.Entry, tlog.RecordHash(e.Leaf)) == nil {
			t.Errorf("entry %d: the proof also holds with a bit flipped", i)
		}
	}
}
