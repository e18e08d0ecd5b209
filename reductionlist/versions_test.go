package reductionlist_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
)

// dump is every key and value of the package's buckets.
func dump(t testing.TB, db *bbolt.DB) string {
	t.Helper()
	var b strings.Builder
	listtest.Must(t, db.View(func(tx *bbolt.Tx) error {
		for _, name := range reductionlist.Buckets() {
			fmt.Fprintf(&b, "== %s\n", name)
			if err := tx.Bucket([]byte(name)).ForEach(func(k, v []byte) error {
				_, err := fmt.Fprintf(&b, "%q %q\n", k, v)
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	}))
	return b.String()
}

func TestReplayedStateIsTheLiveStateByteForByte(t *testing.T) {
	live, replayed := store(t), store(t)
	l := listtest.Example(700)
	splitContacts(t, l)
	now := at(t, "2016-12-16 08:00")
	kinds := map[string]int{}
	importList(t, live, l, now, func(ev reductionlist.Event) {
		kinds[ev.Kind()]++
		data, err := json.Marshal(ev)
		listtest.Must(t, err)
		back, err := reductionlist.Decode(ev.Kind(), data)
		listtest.Must(t, err)
		listtest.Must(t, replayed.Update(func(tx *bbolt.Tx) error {
			return reductionlist.Apply(tx, timers{}, now, "duty", back)
		}))
	})
	if kinds["list.begun"] != 1 || kinds["list.rows"] < 2 || kinds["list.activated"] != 1 {
		t.Errorf("events %v, want one begun, several rows, one activated", kinds)
	}
	if dump(t, live) != dump(t, replayed) {
		t.Error("live and replayed state differ")
	}
}

func TestContactsStayOutOfTheRecord(t *testing.T) {
	l := listtest.Example(60)
	vault := map[string]reductionlist.Contact{}
	listtest.Must(t, takeContacts(l, func(id string, c reductionlist.Contact) (string, error) {
		vault["v:"+id] = c
		return "v:" + id, nil
	}))
	if len(vault) != 60 {
		t.Fatalf("%d contacts, want 60", len(vault))
	}
	db := store(t)
	v := importList(t, db, l, at(t, "2016-12-16 08:00"), func(ev reductionlist.Event) {
		data, err := json.Marshal(ev)
		listtest.Must(t, err)
		for _, c := range vault {
			for _, secret := range []string{c.Name, c.Phone, c.BackupName, c.BackupPhone} {
				if bytes.Contains(data, []byte(`"`+secret+`"`)) {
					t.Fatalf("%s holds %q", ev.Kind(), secret)
				}
			}
		}
	})
	listtest.Must(t, db.View(func(tx *bbolt.Tx) error {
		r, err := reductionlist.GetRecipient(tx, v.ID, "E0007")
		if err == nil && vault[r.ContactRef].Name != "示例联系人7" {
			t.Errorf("E0007's contact %q leads to %+v", r.ContactRef, vault[r.ContactRef])
		}
		return err
	}))
}

func TestTheSameListAgainChangesNothing(t *testing.T) {
	db := store(t)
	first := importList(t, db, listtest.Example(700), at(t, "2016-12-16 08:00"), func(reductionlist.Event) {})
	before := dump(t, db)
	again := importList(t, db, listtest.Example(700), at(t, "2016-12-17 08:00"), func(ev reductionlist.Event) {
		t.Errorf("event %s, want none", ev.Kind())
	})
	if again.ID != first.ID || dump(t, db) != before {
		t.Errorf("version %s then %s, or state changed", first.ID, again.ID)
	}
}

func TestVersionID(t *testing.T) {
	hash := "sha256:1a2b3c" + strings.Repeat("0", 58)
	if got := reductionlist.VersionID("2016-12-16", hash); got != "L20161216-1a2b3c" {
		t.Errorf("VersionID = %q", got)
	}
}

// Each row begins from a version of three rows of which two have been added.
func TestRefusals(t *testing.T) {
	now := at(t, "2016-12-16 08:00")
	type V = reductionlist.Version
	type E = []reductionlist.Event
	for _, c := range []struct {
		name string
		act  func(tx *bbolt.Tx, v V, l *reductionlist.List) (E, V, error)
		code refusal.Code
		rule string
	}{
		{"begin with no recipients", func(tx *bbolt.Tx, _ V, l *reductionlist.List) (E, V, error) {
			in := reductionlist.Head(l)
			in.Count = 0
			return reductionlist.DecideBegin(tx, "duty", in, now)
		}, refusal.Invalid, "input.wrong"},
		{"begin with a hash that is none", func(tx *bbolt.Tx, _ V, l *reductionlist.List) (E, V, error) {
			in := reductionlist.Head(l)
			in.Hash = "sha256:abc"
			return reductionlist.DecideBegin(tx, "duty", in, now)
		}, refusal.Invalid, "input.wrong"},
		{"begin ending before it begins", func(tx *bbolt.Tx, _ V, l *reductionlist.List) (E, V, error) {
			in := reductionlist.Head(l)
			in.List.EffectiveTo = "2016-12-15"
			return reductionlist.DecideBegin(tx, "duty", in, now)
		}, refusal.Invalid, "input.wrong"},
		{"another list under the same id", func(tx *bbolt.Tx, v V, l *reductionlist.List) (E, V, error) {
			in := reductionlist.Head(l)
			in.Hash = v.Hash[:len(v.Hash)-6] + "000000"
			return reductionlist.DecideBegin(tx, "duty", in, now)
		}, refusal.Conflict, "list.other_hash"},
		{"rows of an unknown version", func(tx *bbolt.Tx, _ V, l *reductionlist.List) (E, V, error) {
			return reductionlist.DecideRows(tx, "duty", rowsOf("L20161216-000000", l, 2, 3), now)
		}, refusal.NotFound, "list.no_version"},
		{"rows not ascending", func(tx *bbolt.Tx, v V, l *reductionlist.List) (E, V, error) {
			in := rowsOf(v.ID, l, 1, 3)
			in.Recipients[0], in.Recipients[1] = in.Recipients[1], in.Recipients[0]
			return reductionlist.DecideRows(tx, "duty", in, now)
		}, refusal.Invalid, "input.wrong"},
		{"a row with an id no subject can hold", func(tx *bbolt.Tx, v V, l *reductionlist.List) (E, V, error) {
			in := rowsOf(v.ID, l, 2, 3)
			in.Recipients[0].ID = "E.3"
			return reductionlist.DecideRows(tx, "duty", in, now)
		}, refusal.Invalid, "input.wrong"},
		{"a row again with other content", func(tx *bbolt.Tx, v V, l *reductionlist.List) (E, V, error) {
			in := rowsOf(v.ID, l, 1, 2)
			in.Recipients[0].Name = "another"
			return reductionlist.DecideRows(tx, "duty", in, now)
		}, refusal.Conflict, "list.rows_order"},
		{"more rows than begun", func(tx *bbolt.Tx, v V, l *reductionlist.List) (E, V, error) {
			in := rowsOf(v.ID, l, 2, 3)
			extra := in.Recipients[0]
			extra.ID = "E9999"
			in.Recipients = append(in.Recipients, extra)
			return reductionlist.DecideRows(tx, "duty", in, now)
		}, refusal.Conflict, "list.count"},
		{"activate before all rows are there", func(tx *bbolt.Tx, v V, _ *reductionlist.List) (E, V, error) {
			return reductionlist.DecideActivate(tx, "duty", reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: 3}, now)
		}, refusal.Conflict, "list.count"},
		{"activate with another count", func(tx *bbolt.Tx, v V, _ *reductionlist.List) (E, V, error) {
			return reductionlist.DecideActivate(tx, "duty", reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: 2}, now)
		}, refusal.Conflict, "list.count"},
		{"activate with another hash", func(tx *bbolt.Tx, v V, _ *reductionlist.List) (E, V, error) {
			return reductionlist.DecideActivate(tx, "duty",
				reductionlist.Activate{Version: v.ID, Hash: "sha256:0", Count: 3}, now)
		}, refusal.Conflict, "list.other_hash"},
		{"activate rows that are not those begun", func(tx *bbolt.Tx, v V, l *reductionlist.List) (E, V, error) {
			in := rowsOf(v.ID, l, 2, 3)
			in.Recipients[0].Name = "another"
			if _, err := apply(tx, now)(reductionlist.DecideRows(tx, "duty", in, now)); err != nil {
				return nil, V{}, err
			}
			return reductionlist.DecideActivate(tx, "duty", reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: 3}, now)
		}, refusal.Conflict, "list.rows_hash"},
		{"activate at a revision gone by", func(tx *bbolt.Tx, v V, l *reductionlist.List) (E, V, error) {
			if _, err := apply(tx, now)(reductionlist.DecideRows(tx, "duty", rowsOf(v.ID, l, 2, 3), now)); err != nil {
				return nil, V{}, err
			}
			return reductionlist.DecideActivate(tx, "duty",
				reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: 3, Revision: 7}, now)
		}, refusal.StaleRevision, "list.stale_revision"},
		{"activate without the approval that is needed", func(tx *bbolt.Tx, v V, l *reductionlist.List) (E, V, error) {
			if _, err := apply(tx, now)(reductionlist.DecideRows(tx, "duty", rowsOf(v.ID, l, 2, 3), now)); err != nil {
				return nil, V{}, err
			}
			return reductionlist.DecideActivate(tx, "duty",
				reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: 3, NeedApproval: true}, now)
		}, refusal.TransitionRefused, "list.not_approved"},
		{"approve what is not complete", func(tx *bbolt.Tx, v V, _ *reductionlist.List) (E, V, error) {
			return reductionlist.DecideApprove(tx, "approver", reductionlist.Approve{Version: v.ID, Revision: 1}, now)
		}, refusal.Conflict, "list.count"},
		{"approve one's own import", func(tx *bbolt.Tx, v V, _ *reductionlist.List) (E, V, error) {
			return reductionlist.DecideApprove(tx, "duty", reductionlist.Approve{Version: v.ID, Revision: 1}, now)
		}, refusal.SamePerson, "list.same_person"},
		{"rows after activation", func(tx *bbolt.Tx, v V, l *reductionlist.List) (E, V, error) {
			if _, err := apply(tx, now)(reductionlist.DecideRows(tx, "duty", rowsOf(v.ID, l, 2, 3), now)); err != nil {
				return nil, V{}, err
			}
			if _, err := apply(tx, now)(reductionlist.DecideActivate(tx, "duty",
				reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: 3}, now)); err != nil {
				return nil, V{}, err
			}
			in := rowsOf(v.ID, l, 2, 3)
			in.Recipients[0].ID = "E9999"
			return reductionlist.DecideRows(tx, "duty", in, now)
		}, refusal.TransitionRefused, "list.rows_closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, l := store(t), listtest.Example(3)
			listtest.Must(t, db.Update(func(tx *bbolt.Tx) error {
				v, err := apply(tx, now)(reductionlist.DecideBegin(tx, "duty", reductionlist.Head(l), now))
				if err != nil {
					return err
				}
				if _, err := apply(tx, now)(reductionlist.DecideRows(tx, "duty", rowsOf(v.ID, l, 0, 2), now)); err != nil {
					return err
				}
				evs, _, err := c.act(tx, v, l)
				e, ok := err.(*refusal.Error)
				if !ok || len(evs) != 0 || e.Code != c.code || e.Rule != c.rule {
					t.Errorf("%d events and %v, want %s by %s", len(evs), err, c.code, c.rule)
				}
				return nil
			}))
		})
	}
}

// apply applies what was decided and passes on the version.
func apply(tx *bbolt.Tx, now time.Time) func([]reductionlist.Event, reductionlist.Version,
	error) (reductionlist.Version, error) {
	return func(evs []reductionlist.Event, v reductionlist.Version, err error) (reductionlist.Version, error) {
		for _, ev := range evs {
			if err == nil {
				err = reductionlist.Apply(tx, timers{}, now, "duty", ev)
			}
		}
		return v, err
	}
}

func rowsOf(version string, l *reductionlist.List, from, to int) reductionlist.AddRows {
	in := reductionlist.AddRows{Version: version}
	for _, r := range l.Recipients[from:to] {
		in.Recipients = append(in.Recipients, *r)
	}
	return in
}

func TestApprovalByASecondPersonThenActivation(t *testing.T) {
	now := at(t, "2016-12-16 08:00")
	db, l := store(t), listtest.Example(3)
	listtest.Must(t, db.Update(func(tx *bbolt.Tx) error {
		do := apply(tx, now)
		v, err := do(reductionlist.DecideBegin(tx, "duty", reductionlist.Head(l), now))
		listtest.Must(t, err)
		_, err = do(reductionlist.DecideRows(tx, "duty", rowsOf(v.ID, l, 0, 3), now))
		listtest.Must(t, err)
		v, err = do(reductionlist.DecideApprove(tx, "approver", reductionlist.Approve{Version: v.ID, Revision: 1}, now))
		listtest.Must(t, err)
		if v.State != reductionlist.StateApproved || v.Revision != 2 || v.ApprovedBy != "approver" {
			t.Errorf("approved: %+v", v)
		}
		v, err = do(reductionlist.DecideActivate(tx, "duty",
			reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: 3, Revision: 2, NeedApproval: true}, now))
		listtest.Must(t, err)
		if v.State != reductionlist.StateActive || v.Revision != 3 {
			t.Errorf("activated: %+v", v)
		}
		return nil
	}))
}

func TestActivationCountsTownsSectorsAndGrades(t *testing.T) {
	l := listtest.Example(400)
	want := map[string]int{}
	for _, r := range l.Recipients {
		want["town "+r.Town]++
		want["sector "+r.Sector()]++
		want["grade "+string(r.Grade)]++
	}
	got := map[string]int{}
	importList(t, store(t), l, at(t, "2016-12-16 08:00"), func(ev reductionlist.Event) {
		if a, ok := ev.(reductionlist.Activated); ok {
			for kind, counts := range map[string][]reductionlist.Count{"town ": a.Towns, "sector ": a.Sectors,
				"grade ": a.Grades} {
				for _, c := range counts {
					got[kind+c.Key] += c.N
				}
			}
		}
	})
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("counts %v, want %v", got, want)
	}
}

func TestScanRecipientsPagesInTheOrderOfIDs(t *testing.T) {
	db, l := store(t), listtest.Example(100)
	v := importList(t, db, l, at(t, "2016-12-16 08:00"), func(reductionlist.Event) {})
	other := listtest.Example(5)
	other.EffectiveFrom = "2017-10-01"
	importList(t, db, other, at(t, "2017-09-01 08:00"), func(reductionlist.Event) {})
	listtest.Must(t, db.View(func(tx *bbolt.Tx) error {
		var ids []string
		for after, pages := "", 0; ; pages++ {
			page, next, err := reductionlist.ScanRecipients(tx, v.ID, after, 30)
			listtest.Must(t, err)
			for _, r := range page {
				ids = append(ids, r.ID)
			}
			if next == "" {
				if pages != 3 {
					t.Errorf("%d full pages before the last, want 3", pages)
				}
				break
			}
			after = next
		}
		if len(ids) != 100 || ids[0] != "E0001" || ids[99] != "E0100" {
			t.Errorf("%d ids from %s", len(ids), ids[0])
		}
		_, err := reductionlist.GetRecipient(tx, v.ID, "E0101")
		if refusal.CodeOf(err) != refusal.NotFound {
			t.Errorf("unknown recipient: %v", err)
		}
		whole, err := reductionlist.Load(tx, v.ID)
		listtest.Must(t, err)
		if whole.Hash() != v.Hash {
			t.Error("the version loaded has another hash")
		}
		return nil
	}))
}
