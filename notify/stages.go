package notify

import (
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// A warning's course may have levels to come. Orders follow it one stage at a time: a raise is ordered as soon as the
// stage before it has begun, so that a recipient knows in advance; a lowering when it takes effect, so that nobody is
// let off early. Where more is to come a timer brings the next round.

// orderStage is the stage that orders are written for.
type orderStage struct {
	alerts.Stage
	until alerts.Level // what goes on until then; empty for nothing
	next  *time.Time   // when the course has to be looked at again; nil for never
}

// toOrder is what a course, which is never empty, asks to be ordered at a time.
func toOrder(course []alerts.Stage, at time.Time) orderStage {
	now := -1
	for i, s := range course {
		if !s.From.After(at) {
			now = i
		}
	}
	if now < 0 {
		o := orderStage{Stage: course[0]}
		if len(course) > 1 {
			o.next = &course[0].From
		}
		return o
	}
	if now == len(course)-1 {
		return orderStage{Stage: course[now]}
	}
	to := course[now+1]
	if !to.Level.Above(course[now].Level) {
		return orderStage{Stage: course[now], next: &to.From}
	}
	o := orderStage{Stage: to, until: course[now].Level}
	if now+2 < len(course) {
		o.next = &to.From
	}
	return o
}

// NextStage is the command that looks at a warning's course again; a timer runs it.
type NextStage struct {
	Warning string    `json:"warning"`
	Wall    time.Time `json:"-"` // what the wall clock says; zero where that is now
}

// wall is the clock that times keep to which a person typed: the wall clock where it was said, else now.
func wall(clock, now time.Time) time.Time {
	if clock.IsZero() {
		return now
	}
	return clock
}

// Staged says that another stage of a warning's course was due, and its orders are planned anew.
type Staged struct {
	Warning string `json:"warning"`
}

// Kind implements Event.
func (*Staged) Kind() string { return kindStaged }

// DecideNextStage gives an event when the course has to be looked at: not before that, and not once the warning has
// ended.
func DecideNextStage(tx *bbolt.Tx, _ string, in NextStage, now time.Time) ([]Event, Staged, error) {
	ev := &Staged{Warning: in.Warning}
	p, err := GetRound(tx, in.Warning)
	if err != nil || p == nil || p.Next == nil || p.Next.After(wall(in.Wall, now)) {
		return nil, *ev, err
	}
	return []Event{ev}, *ev, nil
}

func applyStaged(tx *bbolt.Tx, fx Effects, at time.Time, ev *Staged) error {
	p, err := GetRound(tx, ev.Warning)
	if err != nil {
		return err
	}
	t, err := observerOf(tx, at, fx.Wall()).follow(ev.Warning, p, false)
	if err != nil {
		return err
	}
	return t.take(tx, fx)
}

// setNext sets the timer of the round's next stage, or takes it away.
func (p *Round) setNext(fx Effects) {
	if p.Next == nil {
		fx.CancelTimer(p.stageTimer())
		return
	}
	fx.WallTimer(p.stageTimer(), *p.Next, CommandNextStage, NextStage{Warning: p.Warning})
}

func (p *Round) stageTimer() string { return "stage/" + p.Warning }
