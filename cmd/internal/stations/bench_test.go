package stations

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"qingkong/cmd/internal/journal/natstest"
	"qingkong/notify/telemetry/hj212"
)

// BenchmarkConfirmed is frames of many stations over TCP, each confirmed once durable, with eight under way a station: by a
// node of its own, and by one of several, whose stream lies in this process and is followed meanwhile.
func BenchmarkConfirmed(b *testing.B) {
	b.Run("alone", func(b *testing.B) { confirmed(b, nil) })
	b.Run("shared", func(b *testing.B) {
		srv := natstest.StartTCP(b, b.TempDir())
		_, js := natstest.Dial(b, srv.Addr())
		confirmed(b, &Shared{JS: js, MaxBytes: 1 << 30, Replicas: func(context.Context) (int, error) { return 1, nil }})
	})
}

func confirmed(b *testing.B, shared *Shared) {
	const stations, ahead = 500, 8
	w := openShared(b, shared, func(o *Options) { o.PerAddress = 0 })
	devices := make([]*device, stations)
	texts := make([]string, stations)
	for i := range devices {
		mn := fmt.Sprintf("B%d", i)
		w.book.add(mn, nil)
		devices[i] = w.dial()
		texts[i] = packet("QN=20260801120000000;ST=31;CN=2011;PW=pw-" + mn + ";MN=" + mn + ";Flag=5;CP=&&DataTime=20260801120000;" +
			strings.Repeat("a21026-Rtd=12.5,a21026-ZsRtd=13.1,a21026-Flag=N;", 5) + "a00000-Rtd=1&&")
		devices[i].send(texts[i])
		if _, err := devices[i].next(); err != nil {
			b.Fatal(err)
		}
	}
	each := max(b.N/stations, 1)
	b.SetBytes(int64(len(texts[0])))
	b.ResetTimer()
	var all sync.WaitGroup
	for i, d := range devices {
		all.Go(func() {
			slots := make(chan struct{}, ahead)
			go func() {
				var f hj212.Frame
				for range each {
					if err := d.d.Next(&f); err != nil {
						b.Error(err)
					}
					<-slots
				}
			}()
			for range each {
				slots <- struct{}{}
				if _, err := io.WriteString(d.Conn, texts[i]); err != nil {
					b.Error(err)
					return
				}
			}
			for range ahead {
				slots <- struct{}{}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(each*stations)/b.Elapsed().Seconds(), "frames/s")
	items, batches := w.node.Taker.Taken()
	b.ReportMetric(float64(items)/float64(batches), "frames/batch")
}
