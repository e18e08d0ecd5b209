package reductionlist_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
)

// drafted records a list of one recipient, complete and not yet active.
func drafted(t testing.TB, db *bbolt.DB, name, from, to string, now time.Time) (v reductionlist.Version) {
	t.Helper()
	l := listtest.Example(1)
	l.Name, l.EffectiveFrom, l.EffectiveTo = name, from, to
	listtest.Must(t, db.Update(func(tx *bbolt.Tx) (err error) {
		if v, err = apply(tx, now)(reductionlist.DecideBegin(tx, "duty", reductionlist.Head(l), now)); err != nil {
			return err
		}
		_, err = apply(tx, now)(reductionlist.DecideRows(tx, "duty", rowsOf(v.ID, l, 0, 1), now))
		return err
	}))
	return v
}

func activate(db *bbolt.DB, v reductionlist.Version, replaces string, now time.Time) (after reductionlist.Version,
	err error) {
	err = db.Update(func(tx *bbolt.Tx) (err error) {
		in := reductionlist.Activate{Version: v.ID, Revision: v.Revision, Hash: v.Hash, Count: v.Count, Replaces: replaces}
		if after, err = apply(tx, now)(reductionlist.DecideActivate(tx, "admin", in, now)); err != nil {
			return err
		}
		kept, err := reductionlist.GetVersion(tx, v.ID)
		if err == nil && (kept.State != after.State || kept.Revision != after.Revision || kept.Replaces != after.Replaces) {
			err = fmt.Errorf("decided %+v, kept %+v", after, kept)
		}
		return err
	})
	return after, err
}

// Each row activates [from, to] where the versions A [12-10, 12-19], B [12-20, open] and C [12-30, 12-31] are active.
func TestWhichDaysMayBeActivated(t *testing.T) {
	now := at(t, "2016-12-01 08:00")
	for _, c := range []struct {
		name, from, to, replaces string
		rule, other              string // empty: it is activated; other is named by the refusal
	}{
		{"after all of them", "2017-01-01", "", "", "", ""},
		{"later than an open one, which it supersedes", "2016-12-25", "2016-12-29", "", "", ""},
		{"ends the day before the next", "2016-12-01", "2016-12-09", "", "", ""},
		{"before all, open", "2016-12-01", "", "", "list.overlap", "A"},
		{"before all, ends on the first day of the next", "2016-12-01", "2016-12-10", "", "list.overlap", "A"},
		{"reaches into a later one", "2016-12-22", "2016-12-30", "", "list.overlap", "C"},
		{"begins with another", "2016-12-20", "2016-12-25", "", "list.overlap", "B"},
		{"begins with another and replaces it", "2016-12-20", "2016-12-29", "B", "", ""},
		{"replaces and reaches into a later one", "2016-12-20", "", "B", "list.overlap", "C"},
		{"replaces one of another day", "2016-12-20", "2016-12-25", "A", "list.replaces", "A"},
		{"replaces where there is nothing to replace", "2016-12-21", "2016-12-25", "B", "list.replaces", "B"},
		{"replaces what is unknown", "2016-12-20", "2016-12-25", "L20161220-000000", "list.replaces", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, ids := store(t), map[string]string{}
			for _, o := range []struct{ name, from, to string }{{"A", "2016-12-10", "2016-12-19"}, {"B", "2016-12-20", ""},
				{"C", "2016-12-30", "2016-12-31"}} {
				v, err := activate(db, drafted(t, db, o.name, o.from, o.to, now), "", now)
				listtest.Must(t, err)
				ids[o.name] = v.ID
			}
			v := drafted(t, db, "new", c.from, c.to, now)
			replaces := c.replaces
			if id := ids[replaces]; id != "" {
				replaces = id
			}
			before := dump(t, db)
			got, err := activate(db, v, replaces, now)
			if c.rule == "" {
				if err != nil || got.State != reductionlist.StateActive || got.Replaces != replaces {
					t.Fatalf("%+v, %v", got, err)
				}
				again, err := activate(db, reductionlist.Version{ID: v.ID, Revision: v.Revision, Hash: v.Hash, Count: v.Count},
					replaces, now)
				if err != nil || again.Revision != got.Revision {
					t.Errorf("the same again: %+v, %v", again, err)
				}
				return
			}
			var e *refusal.Error
			if !errors.As(err, &e) || e.Code != refusal.Conflict || e.Rule != c.rule ||
				!strings.Contains(e.Detail("en"), ids[c.other]) || dump(t, db) != before {
				t.Errorf("%v, want %s naming %s", err, c.rule, ids[c.other])
			}
		})
	}
}

// What was replaced no longer counts, not even after the end of what replaced it, and can be brought back.
func TestReplacedVersion(t *testing.T) {
	now, db := at(t, "2016-12-01 08:00"), store(t)
	a, err := activate(db, drafted(t, db, "A", "2016-12-10", "", now), "", now)
	listtest.Must(t, err)
	b, err := activate(db, drafted(t, db, "B", "2016-12-10", "2016-12-12", now), a.ID, now)
	listtest.Must(t, err)
	current := func(day string) (id string) {
		listtest.Must(t, db.View(func(tx *bbolt.Tx) error {
			v, err := reductionlist.Current(tx, at(t, day+" 12:00"))
			if id = v.ID; refusal.CodeOf(err) == refusal.NotFound {
				err = nil
			}
			return err
		}))
		return id
	}
	if current("2016-12-10") != b.ID || current("2016-12-13") != "" {
		t.Errorf("in force: %q, then %q", current("2016-12-10"), current("2016-12-13"))
	}
	listtest.Must(t, db.View(func(tx *bbolt.Tx) error { a, err = reductionlist.GetVersion(tx, a.ID); return err }))
	if a.State != reductionlist.StateReplaced || a.ReplacedBy != b.ID || a.Revision != 3 {
		t.Errorf("replaced: %+v", a)
	}
	if _, err := activate(db, b, "L20161210-000000", now); refusal.CodeOf(err) != refusal.TransitionRefused {
		t.Errorf("the same activation with another replaced version: %v", err)
	}
	if a, err = activate(db, a, b.ID, now.Add(time.Hour)); err != nil || a.ReplacedBy != "" ||
		current("2016-12-13") != a.ID {
		t.Errorf("brought back: %+v, %v", a, err)
	}
}

// days is what the slow model knows of an active version.
type days struct{ from, to, id string }

// mayActivate is the rule of DecideActivate said slowly: every pair of days is looked at.
func mayActivate(active []days, n days, replaces string) bool {
	i := slices.IndexFunc(active, func(a days) bool { return a.from == n.from })
	if (i < 0) != (replaces == "") || i >= 0 && active[i].id != replaces {
		return false
	}
	for _, a := range active {
		for d := 1; d <= 31; d++ {
			day := fmt.Sprintf("2016-12-%02d", d)
			if a.from > n.from && a.from == day && (n.to == "" || day <= n.to) {
				return false
			}
		}
	}
	return true
}

// Whatever is activated in whatever order, no two active versions begin on one day, and the one in force is the one
// with the latest beginning among those that hold on the day.
func TestVersionInForceAgreesWithASlowModel(t *testing.T) {
	day := func(n int) string { return time.Date(2016, 12, 1+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) }
	rapid.Check(t, func(rt *rapid.T) {
		db := store(t)
		now := at(t, "2016-11-01 08:00")
		var active []days
		known := []string{"", "", "L20161201-000000"}
		for i := range rapid.IntRange(0, 7).Draw(rt, "versions") {
			from := rapid.IntRange(0, 9).Draw(rt, "from")
			n := days{from: day(from)}
			if rapid.IntRange(0, 3).Draw(rt, "ends") > 0 {
				n.to = day(from + rapid.IntRange(0, 5).Draw(rt, "days"))
			}
			replaces := rapid.SampledFrom(known).Draw(rt, "replaces")
			if i := slices.IndexFunc(active, func(a days) bool { return a.from == n.from }); i >= 0 &&
				rapid.Bool().Draw(rt, "rightly") {
				replaces = active[i].id
			}
			v := drafted(t, db, fmt.Sprint("list ", i), n.from, n.to, now)
			n.id = v.ID
			known = append(known, v.ID)
			want := mayActivate(active, n, replaces)
			_, err := activate(db, v, replaces, now.Add(time.Duration(i)*time.Hour))
			if (err == nil) != want || err != nil && refusal.CodeOf(err) != refusal.Conflict {
				rt.Fatalf("%+v replacing %q among %+v: %v, want it to be done: %v", n, replaces, active, err, want)
			}
			if want {
				active = append(slices.DeleteFunc(active, func(a days) bool { return a.id == replaces }), n)
			}
		}
		sameAsModel(t, rt, db, active, day)
	})
}

func sameAsModel(t *testing.T, rt *rapid.T, db *bbolt.DB, active []days, day func(int) string) {
	var kept []string
	for n := -1; n <= 17; n++ {
		var want days
		for _, a := range active {
			if a.from <= day(n) && (a.to == "" || day(n) <= a.to) && a.from > want.from {
				want = a
			}
		}
		clock := rapid.SampledFrom([]string{"00:00", "12:30", "23:59"}).Draw(rt, "clock")
		listtest.Must(t, db.View(func(tx *bbolt.Tx) error {
			v, err := reductionlist.Current(tx, at(t, day(n)+" "+clock).UTC())
			if v.ID != want.id || (want.id == "") != (refusal.CodeOf(err) == refusal.NotFound) {
				rt.Fatalf("on %s: %q, %v, want %q of %v", day(n), v.ID, err, want.id, active)
			}
			if id := reductionlist.ActiveFrom(tx, day(n)); id != "" {
				kept = append(kept, id)
			}
			return nil
		}))
	}
	listtest.Must(t, db.View(func(tx *bbolt.Tx) error {
		all, _, err := reductionlist.ListVersions(tx, "", 100)
		n := 0
		for _, v := range all {
			if v.State == reductionlist.StateActive {
				n++
			}
		}
		if n != len(active) || len(kept) != len(active) {
			rt.Fatalf("%d versions are active, on %d days, want %v", n, len(kept), active)
		}
		return err
	}))
}

// A workbook with errors becomes a draft that stays one, without rows and with nothing of the free text in it.
func TestDamagedWorkbookStaysADraft(t *testing.T) {
	now, db := at(t, "2016-12-01 08:00"), store(t)
	workbook := "sha256:" + strings.Repeat("ab", 32)
	for _, c := range []struct{ from, id string }{{"2016-12-10", "L20161210-ababab"}, {"", "L00000000-ababab"}} {
		l := listtest.Example(2)
		l.EffectiveFrom, l.Name, l.Note, l.Extra = c.from, "清单13812345678", "找张三", map[string]string{"电话": "13812345678"}
		in := reductionlist.DamagedHead(l, workbook)
		in.Errors, in.Findings = 3, workbook
		listtest.Must(t, db.Update(func(tx *bbolt.Tx) error {
			evs, _, err := reductionlist.DecideBegin(tx, "duty", in, now)
			listtest.Must(t, err)
			if text := fmt.Sprintf("%+v", evs); strings.Contains(text, "13812345678") || strings.Contains(text, "张三") {
				t.Errorf("the event holds %s", text)
			}
			v, err := apply(tx, now)(evs, reductionlist.Version{}, nil)
			listtest.Must(t, err)
			if v, err = reductionlist.GetVersion(tx, c.id); err != nil || v.Errors != 3 || v.Count != 0 {
				t.Fatalf("%+v, %v", v, err)
			}
			if again, _, err := reductionlist.DecideBegin(tx, "duty", in, now); err != nil || len(again) != 0 {
				t.Errorf("the same again: %v, %v", again, err)
			}
			refused := func(evs []reductionlist.Event, _ reductionlist.Version, err error) {
				var e *refusal.Error
				if !errors.As(err, &e) || e.Rule != "list.has_errors" || e.State != "draft" || len(evs) > 0 {
					t.Errorf("%v, %v", evs, err)
				}
			}
			refused(reductionlist.DecideApprove(tx, "approver", reductionlist.Approve{Version: c.id, Revision: 1}, now))
			refused(reductionlist.DecideActivate(tx, "admin",
				reductionlist.Activate{Version: c.id, Revision: 1, Hash: v.Hash}, now))
			refused(reductionlist.DecideRows(tx, "duty", rowsOf(c.id, l, 0, 1), now))
			return nil
		}))
	}
}
