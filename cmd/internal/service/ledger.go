package service

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/notify/ledger"
)

// entriesBytes bounds the leaves of one page; it may then be shorter than asked, with a next to go on.
const entriesBytes = 4 << 20

var _ = bind(calls.Entries, (*Service).Entries)

// Entries lists the ledger from an index on; next is where to go on.
func (s *Service) Entries(_ context.Context, _ Ask, in calls.EntriesQuery) (alerts.Page[calls.Entry], error) {
	page, from, limit := alerts.Page[calls.Entry]{Items: []calls.Entry{}}, in.From, cmp.Or(in.Limit, calls.UsualLimit)
	height := s.J.Height()
	err := s.J.View(func(tx *bbolt.Tx) error {
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
func readEntries(tx *bbolt.Tx, number uint64, from int64, limit int) ([]calls.Entry, error) {
	found := []calls.Entry{}
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
			found = append(found, calls.Entry{Index: e.Index, Leaf: bytes.Clone(e.Leaf), Kind: e.Kind, At: e.At})
		}
	}
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

var _ = bind(calls.Proof, (*Service).Proof)

// Proof proves that an entry is in the ledger as it is now.
func (s *Service) Proof(_ context.Context, _ Ask, in calls.ProofQuery) (calls.Inclusion, error) {
	leaf, p := in.Entry, calls.Inclusion{Entry: in.Entry, Proof: []tlog.Hash{}}
	err := s.J.View(func(tx *bbolt.Tx) error {
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
