package console

import (
	"slices"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
)

// seen is the personal data that a page shows: of which recipients the contacts and what was written about people.
type seen struct {
	contacts, notes []string
	officer         bool // whom an order names
}

// phone is a recipient's contact as far as the reader may see it; what it gets is noted.
func (q *request) phone(tx *bbolt.Tx, recipient, ref string) (name, phone string) {
	if q.d.opt.Phone == nil || ref == "" {
		return "", ""
	}
	if name, phone = q.d.opt.Phone(tx, q.who, ref); name != "" || phone != "" {
		q.seen.contacts = append(q.seen.contacts, recipient)
	}
	return name, phone
}

// note records what the page at a pattern has shown so far, once. still says that the page draws itself anew.
func (q *request) note(pattern string, still bool) {
	s := q.seen
	q.seen = seen{}
	by := service.Ask{Who: q.who, Call: pattern}
	q.d.saw(by, access.SeenContact, s.contacts, still)
	q.d.saw(by, access.SeenNote, s.notes, still)
	if s.officer {
		q.d.svc.Saw(by, service.Sight{Kind: access.SeenDutyContact, Count: 1, Still: true})
	}
}

func (d *desk) saw(by service.Ask, kind string, recipients []string, still bool) {
	if len(recipients) > 0 {
		slices.Sort(recipients)
		d.svc.Saw(by, service.Sight{Kind: kind, Recipients: slices.Compact(recipients), Still: still})
	}
}

// shows renders a part and gives the recipients whose contacts stand in it: they are noted for each who gets it, whoever had it
// rendered.
func (q *request) shows(render func() error) (contacts []string, err error) {
	before := q.seen
	q.seen = seen{}
	err = render()
	contacts = q.seen.contacts
	q.seen = before
	return contacts, err
}
