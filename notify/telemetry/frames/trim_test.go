package frames

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
)

// days fills a log with a chunk of n things each hour.
func days(t *testing.T, db *bbolt.DB, hours, n int) {
	for h := range hours {
		update(t, db, func(tx *bbolt.Tx) error {
			var batch []telemetry.Received
			for i := range n {
				r := frame(eight.Add(time.Duration(h)*time.Hour+time.Duration(i)*time.Second), i)
				r.Raw = fmt.Append(r.Raw, strings.Repeat(fmt.Sprint(h*i*7919), 30))
				batch = append(batch, r)
			}
			_, err := Append(tx, batch)
			return err
		})
	}
}

// trim trims until there is no more to do, and says what went.
func trim(t *testing.T, db *bbolt.DB, keep Keep) (sum Trimmed) {
	t.Helper()
	for step := 0; ; step++ {
		var one Trimmed
		update(t, db, func(tx *bbolt.Tx) (err error) { one, err = Trim(tx, keep); return err })
		if sum.Chunks == 0 {
			sum.From = one.From
		}
		if one.Chunks > 0 {
			sum.To, sum.Last = one.To, one.Last
		}
		sum.Chunks, sum.Frames = sum.Chunks+one.Chunks, sum.Frames+one.Frames
		sum.BySize, sum.Unrooted = sum.BySize || one.BySize, sum.Unrooted || one.Unrooted
		if !one.More {
			return sum
		}
		if step > 1000 {
			t.Fatal("there is always more to trim")
		}
	}
}

func TestOldFramesGo(t *testing.T) {
	db := open(t)
	days(t, db, 48, 300)
	at := func(h int) time.Time { return eight.Add(time.Duration(h) * time.Hour) }
	if s := trim(t, db, Keep{Since: at(20)}); s.Chunks != 0 {
		t.Errorf("hours whose root nobody recorded are trimmed by age: %+v", s)
	}
	s := trim(t, db, Keep{Since: at(20), Rooted: at(10)})
	if s.Chunks != 10 || s.Frames != 3000 || !s.From.Equal(at(0)) || s.To.After(at(10)) || s.BySize || s.Unrooted || s.Last != begun+9 {
		t.Errorf("hours that are old and recorded: %+v", s)
	}
	s = trim(t, db, Keep{Since: at(20), Rooted: at(48)})
	if s.Chunks != 10 || s.Last != begun+19 {
		t.Errorf("once the others are recorded: %+v", s)
	}
	view(t, db, func(tx *bbolt.Tx) error {
		if _, _, err := Root(tx, at(19)); !errors.Is(err, ErrGone) {
			t.Errorf("the root of an hour that went: %v", err)
		}
		if _, n, err := Root(tx, at(20)); err != nil || n != 300 {
			t.Errorf("the root of one that stays: %d, %v", n, err)
		}
		if _, err := Proof(tx, at(20), 299); err != nil {
			t.Error(err)
		}
		if _, err := At(tx, Ref{Seq: begun + 19}); !errors.Is(err, ErrGone) {
			t.Errorf("a frame that went: %v", err)
		}
		k, _ := tx.Bucket(chunksBucket).Cursor().First()
		if first := binary.BigEndian.Uint64(k); first != begun+20 {
			t.Errorf("the first is %d", first-begun)
		}
		for _, name := range Buckets()[:3] {
			want := map[string]int{"frames.chunks": 28, "frames.hours": 27, "frames.tiles": 56}[name]
			if got := tx.Bucket([]byte(name)).Stats().KeyN; got != want {
				t.Errorf("%s has %d rows, want %d", name, got, want)
			}
		}
		return nil
	})
}

// A file that is too large gives up its oldest frames, recorded or not; roots that nobody recorded stay.
func TestTheOldestGoForRoom(t *testing.T) {
	db := open(t)
	days(t, db, 200, 400)
	var used int64
	view(t, db, func(tx *bbolt.Tx) error { used = Used(tx); return nil })
	s := trim(t, db, Keep{Rooted: eight.Add(5 * time.Hour), Bytes: used / 2})
	if !s.BySize || !s.Unrooted || s.Chunks < 60 || s.Chunks > 140 {
		t.Errorf("%+v of 200", s)
	}
	view(t, db, func(tx *bbolt.Tx) error {
		if now := Used(tx); now > used/2 || now < used/4 {
			t.Errorf("%d bytes of %d are in use", now, used)
		}
		if _, _, err := Root(tx, eight); !errors.Is(err, ErrGone) {
			t.Errorf("a root that is recorded: %v", err)
		}
		if _, n, err := Root(tx, eight.Add(5*time.Hour)); err != nil || n != 400 {
			t.Errorf("a root that is not: %d, %v", n, err)
		}
		if _, err := Proof(tx, eight.Add(5*time.Hour), 3); !errors.Is(err, ErrGone) {
			t.Errorf("a proof without the frames: %v", err)
		}
		return nil
	})
	if s := trim(t, db, Keep{Bytes: used / 2}); s.Chunks != 0 {
		t.Errorf("more goes than has to: %+v", s)
	}
	days(t, db, 1, 1) // and the log goes on
	if s := trim(t, db, Keep{Bytes: 1}); s.Chunks == 0 {
		t.Errorf("%+v", s)
	}
	days(t, db, 1, 1)
}

// A chunk that is damaged, in its head or behind it, holds nothing up: reading tells of it and goes on, and it goes with what
// is removed, a damaged head whatever its age.
func TestDamagedChunks(t *testing.T) {
	db := open(t)
	days(t, db, 4, 3)
	var seqs []uint64
	update(t, db, func(tx *bbolt.Tx) error {
		_, err := Read(tx, 0, 1<<20, func(seq uint64, _ []telemetry.Received, _ error) error {
			seqs = append(seqs, seq)
			return nil
		})
		if err != nil {
			return err
		}
		b := tx.Bucket(chunksBucket)
		behind := append([]byte(nil), b.Get(key(seqs[1]))...)
		return errors.Join(b.Put(key(seqs[0]), []byte{form, 0xff}), b.Put(key(seqs[1]), behind[:len(behind)-3]))
	})
	look := func() (whole, damaged int) {
		update(t, db, func(tx *bbolt.Tx) error {
			whole, damaged = 0, 0
			_, err := Read(tx, 0, 1<<20, func(seq uint64, entries []telemetry.Received, why error) error {
				if why != nil {
					damaged++
					if _, err := At(tx, Ref{Seq: seq}); !errors.Is(err, ErrGone) || entries != nil {
						t.Errorf("%v, %d entries", err, len(entries))
					}
				} else if whole++; len(entries) != 3 {
					t.Errorf("%d entries", len(entries))
				}
				return nil
			})
			return err
		})
		return whole, damaged
	}
	if whole, damaged := look(); whole != 2 || damaged != 2 {
		t.Errorf("%d whole, %d damaged", whole, damaged)
	}
	for _, c := range []struct{ hours, chunks, damaged, whole, stay int }{{0, 0, 1, 2, 1}, {3, 2, 0, 1, 0}} {
		at := eight.Add(time.Duration(c.hours) * time.Hour)
		var one Trimmed
		update(t, db, func(tx *bbolt.Tx) (err error) { one, err = Trim(tx, Keep{Since: at, Rooted: at}); return err })
		if whole, damaged := look(); one.Chunks != c.chunks || one.Damaged != c.damaged || whole != c.whole || damaged != c.stay {
			t.Errorf("%+v, %d whole and %d damaged are left", one, whole, damaged)
		}
	}
}
