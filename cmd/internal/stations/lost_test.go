package stations

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/rows"
)

// A file of readings that is put aside while it is in use is made anew of all that is kept, and not only of what comes
// from then on.
func TestReadingsAreMadeAnewWhenTheirFileIsPutAside(t *testing.T) {
	of := &telemetry.Station{MN: "A", ST: "31", Version: hj212.V2017, MinuteMin: 10, SampleS: 60}
	o := NodeOptions{Dir: t.TempDir(), Raw: 24 * time.Hour, Minutes: 24 * time.Hour, Hours: 24 * time.Hour,
		Station: func(string) (*telemetry.Station, error) { return of, nil },
		Rooted:  func() (time.Time, error) { return time.Time{}, nil }}
	n := OpenNode(o)
	from := time.Now().In(hj212.Beijing).Truncate(10 * time.Minute).Add(-time.Hour)
	take := func(i int) {
		t.Helper()
		data := fmt.Sprintf("QN=%s;ST=31;CN=2051;PW=p;MN=A;Flag=5;CP=&&DataTime=%s;a21026-Avg=1,a21026-Flag=N&&",
			qnOf(i), from.Add(time.Duration(i)*10*time.Minute).Format("20060102150405"))
		raw := fmt.Appendf(nil, "##%04d%s%04X", len(data), data, hj212.CRC([]byte(data)))
		if err := n.Taker.Take(t.Context(), telemetry.Received{Sort: telemetry.Frame, MN: "A", Raw: raw}); err != nil {
			t.Fatal(err)
		}
	}
	take(0)
	step := func() error { // which writes what is held
		_, err := n.step(t.Context(), new(time.Time))
		n.found(err)
		return err
	}
	if err := step(); err != nil {
		t.Fatal(err)
	}
	putAside(t, n, filepath.Join(o.Dir, rowsFile))
	take(1)
	if err := step(); !errors.Is(err, rows.ErrLost) {
		t.Fatal(err)
	}
	if err := step(); err != nil {
		t.Fatal(err)
	}
	rs, err := n.builder.Series("A.a21026", telemetry.Minute, from, from.Add(time.Hour))
	if err = errors.Join(err, n.Close(t.Context())); err != nil || len(rs) != 2 {
		t.Errorf("%d readings: %v", len(rs), err)
	}
}

// putAside damages the file of readings, and has that noticed.
func putAside(t *testing.T, n *Node, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.WriteAt(make([]byte, 2*os.Getpagesize()), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	err = n.rows.Update(context.Background(), func(*bbolt.Tx) error { return nil })
	if err != nil || len(n.rows.Status().Aside) != 1 {
		t.Fatalf("%v, %+v", err, n.rows.Status())
	}
}

// A damaged batch of what came costs its own readings and no others.
func TestReadingsAreMadeBehindADamagedBatch(t *testing.T) {
	n := large(t, func(o *NodeOptions) { o.MaxBytes = 1 << 30 })
	err := n.frames.Update(t.Context(), func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(frames.Buckets()[0])).Cursor()
		k, _ := c.First()
		return c.Bucket().Put(bytes.Clone(k), []byte("damaged"))
	})
	if err != nil {
		t.Fatal(err)
	}
	runs(t, n)
	(&world{t: t}).wait("all is built", func() bool { return n.Status().Built })
	s, _, err := n.builder.Station("")
	i := slices.IndexFunc(s.Counts, func(c rows.Count) bool { return c.Rule == "rows.chunk" })
	if err != nil || i < 0 || s.Counts[i].N != 1 || s.Counts[i].Last.IsZero() || s.Bad != 39 {
		t.Errorf("%v, %d refused, %+v", err, s.Bad, s.Counts)
	}
	if first, err := n.FirstHour(); err != nil || first.IsZero() {
		t.Errorf("%v, %v", first, err)
	}
}
