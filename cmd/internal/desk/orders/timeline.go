package orders

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// timelines keep what the record says of orders that somebody looked at. The record is not indexed by order, so it is
// read once from the block that issued it and from then on only where it grew; a page reads a bounded part of it.
type timelines struct {
	mu  sync.Mutex
	all map[string]*timeline
}

type timeline struct {
	mu     sync.Mutex
	next   uint64 // block to read next
	events []orderEvent
}

// orderEvent is one recorded event of an order.
type orderEvent struct {
	Index int64 // of its ledger entry
	Kind  string
	At    time.Time
	Actor string
	Data  []byte
}

const (
	timelinesMost  = 500
	timelineBlocks = 200      // read in one transaction
	timelineBytes  = 96 << 20 // looked through for one page
)

// timelineStep is one line of an order's course.
type timelineStep struct {
	At     time.Time
	What   string // a word below "step."
	Act    string // or what the recipient did
	Actor  string
	Late   bool
	Note   string
	Values []frame.Row
	Entry  int64 // its place in the ledger
	Link   string
}

// timeline is an order's course from the record; more says that there is more to read than one page may.
func (d *desk) timeline(q *frame.Request, o *notify.Order) (steps []timelineStep, more bool, err error) {
	t := d.timelines.of(o)
	t.mu.Lock()
	defer t.mu.Unlock()
	height := d.Svc.J.Height()
	for budget := timelineBytes; t.next <= height; {
		if budget <= 0 || q.Context().Err() != nil {
			more = true
			break
		}
		err := q.View(func(tx *bbolt.Tx) error {
			n, err := t.read(tx, o.ID, min(height, t.next+timelineBlocks-1))
			budget -= n
			return err
		})
		if err != nil {
			return nil, false, err
		}
	}
	err = q.View(func(tx *bbolt.Tx) error {
		for _, h := range t.events {
			step, ok, err := d.step(q, tx, o, h)
			if err != nil {
				return err
			}
			if ok {
				steps = append(steps, step)
			}
		}
		return nil
	})
	return steps, more, err
}

func (ts *timelines) of(o *notify.Order) *timeline {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.all == nil || len(ts.all) >= timelinesMost {
		ts.all = map[string]*timeline{}
	}
	t := ts.all[o.ID]
	if t == nil {
		t = &timeline{next: o.Body.Block}
		ts.all[o.ID] = t
	}
	return t
}

// read looks through the blocks up to last and returns how many bytes they have. Only a block that names the order is
// parsed.
func (t *timeline) read(tx *bbolt.Tx, order string, last uint64) (size int, err error) {
	name := []byte(`"` + order + `"`)
	for ; t.next <= last; t.next++ {
		raw := journal.ReadBlock(tx, t.next)
		size += len(raw) + 64
		if !bytes.Contains(raw, name) {
			continue
		}
		block, err := journal.ParseBlock(raw)
		if err != nil {
			return size, err
		}
		for _, e := range block.Entries() {
			if strings.HasPrefix(e.Kind, "notify.") && bytes.Contains(e.Data, name) {
				t.events = append(t.events, orderEvent{e.Index, e.Kind, e.At, e.Actor, bytes.Clone(e.Data)})
			}
		}
	}
	return size, nil
}

// step words one event; ok is false for one that is of another order.
func (d *desk) step(q *frame.Request, tx *bbolt.Tx, o *notify.Order, h orderEvent) (s timelineStep, ok bool, err error) {
	s = timelineStep{At: h.At, Actor: h.Actor, Entry: h.Index}
	ev, err := d.Svc.J.Registry().Decode(h.Kind, h.Data)
	if err != nil {
		return s, false, err
	}
	note := func(ref string) string {
		if ref == "" || !service.MayReadNotes(q.Who, o.RecipientID) {
			return ""
		}
		if text := journal.ReadVault(tx, ref); text != nil {
			q.SawNote(o.RecipientID)
			return string(text)
		}
		return q.T("note_erased")
	}
	switch ev := ev.(type) {
	case *notify.Issued:
		if ev.ID != o.ID { // the revision that took its place
			s.What, s.Link = "superseded", "/desk/orders/"+ev.ID
			return s, ev.Supersedes != nil && *ev.Supersedes == o.ID, nil
		}
		s.What = "issued"
		if ev.Supersedes != nil {
			s.What, s.Link = "revised", "/desk/orders/"+*ev.Supersedes
		}
		if ev.Cause != "" {
			s.What = string(ev.Cause)
		}
	case *notify.Sent:
		s.What, s.Actor, ok = "sent", "", slices.Contains(ev.Orders, o.ID)
		return s, ok, nil
	case *notify.Overdue:
		s.What, s.Actor, ok = "overdue", "", slices.Contains(ev.Orders, o.ID)
		return s, ok, nil
	case *notify.Answered:
		s.Act, s.Late, s.Note = ev.Action, ev.Late, note(ev.NoteRef)
		s.Values = reported(q, ev)
		ok = ev.OrderID == o.ID
		return s, ok, nil
	case *notify.Decided:
		s.What, s.Note = "decided_"+ev.Decision, note(ev.ReasonRef)
		if ev.ExpiresAt != nil {
			s.Values = append(s.Values, frame.Row{Label: q.T("f.expires_at"), Value: frame.Until(ev.ExpiresAt)})
		}
		if ev.AcknowledgeBy != nil {
			s.Values = append(s.Values, frame.Row{Label: q.T("acknowledge_by"), Value: frame.Clock(ev.AcknowledgeBy)})
		}
		return s, ev.OrderID == o.ID, nil
	case *notify.PlanReason:
		s.What, s.Note = "plan_reason", note(ev.ReasonRef)
		if len(ev.NotKept) > 0 {
			s.Values = append(s.Values, frame.Row{Label: q.T("step.not_kept"), Value: strings.Join(ev.NotKept, "、")})
		}
		return s, ev.OrderID == o.ID, nil
	case *notify.Released:
		s.What, s.Actor = "released_"+string(ev.Reason), ""
		return s, ev.OrderID == o.ID, nil
	case *notify.Judged:
		s.What = "judged_" + ev.Verdict
		return s, ev.OrderID == o.ID, nil
	default:
		return s, false, nil
	}
	return s, true, nil
}

// reported are the numbers of a report.
func reported(q *frame.Request, ev *notify.Answered) (out []frame.Row) {
	for _, m := range ev.Measures {
		if m.Value != nil {
			text, _ := json.Marshal(*m.Value) // a number always encodes
			out = append(out, frame.Row{Label: m.ID, Value: string(text) + " " + m.Unit})
		}
	}
	return out
}

// objectionNote is what a recipient wrote when it last objected, as far as the record was read.
func objectionNote(steps []timelineStep) (note string, at time.Time) {
	for _, s := range slices.Backward(steps) {
		if s.Act == string(notify.Object) {
			return s.Note, s.At
		}
	}
	return "", time.Time{}
}
