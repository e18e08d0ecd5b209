package frame

import (
	"slices"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// seen is the personal data that a page shows: of which recipients the contacts and what was written about people.
type seen struct {
	contacts, notes []string
	officer         bool // whom an order names
}

// Phone is a recipient's contact as far as the reader may see it; what it gets is noted.
func (q *Request) Phone(tx *bbolt.Tx, recipient, ref string) (name, phone string) {
	if q.frame.Phone == nil || ref == "" {
		return "", ""
	}
	if name, phone = q.frame.Phone(tx, q.Who, ref); name != "" || phone != "" {
		q.seen.contacts = append(q.seen.contacts, recipient)
	}
	return name, phone
}

// SawNote notes that the page shows what was written about people of a recipient.
func (q *Request) SawNote(recipient string) { q.seen.notes = append(q.seen.notes, recipient) }

// SawOfficer notes that the page shows the officer whom an order names.
func (q *Request) SawOfficer(o *notify.View) {
	q.seen.officer = o.Contact.Name != "" || o.Contact.Phone != ""
}

// note records what the page at a pattern has shown so far, once. still says that the page draws itself anew.
func (q *Request) note(pattern string, still bool) {
	s := q.seen
	q.seen = seen{}
	by := service.Ask{Who: q.Who, Call: pattern}
	q.frame.saw(by, access.SeenContact, s.contacts, still)
	q.frame.saw(by, access.SeenNote, s.notes, still)
	if s.officer {
		q.frame.Svc.Saw(by, service.Sight{Kind: access.SeenDutyContact, Count: 1, Still: true})
	}
}

func (f *Frame) saw(by service.Ask, kind string, recipients []string, still bool) {
	if len(recipients) > 0 {
		slices.Sort(recipients)
		f.Svc.Saw(by, service.Sight{Kind: kind, Recipients: slices.Compact(recipients), Still: still})
	}
}

// shows renders a part and gives the recipients whose contacts stand in it: they are noted for each who gets it,
// whoever had it rendered.
func (q *Request) shows(render func() error) (contacts []string, err error) {
	before := q.seen
	q.seen = seen{}
	err = render()
	contacts = q.seen.contacts
	q.seen = before
	return contacts, err
}
