package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/dispatch"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/notify"
	"qingkong/seeds"
)

// Repeats that do not come within a test, and those that come at once.
const (
	repeatLate = 10 * time.Minute
	repeatSoon = time.Second
)

const yellow = `{"level":"yellow","trigger":"city_order","document_no":"示例〔2016〕1号","issued_by":"天津市","received_at":"2016-12-16T08:00:00+08:00"}`

func importDemo(t *testing.T, a *App, n int) {
	t.Helper()
	l, err := seeds.Demo(n)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the list", func() bool { // as a person would, who is told to try again on a busy machine
		_, err := a.svc.ImportList(t.Context(), "init", l, "test", nil)
		if err != nil && refusal.CodeOf(err) != refusal.NotReady {
			t.Fatal(err)
		}
		return err == nil
	})
}

func declare(t *testing.T, a *App) *alerts.Warning {
	t.Helper()
	w, err := servicetest.Say(t.Context(), a.svc, "duty", "", calls.Declare, "", []byte(yellow))
	if err != nil {
		t.Fatal(err)
	}
	if w.State != alerts.Active {
		t.Fatalf("the warning is %s", w.State)
	}
	return w
}

// planned waits until all orders of a warning are made and sent, and returns how many there are.
func planned(t *testing.T, a *App, warning string) (n int) {
	t.Helper()
	eventually(t, "all orders of "+warning+" made", func() bool {
		done := false
		view(t, a, func(tx *bbolt.Tx) error {
			p, err := notify.GetRound(tx, warning)
			if err == nil && p != nil {
				done, n = p.Done, p.Issued
			}
			return err
		})
		return done
	})
	eventually(t, "nothing due", func() bool { return idle(a) })
	return n
}

// once asserts that each of n orders of the warning was heard once, and returns them.
func (h *hub) once(event, warning string, n int) (all []order) {
	h.t.Helper()
	heard := func() map[order]int {
		got := h.counts(event)
		maps.DeleteFunc(got, func(o order, _ int) bool { return !strings.HasPrefix(o.id, warning+"-") })
		return got
	}
	eventually(h.t, fmt.Sprintf("%d orders of %s %s", n, warning, event), func() bool { return len(heard()) >= n })
	for o, times := range heard() {
		all = append(all, o)
		if times != 1 {
			h.t.Errorf("order %s was %s %d times", o.id, event, times)
		}
	}
	if len(all) != n {
		h.t.Fatalf("%d orders of %s were %s, want %d", len(all), warning, event, n)
	}
	slices.SortFunc(all, func(a, b order) int { return strings.Compare(a.id, b.id) })
	return all
}

// What was sent and received is in the record, not in a node: one that lost its folder sends nothing twice.
func TestARebuiltNodeSendsNothingAgain(t *testing.T) {
	t.Parallel()
	const recipients, received = 1200, 1000
	h := newHub(t)
	a := h.node("a", repeatLate)
	importDemo(t, a, recipients)
	eventually(t, "a leads", func() bool { return leads(t, a) })
	b := h.node("b", repeatSoon)
	first := declare(t, a)
	n := planned(t, a, first.ID)
	if n != recipients {
		t.Fatalf("%d orders for %d recipients", n, recipients)
	}
	h.receive(h.once("issued", first.ID, n)[:received])

	// a goes in order, and b goes on with what remains to be done.
	stop(t, a)
	w, err := servicetest.WarningAct(t.Context(), b.svc, "duty", "", first.ID, "lift",
		fmt.Appendf(nil, `{"revision":%d,"reason":"示例"}`, first.Revision))
	if err != nil {
		t.Fatal(err)
	}
	if w.State != alerts.Lifted {
		t.Fatalf("the warning is %s", w.State)
	}
	eventually(t, "a release for each", func() bool { return len(h.counts("released")) == n })
	h.receive(slices.Collect(maps.Keys(h.counts("released"))))

	// A second warning, under which b repeats each second what was not received. Then b loses its folder.
	second := declare(t, b)
	eventually(t, "all orders of the second warning", func() bool { return len(h.counts("issued")) == 2*n })
	var open []order
	for o := range h.counts("issued") {
		if strings.HasPrefix(o.id, second.ID+"-") {
			open = append(open, o)
		}
	}
	slices.SortFunc(open, func(a, b order) int { return strings.Compare(a.id, b.id) })
	h.receive(open[:received])
	open = open[received:]
	stop(t, b)
	if err := h.nc.Flush(); err != nil { // what b sent before it ended is heard
		t.Fatal(err)
	}
	before, released := h.counts("issued"), h.counts("released")
	h.data["b"] = ""
	b = h.node("b", repeatSoon)
	eventually(t, "every order that was not received, twice more", func() bool {
		now := h.counts("issued")
		return !slices.ContainsFunc(open, func(o order) bool { return now[o] < before[o]+2 })
	})
	now := h.counts("issued")
	for _, o := range open {
		delete(now, o)
		delete(before, o)
	}
	if !maps.Equal(now, before) || !maps.Equal(h.counts("released"), released) {
		t.Error("the rebuilt node sent again what was received")
	}

	h.receive(open)
	a = h.node("a", repeatLate)
	prove(t, a, b)
}

// leads says whether the node holds the lease, as the record has it.
func leads(t *testing.T, a *App) (yes bool) {
	view(t, a, func(tx *bbolt.Tx) error {
		node, _ := journal.Lease(tx)
		yes = node == a.journal.Node()
		return nil
	})
	return yes
}

// Of two declarations for one region at the same time on two nodes one wins, and the other is told which.
func TestDeclarationsOnTwoNodesAtOnce(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	a, b := h.node("a", repeatLate), h.node("b", repeatLate)
	importDemo(t, a, 1000)
	for round := range 5 {
		var wg sync.WaitGroup
		begin := make(chan struct{})
		var got [2]*alerts.Warning
		var errs [2]error
		for i, node := range []*App{a, b} {
			wg.Go(func() {
				<-begin
				got[i], errs[i] = servicetest.Say(t.Context(), node.svc, "duty-"+node.journal.Node(), "", calls.Declare, "",
					[]byte(yellow))
			})
		}
		close(begin)
		wg.Wait()
		winner := slices.Index(errs[:], nil)
		if winner < 0 || errs[1-winner] == nil {
			t.Fatalf("round %d: the nodes answered %v and %v, want one conflict", round, errs[0], errs[1])
		}
		w, lost := got[winner], errs[1-winner]
		if refusal.CodeOf(lost) != refusal.Conflict || !strings.Contains(lost.Error(), w.ID) {
			t.Errorf("round %d: the loser got %q, want a conflict that names %s", round, lost, w.ID)
		}
		// The other node lifts it: what one was told, the other knows.
		other := []*App{a, b}[1-winner]
		_, err := servicetest.WarningAct(t.Context(), other.svc, "duty", "", w.ID, "lift",
			fmt.Appendf(nil, `{"revision":%d,"reason":"示例"}`, w.Revision))
		if err != nil {
			t.Fatalf("round %d: lift on the other node: %v", round, err)
		}
	}
	eventually(t, "nothing due", func() bool { return idle(a) && idle(b) })
	prove(t, a, b)
}

// A leader that dies in the middle of sending keeps the lease for its time; then the other sends the rest, and
// nothing of what is recorded as sent.
func TestTheOtherNodeSendsWhatADeadLeaderLeft(t *testing.T) {
	t.Parallel()
	const recipients = 1200
	h := newHub(t)
	a := h.node("a", repeatLate)
	importDemo(t, a, recipients)
	eventually(t, "a leads", func() bool { return leads(t, a) })
	b := h.node("b", repeatLate)
	nc, _ := a.bus.Journal() // of one account: all that a has
	h.mu.Lock()
	h.first = nc.Close // at its first order the machine is gone, as far as the server can tell
	h.mu.Unlock()
	w := declare(t, b)
	eventually(t, "a is gone", nc.IsClosed)

	eventually(t, "b leads", func() bool { return leads(t, b) })
	if n := planned(t, b, w.ID); n != recipients {
		t.Errorf("%d orders, want %d", n, recipients)
	}
	eventually(t, "all orders", func() bool { return len(h.counts("issued")) == recipients })
	twice := 0
	for o, times := range h.counts("issued") {
		if times > 2 {
			t.Errorf("order %s went out %d times", o.id, times)
		}
		twice += times - 1
	}
	if twice > dispatch.NATSBatch {
		t.Errorf("%d orders went out twice; one batch at most was not recorded", twice)
	}
	view(t, b, func(tx *bbolt.Tx) error {
		board, err := notify.GetBoard(tx, w.ID)
		if err == nil && board.Delivery["sent"] != recipients {
			t.Errorf("delivery %v", board.Delivery)
		}
		return err
	})
	prove(t, b)

	// The dead one ends without any of its good-byes, which reach nobody, and comes back to the same state.
	stop(t, a)
	a = h.node("a", repeatLate)
	prove(t, a, b)
}
