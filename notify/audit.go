package notify

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// AuditRules are what [Audit] judges by.
type AuditRules struct {
	RepeatMax time.Duration // an order that was not received is sent again after at most this long
	Grace     time.Duration // how long what is due may take until it is done
	Began     time.Time     // nobody ran before this: what was due earlier is taken as due then
}

// Rows are the rows of the journal that orders wait for, as they stand in the transaction of the audit. A row that
// cannot be read counts as missing.
type Rows interface {
	Outbox(topic, id string) (due time.Time, ok bool)
	Timer(id string) (due time.Time, ok bool)
}

// StuckKind is what an order, or the orders of a warning, wait for in vain.
type StuckKind byte

// The kinds. An order that was objected to or is overdue waits for a person, which is not stuck.
const (
	StuckUnsent      StuckKind = iota // an order was not received, and no message of it is to be sent
	StuckSentLate                     // an order was not received, and its next message is later than a repeat may be
	StuckNoDeadline                   // an order awaits its answer, and nothing will look at its deadline
	StuckNotOverdue                   // an order awaits its answer beyond its deadline, and is not counted overdue
	StuckNotReleased                  // an order binds, its warning has ended, and nothing will release it
	StuckNoRound                      // the orders of a warning are not all made, and nothing will make them
	StuckNoStage                      // the next level of a warning's course is to come, and nothing will order it
)

var stuckNames = []string{"unsent", "sent_late", "no_deadline", "not_overdue", "not_released", "no_plan", "no_stage"}

func (k StuckKind) String() string { return stuckNames[k] }

// Stuck is an order, or of the last two kinds a warning, for which nothing will happen by itself. Since is when it was
// issued, is due, or was to be done, and Due, of StuckSentLate alone, when its message goes out.
type Stuck struct {
	Kind       StuckKind
	ID         string
	Since, Due time.Time
}

// Words say what is stuck and what to do about it.
func (s Stuck) Words() refusal.Worded {
	args := refusal.Args{"id": s.ID, "since": clock(s.Since)}
	if !s.Due.IsZero() {
		args["due"] = clock(s.Due)
	}
	return refusal.Words("audit."+s.Kind.String(), args)
}

// AuditPage is what [Audit] found on one page. Next is where the next page begins, empty after the last.
type AuditPage struct {
	Orders int // looked at
	Stuck  []Stuck
	Next   string
}

// Audit proves of a page of orders that each has a next step, and names those that have none. It reads the orders that
// are open or whose last event was not received, by their index, and on the first page, where from is empty, the rounds
// of the warnings that are live: what ended and was received costs nothing. A page is the truth of its transaction
// alone; what changes between two pages is seen by the next audit.
func Audit(tx *bbolt.Tx, now time.Time, rules AuditRules, rows Rows, from string, limit int) (AuditPage, error) {
	a := &audit{tx: tx, orders: tx.Bucket(ordersBucket).Cursor(), now: now, rules: rules, rows: rows,
		warnings: map[string]*nextSteps{}}
	if from == "" {
		if err := a.live(); err != nil {
			return a.page, err
		}
	}
	c := tx.Bucket(pendingBucket).Cursor()
	k, _ := c.Seek([]byte(from))
	if from != "" && string(k) == from {
		k, _ = c.Next()
	}
	var last []byte
	for ; k != nil; k, _ = c.Next() {
		if a.page.Orders == max(limit, 1) {
			a.page.Next = string(last)
			break
		}
		if err := a.order(k); err != nil {
			return a.page, err
		}
		a.page.Orders++
		last = k
	}
	return a.page, nil
}

// audit is one page of an audit.
type audit struct {
	tx       *bbolt.Tx
	orders   *bbolt.Cursor
	now      time.Time
	rules    AuditRules
	rows     Rows
	warnings map[string]*nextSteps
	page     AuditPage
}

// nextSteps is what the orders of one warning wait for together.
type nextSteps struct {
	round    *Round
	works    bool        // the round is not done, and its timer stands
	overdues []time.Time // when the deadlines of this round and of those before it are looked at
}

func (a *audit) stuck(k StuckKind, id string, since time.Time) {
	a.page.Stuck = append(a.page.Stuck, Stuck{Kind: k, ID: id, Since: since})
}

// live looks at the rounds of the live warnings.
func (a *audit) live() error {
	warnings, err := alerts.Live(a.tx)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		p, err := GetRound(a.tx, w.ID)
		switch {
		case err != nil:
			return err
		case p == nil && w.State == alerts.Active:
			a.stuck(StuckNoRound, w.ID, w.StartsAt)
		case p == nil: // it is planned when it is announced or starts
		case !p.Done && !a.stands(p.timer()):
			a.stuck(StuckNoRound, w.ID, p.At)
		}
		if p != nil && p.Next != nil && !a.at(p.stageTimer(), *p.Next) {
			a.stuck(StuckNoStage, w.ID, *p.Next)
		}
	}
	return nil
}

func (a *audit) stands(timer string) bool {
	_, ok := a.rows.Timer(timer)
	return ok
}

// at says whether a timer stands that runs in time for what is due, and not before.
func (a *audit) at(timer string, due time.Time) bool {
	at, ok := a.rows.Timer(timer)
	return ok && a.inTime(at, due)
}

func (a *audit) inTime(at, due time.Time) bool {
	return at.UnixMilli() >= due.UnixMilli() && !at.After(due.Add(a.rules.Grace))
}

// late says whether what was due should be done by now.
func (a *audit) late(due time.Time) bool {
	if due.Before(a.rules.Began) {
		due = a.rules.Began
	}
	return a.now.After(due.Add(a.rules.Grace))
}

func (a *audit) order(key []byte) error {
	_, id, _ := bytes.Cut(key, []byte{0})
	k, row := a.orders.Seek(id)
	if !bytes.Equal(k, id) {
		return fmt.Errorf("notify: no order %s", id)
	}
	var o Order
	if err := o.decodeFixed(string(id), row); err != nil {
		return err
	}
	if o.Unreceived {
		a.unreceived(&o)
	}
	if o.State == StateOpen {
		return a.open(&o)
	}
	return nil
}

// unreceived wants a message of the order on its way.
func (a *audit) unreceived(o *Order) {
	due, ok := a.rows.Outbox(Topic, o.message())
	switch {
	case !ok:
		a.stuck(StuckUnsent, o.ID, o.IssuedAt)
	case due.After(a.now.Add(a.rules.RepeatMax + a.rules.Grace)):
		a.page.Stuck = append(a.page.Stuck, Stuck{Kind: StuckSentLate, ID: o.ID, Since: o.IssuedAt, Due: due})
	}
}

// open wants the end of an order that binds to come with its warning's, and its deadline to be looked at.
func (a *audit) open(o *Order) error {
	w, err := a.steps(o.WarningID)
	if err != nil {
		return err
	}
	if w.round.Release != "" && !w.works {
		a.stuck(StuckNotReleased, o.ID, w.round.At)
	}
	if o.Answer != AnswerAwaiting {
		return nil
	}
	switch by := o.AcknowledgeBy; {
	case a.late(by):
		a.stuck(StuckNotOverdue, o.ID, by)
	case a.now.Before(by) && !a.willLook(w, o):
		a.stuck(StuckNoDeadline, o.ID, by)
	}
	return nil
}

// willLook says whether something will look at the order's deadline: a round that still runs sets the timer of its
// orders when it is done.
func (a *audit) willLook(w *nextSteps, o *Order) bool {
	by, p := o.AcknowledgeBy, w.round
	if w.works && p.Issued+p.Revised > 0 && p.AcknowledgeBy.UnixMilli() == by.UnixMilli() {
		return true
	}
	return slices.ContainsFunc(w.overdues, func(at time.Time) bool { return a.inTime(at, by) }) ||
		a.at(o.overdueTimer(), by)
}

func (a *audit) steps(warning string) (*nextSteps, error) {
	if w := a.warnings[warning]; w != nil {
		return w, nil
	}
	p, err := GetRound(a.tx, warning)
	if err == nil && p == nil {
		err = fmt.Errorf("notify: warning %s has orders and no plan", warning)
	}
	if err != nil {
		return nil, err
	}
	w := &nextSteps{round: p, works: !p.Done && a.stands(p.timer())}
	for seq := 1; seq <= p.Seq; seq++ {
		if at, ok := a.rows.Timer(OverdueChunk{Warning: warning, Seq: seq, N: 1}.timer()); ok {
			w.overdues = append(w.overdues, at)
		}
	}
	a.warnings[warning] = w
	return w, nil
}
