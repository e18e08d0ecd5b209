package inspect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/notify"
	"qingkong/notify/compliance"
)

// state is a record's state to which inspections come.
type state struct {
	t  testing.TB
	tx *bbolt.Tx
}

func newState(t testing.TB) *state {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "state.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = tx.Rollback(), db.Close() })
	for _, name := range slices.Concat(Buckets(), compliance.Buckets(), notify.Buckets()) {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	return &state{t, tx}
}

var noon = time.Date(2016, 12, 17, 4, 0, 0, 0, time.UTC)

// found is an inspection without an order at a recipient.
func found(recipient string, results ...ItemResult) Inspection {
	in := Inspection{Recipient: recipient, At: noon, Refused: true, Disposition: NoDisposition}
	for _, r := range results {
		in.Items = append(in.Items, Item{Result: r})
	}
	return in
}

func (s *state) record(actor string, in Inspection, now time.Time) (*Inspection, error) {
	evs, made, err := DecideRecord(s.tx, actor, UsualRules(), Record{in}, now)
	if err == nil {
		s.apply(actor, now, evs)
	}
	return made, err
}

func (s *state) apply(actor string, now time.Time, evs []Event) {
	s.t.Helper()
	for _, ev := range evs {
		apply := func() error { return Apply(s.tx, now, actor, ev) }
		if _, err := Decode(ev.Kind(), nil); err != nil && compliance.About(ev) != nil {
			apply = func() error { return compliance.Apply(s.tx, nil, now, actor, ev) }
		}
		if err := apply(); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *state) must(actor string, in Inspection, now time.Time) *Inspection {
	s.t.Helper()
	made, err := s.record(actor, in, now)
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

func TestWhatItemsComeTo(t *testing.T) {
	for _, c := range []struct {
		items []ItemResult
		want  Result
	}{
		{[]ItemResult{Pass}, Passed},
		{[]ItemResult{Pass, NotApplicable}, Passed},
		{[]ItemResult{Pass, NotSeen}, Unclear},
		{[]ItemResult{NotSeen}, Unclear},
		{[]ItemResult{NotApplicable}, Unclear},
		{[]ItemResult{Pass, NotSeen, Fail}, Failed},
	} {
		var items []Item
		for _, r := range c.items {
			items = append(items, Item{Result: r})
		}
		if got := resultOf(items); got != c.want {
			t.Errorf("%v come to %s, want %s", c.items, got, c.want)
		}
	}
}

// The state that a record leaves does not depend on how often the same came, and a page of a list is what a slow look at all
// inspections finds.
func TestListsAgainstASlowLook(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newState(t)
		var all []*Inspection
		draw := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(rt, label) }
		for i := range rapid.IntRange(0, 12).Draw(rt, "n") {
			now := noon.Add(time.Duration(i) * 7 * time.Hour)
			in := found(draw("recipient", "E1", "E2", "E10"), ItemResult(draw("result", string(Pass), string(Fail), string(NotSeen))))
			in.At, in.Client, in.Town = now, draw("client", "", "c1", "c2"), draw("town", "", "大寺镇")
			if in.With = draw("with", "", "li"); in.With == "" && draw("case", "", "case") != "" {
				in.Disposition = Refer
			}
			if len(all) > 0 && rapid.Bool().Draw(rt, "corrects") {
				in.Corrects = rapid.SampledFrom(all).Draw(rt, "which").ID
			}
			in.Digest = fmt.Sprint(in.Recipient, in.Items, in.Town, in.With, in.Corrects)
			made, err := s.record("inspector", in, now)
			if err != nil {
				continue // another content of one client id, or a correction of what was corrected
			}
			if k := slices.IndexFunc(all, func(o *Inspection) bool { return o.ID == made.ID }); k >= 0 {
				continue
			}
			all = append(all, made)
			if made.Corrects != "" {
				all[slices.IndexFunc(all, func(o *Inspection) bool { return o.ID == made.Corrects })].CorrectedBy = made.ID
			}
		}
		f := Filter{Recipient: draw("of recipient", "", "E1"), Town: draw("in town", "", "大寺镇"), Inspector: draw("by", "", "li", "inspector"),
			Result: Result(draw("with result", "", string(Failed))), Standing: rapid.Bool().Draw(rt, "standing")}
		var want []string
		for _, in := range slices.Backward(all) {
			if (f.Recipient == "" || in.Recipient == f.Recipient) && (f.Town == "" || in.Town == f.Town) &&
				(f.Inspector == "" || f.Inspector == "inspector" || in.With == f.Inspector) && (f.Result == "" || in.Result == f.Result) &&
				(!f.Standing || in.CorrectedBy == "") {
				want = append(want, in.ID)
			}
		}
		var got []string
		for cursor, more := "", true; more; more = cursor != "" {
			page, next, err := List(s.tx, f, cursor, 2)
			if err != nil {
				rt.Fatal(err)
			}
			for _, in := range page {
				got = append(got, in.ID)
			}
			cursor = next
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%+v finds %v, want %v", f, got, want)
		}
		f.Standing = true
		if sums, err := Count(s.tx, f); err != nil || sums.All.Total != sums.All.Passed+sums.All.Failed+sums.All.Unclear {
			rt.Fatalf("%+v %v", sums, err)
		}
	})
}

// A row is read as it was written, and a damaged one is told of.
func TestRowsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringN(0, 20, 200)
		r := Row{ID: "I20161217-00001", ReceivedAt: time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(rt, "at")), Corrected: rapid.Bool().Draw(rt, "c"),
			Refused: rapid.Bool().Draw(rt, "r"), Answered: rapid.Bool().Draw(rt, "a")}
		for _, s := range r.texts() {
			*s = text.Draw(rt, "text")
		}
		b := r.encode()
		var got Row
		if err := got.decode([]byte(r.ID), b); err != nil || !got.ReceivedAt.Equal(r.ReceivedAt) {
			rt.Fatalf("%+v %v", got, err)
		}
		if got.ReceivedAt = r.ReceivedAt; got != r {
			rt.Fatalf("%+v, was %+v", got, r)
		}
		if err := got.decode([]byte(r.ID), b[:rapid.IntRange(0, len(b)-1).Draw(rt, "cut")]); err == nil {
			rt.Fatal("a row that was cut is read")
		}
	})
}

// Whoever has the seed and the pool draws the same again: by SHA-256 over the seed's bytes and an id, as the contract says.
func TestTheLotCanBeDrawnAgain(t *testing.T) {
	s := newState(t)
	plan := Plan{Day: "2016-12-18", Ranked: 1, Random: 2, Due: noon.Add(30 * time.Hour), Seed: bytes.Repeat([]byte{7}, 32),
		Key: "k", Asked: "a"}
	var ids []string
	for i := range 20 {
		ids = append(ids, fmt.Sprintf("E%04d", i))
		plan.Pool = append(plan.Pool, Candidate{Recipient: ids[i]})
	}
	evs, d, err := DecidePlan(s.tx, "duty", plan, noon)
	if err != nil || len(evs) != 4 {
		t.Fatal(evs, err)
	}
	s.apply("duty", noon, evs)
	seed, _ := hex.DecodeString(d.Seed)
	sum := func(id string) string { h := sha256.Sum256(append(slices.Clone(seed), id...)); return string(h[:]) }
	rest := slices.Clone(ids[1:])
	slices.SortFunc(rest, func(a, b string) int { return bytes.Compare([]byte(sum(a)), []byte(sum(b))) })
	if !slices.Equal(d.Random, rest[:2]) || d.Ranked[0] != ids[0] || d.PoolHash != PoolHash(d.IDs) || d.Pool != 20 {
		t.Errorf("%+v, want %v by lot", d, rest[:2])
	}
	if evs, again, err := DecidePlan(s.tx, "duty", Plan{Key: "k", Asked: "a"}, noon); err != nil || len(evs) > 0 || again.ID != d.ID {
		t.Errorf("the same again: %v %+v %v", evs, again, err)
	}
	if _, _, err := DecidePlan(s.tx, "duty", Plan{Key: "k", Asked: "b"}, noon); refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("something else under its key: %v", err)
	}
	kept, err := GetDraw(s.tx, d.ID)
	if err != nil || kept.By != "duty" || !slices.Equal(kept.Tasks, []string{"T20161217-00001", "T20161217-00002", "T20161217-00003"}) {
		t.Errorf("%+v %v", kept, err)
	}
	for _, bad := range []Plan{
		{Day: "2016-12-18", Pool: plan.Pool},
		{Day: "2016-12-16", Ranked: 1, Pool: plan.Pool},
		{Day: "2016-12-18", Ranked: 3, Random: -1, Pool: plan.Pool},
		{Day: "2016-12-18", Ranked: 150, Random: 51, Pool: plan.Pool},
		{Day: "2016-12-18", Ranked: 1},
		{Day: "2016-12-18", Ranked: 1, Pool: make([]Candidate, MostPool+1)},
	} {
		bad.Due = plan.Due
		if evs, _, err := DecidePlan(s.tx, "duty", bad, noon); err == nil {
			t.Errorf("%d of %d on %s are drawn: %v", bad.Ranked+bad.Random, len(bad.Pool), bad.Day, evs)
		}
	}
}

// A way goes to the nearest next place; what has none comes last.
func TestAWayGoesToTheNearestNext(t *testing.T) {
	at := func(lon float64) compliance.Place { return compliance.Place{Lon: lon, Lat: 39} }
	for _, c := range []struct {
		start  compliance.Place
		places []compliance.Place
		want   []int
	}{
		{at(117), nil, nil},
		{at(117), []compliance.Place{at(117.5), at(117.1), at(117.2)}, []int{1, 2, 0}},
		{at(117), []compliance.Place{{}, at(117.3), {}, at(116.9)}, []int{3, 1, 0, 2}},
		{compliance.Place{}, []compliance.Place{at(117.5), at(117.1), at(117.4)}, []int{0, 2, 1}},
	} {
		if got := Route(c.start, c.places); !slices.Equal(got, c.want) {
			t.Errorf("from %v through %v: %v, want %v", c.start, c.places, got, c.want)
		}
	}
}

// An inspector who is recused finds nothing there, alone or as the second.
func TestWhoeverIsRecusedInspectsNothing(t *testing.T) {
	s := newState(t)
	evs, _, err := compliance.DecideRecuse(s.tx, "li", compliance.Recuse{Recipient: "E1", User: "li", ReasonRef: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range evs {
		if err := compliance.Apply(s.tx, nil, noon, "li", ev); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.record("li", found("E1", Pass), noon); refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("by himself: %v", err)
	}
	second := found("E1", Pass)
	second.With = "li"
	if _, err := s.record("wang", second, noon); refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("as the second: %v", err)
	}
	s.must("li", found("E2", Pass), noon)
}

// The latest inspections that came to a result say what a recipient is like; corrected and unclear ones do not.
func TestWhatTheLatestInspectionsSay(t *testing.T) {
	s := newState(t)
	first := s.must("wang", found("E1", Fail), noon)
	s.must("wang", found("E1", NotSeen), noon.Add(time.Hour))
	better := found("E1", Pass)
	better.Corrects = first.ID
	s.must("wang", better, noon.Add(2*time.Hour))
	s.must("wang", found("E1", Fail), noon.Add(3*time.Hour))
	if visits, failed, err := Latest(s.tx, "E1"); visits != 2 || failed != 1 || err != nil {
		t.Errorf("%d of %d failed, %v", failed, visits, err)
	}
}

// A list of ten thousand is narrowed by reading rows: the raw limit is a walk over them that decodes nothing.
func BenchmarkTenThousandListed(b *testing.B) {
	s := newState(b)
	for i := range 10_000 {
		in := found(fmt.Sprintf("E%04d", i%1500), Pass)
		in.Town = []string{"大寺镇", "杨柳青镇", "张家窝镇"}[i%3]
		in.ID, in.Inspector, in.ReceivedAt, in.Result = fmt.Sprintf("I20161217-%05d", i+1), "wang", noon, Passed
		if i%500 == 0 {
			in.Result = Failed
		}
		if err := in.add(s.tx); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("failed ones of a town", func(b *testing.B) {
		for b.Loop() {
			page, _, err := List(s.tx, Filter{Town: "大寺镇", Result: Failed}, "", 100)
			if err != nil || len(page) == 0 {
				b.Fatal(len(page), err)
			}
		}
	})
	b.Run("sums of all", func(b *testing.B) {
		for b.Loop() {
			if sums, err := Count(s.tx, Filter{}); err != nil || sums.All.Total != 10_000 {
				b.Fatal(sums.All, err)
			}
		}
	})
	b.Run("bare walk", func(b *testing.B) {
		for b.Loop() {
			n, c := 0, s.tx.Bucket(rowsBucket).Cursor()
			for k, v := c.First(); k != nil; k, v = c.Next() {
				n += len(v)
			}
			if n == 0 {
				b.Fatal("nothing")
			}
		}
	})
}

// A draw sends two different people, to where nobody is sent yet, and until a time that is to come.
func TestDrawsThatCannotBe(t *testing.T) {
	s := newState(t)
	s.task("E1", "", "wang")
	plan := Plan{Day: "2016-12-18", Ranked: 1, Random: 1, Due: noon.Add(30 * time.Hour), Seed: bytes.Repeat([]byte{7}, 32),
		Assignee: "wang", With: "li", Pool: []Candidate{{Recipient: "E1"}, {Recipient: "E2"}}}
	for name, change := range map[string]func(p *Plan){
		"one person as two":          func(p *Plan) { p.With = p.Assignee },
		"a second without a first":   func(p *Plan) { p.Assignee = "" },
		"to be done before":          func(p *Plan) { p.Due = noon },
		"to be done in some age":     func(p *Plan) { p.Due = noon.AddDate(900, 0, 0) },
		"where somebody goes by now": func(p *Plan) { p.Pool = p.Pool[:1] },
	} {
		bad := plan
		change(&bad)
		if evs, _, err := DecidePlan(s.tx, "duty", bad, noon); err == nil {
			t.Errorf("%s: drawn with %d events", name, len(evs))
		}
	}
	_, d, err := DecidePlan(s.tx, "duty", plan, noon)
	if err != nil || d.Pool != 1 || d.PoolHash != PoolHash([]string{"E2"}) || fmt.Sprint(d.Ranked, d.Random) != "[E2] []" {
		t.Errorf("where somebody was sent meanwhile: %+v %v", d, err)
	}
}

// What was found under one warning does not end a task of another.
func TestATaskUnderAnotherWarning(t *testing.T) {
	s := newState(t)
	task := s.task("E1", "W2", "wang")
	for warning, refused := range map[string]bool{"W1": true, "W2": false, "": false} {
		in := found("E1", Pass)
		in.Task, in.Warning = task, warning
		if _, err := s.record("wang", in, noon); (refusal.CodeOf(err) == refusal.Invalid) != refused {
			t.Errorf("under %q: %v", warning, err)
		}
	}
}
