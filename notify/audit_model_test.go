package notify

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

var auditRules = AuditRules{RepeatMax: 30 * time.Minute, Grace: 2 * time.Minute}

// rowsOf are the rows that applying asked for.
type rowsOf struct{ *effects }

func (r rowsOf) Outbox(topic, id string) (time.Time, bool) {
	due, ok := r.outbox[topic+" "+id]
	return due, ok
}

func (r rowsOf) Timer(id string) (time.Time, bool) {
	t, ok := r.timers[id]
	return t.due, ok
}

func (e *effects) clone() *effects {
	return &effects{outbox: maps.Clone(e.outbox), timers: maps.Clone(e.timers), shared: map[string]Saver{}}
}

// auditIn audits page by page.
func auditIn(tx *bbolt.Tx, now time.Time, fx *effects, limit int) (stuck []Stuck, orders int, err error) {
	from := ""
	for {
		page, err := Audit(tx, now, auditRules, rowsOf{fx}, from, limit)
		stuck, orders = append(stuck, page.Stuck...), orders+page.Orders
		if err != nil || page.Next == "" {
			return stuck, orders, err
		}
		if page.Orders != limit {
			return nil, orders, fmt.Errorf("a page of %d orders of %d, and not the last", page.Orders, limit)
		}
		from = page.Next
	}
}

// future is the slow and obvious audit: it lets time pass, with timers run and messages sent as they fall due and
// nobody doing anything, and looks whether everything that was to happen did. It works in a transaction that is rolled
// back.
type future struct {
	tx    *bbolt.Tx
	fx    *effects
	now   time.Time
	block uint64

	// When a message first went out, an order was counted overdue, and a warning's course was looked at again.
	sent, overdue, staged map[string]time.Time
}

// horizon is further than any stage, deadline or repeat of the property lies ahead.
const horizon = 14 * time.Hour

// stuck are the orders and warnings for which something does not happen in time.
func (f *future) stuck() (ids map[string]bool, err error) {
	ids, start := map[string]bool{}, f.now
	was := map[string]*Order{}
	if err := f.each(func(o *Order) { was[o.ID] = o }); err != nil {
		return nil, err
	}
	plans := map[string]*Round{}
	live, err := alerts.Live(f.tx)
	for _, w := range live {
		if err == nil {
			plans[w.ID], err = GetRound(f.tx, w.ID)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := f.run(start.Add(horizon)); err != nil {
		return nil, err
	}
	soon := start.Add(auditRules.Grace)
	inTime := func(times map[string]time.Time, id string, by time.Time) bool {
		at, ok := times[id]
		return ok && !at.After(by.Add(auditRules.Grace))
	}
	err = f.each(func(o *Order) {
		o2 := was[o.ID]
		if o2 == nil {
			return
		}
		if o2.Unreceived && o.Unreceived && o.message() == o2.message() &&
			!inTime(f.sent, o.message(), start.Add(auditRules.RepeatMax)) {
			ids[o.ID] = true
		}
		if o2.State != StateOpen {
			return
		}
		p, perr := GetRound(f.tx, o.WarningID)
		err = errors.Join(err, perr)
		if o.State == StateOpen && p.Release != "" {
			ids[o.ID] = true
		}
		late := start.After(o2.AcknowledgeBy.Add(auditRules.Grace))
		counted := o.State != StateOpen && !late || inTime(f.overdue, o.ID, o2.AcknowledgeBy) ||
			start.After(o2.AcknowledgeBy) && inTime(f.overdue, o.ID, start)
		if o2.Answer == AnswerAwaiting && (late || !counted) {
			ids[o.ID] = true
		}
	})
	for id, p := range plans {
		if p == nil {
			continue
		}
		now, perr := GetRound(f.tx, id)
		err = errors.Join(err, perr)
		if now.Seq == p.Seq && !now.Done || p.Next != nil && !inTime(f.staged, id, *p.Next) && !inTime(f.staged, id, soon) {
			ids[id] = true
		}
	}
	return ids, err
}

func (f *future) each(see func(*Order)) error {
	return f.tx.Bucket(ordersBucket).ForEach(func(k, v []byte) error {
		o := new(Order)
		err := o.decode(string(k), v)
		see(o)
		return err
	})
}

// run goes from one due time to the next. What falls due again and again at the same time is an error.
func (f *future) run(until time.Time) error {
	for at, same := f.now, 0; ; same++ {
		if f.now.After(at) {
			at, same = f.now, 0
		} else if same > 1000 {
			return fmt.Errorf("at %v rows fall due without end", at)
		}
		next, timer, message := until.Add(1), "", ""
		for _, id := range slices.Sorted(maps.Keys(f.fx.timers)) {
			if t := f.fx.timers[id]; t.due.Before(next) {
				next, timer = t.due, id
			}
		}
		for _, id := range slices.Sorted(maps.Keys(f.fx.outbox)) {
			if due := f.fx.outbox[id]; due.Before(next) {
				next, timer, message = due, "", id
			}
		}
		if next.After(until) {
			return nil
		}
		if next.After(f.now) {
			f.now = next
		}
		f.fx.now = f.now
		if timer == "" {
			delete(f.fx.outbox, message) // who follows it once needs no repeat
			id := strings.TrimPrefix(message, Topic+" ")
			if _, _, err := Message(f.tx, readBody, testVault, id); err == nil {
				first(f.sent, id, f.now)
			} else if !errors.Is(err, ErrReceived) {
				return err
			}
			continue
		}
		if err := f.fire(timer); err != nil {
			return err
		}
	}
}

func first(times map[string]time.Time, id string, at time.Time) {
	if _, ok := times[id]; !ok {
		times[id] = at
	}
}

func (f *future) fire(id string) error {
	t := f.fx.timers[id]
	delete(f.fx.timers, id)
	evs, err := decideTimer(f.tx, t, f.now)
	if err != nil {
		return err
	}
	for _, ev := range evs {
		data, err := encode(ev)
		if err != nil {
			return err
		}
		f.block++
		pos := Pos{Block: f.block, Len: uint32(len(data))}
		if err := f.tx.Bucket(recordBucket).Put(blockKey(f.block), data); err != nil {
			return err
		}
		if err := Apply(f.tx, f.fx, f.now, "system", pos, ev); err != nil {
			return err
		}
		switch ev := ev.(type) {
		case *Overdue:
			for _, id := range ev.Orders {
				first(f.overdue, id, f.now)
			}
		case *Staged:
			first(f.staged, ev.Warning, f.now)
		}
	}
	return f.fx.save(f.tx)
}

// auditBoth gives what the audit finds in the state after damage and what will not happen by itself there, and leaves
// the state as it was.
func (w *world) auditBoth(limit int, damage func(tx *bbolt.Tx, fx *effects) error) (found []Stuck,
	future map[string]bool) {
	w.t.Helper()
	tx, err := w.live.Begin(true)
	if err != nil {
		w.t.Fatal(err)
	}
	defer tx.Rollback()
	fx := w.fx.clone()
	if err := damage(tx, fx); err != nil {
		w.t.Fatal(err)
	}
	if found, _, err = auditIn(tx, w.now, fx, limit); err != nil {
		w.t.Fatal(err)
	}
	if future, err = w.foresee(tx, fx); err != nil {
		w.t.Fatal(err)
	}
	return found, future
}

func (w *world) foresee(tx *bbolt.Tx, fx *effects) (map[string]bool, error) {
	f := &future{tx: tx, fx: fx, now: w.now, block: w.block, sent: map[string]time.Time{}, overdue: map[string]time.Time{},
		staged: map[string]time.Time{}}
	return f.stuck()
}

func undamaged(*bbolt.Tx, *effects) error { return nil }

// dispatch sends what is due, as the dispatcher does: again after half the longest pause until it was received.
func (w *world) dispatch() {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error {
		for key, due := range maps.Clone(w.fx.outbox) {
			if due.After(w.now) {
				continue
			}
			_, _, err := Message(tx, readBody, testVault, strings.TrimPrefix(key, Topic+" "))
			if err != nil && !errors.Is(err, ErrReceived) {
				return err
			}
			for _, fx := range []*effects{w.fx, w.copyFx} {
				if delete(fx.outbox, key); err == nil {
					fx.outbox[key] = w.now.Add(auditRules.RepeatMax / 2)
				}
			}
		}
		return nil
	})
}

// pass lets time pass, with everything done as it falls due, and calls each at every such time.
func (w *world) pass(d time.Duration, each func()) {
	w.t.Helper()
	for until := w.now.Add(d); ; each() {
		next := until
		for _, t := range w.fx.timers {
			next = earliest(next, t.due)
		}
		for _, due := range w.fx.outbox {
			next = earliest(next, due)
		}
		w.elapse(max(0, next.Sub(w.now)))
		w.dispatch()
		if !w.now.Before(until) {
			each()
			return
		}
	}
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// damage is one way in which a row may go wrong, and what of it an audit may name.
type damage struct {
	name  string
	do    func(tx *bbolt.Tx, fx *effects) error
	names func(Stuck) bool
}

// damages takes away or puts off each of the rows that orders wait for, and takes back of each order that it is
// overdue.
func (w *world) damages() (all []damage) {
	rows := func(name string, names func(Stuck) bool, do func(fx *effects)) {
		all = append(all, damage{name, func(_ *bbolt.Tx, fx *effects) error { do(fx); return nil }, names})
	}
	for key := range w.fx.outbox {
		order, _, _ := strings.Cut(strings.TrimPrefix(key, Topic+" "), "/")
		rows("unsent", only(order, StuckUnsent), func(fx *effects) { delete(fx.outbox, key) })
		rows("sent late", only(order, StuckSentLate), func(fx *effects) {
			fx.outbox[key] = w.now.Add(auditRules.RepeatMax + auditRules.Grace + time.Second)
		})
	}
	for key, t := range w.fx.timers {
		kind, id, _ := strings.Cut(key, "/")
		owner, _, _ := strings.Cut(id, "/") // a warning, or the order that has a deadline of its own
		late := t
		late.due = t.due.Add(auditRules.Grace + time.Second)
		names := func(s Stuck) bool { return false } // the end of what an objection was granted stands in no state
		switch kind {
		case "overdue":
			names = func(s Stuck) bool {
				return s.Kind == StuckNoDeadline && (s.ID == owner || strings.HasPrefix(s.ID, owner+"-"))
			}
			rows("overdue late", names, func(fx *effects) { fx.timers[key] = late })
		case "plan":
			names = func(s Stuck) bool {
				return s.ID == owner && s.Kind == StuckNoRound ||
					strings.HasPrefix(s.ID, owner+"-") && (s.Kind == StuckNoDeadline || s.Kind == StuckNotReleased)
			}
		case "stage":
			names = only(owner, StuckNoStage)
			rows("stage late", names, func(fx *effects) { fx.timers[key] = late })
		}
		rows(kind, names, func(fx *effects) { delete(fx.timers, key) })
	}
	w.orders(func(o *Order) {
		if o.State == StateOpen && o.Answer == AnswerOverdue && w.now.After(o.AcknowledgeBy.Add(auditRules.Grace)) {
			all = append(all, damage{"not counted", func(tx *bbolt.Tx, fx *effects) error {
				return change(tx, fx, o.ID, func(o *Order) { o.Answer = AnswerAwaiting })
			}, only(o.ID, StuckNotOverdue)})
		}
	})
	return all
}

func (w *world) orders(see func(*Order)) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error { return (&future{tx: tx}).each(see) })
}

func only(id string, kind StuckKind) func(Stuck) bool {
	return func(s Stuck) bool { return s.ID == id && s.Kind == kind }
}

// Whatever people do, at every moment at which timers were run and messages sent as they fell due the audit finds
// nothing, and nothing is left undone from there on; and where a row is missing or wrong, all that is then left undone
// is named, and nothing that has to do with another row.
func TestAuditAgainstTheFuture(t *testing.T) {
	levels := []alerts.Level{alerts.Yellow, alerts.Orange, alerts.Red}
	first := []reductionlist.Recipient{enterprise("A", alerts.Yellow), enterprise("A-1", alerts.Yellow, alerts.Orange),
		enterprise("B", alerts.Red), enterprise("C", alerts.Orange)}
	second := []reductionlist.Recipient{worded("A-1", "，按新版", alerts.Yellow, alerts.Orange),
		enterprise("B", alerts.Yellow, alerts.Red),
		enterprise("E", alerts.Yellow)}
	seen := map[StuckKind]bool{}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, first...)
		defer w.live.Close()
		defer w.copy.Close()
		w.t = rt
		e, newer := engine(), w.newer(t, second)
		var warning *alerts.Warning
		silent := func() {
			limit := rapid.IntRange(1, 4).Draw(rt, "page")
			if found, ahead := w.auditBoth(limit, undamaged); len(found)+len(ahead) > 0 {
				rt.Fatalf("at %v: stuck %v, left undone %v\n%v", w.now, found, ahead, w.fx)
			}
		}
		keep := func(next *alerts.Warning, err error) {
			if err == nil {
				warning = next
			} else if refusal.CodeOf(err) == "" {
				rt.Fatal(err)
			}
		}
		ahead := func(rt *rapid.T) *time.Time {
			at := w.now.Add(time.Duration(rapid.IntRange(0, 12).Draw(rt, "half hours")) * 30 * time.Minute)
			return &at
		}
		anyOrder := func(rt *rapid.T) *Order {
			var all []*Order
			w.orders(func(o *Order) { all = append(all, o) })
			if len(all) == 0 {
				return &Order{ID: "none"}
			}
			return rapid.SampledFrom(all).Draw(rt, "order")
		}
		answer := func(rt *rapid.T) {
			o := anyOrder(rt)
			_, err := w.answer(o.RecipientID, o.ID, rapid.SampledFrom(everyAction).Draw(rt, "action"), "a")
			keep(warning, err)
		}
		actions := map[string]func(*rapid.T){
			"declare": func(rt *rapid.T) {
				next, err := tryWarn(w, e.DecideDeclare,
					alerts.Declare{Level: rapid.SampledFrom(levels).Draw(rt, "level"), Trigger: alerts.CityOrder,
						StartsAt: ahead(rt), Region: "120111", ListPin: alerts.ListPin{ListVersion: w.version.ID,
							ListHash: w.version.Hash}})
				keep(next, err)
			},
			"answer": answer, "answer more": answer, "answer again": answer,
			"settings": func(rt *rapid.T) {
				_, _, err := do(w, DecideSettings,
					Settings{AcknowledgeWithinMin: rapid.SampledFrom([]int{1, 20, 60}).Draw(rt, "minutes")})
				keep(warning, err)
			},
			"objection": func(rt *rapid.T) {
				in := ObjectionDecision{OrderID: anyOrder(rt).ID,
					Decision: rapid.SampledFrom([]string{"accept", "reject", "amend"}).Draw(rt, "decision"), Read: readBody}
				if in.Decision == "amend" {
					in.Measures = []MeasureChange{{ID: "M1", Change: []byte(`{"responsible":"当班值长"}`)}}
				}
				if in.Decision != "reject" {
					at := ahead(rt).Add(time.Minute)
					in.ExpiresAt = &at
				}
				_, _, err := do(w, DecideObjection, in)
				keep(warning, err)
			},
			"time": func(rt *rapid.T) {
				w.pass(time.Duration(rapid.IntRange(0, 90).Draw(rt, "minutes"))*time.Minute, silent)
				if warning != nil && warning.State == alerts.Scheduled && !w.now.Before(warning.StartsAt) {
					warning = warn(w, e.DecideActivate, alerts.WarningRef{WarningID: warning.ID})
				}
			},
			"damage": func(rt *rapid.T) {
				limit := rapid.IntRange(1, 4).Draw(rt, "page")
				for _, d := range w.damages() {
					found, ahead := w.auditBoth(limit, d.do)
					for _, s := range found {
						if !d.names(s) {
							rt.Fatalf("%s: %v %s is named", d.name, s.Kind, s.ID)
						}
						delete(ahead, s.ID)
						seen[s.Kind] = true
					}
					if len(ahead) > 0 {
						rt.Fatalf("%s: nothing is said of %v, which is left undone", d.name, ahead)
					}
				}
			},
			"": func(*rapid.T) { silent() },
		}
		live := func(name string, act func(*rapid.T)) {
			actions[name] = func(rt *rapid.T) {
				if warning != nil {
					act(rt)
				}
			}
		}
		live("adjust", func(rt *rapid.T) {
			keep(tryWarn(w, e.DecideAdjust, alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision,
				Level: rapid.SampledFrom(levels).Draw(rt, "level"), StartsAt: ahead(rt)}))
		})
		live("extend", func(rt *rapid.T) {
			keep(tryWarn(w, e.DecideRevise, alerts.Revise{WarningID: warning.ID, Revision: warning.Revision, EndsAt: ahead(rt)}))
		})
		live("move", func(rt *rapid.T) {
			keep(tryWarn(w, e.DecideRevise,
				alerts.Revise{WarningID: warning.ID, Revision: warning.Revision, StartsAt: ahead(rt), NoEnd: true}))
		})
		live("end", func(rt *rapid.T) {
			if rapid.Bool().Draw(rt, "lift") {
				keep(tryWarn(w, e.DecideLift, alerts.Lift{WarningID: warning.ID, Revision: warning.Revision}))
			} else if rapid.Bool().Draw(rt, "cancel") {
				keep(tryWarn(w, e.DecideCancel, alerts.Cancel{WarningID: warning.ID, Revision: warning.Revision, Reason: "误发"}))
			}
		})
		live("relist", func(rt *rapid.T) {
			_, _, err := do(w, DecideRelist, Relist{Warning: warning.ID, Revision: warning.Revision, Version: newer.ID,
				Recipients: []string{rapid.SampledFrom([]string{"A", "A-1", "B", "E"}).Draw(rt, "recipient")}})
			keep(warning, err)
		})
		rt.Repeat(actions)
		w.check()
	})
	for k, name := range stuckNames {
		if !seen[StuckKind(k)] {
			t.Errorf("no damage ever led to %s", name)
		}
	}
}
