package judging

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/compliance"
)

// GoOn is what a pass sees of a recipient: on from what is settled.
func (e *Evaluator) GoOn(ctx context.Context, warning, recipient string, summed time.Time) (*Look, error) {
	return e.look(ctx, caseKey{warning, recipient}, &next{summed: summed})
}

// Records is what a look would have recorded.
func (e *Evaluator) Records(l *Look) (events []compliance.Event, tasks []compliance.Task, err error) {
	err = e.opt.Journal.View(func(tx *bbolt.Tx) (err error) {
		events, _, err = compliance.DecideJudge(tx, e.opt.rules(), l.command(&e.opt.Settings), l.At)
		return err
	})
	return events, l.tasks(&e.opt.Follow), err
}

// Leaves are the results of an hour, as its root has them.
func (l *Look) Leaves(hour time.Time) [][]byte {
	s := hourSum{HourSum: compliance.HourSum{Hour: hour}}
	s.take(l)
	return s.leaves
}

// Settled is how many monitors of a recipient a pass goes on at.
func (e *Evaluator) Settled(warning, recipient string) int {
	return len(e.settledOf(caseKey{warning, recipient}))
}
