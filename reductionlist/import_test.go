package reductionlist_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
)

// store is a database with this package's buckets.
func store(t testing.TB) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "list.db"), 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	listtest.Must(t, db.Update(func(tx *bbolt.Tx) error {
		for _, name := range reductionlist.Buckets() {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	}))
	return db
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	listtest.Must(t, err)
	when, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	listtest.Must(t, err)
	return when
}

// chunkBytes leaves room for the rest of an event below the size of a block.
const chunkBytes = 600 << 10

// importList runs the whole import, one transaction for each event, and hands every event to saw. An active version
// that begins on the same day is replaced.
func importList(t testing.TB, db *bbolt.DB, l *reductionlist.List, now time.Time,
	saw func(reductionlist.Event)) reductionlist.Version {
	t.Helper()
	run := func(decide func(tx *bbolt.Tx) ([]reductionlist.Event, reductionlist.Version, error)) reductionlist.Version {
		var v reductionlist.Version
		listtest.Must(t, db.Update(func(tx *bbolt.Tx) error {
			evs, version, err := decide(tx)
			v = version
			if err != nil {
				return err
			}
			for _, ev := range evs {
				saw(ev)
				if err := reductionlist.Apply(tx, timers{}, now, "duty", ev); err != nil {
					return err
				}
			}
			return nil
		}))
		return v
	}
	head := reductionlist.Head(l)
	v := run(func(tx *bbolt.Tx) ([]reductionlist.Event, reductionlist.Version, error) {
		return reductionlist.DecideBegin(tx, "duty", head, now)
	})
	for _, chunk := range reductionlist.Chunks(l, chunkBytes) {
		run(func(tx *bbolt.Tx) ([]reductionlist.Event, reductionlist.Version, error) {
			return reductionlist.DecideRows(tx, "duty", reductionlist.AddRows{Version: v.ID, Recipients: chunk}, now)
		})
	}
	return run(func(tx *bbolt.Tx) ([]reductionlist.Event, reductionlist.Version, error) {
		in := reductionlist.Activate{Version: v.ID, Hash: head.Hash, Count: head.Count}
		if v.State != reductionlist.StateActive {
			in.Replaces = reductionlist.ActiveFrom(tx, l.EffectiveFrom)
		}
		return reductionlist.DecideActivate(tx, "duty", in, now)
	})
}

// takeContacts hands every contact to put, keeps the reference it returns, and takes the contact out of the
// list. A recipient without a contact keeps the reference it has.
func takeContacts(l *reductionlist.List, put func(recipientID string, c reductionlist.Contact) (ref string, err error)) error {
	for _, r := range l.Recipients {
		if r.Contact == nil {
			continue
		}
		ref, err := put(r.ID, *r.Contact)
		if err != nil {
			return err
		}
		r.ContactRef, r.Contact = ref, nil
	}
	return nil
}

func splitContacts(t testing.TB, l *reductionlist.List) {
	t.Helper()
	listtest.Must(t, takeContacts(l,
		func(id string, _ reductionlist.Contact) (string, error) { return "v:" + id, nil }))
}

func TestListVersionsPagesFromTheLatest(t *testing.T) {
	db := store(t)
	for i := range 5 {
		l := listtest.Example(1)
		l.EffectiveFrom = fmt.Sprintf("201%d-10-01", i)
		importList(t, db, l, at(t, "2016-11-01 08:00"), func(reductionlist.Event) {})
	}
	listtest.Must(t, db.View(func(tx *bbolt.Tx) error {
		var got []string
		for cursor := ""; ; {
			page, next, err := reductionlist.ListVersions(tx, cursor, 2)
			listtest.Must(t, err)
			for _, v := range page {
				got = append(got, v.List.EffectiveFrom[:4])
			}
			if cursor = next; next == "" {
				break
			}
		}
		if fmt.Sprint(got) != "[2014 2013 2012 2011 2010]" {
			t.Errorf("versions of %v", got)
		}
		return nil
	}))
}

func TestChunksHoldEveryRecipientOnceWithinTheSize(t *testing.T) {
	l := listtest.Example(500)
	chunks := reductionlist.Chunks(l, 50<<10)
	var ids []string
	for _, c := range chunks {
		data, err := json.Marshal(c)
		listtest.Must(t, err)
		if len(data) > 50<<10+2 {
			t.Errorf("a chunk of %d bytes", len(data))
		}
		for _, r := range c {
			ids = append(ids, r.ID)
		}
	}
	if len(ids) != 500 || len(chunks) < 10 {
		t.Errorf("%d recipients in %d chunks", len(ids), len(chunks))
	}
	if got := reductionlist.Chunks(l, 1); len(got) != 500 {
		t.Errorf("a size smaller than any recipient gives %d chunks, want one for each", len(got))
	}
}

func TestDecodeRefusesAnUnknownKind(t *testing.T) {
	if ev, err := reductionlist.Decode("list.burnt", []byte("{}")); err == nil {
		t.Errorf("decoded %v", ev)
	}
}

// BenchmarkImport20000 is the record's part of an import: decide, encode each event, apply.
func BenchmarkImport20000(b *testing.B) {
	l := listtest.Example(20000)
	splitContacts(b, l)
	for b.Loop() {
		b.StopTimer()
		db := store(b)
		b.StartTimer()
		importList(b, db, l, at(b, "2016-12-16 08:00"), func(ev reductionlist.Event) {
			if _, err := json.Marshal(ev); err != nil {
				b.Fatal(err)
			}
		})
	}
}
