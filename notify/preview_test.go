package notify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

var everyLevel = []alerts.Level{alerts.Advisory, alerts.Yellow, alerts.Orange, alerts.Red}

// decided is an act on a warning, as it is decided.
type decided = func(*bbolt.Tx) ([]alerts.Event, *alerts.Warning, error)

func dueOf(tx *bbolt.Tx) func(*Round) (DueDigests, error) {
	return func(p *Round) (DueDigests, error) { return ReadDueDigests(tx, p.ListVersion, p.Level) }
}

// preview previews an act on the state as it is, and gives all that its pages of a size say.
func (w *world) preview(act decided, size int) (p *RoundPreview, said []string) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error {
		events, next, err := act(tx)
		if err != nil {
			return err
		}
		if next.Pending != nil {
			events, next = engine().Approved(next, w.now)
		}
		p, err = PreviewRound(tx, WarningChange{next, events, w.now, w.now}, dueOf(tx))
		if err != nil || p == nil || p.Round == nil {
			return err
		}
		for after, more := "", true; more; more = after != "" {
			var page []Event
			if page, after, err = p.Page(tx, after, size); err != nil {
				return err
			}
			said = append(said, saidBy(page)...)
			if n := len(saidBy(page)); n > size || after != "" && n < size {
				w.t.Fatalf("a page of %d says %d", size, n)
			}
		}
		return nil
	})
	return p, said
}

// saidBy is what events say to recipients, an entry for each, whatever number the words of releases have.
func saidBy(events []Event) (said []string) {
	words := ""
	for _, ev := range events {
		switch ev := ev.(type) {
		case *Issued:
			said = append(said, string(must(encode(ev))))
		case *ReleaseWorded:
			words = string(must(json.Marshal(ev.ReleaseWords))) + ev.Reason
		case *Released:
			said = append(said, fmt.Sprint(ev.OrderID, " ", ev.Reason, " ", words))
		}
	}
	return said
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// carryOut does the act, has what waits approved, lets time come to what was previewed, and gives what the chunks record
// then.
func (w *world) carryOut(act decided, later time.Time) (said []string) {
	w.t.Helper()
	does := func(tx *bbolt.Tx, _ string, act decided, _ time.Time) ([]alerts.Event, *alerts.Warning, error) {
		return act(tx)
	}
	if next := warn(w, does, act); next.Pending != nil {
		warn(w, does, func(tx *bbolt.Tx) ([]alerts.Event, *alerts.Warning, error) {
			return engine().DecideApprove(tx, "approver",
				alerts.Approve{WarningID: next.ID, Revision: next.Revision}, w.now)
		})
	}
	if !later.IsZero() {
		if first := w.workOff(); len(first) > 0 {
			w.t.Fatalf("before it is time: %v", first)
		}
		w.now = later
	}
	return w.workOff()
}

// workOff runs what is due and gives what it says to recipients.
func (w *world) workOff() []string {
	w.t.Helper()
	var events []Event
	for {
		due := slices.DeleteFunc(slices.Sorted(maps.Keys(w.fx.timers)),
			func(id string) bool { return w.fx.timers[id].due.After(w.now) })
		if len(due) == 0 {
			return saidBy(events)
		}
		events = append(events, w.run(due[0])...)
	}
}

// What an act is previewed to do to the orders is what the chunks of its round then record, order by order and in number,
// whatever became of the orders before, and wherever its pages end.
func TestARoundIsWhatItsPreviewSays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, warning := anyOrders(t, rt)
		defer w.live.Close()
		defer w.copy.Close()
		act := anyAct(rt, w, warning)
		p, said := w.preview(act, rapid.IntRange(1, 4).Draw(rt, "page"))
		before := w.bound(warning.ID)
		if !w.roundOf(warning.ID).Done && (p.Round == nil || !p.Later.IsZero()) {
			return // the round before goes on with what it has to do
		}
		got := w.carryOut(act, p.Later)
		if !slices.Equal(got, said) {
			rt.Fatalf("the preview says\n%s\nthe round\n%s", strings.Join(said, "\n"), strings.Join(got, "\n"))
		}
		w.check()
		is := RoundCounts{}
		if r := w.roundOf(warning.ID); p.Round != nil {
			is = RoundCounts{Revised: r.Revised, Issued: r.Issued, Released: r.Released}
		}
		for recipient, id := range w.bound(warning.ID) {
			if before[recipient] == id {
				is.Unchanged++
			}
		}
		if is != p.RoundCounts || len(said) != p.Changed() {
			rt.Fatalf("counted %+v, want %+v of %d", p.RoundCounts, is, len(said))
		}
	})
}

// The pages of a preview go on across the bounds of chunks, and hold no more than they may.
func TestThePreviewOfManyOrders(t *testing.T) {
	list := recipients(1100, alerts.Yellow, alerts.Orange)
	for i := range list {
		switch i % 10 {
		case 1:
			list[i] = enterprise(list[i].ID, alerts.Yellow)
		case 2:
			list[i] = enterprise(list[i].ID, alerts.Orange)
		case 3:
			list[i].Measures = nil
		}
	}
	w := newWorld(t, list...)
	warning := w.warned(alerts.Yellow)
	adjust := func(l alerts.Level) decided {
		return func(tx *bbolt.Tx) ([]alerts.Event, *alerts.Warning, error) {
			return engine().DecideAdjust(tx, "duty",
				alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Level: l}, w.now)
		}
	}
	for _, c := range []struct {
		to   alerts.Level
		want RoundCounts
	}{{alerts.Orange, RoundCounts{Revised: 770, Issued: 110, Unchanged: 110}},
		{alerts.Yellow, RoundCounts{Revised: 770, Released: 110, Unchanged: 110}}} {
		p, said := w.preview(adjust(c.to), 20)
		if p.RoundCounts != c.want || p.Round.Level != c.to || !p.Later.IsZero() {
			t.Errorf("%s: counted %+v at %s, want %+v", c.to, p.RoundCounts, p.Later, c.want)
		}
		if got := w.carryOut(adjust(c.to), time.Time{}); !slices.Equal(got, said) {
			t.Errorf("%s: the round says other things than its preview", c.to)
		}
		w.view(func(tx *bbolt.Tx) (err error) { warning, err = alerts.GetWarning(tx, warning.ID); return err })
	}
	w.check()
}

// An act that changes no order says that all of them stay: where only the document is another or the end is sooner. Before
// any went out, and where the warning ends, there is nothing to preview.
func TestOrdersThatStay(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow))
	e, end := engine(), w.now.Add(24*time.Hour)
	e.Approval[alerts.Yellow] = 2
	waits := warn(w, e.DecideDeclare, alerts.Declare{Level: alerts.Yellow, Trigger: alerts.CityOrder, Region: "120111",
		EndsAt: &end, ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	none := func(what string, act decided) {
		t.Helper()
		if p, _ := w.preview(act, 1); p != nil {
			t.Errorf("%s: %+v", what, p)
		}
	}
	approve := func(tx *bbolt.Tx) ([]alerts.Event, *alerts.Warning, error) {
		return e.DecideApprove(tx, "approver", alerts.Approve{WarningID: waits.ID, Revision: waits.Revision}, w.now)
	}
	none("the approval of a declaration", approve)
	w.carryOut(approve, time.Time{})
	revise := func(in alerts.Revise) decided {
		in.WarningID, in.Revision = waits.ID, w.revision(waits.ID)
		return func(tx *bbolt.Tx) ([]alerts.Event, *alerts.Warning, error) {
			return e.DecideRevise(tx, "duty", in, w.now)
		}
	}
	stay := func(what string, act decided) {
		t.Helper()
		p, said := w.preview(act, 1)
		if p == nil || p.Round != nil || p.RoundCounts != (RoundCounts{Unchanged: 1}) || !p.Later.IsZero() || len(said) > 0 {
			t.Errorf("%s: %+v, %v", what, p, said)
		}
	}
	stay("another document", revise(alerts.Revise{Document: alerts.Document{DocumentNo: "津气指办〔2016〕13号"}}))
	stay("a sooner end", revise(alerts.Revise{EndsAt: new(end.Add(-time.Hour))}))
	none("a lift", func(tx *bbolt.Tx) ([]alerts.Event, *alerts.Warning, error) {
		return e.DecideLift(tx, "duty", alerts.Lift{WarningID: waits.ID, Revision: w.revision(waits.ID)}, w.now)
	})
	at := w.now.Add(6 * time.Hour)
	in := alerts.Adjust{WarningID: waits.ID, Revision: w.revision(waits.ID), Level: alerts.Advisory, StartsAt: &at}
	lower := func(tx *bbolt.Tx) ([]alerts.Event, *alerts.Warning, error) {
		return e.DecideAdjust(tx, "duty", in, w.now)
	}
	if p, _ := w.preview(lower, 1); p == nil || !p.Later.Equal(at) || p.Released != 1 || p.Round.Level != alerts.Advisory {
		t.Errorf("a lowering in six hours: %+v", p)
	}
	if said := w.carryOut(lower, time.Time{}); len(said) > 0 {
		t.Errorf("lowered at once: %v", said)
	}
	stay("another document before a lowering that is set", revise(alerts.Revise{
		Document: alerts.Document{DocumentNo: "津气指办〔2016〕13号"}}))
	if p, said := w.preview(revise(alerts.Revise{NoEnd: true}), 1); p == nil || p.Revised != 1 || len(said) != 1 {
		t.Errorf("an end taken away: %+v, %v", p, said)
	}
}

func (w *world) revision(warning string) (n int) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error {
		is, err := alerts.GetWarning(tx, warning)
		if err == nil {
			n = is.Revision
		}
		return err
	})
	return n
}

func (w *world) roundOf(warning string) (p *Round) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) (err error) { p, err = GetRound(tx, warning); return err })
	return p
}

// bound are the orders of a warning that bind, by recipient.
func (w *world) bound(warning string) map[string]string {
	out := map[string]string{}
	w.view(func(tx *bbolt.Tx) error {
		return eachOrder(tx, warning, "", func(o *Order) bool {
			if o.binds() {
				out[o.RecipientID] = o.ID
			}
			return true
		})
	})
	return out
}

// anyOrders is a world with a warning of whose orders some are amended, some exempted, some follow another list, one may
// carry a plan, and all may wait for a chunk.
func anyOrders(t *testing.T, rt *rapid.T) (*world, *alerts.Warning) {
	first, second := append(anyList(rt, "list", ""), coalPlant()), anyList(rt, "newer list", "，按新版")
	slices.SortFunc(first, func(a, b reductionlist.Recipient) int { return cmp.Compare(a.ID, b.ID) })
	w := newWorld(t, first...)
	w.t = rt
	newer := w.newer(t, second)
	in := alerts.Declare{Level: rapid.SampledFrom(everyLevel).Draw(rt, "level"), Trigger: alerts.CityOrder,
		Region: "120111", ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}}
	if rapid.Bool().Draw(rt, "ahead") {
		in.StartsAt = new(w.now.Add(6 * time.Hour))
	}
	if rapid.Bool().Draw(rt, "ends") {
		in.EndsAt = &planTo
	}
	warning := warn(w, engine().DecideDeclare, in)
	w.workOff()
	bound := w.bound(warning.ID)
	for _, recipient := range slices.Sorted(maps.Keys(bound)) {
		w.anyDecision(rt, recipient, bound[recipient])
	}
	ids := rapid.SliceOfDistinct(rapid.SampledFrom(append(second, first...)),
		func(r reductionlist.Recipient) string { return r.ID }).Draw(rt, "relisted")
	in2 := Relist{Warning: warning.ID, Revision: warning.Revision, Version: newer.ID}
	for _, r := range ids {
		in2.Recipients = append(in2.Recipients, r.ID)
	}
	if len(ids) > 0 {
		_, err := w.relist(in2)
		w.must(nil, err)
	}
	if rapid.IntRange(0, 4).Draw(rt, "lost end") == 0 {
		w.loseEnd()
		w.view(func(tx *bbolt.Tx) (err error) { warning, err = alerts.GetWarning(tx, warning.ID); return err })
	}
	if rapid.Bool().Draw(rt, "adjusted") {
		warning = warn(w, engine().DecideAdjust, anyLevel(rt, w, warning))
		if rapid.Bool().Draw(rt, "worked off") {
			w.workOff()
		}
	}
	return w, warning
}

// anyList is a list of some recipients, which have something to do from some levels on.
func anyList(rt *rapid.T, label, words string) (list []reductionlist.Recipient) {
	levels := rapid.SliceOfNDistinct(rapid.SampledFrom(everyLevel), 0, 3, rapid.ID[alerts.Level])
	for _, id := range []string{"A", "A-1", "B", "C", "D-N", "E2"} {
		if rapid.IntRange(0, 4).Draw(rt, label+" has "+id) > 0 {
			from := levels.Draw(rt, label+" levels of "+id)
			slices.SortFunc(from, func(a, b alerts.Level) int { return rank[a] - rank[b] })
			list = append(list, worded(id, words, from...))
		}
	}
	return append(list, worded("Z", "", alerts.Yellow))
}

// anyDecision has an order objected to and that decided, or accepts a plan where it is the plant's.
func (w *world) anyDecision(rt *rapid.T, recipient, id string) {
	w.t.Helper()
	if recipient == "E1" {
		if rapid.Bool().Draw(rt, "plan") {
			_, err := w.accept(id, w.coalPlan())
			_ = err // where the level asks for more than the plan keeps, it stays without
		}
		return
	}
	in := ObjectionDecision{OrderID: id, Read: readBody,
		Decision: rapid.SampledFrom([]string{"", "", "", "accept", "amend"}).Draw(rt, "objection of "+recipient)}
	switch in.Decision {
	case "":
		return
	case "amend":
		in.Measures = []MeasureChange{{ID: "M1", Change: []byte(`{"responsible":"当班值长"}`)}}
	}
	w.must(w.answer(recipient, id, Object, "设备检修"))
	_, evs, err := do(w, DecideObjection, in)
	w.must(evs, err)
}

// anyLevel is a change of the level, at once or some hours ahead.
func anyLevel(rt *rapid.T, w *world, warning *alerts.Warning) alerts.Adjust {
	others := slices.DeleteFunc(slices.Clone(everyLevel), func(l alerts.Level) bool { return l == warning.Level })
	in := alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision, Reason: "会商意见",
		Level: rapid.SampledFrom(others).Draw(rt, "to")}
	if h := rapid.IntRange(0, 20).Draw(rt, "in hours"); h > 0 {
		in.StartsAt = new(w.now.Add(time.Duration(h) * time.Hour))
	}
	return in
}

// anyAct is an act on the warning that leaves it to last, with or without a second person.
func anyAct(rt *rapid.T, w *world, warning *alerts.Warning) decided {
	e := engine()
	if rapid.Bool().Draw(rt, "two persons") {
		e.Approval = map[alerts.Level]int{alerts.Advisory: 2, alerts.Yellow: 2, alerts.Orange: 2, alerts.Red: 2}
	}
	if rapid.Bool().Draw(rt, "adjust") {
		in := anyLevel(rt, w, warning)
		if rapid.IntRange(0, 3).Draw(rt, "ends too") == 0 {
			in.EndsAt = new(planTo.Add(12 * time.Hour))
		}
		return func(tx *bbolt.Tx) ([]alerts.Event, *alerts.Warning, error) {
			return e.DecideAdjust(tx, "duty", in, w.now)
		}
	}
	in := alerts.Revise{WarningID: warning.ID, Revision: warning.Revision,
		Document: alerts.Document{DocumentNo: "津气指办〔2016〕13号"}}
	switch rapid.SampledFrom([]string{"end", "no end", "start", "number"}).Draw(rt, "revise") {
	case "end":
		in.EndsAt = new(planTo.Add(time.Duration(rapid.SampledFrom([]int{-4, 0, 24}).Draw(rt, "end")) * time.Hour))
	case "no end":
		in.NoEnd = true
	case "start":
		if warning.State == alerts.Scheduled {
			in.StartsAt = new(w.now.Add(time.Duration(rapid.IntRange(0, 8).Draw(rt, "start")) * time.Hour))
		}
	}
	return func(tx *bbolt.Tx) ([]alerts.Event, *alerts.Warning, error) {
		return e.DecideRevise(tx, "duty", in, w.now)
	}
}
