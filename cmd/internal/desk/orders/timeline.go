package orders

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/notify/compliance"
)

// timelineStep is one line of an order's course.
type timelineStep struct {
	At    time.Time
	What  string // a word below "step."
	Act   string // or the recipient's action
	Actor string
	Late  bool
	Note  string

	Correction bool // of what was said of the completion

	Values []frame.Row
	Files  []frame.EvidenceRow // that go with what was said
	More   int                 // files that are not shown here
	Entry  int64               // of the ledger
	Link   string

	evidence []string // hashes of the files
	measured bool     // it is what measurements show, which is told where it changes
}

// ownKinds are the kinds of events that are steps of an order.
func ownKinds(kind string) bool {
	return strings.HasPrefix(kind, "notify.") || strings.HasPrefix(kind, "compliance.")
}

// timeline is an order's course from the record; more says that the record holds more than one page may read.
func (d *desk) timeline(q *frame.Request, o *notify.Order) (steps []timelineStep, more bool, err error) {
	events, more, err := d.courses.Read(q, o.ID, o.Body.Block)
	if err != nil {
		return nil, false, err
	}
	judged := "judged_none"
	err = q.View(func(tx *bbolt.Tx) error {
		for _, e := range events {
			step, ok, err := d.stepOf(q, tx, o, e)
			if err != nil {
				return err
			}
			if !ok || step.measured && step.What == judged {
				continue
			}
			if step.measured {
				judged = step.What
			}
			steps = append(steps, step)
		}
		return nil
	})
	return steps, more, err
}

// stepOf words one event; ok is false for one that is of another order.
func (d *desk) stepOf(q *frame.Request, tx *bbolt.Tx, o *notify.Order, e frame.CourseEvent) (s timelineStep, ok bool,
	err error) {
	s = timelineStep{At: e.At, Actor: e.Actor, Entry: e.Index}
	ev, err := d.Svc.J.Registry().Decode(e.Kind, e.Data)
	if err != nil {
		return s, false, err
	}
	may := service.MayReadNotes(q.Who, o.RecipientID)
	note := func(ref string, may bool) string {
		if ref == "" || !may {
			return ""
		}
		if text := journal.ReadVault(tx, ref); text != nil {
			q.SawNote(o.RecipientID)
			return string(text)
		}
		return q.T("note_erased")
	}
	add := func(key, value string) {
		if value != "" {
			s.Values = append(s.Values, frame.Row{Label: q.T(key), Value: value})
		}
	}
	switch ev := ev.(type) {
	case *notify.Issued:
		switch {
		case ev.ID != o.ID: // the revision that took its place
			s.What, s.Link = "superseded", frame.OrderPath(ev.ID)
			return s, ev.Supersedes != nil && *ev.Supersedes == o.ID, nil
		case ev.Supersedes != nil:
			s.What, s.Link = "revised", frame.OrderPath(*ev.Supersedes)
		default:
			s.What = "issued"
		}
		s.What, ok = cmp.Or(string(ev.Cause), s.What), true
	case *notify.Sent:
		s.What, s.Actor, ok = "sent", "", slices.Contains(ev.Orders, o.ID)
	case *notify.Overdue:
		s.What, s.Actor, ok = "overdue", "", slices.Contains(ev.Orders, o.ID)
	case *notify.Answered:
		s.Act, s.Late, s.Note, ok = ev.Action, ev.Late, note(ev.NoteRef, may), ev.OrderID == o.ID
		s.Values, s.Correction, s.evidence = reportRows(ev), ev.Correction, ev.Evidence
		if ev.At != nil {
			add("f.as_at", frame.Clock(ev.At))
		}
	case *notify.Decided:
		s.What, s.Note, ok = "decided_"+ev.Decision, note(ev.ReasonRef, may), ev.OrderID == o.ID
		add("f.expires_at", frame.Until(ev.ExpiresAt))
		add("acknowledge_by", frame.Clock(ev.AcknowledgeBy))
	case *notify.PlanReason:
		s.What, s.Note, ok = "plan_reason", note(ev.ReasonRef, may), ev.OrderID == o.ID
		add("step.not_kept", strings.Join(ev.NotKept, "、"))
	case *notify.Released:
		s.What, s.Actor, ok = "released_"+string(ev.Reason), "", ev.OrderID == o.ID
	case *notify.Called: // about the recipient, and not for it
		s.What, ok = "called_"+string(ev.Outcome), ev.OrderID == o.ID && q.Who.Role != calls.Enterprise
		s.Note = note(ev.NoteRef, ok && service.MayReadCallNotes(q.Who, o.Town))
	case *notify.Judged:
		s.What, ok = "judged_"+ev.Verdict, ev.OrderID == o.ID
	case *compliance.Judged:
		s.What, s.Actor, s.measured, ok = "judged_"+ev.Verdict.String(), "", true, ev.Order == o.ID
	case *compliance.Explained:
		s.What, s.Link, s.Note, ok = "explained", findingPath(ev.Finding), note(ev.Explanation.NoteRef, may), ev.Order == o.ID
	case *compliance.Decided:
		s.What, s.Link, s.Note, ok = "explanation_"+string(ev.Decision), findingPath(ev.Finding), note(ev.ReasonRef, may),
			ev.Order == o.ID
	}
	return s, ok, nil
}

// mostFiles is how many files an order's page shows, those of the latest answers.
const mostFiles = 500

// showFiles gives steps the files that go with them, as the reader may see them.
func showFiles(q *frame.Request, steps []timelineStep) error {
	left := mostFiles
	for i := range slices.Backward(steps) {
		s := &steps[i]
		if s.More = len(s.evidence); s.More == 0 {
			continue
		}
		if left -= s.More; left < 0 {
			left = 0
			continue
		}
		var err error
		if s.Files, err = q.EvidenceRows(s.evidence); err != nil {
			return err
		}
		s.More = 0
	}
	return nil
}

// findingPath is the address of a finding's page.
func findingPath(id string) string { return "/desk/findings/" + url.PathEscape(id) }

// reportRows are the numbers of a report, by measure.
func reportRows(ev *notify.Answered) (out []frame.Row) {
	for _, m := range ev.Measures {
		if m.Value != nil {
			out = append(out, frame.Row{Label: m.ID, Value: frame.Number(*m.Value) + " " + m.Unit})
		}
	}
	return out
}

// objectionNote is what a recipient wrote with its last objection and when, as far as the record was read.
func objectionNote(steps []timelineStep) (note string, at time.Time) {
	for _, s := range slices.Backward(steps) {
		if s.Act == string(notify.Object) {
			return s.Note, s.At
		}
	}
	return "", time.Time{}
}
