package frame

import (
	"slices"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// personalData says whose personal data a page shows.
type personalData struct {
	contacts []string // recipients whose contact it shows
	notes    []string // recipients about whose people it shows a note
	officer  bool     // it shows an officer: whom an order names, or who may approve
}

// Phones reports whether pages show the reader whom to call at recipients.
func (q *Request) Phones() bool { return q.May(calls.ActContactsRead) }

// Phone is a recipient's contact as far as the reader may see it, and notes that the page shows it.
func (q *Request) Phone(tx *bbolt.Tx, r *reductionlist.Recipient) (name, phone string) {
	if r.ContactRef == "" || !q.Phones() || !service.MayReadContact(q.Who, r.ID, r.Town) {
		return "", ""
	}
	if name, phone = q.frame.Svc.RecipientContact(tx, r.ContactRef); name != "" || phone != "" {
		q.SawContacts(r.ID)
	}
	return name, phone
}

// SawContacts notes that the page shows the contacts of recipients.
func (q *Request) SawContacts(recipients ...string) {
	q.seen.contacts = append(q.seen.contacts, recipients...)
}

// SawNote notes that the page shows a note about people of a recipient.
func (q *Request) SawNote(recipient string) { q.seen.notes = append(q.seen.notes, recipient) }

// SawOfficer notes that the page shows the officer whom an order names.
func (q *Request) SawOfficer(o *notify.View) { q.SawColleague(o.Contact.Name, o.Contact.Phone) }

// SawColleague notes that the page shows the name or the telephone of somebody of the office.
func (q *Request) SawColleague(name, phone string) {
	q.seen.officer = q.seen.officer || name != "" || phone != ""
}

// recordSeen records what the page at a pattern has shown.
func (q *Request) recordSeen(pattern string) {
	by := service.Ask{Who: q.Who, Call: pattern}
	q.frame.saw(by, access.SeenContact, q.seen.contacts, false)
	q.frame.saw(by, access.SeenNote, q.seen.notes, false)
	if q.seen.officer {
		q.frame.Svc.Saw(by, service.Reading{Kind: access.SeenDutyContact, Count: 1, Still: true})
	}
}

// saw records of which recipients somebody saw a kind of data; still says that the page draws itself anew.
func (f *Frame) saw(by service.Ask, kind string, recipients []string, still bool) {
	if len(recipients) > 0 {
		slices.Sort(recipients)
		f.Svc.Saw(by, service.Reading{Kind: kind, Recipients: slices.Compact(recipients), Still: still})
	}
}

// shows renders a part and returns the recipients whose contacts stand in it. They are recorded for each reader of the
// part, not only for the one who had it rendered.
func (q *Request) shows(render func() error) (contacts []string, err error) {
	before := q.seen
	q.seen = personalData{}
	err = render()
	contacts, q.seen = q.seen.contacts, before
	return contacts, err
}
