package warnings

import (
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify"
)

// mineMost is how many of its latest orders a recipient's first page looks at.
const mineMost = 20

// mineView is what a recipient has to do: an order at a time, what it says for each unit in a line, and by when it wants
// an answer. What is over stands apart.
type mineView struct {
	Live []myOrder
	Over []frame.OrderRow
}

// myOrder is an order that binds its recipient, or whose end it has not received.
type myOrder struct {
	notify.View
	Do    []myTask
	By    string // until when it is to be acknowledged, and how long that is; empty where it is
	Late  bool
	Ended bool // all that is left is to receive its end
}

// myTask is what an order says for one unit.
type myTask struct{ Unit, Do, Much, Within string }

func (d *desk) mine(q *frame.Request, tx *bbolt.Tx) (v mineView, err error) {
	rows, _, err := q.OrderRows(tx, notify.Filter{Recipient: q.Who.Recipient}, "", mineMost)
	if err != nil {
		return v, err
	}
	for _, row := range rows {
		open := row.State == notify.StateOpen
		if !open && !row.Unreceived {
			v.Over = append(v.Over, row)
			continue
		}
		one, err := d.myOrder(q, row.Order, open)
		if err != nil {
			return v, err
		}
		v.Live = append(v.Live, one)
	}
	return v, nil
}

func (d *desk) myOrder(q *frame.Request, o *notify.Order, open bool) (one myOrder, err error) {
	if one.View, err = q.Order(o.ID); err != nil {
		return one, err
	}
	q.SawOfficer(&one.View)
	if one.Ended = !open; one.Ended {
		return one, nil
	}
	if o.Answer == notify.AnswerAwaiting || o.Answer == notify.AnswerOverdue {
		one.By, one.Late = byWhen(q, o.AcknowledgeBy)
	}
	measures, err := one.Listed()
	if err != nil {
		return one, err
	}
	for _, m := range q.Measures(measures) {
		one.Do = append(one.Do, myTask{m.Unit, m.Do, m.Much, m.Within})
	}
	return one, nil
}

// byWhen says until when an order is to be acknowledged, and how long that is from now or was before.
func byWhen(q *frame.Request, by time.Time) (text string, late bool) {
	left := by.Sub(q.Now)
	if left <= 0 {
		return q.T("mine.late", "at", frame.HourMinute(by, q.Now), "age", alerts.HoursText(-left.Hours(), q.Lang)), true
	}
	return q.T("mine.by", "at", frame.HourMinute(by, q.Now), "left", alerts.HoursText(left.Hours(), q.Lang)), false
}
