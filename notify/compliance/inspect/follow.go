package inspect

import (
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/notify/compliance"
)

// follow are the events of going there again: a task, unless one of the same visit is open that is soon enough. A correction
// that asks for another day moves the task of the corrected inspection, and one that asks for none ends it; a task that
// another inspection asks for as well stays.
func (in *Inspection) follow(tx *bbolt.Tx, corrected *Inspection, rules Rules, now time.Time) (evs []Event, err error) {
	again := in.Reinspect || in.Disposition == Rectify
	due := now.Add(rules.FollowWithin)
	if in.Due != nil {
		due = *in.Due
	}
	after := compliance.Task{Origin: compliance.FromInspection, About: in.ID, Warning: in.Warning, Recipient: in.Recipient,
		Order: in.Order, Town: in.Town, Due: due, Day: string(alerts.DateOf(due))}
	others, err := in.others(tx)
	if err != nil {
		return nil, err
	}
	if corrected != nil && corrected.FollowUp != "" {
		was, err := compliance.GetTask(tx, corrected.FollowUp)
		if err != nil {
			return nil, err
		}
		end := was.End(compliance.TaskDropped)
		switch {
		case again && (end == nil || in.Due == nil || was.Due.Equal(due)):
			in.FollowUp = was.ID
			return nil, nil
		case end == nil || slices.ContainsFunc(others, func(o *Inspection) bool { return o.FollowUp == was.ID }):
		default:
			evs, after.Assignee, after.With = append(evs, end), was.Assignee, was.With
		}
	}
	if !again {
		return evs, nil
	}
	for _, other := range others {
		if other.FollowUp == "" {
			continue
		}
		t, err := compliance.GetTask(tx, other.FollowUp)
		if err != nil {
			return nil, err
		}
		if t.End(compliance.TaskDropped) != nil && !t.Due.After(due) {
			in.FollowUp = t.ID
			return evs, nil
		}
	}
	opened := compliance.OpenTasks(tx, []compliance.Task{after}, now)
	in.FollowUp = opened[0].(*compliance.TaskOpened).Task.ID
	return append(evs, opened...), nil
}

// others are the other inspections of the same task that stand.
func (in *Inspection) others(tx *bbolt.Tx) (all []*Inspection, err error) {
	if in.Task == "" {
		return nil, nil
	}
	all, err = OfTask(tx, in.Task)
	return slices.DeleteFunc(all, func(o *Inspection) bool { return o.ID == in.Corrects || o.CorrectedBy != "" }), err
}

// Standing is the inspection that stands in the place of one, after all corrections of it.
func Standing(tx *bbolt.Tx, id string) (*Inspection, error) {
	in, err := Get(tx, id)
	for err == nil && in.CorrectedBy != "" {
		in, err = Get(tx, in.CorrectedBy)
	}
	return in, err
}
