package notify

import (
	"fmt"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
)

// OverdueChunk is the command that marks the orders of a warning still awaiting an answer past their deadline, from the
// order id Cursor on. Seq is the round that set the deadline.
type OverdueChunk struct {
	Warning string `json:"warning"`
	Seq     int    `json:"seq"`
	N       int    `json:"n"`
	Cursor  string `json:"cursor"`
}

const maxOverdue = 10_000 // orders marked by one chunk

func (c OverdueChunk) timer() string {
	return "overdue/" + c.Warning + "/" + strconv.Itoa(c.Seq) + "/" + strconv.Itoa(c.N)
}

// DecideOverdue looks at the next orders of the warning, and names [PerEntry] of them in an event. A chunk without any gives
// an event only when the warning has more orders to look at.
func DecideOverdue(tx *bbolt.Tx, _ string, in OverdueChunk, now time.Time) ([]Event, Overdue, error) {
	ev := &Overdue{Warning: in.Warning, Seq: in.Seq, N: in.N, Orders: []string{}, Cursor: in.Cursor, Done: true}
	seen := 0
	err := eachOrder(tx, in.Warning, in.Cursor, func(o *Order) bool {
		if seen == maxOrders || len(ev.Orders) == maxOverdue {
			ev.Done = false
			return false
		}
		seen++
		ev.Cursor = o.ID
		if o.overdueAt(now) {
			ev.Orders = append(ev.Orders, o.ID)
		}
		return true
	})
	if err != nil || (ev.Done && len(ev.Orders) == 0) {
		return nil, *ev, err
	}
	return ev.split(), *ev, nil
}

// split is a chunk as several events: the last one says what the chunk says of the orders behind it.
func (e *Overdue) split() (events []Event) {
	rest := *e
	for len(rest.Orders) > PerEntry {
		few := rest
		few.Orders, few.Cursor, few.Done = rest.Orders[:PerEntry], rest.Orders[PerEntry-1], true
		rest.Orders = rest.Orders[PerEntry:]
		events = append(events, &few)
	}
	return append(events, &rest)
}

func (o *Order) overdueAt(now time.Time) bool {
	return o.State == StateOpen && o.Answer == AnswerAwaiting && !now.Before(o.AcknowledgeBy)
}

func applyOverdue(tx *bbolt.Tx, fx Effects, at time.Time, ev *Overdue) error {
	for _, id := range ev.Orders {
		err := change(tx, fx, id, func(o *Order) {
			if o.Answer == AnswerAwaiting {
				o.Answer = AnswerOverdue
			}
		})
		if err != nil {
			return err
		}
	}
	if !ev.Done {
		next := OverdueChunk{Warning: ev.Warning, Seq: ev.Seq, N: ev.N + 1, Cursor: ev.Cursor}
		fx.Timer(next.timer(), at, CommandOverdue, next)
	}
	return nil
}

// change loads an order, lets f change it, and stores it and its counters.
func change(tx *bbolt.Tx, fx Effects, id string, f func(*Order)) error {
	var o Order
	if err := o.must(tx, id); err != nil {
		return err
	}
	was, place := o.status, o.sheetKey()
	f(&o)
	if err := o.store(tx); err != nil {
		return err
	}
	count(fx, &o, &was)
	o.moveOnSheet(fx, place)
	return nil
}

func applyJudged(tx *bbolt.Tx, fx Effects, ev *Judged) error {
	for i, name := range verdictNames {
		if name == ev.Verdict {
			return change(tx, fx, ev.OrderID, func(o *Order) { o.Verdict = Verdict(i) })
		}
	}
	return fmt.Errorf("notify: no verdict %q", ev.Verdict)
}

// SetVerdict writes what monitoring or inspection concludes of an order; the board counts it. It is for the package that
// records why.
func SetVerdict(tx *bbolt.Tx, fx Effects, order, verdict string) error {
	return applyJudged(tx, fx, &Judged{OrderID: order, Verdict: verdict})
}
