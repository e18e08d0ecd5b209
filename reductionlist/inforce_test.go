package reductionlist_test

import (
	"encoding/json"
	"fmt"
	"maps"
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

// timers are the effects that applying leaves, by id.
type timers map[string]time.Time

func (f timers) Send(_, _ string, _ time.Time) { panic("lists send nothing") }
func (f timers) Drop(_, _ string)              { panic("lists send nothing") }
func (f timers) CancelTimer(id string)         { delete(f, id) }
func (f timers) Timer(string, time.Time, string, any) {
	panic("a list's midnights keep to the wall clock")
}
func (f timers) WallTimer(id string, due time.Time, command string, payload any) {
	if in, ok := payload.(reductionlist.InForceDue); !ok || command != reductionlist.CommandInForce || !in.At.Equal(due) {
		panic(fmt.Sprint(id, command, payload))
	}
	f[id] = due
}

// house is a store with its timers: what is decided is applied, and midnights run what is due.
type house struct {
	t   testing.TB
	db  *bbolt.DB
	fx  timers
	now time.Time
	log []string // what came into force: version name and day
}

func (h *house) do(evs []reductionlist.Event, v reductionlist.Version, err error, tx *bbolt.Tx) (reductionlist.Version,
	error) {
	for _, ev := range evs {
		if err == nil {
			data, _ := json.Marshal(ev)
			if ev, err = reductionlist.Decode(ev.Kind(), data); err == nil {
				err = reductionlist.Apply(tx, h.fx, h.now, "duty", ev)
			}
		}
	}
	return v, err
}

func (h *house) activate(name, from, to, replaces string) (v reductionlist.Version, err error) {
	v = drafted(h.t, h.db, name, from, to, h.now)
	err = h.db.Update(func(tx *bbolt.Tx) error {
		in := reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: v.Count, Replaces: replaces}
		evs, next, err := reductionlist.DecideActivate(tx, "admin", in, h.now)
		if err == nil {
			if a := evs[0].(reductionlist.Activated); a.Previous != "" {
				h.log = append(h.log, h.name(tx, v.ID)+" for "+h.name(tx, a.Previous)+" at once")
			}
		}
		v, err = h.do(evs, next, err, tx)
		return err
	})
	return v, err
}

func (h *house) name(tx *bbolt.Tx, id string) string {
	if id == "" {
		return "none"
	}
	v, err := reductionlist.GetVersion(tx, id)
	listtest.Must(h.t, err)
	return v.List.Name
}

// pass lets time go on to a moment and runs the timers that fall due, late or not.
func (h *house) pass(to time.Time) {
	h.now = to
	for {
		due := slices.DeleteFunc(slices.Collect(maps.Keys(h.fx)), func(id string) bool { return h.fx[id].After(h.now) })
		if len(due) == 0 {
			return
		}
		id := slices.MinFunc(due, func(a, b string) int {
			if d := h.fx[a].Compare(h.fx[b]); d != 0 {
				return d
			}
			return strings.Compare(a, b)
		})
		in := reductionlist.InForceDue{At: h.fx[id]}
		delete(h.fx, id)
		listtest.Must(h.t, h.db.Update(func(tx *bbolt.Tx) error {
			evs, said, err := reductionlist.DecideInForce(tx, "timer", in, h.now)
			if len(evs) > 0 {
				h.log = append(h.log, h.name(tx, said.Version)+" for "+h.name(tx, said.Previous)+" from "+
					reductionlist.DayOf(said.From))
			}
			_, err = h.do(evs, reductionlist.Version{}, err, tx)
			return err
		}))
	}
}

// status is that of a version.
func (h *house) status(id string) (s reductionlist.Standing) {
	listtest.Must(h.t, h.db.View(func(tx *bbolt.Tx) error {
		at, err := reductionlist.StandingsAt(tx, h.now)
		listtest.Must(h.t, err)
		v, err := reductionlist.GetVersion(tx, id)
		listtest.Must(h.t, err)
		s, err = at.Of(&v)
		return err
	}))
	return s
}

func newHouse(t testing.TB, now string) *house {
	return &house{t: t, db: store(t), fx: timers{}, now: at(t, now)}
}

// A version's life as people see it, and what is recorded at the midnights between.
func TestVersionsComeIntoForceAtMidnight(t *testing.T) {
	h := newHouse(t, "2016-11-01 08:00")
	a, err := h.activate("A", "2016-10-01", "", "")
	listtest.Must(t, err)
	b, err := h.activate("B", "2016-12-01", "2016-12-15", "")
	listtest.Must(t, err)
	is := func(when string, want map[string]string) {
		t.Helper()
		for id, s := range want {
			got := h.status(id)
			text := string(got.Status) + " since " + got.Since.Format(time.DateTime)
			if got.InForceUntil != nil {
				text += " until " + got.InForceUntil.Format(time.DateOnly)
			}
			if text != s {
				t.Errorf("%s: %s is %s, want %s", when, id, text, s)
			}
		}
	}
	is("in November", map[string]string{a.ID: "in_force since 2016-11-01 08:00:00 until 2016-12-01",
		b.ID: "scheduled since 2016-11-01 08:00:00 until 2016-12-16"})
	h.pass(at(t, "2016-12-01 00:00"))
	is("in December", map[string]string{a.ID: "superseded since 2016-12-01 00:00:00 until 2016-12-01",
		b.ID: "in_force since 2016-12-01 00:00:00 until 2016-12-16"})
	h.pass(at(t, "2016-12-16 00:00"))
	is("after B", map[string]string{a.ID: "in_force since 2016-12-16 00:00:00",
		b.ID: "superseded since 2016-12-16 00:00:00 until 2016-12-16"})
	c, err := h.activate("C", "2016-12-16", "", "")
	listtest.Must(t, err)
	is("C at once", map[string]string{a.ID: "superseded since 2016-12-16 00:00:00 until 2016-12-16",
		c.ID: "in_force since 2016-12-16 00:00:00"})
	d, err := h.activate("D", "2016-12-16", "", c.ID)
	listtest.Must(t, err)
	is("D replaces C", map[string]string{c.ID: "superseded since 2016-12-16 00:00:00",
		d.ID: "in_force since 2016-12-16 00:00:00"})
	want := []string{"B for A from 2016-12-01", "A for B from 2016-12-16", "C for A at once"}
	if !slices.Equal(h.log, want) {
		t.Errorf("came into force: %q, want %q", h.log, want)
	}
}

// Two midnights that nobody was awake for are recorded as what they were; a version that was replaced before its day
// never comes into force.
func TestMidnightsMissed(t *testing.T) {
	h := newHouse(t, "2016-11-01 08:00")
	for _, v := range [][]string{{"A", "2016-10-01", "2016-11-30"}, {"B", "2016-12-01", ""},
		{"C", "2016-12-10", "2016-12-20"}} {
		_, err := h.activate(v[0], v[1], v[2], "")
		listtest.Must(t, err)
	}
	var b string
	listtest.Must(t, h.db.View(func(tx *bbolt.Tx) error { b = reductionlist.ActiveFrom(tx, "2016-12-01"); return nil }))
	_, err := h.activate("B2", "2016-12-01", "2016-12-05", b)
	listtest.Must(t, err)
	h.pass(at(t, "2017-01-01 09:00"))
	want := []string{"B2 for A from 2016-12-01", "none for B2 from 2016-12-06", "C for none from 2016-12-10",
		"none for C from 2016-12-21"}
	if !slices.Equal(h.log, want) {
		t.Errorf("%q, want %q", h.log, want)
	}
	var c string
	listtest.Must(t, h.db.View(func(tx *bbolt.Tx) error { c = reductionlist.ActiveFrom(tx, "2016-12-10"); return nil }))
	if s := h.status(c); s.Status != reductionlist.StatusExpired || s.Since.Format(time.DateOnly) != "2016-12-21" {
		t.Errorf("C: %+v", s)
	}
}

// Whatever is activated and whenever the program runs: after each midnight the record has said what is in force, once.
func TestEveryChangeOfForceIsSaidOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHouse(t, "2016-12-01 08:00")
		defer h.db.Close()
		day := func(n int) string { return h.now.AddDate(0, 0, n).Format(time.DateOnly) }
		current := func(at time.Time) (name string) {
			listtest.Must(t, h.db.View(func(tx *bbolt.Tx) error {
				v, err := reductionlist.Current(tx, at)
				if refusal.CodeOf(err) == refusal.NotFound {
					name = "none"
					return nil
				}
				name = v.List.Name
				return err
			}))
			return name
		}
		for n := range 12 {
			for range rapid.IntRange(0, 2).Draw(rt, "activations") {
				from := rapid.IntRange(-2, 4).Draw(rt, "from")
				to := ""
				if rapid.Bool().Draw(rt, "limited") {
					to = day(from + rapid.IntRange(0, 3).Draw(rt, "days"))
				}
				var replaces string
				listtest.Must(t, h.db.View(func(tx *bbolt.Tx) error {
					replaces = reductionlist.ActiveFrom(tx, day(from))
					return nil
				}))
				name := fmt.Sprintf("V%d-%d", n, len(h.log)+from)
				if _, err := h.activate(name, day(from), to, replaces); err != nil && refusal.CodeOf(err) == "" {
					rt.Fatal(err)
				}
			}
			before := len(h.log)
			last := current(h.now)
			tomorrow := reductionlist.StartOf(day(1))
			h.pass(tomorrow.Add(8 * time.Hour))
			var want []string
			if next := current(h.now); next != last {
				want = []string{next + " for " + last + " from " + reductionlist.DayOf(tomorrow)}
			}
			if got := h.log[before:]; !slices.Equal(got, want) {
				rt.Fatalf("at %s: %q, want %q", tomorrow, got, want)
			}
		}
	})
}

// A version counts from the midnight of its first day in Shanghai, and not a moment before: neither for who asks, nor
// in the record.
func TestNothingIsInForceBeforeItsMidnight(t *testing.T) {
	db := store(t)
	decided := at(t, "2016-12-01 08:00")
	first, err := activate(db, drafted(t, db, "A", "2016-12-05", "", decided), "", decided)
	listtest.Must(t, err)
	next, err := activate(db, drafted(t, db, "B", "2016-12-10", "", decided), "", decided)
	listtest.Must(t, err)
	begins := at(t, "2016-12-10 00:00")
	for _, c := range []struct {
		name    string
		now     time.Time
		current string
		events  int
	}{
		{"the evening before", at(t, "2016-12-09 20:00"), first.ID, 0},
		{"a moment before", begins.Add(-time.Nanosecond), first.ID, 0},
		{"midnight in Greenwich of the day before", time.Date(2016, 12, 9, 15, 59, 59, 0, time.UTC), first.ID, 0},
		{"midnight", begins, next.ID, 1},
		{"later that day", at(t, "2016-12-10 09:00"), next.ID, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			listtest.Must(t, db.View(func(tx *bbolt.Tx) error {
				v, err := reductionlist.Current(tx, c.now)
				if err != nil || v.ID != c.current {
					t.Errorf("%s is in force, %v; want %s", v.ID, err, c.current)
				}
				evs, ev, err := reductionlist.DecideInForce(tx, "", reductionlist.InForceDue{At: begins}, c.now)
				if err != nil || len(evs) != c.events {
					t.Errorf("%d events, %v; want %d", len(evs), err, c.events)
				}
				if c.events > 0 && (ev.Version != next.ID || ev.Previous != first.ID) {
					t.Errorf("%+v, want %s for %s", ev, next.ID, first.ID)
				}
				return nil
			}))
		})
	}
}
