package frames

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
)

// benchBatch is what so many stations send at a time: real-time frames of a stack, each with numbers of its own.
func benchBatch(random *rand.Rand, at time.Time, n int) (batch []telemetry.Received, bytes int) {
	for i := range n {
		data := fmt.Sprintf("QN=%s057;ST=31;CN=2011;PW=123456;MN=%05dA8900016F000169DC0;Flag=5;CP=&&DataTime=%[1]s", at.Format("20060102150405"), i)
		for j, code := range []string{"a34013", "a21026", "a21002", "a19001", "a01011", "a01012", "a01013", "a01014"} {
			x := 10 + 5*float64(j) + random.NormFloat64()
			data += fmt.Sprintf(";%s-Rtd=%.3f,%[1]s-ZsRtd=%.3[3]f,%[1]s-Flag=N", code, x, x*1.2)
		}
		r := telemetry.Received{At: at, Sort: telemetry.Frame, MN: fmt.Sprintf("%05dA8900016F000169DC0", i), From: "192.0.2.7:40112",
			Raw: fmt.Appendf(nil, "##%04d%s&&%04X", len(data)+2, data, random.IntN(65536))}
		batch = append(batch, r)
		bytes += len(r.Raw)
	}
	return batch, bytes
}

// BenchmarkAppend is batches made durable in the log, beside writes of the same bytes in the same batches to a file,
// each of them synced.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 10, 100, 1000} {
		random := rand.New(rand.NewPCG(1, 2))
		at := eight
		batch, bytes := benchBatch(random, at, size)
		b.Run(fmt.Sprintf("log/%d", size), func(b *testing.B) {
			db, err := bbolt.Open(filepath.Join(b.TempDir(), "frames.db"), 0o600,
				&bbolt.Options{FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30})
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := db.Close(); err != nil {
					b.Error(err)
				}
			}()
			update(b, db, func(tx *bbolt.Tx) error {
				for _, name := range Buckets() {
					if _, err := tx.CreateBucket([]byte(name)); err != nil {
						return err
					}
				}
				return nil
			})
			b.SetBytes(int64(bytes))
			for b.Loop() {
				at = at.Add(10 * time.Millisecond)
				for i := range batch {
					batch[i].At = at
				}
				update(b, db, func(tx *bbolt.Tx) error { _, err := Append(tx, batch); return err })
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "frames/s")
			view(b, db, func(tx *bbolt.Tx) error {
				b.ReportMetric(float64(Used(tx))/float64(size*b.N), "B/frame")
				return nil
			})
		})
		b.Run(fmt.Sprintf("file/%d", size), func(b *testing.B) {
			f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := f.Close(); err != nil {
					b.Error(err)
				}
			}()
			var raw []byte
			for i := range batch {
				raw = append(raw, batch[i].Raw...)
			}
			b.SetBytes(int64(bytes))
			for b.Loop() {
				if _, err := f.Write(raw); err != nil {
					b.Fatal(err)
				}
				if err := f.Sync(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "frames/s")
			b.ReportMetric(float64(bytes)/float64(size), "B/frame")
		})
	}
}
