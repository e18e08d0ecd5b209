package journal

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"
)

// BenchmarkRawCommit is the limit the writer is held against: one small put, one fsynced commit.
func BenchmarkRawCommit(b *testing.B) {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw.db"), 0o600, &bbolt.Options{InitialMmapSize: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	n := uint64(0)
	for b.Loop() {
		n++
		err := db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("b"))
			if err != nil {
				return err
			}
			return bucket.Put(binary.BigEndian.AppendUint64(nil, n), make([]byte, 200))
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSubmit is a whole command, from the caller to its answer after the commit.
func BenchmarkSubmit(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			w := newWorld(b)
			w.start()
			defer w.stop()
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			var wg sync.WaitGroup
			for c := range callers {
				wg.Go(func() {
					name := fmt.Sprint("x", c)
					for left.Add(-1) >= 0 {
						_, err := w.j.Submit(b.Context(), Command{Kind: "t.add", Actor: name, Payload: add{Name: name, N: 1}})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
