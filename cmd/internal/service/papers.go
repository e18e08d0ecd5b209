package service

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"slices"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/papers"
	"qingkong/reductionlist"
)

// Publishing is what a district puts on its papers.
type Publishing struct {
	District  string
	PublicURL string // address of the public pages, for the QR codes; empty: the address a paper was asked for at
	Watch     string // 监督电话
}

// mayDraft reports whether a reader sees versions that never counted.
func (a Ask) mayDraft() bool {
	return a.Who != nil && calls.Allowed(a.Who.Role, calls.ActListsRead)
}

// PublishedVersion refuses a version that the reader may not see papers of: one that never counted is for those who
// keep the list, and to all others it isn't there.
func PublishedVersion(a Ask, v *reductionlist.Version) error {
	if err := counted(a, v); err != nil {
		return err
	}
	if v.Errors > 0 {
		return terms.Transition(terms.ListState, "list.export_damaged", v.State, refusal.Args{"version": v.ID})
	}
	return nil
}

// counted refuses a version that never counted to whoever does not keep the list.
func counted(a Ask, v *reductionlist.Version) error {
	if v.State == reductionlist.StateActive || v.State == reductionlist.StateReplaced || a.mayDraft() {
		return nil
	}
	return refusal.New(refusal.NotFound, "list.no_version", refusal.Args{"version": v.ID})
}

// PaperOf are the facts of a recipient's papers by the list that is asked for.
func (s *Service) PaperOf(a Ask, in calls.PaperQuery) (papers.Facts, error) {
	v, err := journal.Read(s.J, func(tx *bbolt.Tx) (reductionlist.Version, error) {
		v, found, err := s.listFor(tx, in.ListRef)
		if err == nil && !found {
			err = unknownRecipient(in.ID)
		}
		return v, err
	})
	if err != nil {
		return papers.Facts{}, err
	}
	return s.PaperFacts(a, &v, in.ID)
}

// PaperFacts are what a recipient's papers say to a reader. A recipient that is not there, or that the reader may not
// see, is refused as unknown. The contact counts as read.
func (s *Service) PaperFacts(a Ask, v *reductionlist.Version, recipient string) (f papers.Facts, err error) {
	if err := PublishedVersion(a, v); err != nil {
		return f, err
	}
	err = s.J.View(func(tx *bbolt.Tx) error {
		row, err := reductionlist.GetRecipient(tx, v.ID, recipient)
		if refusal.CodeOf(err) == refusal.NotFound || err == nil && a.Who != nil && !Visible(a.Who, row.ID, row.Town) {
			return unknownRecipient(recipient)
		}
		if err == nil {
			f, err = s.facts(tx, a, v, row)
		}
		return err
	})
	if err == nil && f.Contact.State == papers.Known {
		s.Saw(a, Reading{Kind: access.SeenContact, Recipients: []string{recipient}})
	}
	return f, err
}

func (s *Service) facts(tx *bbolt.Tx, a Ask, v *reductionlist.Version, r *reductionlist.Recipient) (papers.Facts,
	error) {
	c, err := paperContact(tx, r, MayReadContact(a.Who, r.ID, r.Town))
	return s.factsOf(a, v, papers.Row{Recipient: r, Contact: c}), err
}

// factsOf are what the papers of a row say.
func (s *Service) factsOf(a Ask, v *reductionlist.Version, row papers.Row) papers.Facts {
	f := papers.Facts{Recipient: row.Recipient, Contact: row.Contact,
		List:     papers.ListOf(v.ID, &v.List, v.Source == DemoSource),
		District: s.Publishing.District, Watch: s.Publishing.Watch, Lang: a.Lang}
	if base := cmp.Or(s.Publishing.PublicURL, a.Base); base != "" {
		f.Page = papers.PublicAddress(base, row.Recipient.ID)
	}
	return f
}

// paperContact is a recipient's contact out of the vault, or why it is not given. The reference does not go further.
func paperContact(tx *bbolt.Tx, row *reductionlist.Recipient, may bool) (papers.Contact, error) {
	ref := row.ContactRef
	row.ContactRef = ""
	if ref == "" {
		return papers.Contact{}, nil
	}
	text := journal.ReadVault(tx, ref)
	switch {
	case text == nil:
		return papers.Contact{State: papers.Erased}, nil
	case !may:
		return papers.Contact{State: papers.Withheld}, nil
	}
	c := papers.Contact{State: papers.Known}
	return c, json.Unmarshal(text, &c.Contact)
}

// chunk is how many recipients are read in one transaction; what they are written to may be slow.
const chunk = 200

// eachRow hands over the recipients of a version, or of one of its towns, with no transaction open meanwhile.
func (s *Service) eachRow(v *reductionlist.Version, town string, all, contacts bool, row func(papers.Row) error) error {
	match := func(r *reductionlist.Recipient) bool { return all || r.Town == town }
	for cursor, more := "", true; more; more = cursor != "" {
		var rows []papers.Row
		err := s.J.View(func(tx *bbolt.Tx) error {
			var found []*reductionlist.Recipient
			var err error
			found, cursor, err = reductionlist.SearchRecipients(tx, v.ID, cursor, town, chunk, 50*chunk, match)
			if err != nil {
				return err
			}
			for _, r := range found {
				c, err := paperContact(tx, r, contacts)
				if err != nil {
					return err
				}
				rows = append(rows, papers.Row{Recipient: r, Contact: c})
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := row(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// PaperBatch writes the papers of all recipients of a version as a zip archive. All their contacts count as read.
func (s *Service) PaperBatch(w io.Writer, a Ask, v *reductionlist.Version, kinds []papers.Kind,
	format papers.Format) error {
	contacts := calls.Allowed(a.Who.Role, calls.ActContactsRead)
	if contacts {
		s.Saw(a, Reading{Kind: access.SeenContact, List: v.ID, Count: v.Count})
	}
	return papers.Batch(w, kinds, format, func(add func(papers.Facts) error) error {
		return s.eachRow(v, "", true, contacts, func(row papers.Row) error { return add(s.factsOf(a, v, row)) })
	})
}

func (s *Service) roll(a Ask, v *reductionlist.Version) papers.Roll {
	return papers.Roll{List: papers.ListOf(v.ID, &v.List, v.Source == DemoSource), District: s.Publishing.District,
		Watch: s.Publishing.Watch, Lang: a.Lang}
}

// PublicList writes a version without personal data.
func (s *Service) PublicList(w io.Writer, a Ask, v *reductionlist.Version, format papers.Format) error {
	rows := papers.Rows(func(row func(papers.Row) error) error { return s.eachRow(v, "", true, false, row) })
	if format == papers.XLSX {
		return s.roll(a, v).PublicWorkbook(w, rows)
	}
	return s.roll(a, v).PublicHTML(w, rows, "", "", "")
}

// TownList writes a version by town: all of them, or the one asked for. A town's own account gets its town alone. All
// contacts that are shown count as read.
func (s *Service) TownList(w io.Writer, a Ask, v *reductionlist.Version, town string, format papers.Format) error {
	towns := slices.Sorted(maps.Keys(v.Towns))
	counted := 0
	for _, n := range v.Towns {
		counted += n
	}
	if counted < v.Added {
		towns = append(towns, "")
	}
	if a.Who.Role == calls.Town {
		town = a.Who.Town
	}
	if town != "" {
		towns = []string{town}
	}
	roll := s.roll(a, v)
	roll.Contacts = calls.Allowed(a.Who.Role, calls.ActContactsRead)
	var groups []papers.Group
	for _, name := range towns {
		groups = append(groups, papers.Group{Town: name, Rows: func(row func(papers.Row) error) error {
			return s.eachRow(v, name, false, roll.Contacts, row)
		}})
	}
	if roll.Contacts { // noted before it is written: a reader that breaks off has seen a part of it
		count := v.Added
		if town != "" {
			count = v.Towns[town]
		}
		s.Saw(a, Reading{Kind: access.SeenContact, List: v.ID, Count: count})
	}
	if format == papers.XLSX {
		return roll.TownWorkbook(w, groups)
	}
	return roll.TownHTML(w, groups)
}

// Public is a page for everybody about one recipient of the list in force. It is about nobody's contact.
func (s *Service) Public(w io.Writer, a Ask, recipient, list string) error {
	var now papers.Standing
	f, err := journal.Read(s.J, func(tx *bbolt.Tx) (f papers.Facts, err error) {
		if now, err = s.standing(tx); err != nil {
			return f, err
		}
		v, row, err := listedRecipient(tx, recipient, s.J.Wall())
		if err != nil {
			return papers.Facts{}, err
		}
		return s.facts(tx, Ask{Lang: a.Lang}, &v, row)
	})
	if err != nil {
		return err
	}
	return papers.Public(w, f, now, list)
}

// Standing is what the district's warning asks for now.
func (s *Service) Standing() (papers.Standing, error) { return journal.Read(s.J, s.standing) }

func (s *Service) standing(tx *bbolt.Tx) (papers.Standing, error) {
	w, err := alerts.LiveWarning(tx, s.Region)
	return papers.StandingOf(w, s.J.Now()), err
}

// PublicPage writes one page of the list in force for everybody. address gives the address of the page after a cursor;
// next is empty at the end. It is refused as not_found where no list is in force.
func (s *Service) PublicPage(w io.Writer, a Ask, town, cursor string, limit int, address func(cursor string) string,
	book string) error {
	var v reductionlist.Version
	var found []*reductionlist.Recipient
	next := ""
	err := s.J.View(func(tx *bbolt.Tx) (err error) {
		if v, err = reductionlist.Current(tx, s.J.Wall()); err != nil {
			return err
		}
		found, next, err = reductionlist.SearchRecipients(tx, v.ID, cursor, town, limit, 50*chunk,
			func(r *reductionlist.Recipient) bool { return town == "" || r.Town == town })
		return err
	})
	if err != nil {
		return err
	}
	rows := papers.Rows(func(row func(papers.Row) error) error {
		for _, one := range found {
			one.ContactRef = ""
			if err := row(papers.Row{Recipient: one}); err != nil {
				return err
			}
		}
		return nil
	})
	home := ""
	if cursor != "" {
		home = address("")
	}
	if next != "" {
		next = address(next)
	}
	return s.roll(a, &v).PublicHTML(w, rows, next, home, book)
}

// PublicVersion is the list in force for everybody; it is refused as not_found where no list is in force.
func (s *Service) PublicVersion() (reductionlist.Version, error) {
	return journal.ReadBy(s.J, reductionlist.Current, s.J.Wall())
}
