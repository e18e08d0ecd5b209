package frames

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// open is a file of bbolt with the buckets of the log.
func open(t testing.TB) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "frames.db"), 0o600,
		&bbolt.Options{FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	update(t, db, func(tx *bbolt.Tx) error {
		for _, name := range Buckets() {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	return db
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func update(t fataler, db *bbolt.DB, fn func(*bbolt.Tx) error) {
	t.Helper()
	if err := db.Update(fn); err != nil {
		t.Fatal(err)
	}
}

func view(t fataler, db *bbolt.DB, fn func(*bbolt.Tx) error) {
	t.Helper()
	if err := db.View(fn); err != nil {
		t.Fatal(err)
	}
}

var eight = time.Date(2026, 12, 16, 8, 0, 0, 0, hj212.Beijing)

// begun is the first number of a log that begins with what came at eight.
var begun = uint64(eight.UnixMilli())*1000 + 1

func frame(at time.Time, i int) telemetry.Received {
	return telemetry.Received{At: at, Sort: telemetry.Frame, MN: "010000A8900016F000169DC0", From: "192.0.2.7:40112",
		Raw: fmt.Appendf(nil, "##0101QN=20160801085857223;ST=32;CN=1062;i=%d", i)}
}

// all is what the log holds.
func all(t fataler, db *bbolt.DB) (out []telemetry.Received, refs []Ref) {
	view(t, db, func(tx *bbolt.Tx) error {
		after := uint64(0)
		for {
			last, err := Read(tx, after, 1000, func(seq uint64, entries []telemetry.Received, damaged error) error {
				if damaged != nil {
					return damaged
				}
				for i, e := range entries {
					e.Raw = slices.Clone(e.Raw)
					out, refs = append(out, e), append(refs, Ref{seq, i})
				}
				return nil
			})
			if err != nil || last == after {
				return err
			}
			after = last
		}
	})
	return out, refs
}

func same(a, b telemetry.Received) bool {
	return a.At.Equal(b.At) && a.Sort == b.Sort && a.MN == b.MN && a.From == b.From && a.Why == b.Why &&
		string(a.Raw) == string(b.Raw)
}

// batches draws batches whose times may go back, and cross hours.
func batches(t *rapid.T) (out [][]telemetry.Received) {
	at, n := eight, 0
	steps, sorts := []int{0, 0, 1, 7, 2000, -300, 20 * 60 * 1000}, []telemetry.Sort{1, 1, 1, 2, 3, 4}
	for range rapid.IntRange(1, 8).Draw(t, "batches") {
		var batch []telemetry.Received
		size := rapid.SampledFrom([]int{0, 1, 2, 5, 300, 700}).Draw(t, "things")
		steps := steps[:rapid.IntRange(1, len(steps)).Draw(t, "steps")]
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for range size {
			at = at.Add(time.Duration(steps[random.IntN(len(steps))]) * time.Millisecond)
			r := frame(at.Add(300*time.Microsecond), n)
			r.Sort = sorts[random.IntN(len(sorts))]
			if r.Sort > telemetry.Message {
				r.Why = "crc"
			}
			batch = append(batch, r)
			n++
		}
		out = append(out, batch)
	}
	return out
}

// model is the log as a plain list: times raised to the one before.
func model(batches [][]telemetry.Received) (out []telemetry.Received) {
	last := time.Time{}
	for _, r := range slices.Concat(batches...) {
		if r.At = r.At.Truncate(time.Millisecond); r.At.Before(last) {
			r.At = last
		}
		last = r.At
		out = append(out, r)
	}
	return out
}

// The log gives back what was put in, by node or by stream, and its hours have the roots that tlog computes of all
// their leaves at once; each leaf is proved.
func TestLogAndHours(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		db, follower, seq := open(t), open(t), uint64(0)
		in := batches(rt)
		want := model(in)
		for _, batch := range in {
			update(rt, db, func(tx *bbolt.Tx) error { _, err := Append(tx, batch); return err })
			chunks, err := Encode(batch)
			if err != nil {
				rt.Fatal(err)
			}
			for _, c := range chunks {
				seq++
				m := Message{Stream: eight, Seq: seq, At: eight.Add(40 * 24 * time.Hour), Chunk: c}
				follow(rt, follower, m)
				follow(rt, follower, m) // again
			}
		}
		end := eight.Add(30 * 24 * time.Hour)
		update(rt, db, func(tx *bbolt.Tx) error { return Close(tx, end) })
		follow(rt, follower, Message{Stream: eight, Seq: seq + 1, At: end, Chunk: Mark(end)})
		update(rt, follower, func(tx *bbolt.Tx) error { return tx.Bucket(stateBucket).Delete(partsKey) }) // it has all
		for _, db := range []*bbolt.DB{db, follower} {
			got, refs := all(rt, db)
			if !slices.EqualFunc(got, want, same) {
				rt.Fatalf("%d things, want %d", len(got), len(want))
			}
			view(rt, db, func(tx *bbolt.Tx) error {
				for i := 0; i < len(refs); i += 1 + len(refs)/20 {
					ref := refs[i]
					if r, err := At(tx, ref); err != nil || !same(r, want[i]) {
						rt.Fatalf("%v is %+v (%v), want %+v", ref, r, err, want[i])
					}
				}
				checkHours(rt, tx, want)
				return nil
			})
		}
	})
}

// checkHours compares the hours of a log with those of a list.
func checkHours(t *rapid.T, tx *bbolt.Tx, want []telemetry.Received) {
	byHour := map[time.Time][]telemetry.Received{}
	for _, r := range want {
		if IsLeaf(&r) {
			h := r.At.Truncate(time.Hour)
			byHour[h] = append(byHour[h], r)
		}
	}
	if len(want) == 0 {
		return
	}
	for h := want[0].At.Truncate(time.Hour); !h.After(want[len(want)-1].At); h = h.Add(time.Hour) {
		leaves := byHour[h]
		root, n, err := Root(tx, h.Add(17*time.Minute))
		if err != nil || n != int64(len(leaves)) || root != slowRoot(leaves) {
			t.Fatalf("hour %v: root %v of %d (%v), want %v of %d", h, root, n, err, slowRoot(leaves), len(leaves))
		}
		for _, i := range []int64{0, 255, 256, n / 2, n - 1} {
			if i < 0 || i >= n {
				continue
			}
			r, _, err := Leaf(tx, h, i)
			if err != nil || !same(r, leaves[i]) {
				t.Fatalf("leaf %d of %v is %+v (%v), want %+v", i, h, r, err, leaves[i])
			}
			p, err := Proof(tx, h, i)
			if err == nil {
				err = tlog.CheckRecord(p, n, root, i, tlog.RecordHash(AppendLeaf(nil, &r)))
			}
			if err != nil {
				t.Fatalf("leaf %d of %d of %v: %v", i, n, h, err)
			}
		}
		for _, i := range []int64{-1, n} {
			if _, err := Proof(tx, h, i); err == nil {
				t.Fatalf("leaf %d of %d is proved", i, n)
			}
			if _, _, err := Leaf(tx, h, i); err == nil {
				t.Fatalf("leaf %d of %d is read", i, n)
			}
		}
	}
}

// slowRoot is the tree hash of RFC 6962 §2.1 by tlog, over all leaves at once.
func slowRoot(leaves []telemetry.Received) tlog.Hash {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, err error) {
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i, r := range leaves {
		kind := "frame"
		if r.Sort == telemetry.Message {
			kind = "message"
		}
		leaf := fmt.Sprintf("qingkong.received/1\n%s\n%s\n%s\n%s\n%s", r.At.In(hj212.Beijing).Format("2006-01-02T15:04:05.000+08:00"),
			kind, r.MN, r.From, r.Raw)
		hs, err := tlog.StoredHashes(int64(i), []byte(leaf), reader)
		if err != nil {
			panic(err)
		}
		stored = append(stored, hs...)
	}
	root, err := tlog.TreeHash(int64(len(leaves)), reader)
	if err != nil {
		panic(err)
	}
	return root
}

func TestAnHourHasARootOnceItIsOver(t *testing.T) {
	db := open(t)
	root := func(h time.Time) (n int64, err error) {
		view(t, db, func(tx *bbolt.Tx) error { _, n, err = Root(tx, h); return nil })
		return n, err
	}
	appendAt := func(at time.Time) {
		update(t, db, func(tx *bbolt.Tx) error { _, err := Append(tx, []telemetry.Received{frame(at, 0)}); return err })
	}
	if _, err := root(eight); !errors.Is(err, ErrOpen) {
		t.Errorf("of an empty log: %v", err)
	}
	appendAt(eight.Add(59 * time.Minute))
	if _, err := root(eight); !errors.Is(err, ErrOpen) {
		t.Errorf("of the hour that grows: %v", err)
	}
	update(t, db, func(tx *bbolt.Tx) error { return Close(tx, eight.Add(time.Hour)) })
	appendAt(eight.Add(59 * time.Minute)) // late: it goes into the next hour
	if n, err := root(eight); n != 1 || err != nil {
		t.Errorf("of an hour that was closed: %d, %v", n, err)
	}
	update(t, db, func(tx *bbolt.Tx) error { return Close(tx, eight) }) // changes nothing
	appendAt(eight.Add(3 * time.Hour))
	for h, want := range map[int]int64{1: 1, 2: 0} {
		if n, err := root(eight.Add(time.Duration(h) * time.Hour)); n != want || err != nil {
			t.Errorf("hour %d: %d, %v", h, n, err)
		}
	}
	if _, err := root(eight.Add(-time.Hour)); !errors.Is(err, ErrGone) {
		t.Errorf("of an hour before the log: %v", err)
	}
	view(t, db, func(tx *bbolt.Tx) error {
		if seq, at, err := Last(tx); err != nil || seq != begun+59*60*1e6+3 || !at.Equal(eight.Add(3*time.Hour)) {
			t.Errorf("last is %d at %v (%v)", seq, at, err)
		}
		return nil
	})
}

func TestWhatIsNotKept(t *testing.T) {
	db := open(t)
	large := frame(eight, 0)
	large.Raw = make([]byte, MaxRaw+1)
	for name, batch := range map[string][]telemetry.Received{
		"too large": {frame(eight, 1), large}, "no sort": {{At: eight, Raw: []byte("x")}}, "another": {{At: eight, Sort: 5}},
	} {
		err := db.Update(func(tx *bbolt.Tx) error { _, err := Append(tx, batch); return err })
		if err == nil || name == "too large" && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, _ := all(t, db); len(got) != 0 {
		t.Errorf("%d things are kept of batches that are refused", len(got))
	}
}

// Texts of unknown senders are cut and put on one line, wherever they come from; raw bytes stay what they are.
func TestTextsAreOfOneLine(t *testing.T) {
	db := open(t)
	raw := "##\x00\xff\r\n##"
	in := telemetry.Received{At: eight, Sort: telemetry.Frame, MN: "a\nb\x7f\xff", From: strings.Repeat("站", 100),
		Why: "", Raw: []byte(raw)}
	update(t, db, func(tx *bbolt.Tx) error { _, err := Append(tx, []telemetry.Received{in}); return err })
	got, _ := all(t, db)
	if r := got[0]; r.MN != "a b  " || r.From != strings.Repeat("站", 42) || string(r.Raw) != raw {
		t.Errorf("%q %q %q", r.MN, r.From, r.Raw)
	}
	if leaf := string(AppendLeaf(nil, &in)); leaf != "qingkong.received/1\n2026-12-16T08:00:00.000+08:00\nframe\na b  \n"+
		strings.Repeat("站", 42)+"\n"+raw {
		t.Errorf("leaf %q", leaf)
	}
}

// A batch of megabytes becomes chunks that a stream takes.
func TestALargeBatch(t *testing.T) {
	db := open(t)
	var batch []telemetry.Received
	for i := range 2*maxCount + 10 {
		batch = append(batch, frame(eight.Add(time.Duration(i)*time.Millisecond), i))
	}
	for i := range 3 {
		r := frame(eight.Add(time.Minute), i)
		r.Sort, r.Raw = telemetry.Message, []byte(strings.Repeat("x", MaxRaw))
		batch = append(batch, r)
	}
	chunks, err := Encode(batch)
	if err != nil || len(chunks) < 6 {
		t.Fatal(len(chunks), err)
	}
	for _, c := range chunks {
		if len(c) > MaxChunk {
			t.Errorf("a chunk of %d bytes", len(c))
		}
	}
	update(t, db, func(tx *bbolt.Tx) error {
		seq, err := Append(tx, batch)
		if seq != begun+uint64(len(chunks))-1 {
			t.Errorf("%d chunks are written, want %d", seq, len(chunks))
		}
		return err
	})
	if got, _ := all(t, db); !slices.EqualFunc(got, batch, same) {
		t.Errorf("%d of %d things come back", len(got), len(batch))
	}
}

func FuzzDecode(f *testing.F) {
	for _, batch := range [][]telemetry.Received{{frame(eight, 1)}, {frame(eight, 1), frame(eight.Add(time.Second), 2)}} {
		chunks, err := Encode(batch)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(chunks[0])
	}
	f.Add(Mark(eight))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := Decode(b)
		if err != nil {
			return
		}
		if len(entries) > maxCount {
			t.Fatalf("%d entries", len(entries))
		}
		chunks, err := Encode(entries)
		if err != nil {
			t.Fatal(err)
		}
		var again []telemetry.Received
		for _, c := range chunks {
			part, err := Decode(c)
			if err != nil {
				t.Fatal(err)
			}
			again = append(again, part...)
		}
		if !slices.EqualFunc(again, entries, same) {
			t.Fatalf("%d entries came back as %d", len(entries), len(again))
		}
	})
}

// A chunk that was written once is read by every later program: its form, and the dictionary it is packed with, stay.
func TestAnOldChunkIsRead(t *testing.T) {
	const written = "AQEBgNCwws9oAAH0ASi1L/0BAAE9AwBkBAEAGA8xOTIuMC4yLjc6NDAxMTIAxgEjIzAxMDFRTj0yMDEyO0NOPTEwNjIwMDAwMFJ0ZEludGVydmFsPTMwJiYxQzgwMS4LAANlAAsiF8PgGpC8A4a5OAaABu3oCAT/L81NAMUQ"
	b, err := base64.StdEncoding.DecodeString(written)
	if err != nil {
		t.Fatal(err)
	}
	want := frame(eight, 1)
	want.Raw = []byte("##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30" +
		"&&1C80" + strings.Repeat(";a21026-Rtd=1.5,a21026-Flag=N", 3))
	if got, err := Decode(b); err != nil || len(got) != 1 || !same(got[0], want) {
		t.Errorf("%+v, %v", got, err)
	}
}
