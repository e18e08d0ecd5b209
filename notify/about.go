package notify

import "qingkong/alerts"

// AboutOrder is what events of this package concern: an order, and what became of it.
const AboutOrder = "order"

// Quiet are the kinds that concern nobody: the steps of a round, whose orders have events of their own, and what
// stands beside them.
func Quiet() []string {
	return []string{kindChunkDone, kindStaged, kindRelisted, kindSettings, kindFigures, kindReason, kindReleaseWorded}
}

// objectionChange names what became of an objection, by its decision.
var objectionChange = map[string]string{"accept": "objection_accepted", "reject": "objection_rejected",
	"amend": "objection_amended"}

// About says whom an event of another kind concerns. The change is an act of the recipient, or "issued", "revised",
// "superseded", "sent", "overdue", "released", "objection_accepted", "objection_rejected", "objection_amended",
// "judged", "called".
func About(ev Event) (about []alerts.Subject) {
	of := func(change string, orders ...string) {
		for _, id := range orders {
			about = append(about, alerts.Subject{Kind: AboutOrder, ID: id, Change: change})
		}
	}
	switch ev := ev.(type) {
	case *Issued:
		if ev.Supersedes == nil {
			of("issued", ev.ID)
			break
		}
		of("superseded", *ev.Supersedes)
		of("revised", ev.ID)
	case *Answered:
		of(ev.Action, ev.OrderID)
	case *Sent:
		of("sent", ev.Orders...)
	case *Overdue:
		of("overdue", ev.Orders...)
	case *Released:
		of("released", ev.OrderID)
	case *Decided:
		of(objectionChange[ev.Decision], ev.OrderID)
	case *Called:
		of("called", ev.OrderID)
	case *Judged:
		of("judged", ev.OrderID)
	}
	return about
}
