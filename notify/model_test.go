package notify

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

// model is the obvious slow one: every order in a map, every rule spelled out in words.
type model struct {
	lists   map[string]map[string]modelEntry // by version: the pinned one and a newer one
	follows map[string]string                // which version a recipient follows, where it is not the pinned one
	at      alerts.Level
	ended   bool
	orders  map[string]*modelOrder
	last    map[string]string // latest order of a recipient
}

// modelEntry is what a version says of a recipient: the levels from which it has its first, second, … measure, and how
// these are worded.
type modelEntry struct {
	levels  []alerts.Level
	wording string
}

const (
	pinnedList = "pinned"
	newerList  = "newer"
)

// has is what a recipient has to do at a level by the version that it follows; empty for nothing.
func (m *model) has(recipient string, l alerts.Level) string {
	version := pinnedList
	if v := m.follows[recipient]; v != "" {
		version = v
	}
	entry, measures := m.lists[version][recipient], 0
	for _, from := range entry.levels {
		if rank[from] <= rank[l] {
			measures++
		}
	}
	if measures == 0 {
		return ""
	}
	return fmt.Sprint(measures, entry.wording)
}

func (m *model) recipients() []string {
	all := map[string]bool{}
	for _, list := range m.lists {
		for id := range list {
			all[id] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// relist has recipients follow the newer version.
func (m *model) relist(ids []string, now time.Time) refusal.Code {
	if m.ended {
		return refusal.TransitionRefused
	}
	for _, id := range ids {
		m.follows[id] = newerList
		m.order(id, m.at, now)
	}
	return ""
}

type modelOrder struct {
	recipient, supersedes                       string
	revision                                    int
	measures                                    string
	state, answer, execution, delivery, verdict string
	unreceived, late, told                      bool
	by                                          time.Time
	done                                        map[Action]string
}

var rank = map[alerts.Level]int{alerts.Advisory: 1, alerts.Yellow: 2, alerts.Orange: 3, alerts.Red: 4}

func (m *model) level(l alerts.Level, now time.Time) {
	m.at, m.ended = l, false
	for _, recipient := range m.recipients() {
		m.order(recipient, l, now)
	}
	m.deadline(now)
}

// order gives a recipient the order that it should have.
func (m *model) order(recipient string, l alerts.Level, now time.Time) {
	measures := m.has(recipient, l)
	last := m.orders[m.last[recipient]]
	bound := last != nil && (last.state == "open" || last.state == "exempted")
	switch {
	case measures == "" && bound:
		last.state, last.unreceived, last.told = "released", true, false
	case measures == "", bound && last.measures == measures:
	default:
		m.replace(recipient, measures, now)
	}
}

// replace gives a recipient another order in the place of its last; measures are those of the list.
func (m *model) replace(recipient, measures string, now time.Time) {
	o := &modelOrder{recipient: recipient, revision: 1, measures: measures, state: "open", answer: "awaiting",
		execution: "not_started",
		delivery:  "pending", verdict: "none", unreceived: true, by: now.Add(time.Hour), done: map[Action]string{}}
	if last := m.orders[m.last[recipient]]; last != nil {
		o.revision, o.supersedes = last.revision+1, m.last[recipient]
		last.state, last.unreceived = "superseded", false
	}
	m.last[recipient] = orderID(warningID, recipient, o.revision)
	m.orders[m.last[recipient]] = o
}

func (m *model) lift() {
	m.ended = true
	for _, o := range m.orders {
		if o.state == "open" {
			o.state, o.unreceived, o.told = "released", true, false
		}
	}
}

func (m *model) deadline(now time.Time) {
	for _, o := range m.orders {
		if o.state == "open" && o.answer == "awaiting" && !now.Before(o.by) {
			o.answer = "overdue"
		}
	}
}

// act is what an answer does; it returns the code of the refusal.
func (m *model) act(recipient, id string, action Action, note string, now time.Time) refusal.Code {
	o := m.orders[id]
	if o == nil || o.recipient != recipient {
		return refusal.NotFound
	}
	before, did := o.done[action]
	switch {
	case action == Receive:
		o.received()
		return ""
	case action == ReadIt:
		o.received()
		o.delivery = "read"
		return ""
	case did && before == note:
		return ""
	case o.state != "open":
		return refusal.TransitionRefused
	case did:
		return refusal.Conflict
	}
	can := allowed[o.answer+"/"+o.execution]
	to, ok := can[action]
	if !ok {
		return refusal.TransitionRefused
	}
	if action == Acknowledge && o.answer != "objected" && now.After(o.by) {
		o.late = true
	}
	for a := range allowed {
		if a == to {
			o.answer, o.execution = split(a)
		}
	}
	o.done[action] = note
	o.received()
	return ""
}

func (o *modelOrder) received() {
	o.unreceived = false
	if o.delivery != "read" {
		o.delivery = "delivered"
	}
}

func split(axes string) (answer, execution string) {
	for _, a := range answerNames {
		for _, e := range executionNames {
			if a+"/"+e == axes {
				return a, e
			}
		}
	}
	panic(axes)
}

// unheard says whether the recipient has yet to answer, or to receive that it is over.
func (o *modelOrder) unheard() bool {
	waits := o.answer == "awaiting" || o.answer == "overdue"
	return o.state == "open" && waits || (o.state == "released" || o.state == "exempted") && o.unreceived
}

// call is what telephoning about an order does.
func (m *model) call(id string, outcome CallOutcome) refusal.Code {
	switch o := m.orders[id]; {
	case o == nil:
		return refusal.NotFound
	case !o.unheard():
		return refusal.TransitionRefused
	default:
		o.told = outcome != CallUnreachable
		return ""
	}
}

// sheet compares whom the call sheet names with whom the model would call.
func (m *model) sheet(w *world) (err error) {
	var want, got []string
	for id, o := range m.orders {
		if o.unheard() && !o.told {
			want = append(want, id)
		}
	}
	slices.Sort(want)
	w.view(func(tx *bbolt.Tx) error {
		page, _, err := CallSheet(tx, warningID, nil, "", MaxPage)
		for _, o := range page {
			got = append(got, o.ID)
		}
		return err
	})
	if slices.Sort(got); !slices.Equal(got, want) {
		return fmt.Errorf("to be called are %q, want %q", got, want)
	}
	return nil
}

func (m *model) message(id string) string {
	o := m.orders[id]
	switch {
	case o.state == "released" || o.state == "exempted":
		return id + "/released"
	case o.supersedes != "":
		return id + "/revised"
	}
	return id + "/issued"
}

// compare says where the state and the model differ.
func (m *model) compare(w *world) error {
	var outbox []string
	seen := 0
	for id, o := range m.orders {
		got := w.order(id)
		seen++
		if is, want := fmt.Sprintln(got.State, got.Answer, got.Execution, got.Delivery, got.Verdict, got.Late,
			got.Unreceived),
			fmt.Sprintln(o.state, o.answer, o.execution, o.delivery, o.verdict, o.late, o.unreceived); is != want {
			return fmt.Errorf("%s is %swant %s", id, is, want)
		}
		if o.unreceived {
			outbox = append(outbox, m.message(id))
		}
	}
	slices.Sort(outbox)
	if got := w.outbox(); !slices.Equal(got, outbox) {
		return fmt.Errorf("outbox %v, want %v", got, outbox)
	}
	if n := len(w.bodies()); n != seen {
		return fmt.Errorf("%d orders, want %d", n, seen)
	}
	return m.sheet(w)
}

func TestOrdersAgainstModel(t *testing.T) {
	levels := []alerts.Level{alerts.Advisory, alerts.Yellow, alerts.Orange, alerts.Red}
	lists := map[string]map[string]modelEntry{
		pinnedList: {"A": {levels: []alerts.Level{alerts.Yellow}},
			"A-1": {levels: []alerts.Level{alerts.Yellow, alerts.Orange}},
			"B":   {levels: []alerts.Level{alerts.Red}}, "C": {levels: levels}, "D": {}},
		// A is gone, A-1 is worded otherwise, A-2 and E are new, B has more to do, C the same, and so have D and nobody.
		newerList: {"A-1": {[]alerts.Level{alerts.Yellow, alerts.Orange}, "，按新版"},
			"A-2": {levels: []alerts.Level{alerts.Orange}},
			"B":   {levels: []alerts.Level{alerts.Yellow, alerts.Red}}, "C": {levels: levels}, "D": {},
			"E": {levels: []alerts.Level{alerts.Yellow}}},
	}
	versions := map[string][]reductionlist.Recipient{}
	for version, list := range lists {
		for _, id := range slices.Sorted(maps.Keys(list)) {
			r := enterprise(id, list[id].levels...)
			for i := range r.Measures {
				r.Measures[i].Text += list[id].wording
			}
			versions[version] = append(versions[version], r)
		}
	}
	recipient := rapid.SampledFrom((&model{lists: lists}).recipients())
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, versions[pinnedList]...)
		defer w.live.Close()
		defer w.copy.Close()
		w.t = rt
		m := &model{lists: lists, follows: map[string]string{}, orders: map[string]*modelOrder{}, last: map[string]string{}}
		newer, warning := w.newer(t, versions[newerList]), w.warned(alerts.Yellow)
		m.level(alerts.Yellow, w.now)
		anyOrder := func(rt *rapid.T) string {
			if len(m.orders) == 0 {
				return "none"
			}
			return rapid.SampledFrom(slices.Sorted(maps.Keys(m.orders))).Draw(rt, "order")
		}
		// Mostly the latest order, which has the most to happen to it.
		latestOrder := func(rt *rapid.T) string {
			if len(m.last) == 0 || rapid.IntRange(0, 9).Draw(rt, "any") == 0 {
				return anyOrder(rt)
			}
			return m.last[rapid.SampledFrom(slices.Sorted(maps.Keys(m.last))).Draw(rt, "latest of")]
		}
		answer := func(rt *rapid.T) {
			id := latestOrder(rt)
			who := recipient.Draw(rt, "stranger")
			if o := m.orders[id]; o != nil && rapid.IntRange(0, 9).Draw(rt, "own") > 0 {
				who = o.recipient
			}
			action := rapid.SampledFrom(everyAction).Draw(rt, "action")
			note := rapid.SampledFrom([]string{"a", "a", "a", "b"}).Draw(rt, "note")
			_, err := w.answer(who, id, action, note)
			if want := m.act(who, id, action, note, w.now); code(err) != want {
				rt.Fatalf("%s of %s by %s: %v, want %q", action, id, who, err, want)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"level": func(rt *rapid.T) {
				l := rapid.SampledFrom(levels).Draw(rt, "level")
				w.level(l)
				m.level(l, w.now)
			},
			"lift": func(rt *rapid.T) {
				if rapid.IntRange(0, 4).Draw(rt, "lift") == 0 {
					w.lift()
					m.lift()
				}
			},
			"relist": func(rt *rapid.T) {
				ids := rapid.SliceOfNDistinct(recipient, 1, 4, rapid.ID[string]).Draw(rt, "recipients")
				_, _, err := do(w, DecideRelist,
					Relist{Warning: warningID, Revision: warning.Revision, Version: newer.ID, Recipients: ids})
				if want := m.relist(ids, w.now); code(err) != want {
					rt.Fatalf("relist %v: %v, want %q", ids, err, want)
				}
			},
			"answer": answer, "answer more": answer, "answer again": answer,
			"elapse": func(rt *rapid.T) {
				w.elapse(time.Duration(rapid.IntRange(1, 90).Draw(rt, "minutes")) * time.Minute)
				m.deadline(w.now)
			},
			"sent": func(rt *rapid.T) {
				ids := []string{anyOrder(rt) + "/issued", anyOrder(rt)}
				_, evs, err := do(w, DecideSent, SentMessages{IDs: ids})
				w.must(evs, err)
				for _, id := range ids {
					if o := m.orders[id]; o != nil && o.delivery == "pending" {
						o.delivery = "sent"
					}
				}
				if o := m.orders[ids[0][:len(ids[0])-len("/issued")]]; o != nil && o.delivery == "pending" {
					o.delivery = "sent"
				}
			},
			"objection": func(rt *rapid.T) {
				id := latestOrder(rt)
				decision := rapid.SampledFrom([]string{"accept", "reject", "amend"}).Draw(rt, "decision")
				in := ObjectionDecision{OrderID: id, Decision: decision, Read: readBody}
				if decision == "amend" {
					in.Measures = []MeasureChange{{ID: "M1", Change: []byte(`{"responsible":"当班值长"}`)}}
				}
				_, _, err := do(w, DecideObjection, in)
				o := m.orders[id]
				switch {
				case o == nil:
					if code(err) != refusal.NotFound {
						rt.Fatal(err)
					}
				case o.state != "open" || o.answer != "objected":
					if code(err) != refusal.TransitionRefused {
						rt.Fatal(err)
					}
				case err != nil:
					rt.Fatal(err)
				case decision == "accept":
					o.state, o.unreceived, o.told = "exempted", true, false
				case decision == "amend":
					m.replace(o.recipient, o.measures, w.now)
				default:
					o.answer, o.by, o.told = "awaiting", w.now.Add(time.Hour), false
					delete(o.done, Object)
				}
			},
			"call": func(rt *rapid.T) {
				id := latestOrder(rt)
				outcome := rapid.SampledFrom(CallOutcomes()).Draw(rt, "outcome")
				_, _, err := do(w, DecideCalled, Call{OrderID: id, Outcome: outcome})
				if want := m.call(id, outcome); code(err) != want {
					rt.Fatalf("a call about %s: %v, want %q", id, err, want)
				}
			},
			"verdict": func(rt *rapid.T) {
				id := anyOrder(rt)
				v := Verdict(rapid.IntRange(0, len(verdictNames)-1).Draw(rt, "verdict"))
				_, _, err := do(w, decideVerdict, judgement{OrderID: id, Verdict: v})
				if o := m.orders[id]; o != nil {
					w.must(nil, err)
					o.verdict = v.String()
				}
			},
			"": func(rt *rapid.T) {
				w.check()
				if err := m.compare(w); err != nil {
					rt.Fatal(err)
				}
			},
		})
		w.view(func(tx *bbolt.Tx) error {
			n, err := CountOrders(tx, Filter{})
			if n != len(m.orders) {
				rt.Fatalf("counted %d orders, want %d", n, len(m.orders))
			}
			return err
		})
	})
}

// judgement is a verdict on an order, from monitoring or an inspection.
type judgement struct {
	OrderID string
	Verdict Verdict
}

// decideVerdict records a verdict that differs from the order's present one.
func decideVerdict(tx *bbolt.Tx, _ string, in judgement, _ time.Time) ([]Event, *Order, error) {
	o, err := Get(tx, in.OrderID)
	if err != nil || o.Verdict == in.Verdict {
		return nil, o, err
	}
	if int(in.Verdict) >= len(verdictNames) {
		return nil, nil, fmt.Errorf("notify: no verdict %d", in.Verdict)
	}
	o.Verdict = in.Verdict
	return []Event{&Judged{OrderID: o.ID, Verdict: in.Verdict.String()}}, o, nil
}
