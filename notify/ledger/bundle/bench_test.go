package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/bundle/bundletest"
)

// The tree-and-proof part of a verification, beside SHA-256 over the same bytes.
func BenchmarkTree(b *testing.B) {
	const leaves, picked = 1 << 20, 1 << 15
	r := bundletest.New(b)
	entry := func(i int64) []byte {
		if i%4 == 0 {
			return fmt.Appendf(nil, `{"kind":"notify.order_issued","at":"2016-12-16T%02d:00:00.000+08:00","actor":"duty","data":{"id":"W1-E%06d-1","text":"%s"}}`, 10+i*13/leaves, i,
				bytes.Repeat([]byte("二号熔炼炉停产，四小时内完成。"), 30))
		}
		return fmt.Appendf(nil, `{"kind":"notify.answered","at":"2016-12-16T%02d:00:00.000+08:00","actor":"E0001","data":{"order_id":"W1-E%06d-1","action":"acknowledge"}}`, 10+i*13/leaves, i)
	}
	r.Leaves, r.Hashes = nil, nil
	for i := range int64(leaves) {
		leaf := []byte{}
		if i%(leaves/picked) == 0 || i >= leaves/2 && i < leaves/2+picked {
			leaf = entry(i)
		}
		more, err := tlog.StoredHashes(i, leaf, r)
		if err != nil {
			b.Fatal(err)
		}
		r.Hashes, r.Leaves = append(r.Hashes, more...), append(r.Leaves, leaf)
	}
	for _, c := range []struct {
		name string
		at   func(int64) int64
	}{{"contiguous", func(k int64) int64 { return leaves/2 + k }}, {"scattered", func(k int64) int64 { return k * leaves / picked }}} {
		var at []int64
		for k := range int64(picked) {
			at = append(at, c.at(k))
		}
		d := r.Proving(bundle.Subject{Warning: "W1"}, at)
		same := bytes.Join([][]byte{d.Files[bundle.EntriesFile], d.Files[bundle.ProofFile]}, nil)
		opened := open(b, d.Bytes(b))
		for _, goroutines := range []int{1, 2, 3} {
			b.Run(fmt.Sprint(c.name, "/", goroutines), func(b *testing.B) {
				b.SetBytes(int64(len(same)))
				for b.Loop() {
					if _, err := opened.Tree(goroutines); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(c.name+"/sha256", func(b *testing.B) {
			b.SetBytes(int64(len(same)))
			for b.Loop() {
				_ = sha256.Sum256(same)
			}
		})
	}
}
