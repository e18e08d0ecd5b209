package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/notify/ledger"
)

// entry is one leaf of the ledger. Leaf is its canonical bytes, in base64.
type entry struct {
	Index int64     `json:"index"`
	Leaf  []byte    `json:"leaf"`
	Kind  string    `json:"kind"`
	At    time.Time `json:"at"`
}

// entriesBytes bounds the leaves of one page; it may then be shorter than asked, with a next to go on.
const entriesBytes = 4 << 20

// entries lists the ledger from the index `from` on; next is where to go on.
func (s *Server) entries(q *request) (any, error) {
	_, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	from, err := q.index("from", 0)
	if err != nil {
		return nil, err
	}
	page := alerts.Page[entry]{Items: []entry{}}
	height := s.svc.J.Height()
	err = s.svc.J.View(func(tx *bbolt.Tx) error {
		tree, err := ledger.Load(tx)
		if err != nil {
			return err
		}
		page.Total = int(tree.Size())
		if from >= tree.Size() {
			return nil
		}
		number, err := blockOf(tx, height, from)
		if err != nil {
			return err
		}
		if page.Items, err = readEntries(tx, number, from, limit); err != nil {
			return err
		}
		if next := from + int64(len(page.Items)); next < tree.Size() {
			page.Next = strconv.FormatInt(next, 10)
		}
		return nil
	})
	return page, err
}

// readEntries reads the leaves from the index on, beginning with the block that holds it.
func readEntries(tx *bbolt.Tx, number uint64, from int64, limit int) ([]entry, error) {
	found := []entry{}
	for size := 0; ; number++ {
		raw := journal.ReadBlock(tx, number)
		if raw == nil {
			return found, nil
		}
		block, err := journal.ParseBlock(raw)
		if err != nil {
			return nil, err
		}
		for _, e := range block.Entries() {
			if e.Index < from {
				continue
			}
			if len(found) == limit || len(found) > 0 && size+len(e.Leaf) > entriesBytes {
				return found, nil
			}
			size += len(e.Leaf)
			found = append(found, entry{e.Index, bytes.Clone(e.Leaf), e.Kind, e.At})
		}
	}
}

// index reads a leaf's index from the query.
func (q *request) index(name string, absent int64) (int64, error) {
	if !q.query.Has(name) {
		return absent, nil
	}
	text := q.query.Get(name)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, wrongQuery(name, text, "http.want_index")
	}
	return n, nil
}

// blockOf finds the block that holds a leaf, or from which on it is to be looked for, by the leaves before each block.
func blockOf(tx *bbolt.Tx, height uint64, leaf int64) (uint64, error) {
	var failed error
	after := sort.Search(int(height), func(i int) bool { // block i+1 begins after the leaf
		head, _, _ := bytes.Cut(journal.ReadBlock(tx, uint64(i)+1), []byte{'\n'})
		var h journal.Header
		if err := json.Unmarshal(head, &h); err != nil {
			failed = fmt.Errorf("header of block %d: %w", i+1, err)
		}
		return h.Tree > leaf
	})
	return uint64(max(after, 1)), failed
}

// inclusion proves that an entry is a leaf of the tree of size leaves with that root: tlog's record proof
// (RFC 6962 §2.1.1). Hashes are base64.
type inclusion struct {
	Entry    int64       `json:"entry"`
	Size     int64       `json:"size"`
	Root     tlog.Hash   `json:"root"`
	LeafHash tlog.Hash   `json:"leaf_hash"`
	Proof    []tlog.Hash `json:"proof"`
}

func (s *Server) proof(q *request) (any, error) {
	leaf, err := q.index("entry", -1)
	if err != nil {
		return nil, err
	}
	if leaf < 0 {
		return nil, refusal.Input([]refusal.Field{{Path: "entry", Rule: "input.required"}})
	}
	p := inclusion{Entry: leaf, Proof: []tlog.Hash{}}
	err = s.svc.J.View(func(tx *bbolt.Tx) error {
		tree, err := ledger.Load(tx)
		if err != nil {
			return err
		}
		if p.Size, p.Root = tree.Size(), tree.Root(); leaf >= p.Size {
			return refusal.New(refusal.NotFound, "http.no_entry", refusal.Args{"entry": leaf, "size": p.Size})
		}
		hashes := ledger.Hashes(tx)
		own, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, leaf)})
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(p.Size, leaf, hashes)
		if err != nil {
			return err
		}
		p.LeafHash, p.Proof = own[0], append(p.Proof, proof...)
		return nil
	})
	return p, err
}
