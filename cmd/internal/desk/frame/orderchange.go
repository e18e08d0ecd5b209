package frame

import (
	"cmp"
	"net/url"

	"go.etcd.io/bbolt"

	"qingkong/notify"
)

// OrderChange is an order that is to be issued beside the one whose place it takes, or one that is to end.
type OrderChange struct {
	Name, Recipient string
	First, Ends     bool
	Rows            []Row // what becomes of the order apart from its measures, old → new
	Measures        []MeasureChange
	Title, Text     string // of the new order, or of the words that end the old one, in full
}

// OrderChange words an order that is to be issued, beside the one whose place it takes.
func (q *Request) OrderChange(ev *notify.Issued) (c OrderChange, err error) {
	c = OrderChange{Name: ev.RecipientName, Recipient: ev.RecipientID, First: ev.Supersedes == nil, Title: ev.Title,
		Text: ev.Text}
	after, err := measuresOf(ev)
	if err != nil || c.First {
		return c, err
	}
	old, err := q.Order(*ev.Supersedes)
	if err != nil {
		return c, err
	}
	before, err := old.Listed()
	c.Measures, c.Rows = q.measureChanges(before, after), q.headChanges(&old.OrderHead, &ev.OrderHead)
	return c, err
}

// headChanges are the differences between two orders apart from texts and measures. Every order has another time of
// issue, which is none.
func (q *Request) headChanges(old, next *notify.OrderHead) (rows []Row) {
	row := func(key, was, is string) {
		if was != is {
			rows = append(rows, q.change(key, was, is))
		}
	}
	row("order_recipient", old.RecipientName, next.RecipientName)
	row("order_town", old.Town, next.Town)
	row("order_grade", old.Grade, next.Grade)
	row("level", q.Level(old.Level), q.Level(next.Level))
	row("legal_basis", old.LegalBasis, next.LegalBasis)
	row("document_no", old.DocumentNo, next.DocumentNo)
	row("starts_at", Clock(old.EffectiveFrom), Clock(next.EffectiveFrom))
	row("ends_at", cmp.Or(Until(old.EndsAt), q.T("no_end")), cmp.Or(Until(next.EndsAt), q.T("no_end")))
	row("acknowledge_by", Clock(old.AcknowledgeBy), Clock(next.AcknowledgeBy))
	row("list", old.ListVersion, next.ListVersion)
	plan := func(o *notify.OrderHead) string {
		if len(o.Plan) == 0 || string(o.Plan) == "null" {
			return ""
		}
		return q.T("order.has_plan")
	}
	row("order_plan", plan(old), plan(next))
	return rows
}

// OrderChanges words what is to become of orders, of the events that say so: those that are issued, and those that end.
func (q *Request) OrderChanges(events []notify.Event) (out []OrderChange, err error) {
	var words notify.ReleaseWords
	for _, ev := range events {
		var c OrderChange
		switch ev := ev.(type) {
		case *notify.ReleaseWorded:
			words = ev.ReleaseWords
			continue
		case *notify.Issued:
			c, err = q.OrderChange(ev)
		case *notify.Released:
			c, err = q.endOf(ev, words)
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (q *Request) endOf(ev *notify.Released, words notify.ReleaseWords) (OrderChange, error) {
	var o *notify.Order
	err := q.View(func(tx *bbolt.Tx) (err error) { o, err = notify.Get(tx, ev.OrderID); return err })
	if err != nil {
		return OrderChange{}, err
	}
	return OrderChange{Name: o.RecipientName, Recipient: o.RecipientID, Ends: true, Title: words.Title,
		Text: o.RecipientName + "：\n" + words.Text}, nil
}

// PartPager is [Request.Pager] for a part of the page, at whose id the other pages begin. A review keeps its address.
func (q *Request) PartPager(part, next string) Pager {
	at := *q.URL
	if q.draft != "" {
		at.RawQuery = url.Values{draftField: {q.draft}}.Encode()
	}
	return PagerAt(q.URL.Query(), next, func(cursor, back string) string { return pageAt(&at, cursor, back) + "#" + part })
}
