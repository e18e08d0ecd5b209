package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// A repeat has the same bytes, whatever the recipient has done since; the release carries what was so at the release.
func TestRepeatsAreTheSameBytes(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange))
	w.level(alerts.Yellow)
	subject, issued := w.message(e1 + "/issued")
	if subject != "qingkong.order.E1" {
		t.Errorf("subject %s", subject)
	}
	_, evs, err := do(w, DecideSent, SentMessages{IDs: []string{e1 + "/issued"}})
	w.must(evs, err)
	_, evs, err = do(w, decideVerdict, judgement{OrderID: e1, Verdict: VerdictSuspected})
	w.must(evs, err)
	if _, again := w.message(e1 + "/issued"); again != issued {
		t.Errorf("issued again:\n%s\n%s", again, issued)
	}
	w.must(w.answer("E1", e1, Acknowledge, ""))
	w.must(w.answer("E1", e1, Start, ""))
	w.nothing(e1 + "/issued")
	w.lift()
	w.nothing(e1 + "/issued")
	_, released := w.message(e1 + "/released")
	type message struct {
		Event string
		Order map[string]any
	}
	m := unmarshal[message](t, released)
	if m.Event != "released" || m.Order["state"] != "released" || m.Order["execution"] != "started" ||
		m.Order["acknowledged_at"] == nil {
		t.Errorf("release says %s", released)
	}
	_, evs, err = do(w, decideVerdict, judgement{OrderID: e1, Verdict: VerdictViolated})
	w.must(evs, err)
	if _, again := w.message(e1 + "/released"); again != released {
		t.Errorf("released again:\n%s\n%s", again, released)
	}
	w.must(w.answer("E1", e1, ReadIt, ""))
	w.nothing(e1 + "/released")
	if m := unmarshal[message](t, issued); m.Event != "issued" || m.Order["delivery"] != "pending" ||
		m.Order["answer"] != "awaiting" {
		t.Errorf("issue says %s", issued)
	}
	w.check()
}

func TestMessageRefusesWhatWasNotSent(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	w.level(alerts.Orange)
	w.view(func(tx *bbolt.Tx) error {
		for _, id := range []string{e1 + "/released", e1 + "/recalled", e1, "none/issued"} {
			if _, _, err := Message(tx, readBody, testVault, id); err == nil {
				t.Errorf("%s was rendered", id)
			}
		}
		return nil
	})
}

func TestDrillHasItsOwnSubject(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	w.level(alerts.Orange)
	w.change(Round{Warning: "D20161216-01", Level: alerts.Orange, Drill: true})
	w.elapse(0)
	if subject, _ := w.message("D20161216-01-E1-1/issued"); subject != "qingkong.drill.order.E1" {
		t.Errorf("subject %s", subject)
	}
	if live, drill := w.pending("E1", false), w.pending("E1", true); !slices.Equal(live, []string{e1 + " open"}) ||
		!slices.Equal(drill, []string{"D20161216-01-E1-1 open"}) {
		t.Errorf("pending %v, in the drill %v", live, drill)
	}
}

// pending lists what a recipient would fetch, with states.
func (w *world) pending(recipient string, drill bool) (ids []string) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error {
		b, err := PendingOrders(tx, readBody, testVault, recipient, drill)
		if err != nil {
			return err
		}
		var reply struct {
			Orders []struct{ ID, State string }
		}
		err = json.Unmarshal(b, &reply)
		for _, o := range reply.Orders {
			ids = append(ids, o.ID+" "+o.State)
		}
		return err
	})
	return ids
}

// Pending are the open orders, and releases until they are received.
func TestPendingOrders(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange), enterprise("E11", alerts.Yellow))
	e2 := orderID(warningID, "E1", 2)
	if got := w.pending("E1", false); len(got) > 0 {
		t.Errorf("before: %v", got)
	}
	w.level(alerts.Yellow)
	w.must(w.answer("E1", e1, Receive, ""))
	if got := w.pending("E1", false); !slices.Equal(got, []string{e1 + " open"}) {
		t.Errorf("received and open: %v", got)
	}
	w.level(alerts.Orange)
	if got := w.pending("E1", false); !slices.Equal(got, []string{e2 + " open"}) {
		t.Errorf("revised: %v", got)
	}
	w.lift()
	if got := w.pending("E1", false); !slices.Equal(got, []string{e2 + " released"}) {
		t.Errorf("released: %v", got)
	}
	w.must(w.answer("E1", e2, Receive, ""))
	if got := w.pending("E1", false); len(got) > 0 {
		t.Errorf("release received: %v", got)
	}
	if got := w.outbox(); !slices.Equal(got, []string{orderID(warningID, "E11", 1) + "/released"}) {
		t.Errorf("outbox %v", got)
	}
	w.check()
}

// Entries about many orders at once name few of them, so that the proof of one order tells little of others; together they
// say of all orders what one entry would.
func TestEntriesNameFewOrders(t *testing.T) {
	const n = 2*PerEntry + 1
	w := newWorld(t, recipients(n, alerts.Orange)...)
	w.level(alerts.Orange)
	in := SentMessages{}
	for i := range n {
		in.IDs = append(in.IDs, fmt.Sprintf("%s-E%04d-1/issued", warningID, i))
	}
	got, evs, err := do(w, DecideSent, in)
	if err != nil || len(got) != n || len(evs) != 3 {
		t.Fatalf("%d orders sent, in %d entries: %v", len(got), len(evs), err)
	}
	var named []string
	for _, ev := range evs {
		orders := ev.(*Sent).Orders
		if len(orders) > PerEntry {
			t.Errorf("an entry names %d orders", len(orders))
		}
		named = append(named, orders...)
	}
	if !slices.Equal(named, got) {
		t.Errorf("the entries name %d orders, %d were sent", len(named), len(got))
	}
	w.now = w.order(orderID(warningID, "E0000", 1)).AcknowledgeBy
	evs = w.run("overdue/" + warningID + "/1/1")
	named = nil
	for _, ev := range evs {
		orders := ev.(*Overdue).Orders
		if len(orders) > PerEntry {
			t.Errorf("an entry names %d orders", len(orders))
		}
		named = append(named, orders...)
	}
	if len(evs) != 3 || !slices.Equal(named, got) {
		t.Errorf("%d entries name %d overdue orders of %d", len(evs), len(named), n)
	}
	for i := range n {
		if o := w.order(fmt.Sprintf("%s-E%04d-1", warningID, i)); o.Answer != AnswerOverdue || o.Delivery != DeliverySent {
			t.Errorf("%s is %s and %s", o.ID, o.Answer, o.Delivery)
		}
	}
	if _, more := w.fx.timers["overdue/"+warningID+"/1/2"]; more {
		t.Error("another chunk comes, and there is nothing left")
	}
	w.check()
}

func TestSentCountsOnce(t *testing.T) {
	w := newWorld(t, recipients(3, alerts.Orange)...)
	w.level(alerts.Orange)
	id := func(i int) string { return fmt.Sprintf("%s-E%04d-1", warningID, i) }
	w.must(w.answer("E0001", id(1), Receive, ""))
	in := SentMessages{IDs: []string{id(0) + "/issued", id(1) + "/issued", id(0) + "/issued", "gone/issued"}}
	got, evs, err := do(w, DecideSent, in)
	if err != nil || len(evs) != 1 || !slices.Equal(got, []string{id(0)}) {
		t.Errorf("sent %v, %v", got, err)
	}
	if _, evs, err := do(w, DecideSent, in); err != nil || len(evs) != 0 {
		t.Errorf("sent again: %d events, %v", len(evs), err)
	}
	// A receipt may overtake the report of the sending.
	w.must(w.answer("E0002", id(2), Receive, ""))
	w.apply([]Event{&Sent{Orders: []string{id(2)}}})
	for i, want := range []Delivery{DeliverySent, DeliveryDelivered, DeliveryDelivered} {
		if o := w.order(id(i)); o.Delivery != want {
			t.Errorf("%s is %s, want %s", o.ID, o.Delivery, want)
		}
	}
	w.check()
}

func TestBoard(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange), enterprise("E22", alerts.Orange),
		enterprise("E33", alerts.Yellow, alerts.Orange))
	w.view(func(tx *bbolt.Tx) error {
		board, err := GetBoard(tx, warningID)
		if err == nil && (board.Total != 0 || len(board.Delivery) != 5 || board.ByTown == nil) {
			t.Errorf("empty board is %+v", board)
		}
		return err
	})
	w.level(alerts.Yellow)
	w.level(alerts.Orange)
	w.must(w.answer("E1", e1, Acknowledge, ""))
	w.view(func(tx *bbolt.Tx) error {
		board, err := GetBoard(tx, warningID)
		if err != nil {
			return err
		}
		got, err := json.Marshal(board)
		if err != nil {
			return err
		}
		tally := func(total, pending, delivered, awaiting, acknowledged int) string {
			return fmt.Sprintf(`"total":%d,"delivery":{"delivered":%d,"failed":0,"pending":%d,"read":0,"sent":0},`+
				`"answer":{"acknowledged":%d,"awaiting":%d,"objected":0,"overdue":0},`+
				`"execution":{"completed":0,"not_started":%d,"reported":0,"started":0},`+
				`"verdict":{"compliant":0,"no_data":0,"none":%d,"suspected":0,"violated":0},`+
				`"release":{"total":0,"received":0,"waiting":0},"to_call":%d`,
				total, delivered, pending, acknowledged, awaiting, total, total, awaiting)
		}
		one, two := tally(1, 0, 1, 0, 1), tally(2, 2, 0, 2, 0)
		sectors := []string{`{"sector":"电力、热力生产和供应业",` + one + `}`, `{"sector":"金属制品业",` + two + `}`}
		slices.Sort(sectors)
		want := `{"warning_id":"` + warningID + `",` + tally(3, 2, 1, 2, 1) +
			`,"by_town":[{"town":"大寺镇",` + two + `},{"town":"杨柳青镇",` + one + `}]` +
			`,"by_sector":[` + strings.Join(sectors, ",") + `]` +
			`,"by_grade":[{"grade":"B",` + one + `},{"grade":"C",` + two + `}]}`
		if string(got) != want {
			t.Errorf("board is\n%s\nwant\n%s", got, want)
		}
		return nil
	})
}

// The pages of a list hold each order that the filter finds once, in order, and as many as are counted.
func TestListOrders(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange), enterprise("E22", alerts.Yellow),
		enterprise("E3", alerts.Orange))
	w.level(alerts.Yellow)
	w.level(alerts.Orange)
	w.must(w.answer("E3", orderID(warningID, "E3", 1), Acknowledge, ""))
	const later = "W20161220-01"
	w.change(Round{Warning: later, Level: alerts.Yellow})
	w.elapse(0)
	w.elapse(0)
	first := func(recipient string, revision int) string { return orderID(warningID, recipient, revision) }
	for _, c := range []struct {
		name   string
		filter Filter
		want   []string
	}{
		{"all", Filter{}, []string{later + "-E1-1", later + "-E22-1", first("E1", 1), first("E1", 2), first("E22", 1),
			first("E3", 1)}},
		{"warning", Filter{Warning: warningID}, []string{first("E1", 1), first("E1", 2), first("E22", 1), first("E3", 1)}},
		{"recipient", Filter{Recipient: "E1"}, []string{later + "-E1-1", first("E1", 2), first("E1", 1)}},
		{"recipient and warning", Filter{Recipient: "E1", Warning: warningID}, []string{first("E1", 2), first("E1", 1)}},
		{"open", Filter{State: "open", Warning: warningID}, []string{first("E1", 2), first("E22", 1), first("E3", 1)}},
		{"superseded", Filter{State: "superseded"}, []string{first("E1", 1)}},
		{"acknowledged", Filter{State: "acknowledged"}, []string{first("E3", 1)}},
		{"awaiting", Filter{State: "awaiting", Warning: warningID}, []string{first("E1", 2), first("E22", 1)}},
		{"town", Filter{Town: "大寺镇"}, []string{later + "-E22-1", first("E22", 1)}},
		{"town and state", Filter{Town: "杨柳青镇", State: "delivered"}, []string{first("E3", 1)}},
		{"part of a name", Filter{Query: "企业E2"}, []string{later + "-E22-1", first("E22", 1)}},
		{"part of an id", Filter{Query: "3"}, []string{first("E3", 1)}},
		{"none", Filter{Warning: "W20160101-01"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for limit := 1; limit <= len(c.want)+1; limit++ {
				var got []string
				cursor := ""
				w.view(func(tx *bbolt.Tx) error {
					for {
						page, next, err := ListOrders(tx, c.filter, cursor, limit)
						if err != nil || len(page) > limit {
							t.Fatalf("%d orders, %v", len(page), err)
						}
						for _, o := range page {
							got = append(got, o.ID)
						}
						if next == "" {
							return nil
						}
						cursor = next
					}
				})
				if !slices.Equal(got, c.want) {
					t.Errorf("by %d: %v, want %v", limit, got, c.want)
				}
			}
			w.view(func(tx *bbolt.Tx) error {
				n, err := CountOrders(tx, c.filter)
				if n != len(c.want) {
					t.Errorf("counted %d, want %d", n, len(c.want))
				}
				return err
			})
		})
	}
	w.view(func(tx *bbolt.Tx) error {
		if _, _, err := ListOrders(tx, Filter{}, "nowhere", 10); code(err) != "not_found" {
			t.Errorf("unknown cursor: %v", err)
		}
		return nil
	})
	w.check()
}
