package hj212

import (
	"bytes"
	"io"
	"syscall"
	"testing"
	"time"
)

// BenchmarkDecode is frames with CRC, fields and numbers, beside two limits of the same bytes in the same run: copying
// them, and their CRC alone.
func BenchmarkDecode(b *testing.B) {
	stream := benchStream(b)
	b.Run("frames", func(b *testing.B) {
		defer perCore(b, len(stream))()
		b.SetBytes(int64(len(stream)))
		b.ReportAllocs()
		in := bytes.NewReader(stream)
		for b.Loop() {
			in.Reset(stream)
			d, n := NewDecoder(in, Options{}), 0
			for f := (Frame{}); ; n++ {
				if err := d.Next(&f); err == io.EOF {
					break
				} else if err != nil || f.Fault != nil || len(f.Items) == 0 {
					b.Fatal(err, f.Fault)
				}
			}
			if n == 0 {
				b.Fatal("no frame")
			}
		}
	})
	b.Run("copy", func(b *testing.B) {
		defer perCore(b, len(stream))()
		b.SetBytes(int64(len(stream)))
		to := make([]byte, len(stream))
		for b.Loop() {
			copy(to, stream)
		}
	})
	b.Run("crc", func(b *testing.B) {
		defer perCore(b, len(stream))()
		b.SetBytes(int64(len(stream)))
		sum := uint16(0)
		for b.Loop() {
			sum ^= CRC(stream)
		}
		_ = sum
	})
}

// benchStream is 4 MB of a stack's minute and real-time frames.
func benchStream(b *testing.B) []byte {
	var out []byte
	for i := 0; len(out) < 4<<20; i++ {
		f := NewFrame(Head{QN: "20260801085857223", ST: "31", CN: "2011", PW: "123456", MN: "010000A8900016F000169DC0",
			Flag: 5, HasFlag: true}, NewItem("DataTime", "20260801085800"))
		for _, code := range []string{"a34013", "a21026", "a21002", "a19001", "a01011", "a01012", "a01013", "a01014"} {
			f.Items = append(f.Items, NewItem(code+"-Rtd", itoa(i%97)+".125"))
			if code < "a01" || code > "a19001" {
				zs := NewItem(code+"-ZsRtd", itoa(i%89)+".25")
				zs.Sep = ','
				f.Items = append(f.Items, zs)
			}
			flag := NewItem(code+"-Flag", "N")
			flag.Sep = ','
			f.Items = append(f.Items, flag)
		}
		var err error
		if out, err = f.Append(out, nil); err != nil {
			b.Fatal(err)
		}
	}
	return out
}

// perCore reports MB a second of the processor's time, garbage collection included, which others on the machine do not
// change.
func perCore(b *testing.B, bytes int) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64(bytes)*float64(b.N)/1e6/(used()-before).Seconds(), "MB/core-s") }
}
