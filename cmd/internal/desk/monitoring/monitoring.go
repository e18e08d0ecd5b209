// Package monitoring is the desk's area of what measurements show of orders: what is demanded, planned and measured side by
// side, findings with what an enterprise says of them and what an officer says of that, and the tasks that follow. An
// enterprise sees its own there, a town its own.
package monitoring

import (
	"net/url"
	"sync"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/notify/compliance"
)

// desk is the area's state.
type desk struct {
	*frame.Frame
	courses  frame.Courses
	standing standing
}

// Mount adds the area to the desk.
func Mount(f *frame.Frame) {
	d := &desk{Frame: f, courses: frame.Courses{Of: ownKinds}}
	f.MonitoringOf, f.FoundOf, f.AskedOf = d.parts, d.found, d.asked
	f.Add(
		frame.Page{Pattern: "GET /desk/findings", Act: calls.ActFindingsRead, Key: "found", Show: d.list},
		frame.Page{Pattern: "GET /desk/findings.xlsx", Act: calls.ActFindingsRead, Key: "found", Show: d.workbook},
		frame.Page{Pattern: "GET /desk/findings/{id}", Act: calls.ActFindingsRead, Key: "finding", Show: d.finding},
		frame.Page{Pattern: "POST /desk/findings/{id}/explain", Act: calls.ActFindingsExplain, Key: "finding",
			Show: d.finding, Do: d.explain, Grows: true, Upload: true, Texts: frame.EvidenceTexts},
		frame.Page{Pattern: "POST /desk/findings/{id}/evidence", Act: calls.ActEvidenceCreate, Key: "finding",
			Show: d.finding, Do: d.handIn, Grows: true, Upload: true, Texts: frame.EvidenceTexts},
		frame.Page{Pattern: "POST /desk/findings/{id}/decide", Act: calls.ActFindingsDecide, Key: "finding",
			Show: d.finding, Do: d.decide, Grows: true},
		frame.Page{Pattern: "POST /desk/findings/{id}/value", Act: calls.ActFindingsDecide, Key: "finding",
			Show: d.finding, Do: d.choose, Grows: true},
		frame.Page{Pattern: "GET /desk/tasks", Act: calls.ActTasksRead, Key: "visits", Show: d.tasks},
		frame.Page{Pattern: "GET /desk/tasks/{id}", Act: calls.ActTasksRead, Key: "visit", Show: d.task},
		frame.Page{Pattern: "POST /desk/tasks/{id}", Act: calls.ActTasksWrite, Key: "visit", Show: d.task, Do: d.step,
			Grows: true},
		frame.Page{Pattern: "POST /desk/tasks/{id}/recuse", Act: calls.ActTasksWrite, Key: "visit", Show: d.task, Do: d.recuse,
			Grows: true},
		frame.Page{Pattern: "GET /desk/recusals", Act: calls.ActFindingsDecide, Key: "recusals", Show: d.recusals},
		frame.Page{Pattern: "/desk/task", Act: calls.ActTasksWrite, Key: "visit.add", Template: "visit-form",
			Show: d.addForm, Do: d.add, Grows: true})
}

// ownKinds are the kinds of events that say something of a finding or a task.
func ownKinds(kind string) bool {
	return len(kind) > len("compliance.") && kind[:len("compliance.")] == "compliance."
}

// standing keeps who is found to be how, by who may see it, as of a height of the record.
type standing struct {
	mu     sync.Mutex
	height uint64
	of     map[string]frame.Standing
}

// found counts the findings that stand, of those that the reader may see. It is counted once for all who see the same.
func (d *desk) found(q *frame.Request) (frame.Standing, error) {
	var none frame.Standing
	if !q.May(calls.ActFindingsRead) {
		return none, nil
	}
	height, scope := d.Svc.J.Height(), frame.ScopeKey(q.Who)
	s := &d.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.height != height || s.of == nil {
		s.height, s.of = height, map[string]frame.Standing{}
	}
	if known, ok := s.of[scope]; ok {
		return known, nil
	}
	n, err := d.count(q.Who)
	if err == nil {
		s.of[scope] = n
	}
	return n, err
}

func (d *desk) count(who *access.Principal) (out frame.Standing, err error) {
	err = d.Svc.J.View(func(tx *bbolt.Tx) error {
		towns := map[string]string{}
		n, err := compliance.CountOpen(tx, func(f *compliance.Finding) bool {
			town, known := towns[f.Order]
			if !known {
				if o, err := notify.Get(tx, f.Order); err == nil {
					town = o.Town
				}
				towns[f.Order] = town
			}
			sees := service.Visible(who, f.Recipient, town)
			if sees && f.Asks() {
				out.Asks++
			}
			return sees
		})
		out.Suspected, out.Violated, out.NoData, out.Waiting = n.Suspected, n.Violated, n.NoData, n.Waiting
		return err
	})
	return out, err
}

// findingPath is the address of a finding's page.
func findingPath(id string) string { return "/desk/findings/" + url.PathEscape(id) }

// taskPath is the address of a task's page.
func taskPath(id string) string { return "/desk/tasks/" + url.PathEscape(id) }
