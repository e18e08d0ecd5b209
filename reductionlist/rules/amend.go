package rules

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// Amendment changes one measure between two editions of the list. It makes a new version: load the one it is
// based on, amend it, and record the result.
type Amendment struct {
	RecipientID string
	MeasureID   string
	// Level picks the row where the measure has several; it may be empty where it has one.
	Level alerts.Level
	// Change is JSON with the members of Measure that change; nil takes the row out.
	Change        []byte
	EffectiveFrom string // 2006-01-02
}

// Amend carries out an amendment on l. A new measure is one whose id the recipient does not have yet. It refuses
// whatever an imported row would be refused for, and whatever the amendment makes wrong in another row; faults that
// rows had before and that the amendment does not touch are let be. Afterwards l is what an import of it would give. A
// refused amendment leaves l as it is.
func Amend(l *list.List, a Amendment, s Settings) error {
	if err := checkDay(a.EffectiveFrom); err != nil {
		return err
	}
	r, err := l.Find(a.RecipientID)
	if err != nil {
		return err
	}
	i, err := rowOf(r, a)
	if err != nil {
		return err
	}
	amended := *r
	amended.Measures = slices.Clone(r.Measures)
	switch {
	case a.Change == nil && i < 0:
		return refusal.New(refusal.NotFound, "list.no_such_row", refusal.Args{"recipient": r.ID, "measure": a.MeasureID})
	case a.Change == nil:
		amended.Measures = slices.Delete(amended.Measures, i, i+1)
		i = -1
	default:
		if i < 0 {
			i = len(amended.Measures)
			amended.Measures = append(amended.Measures, list.Measure{ID: a.MeasureID})
		}
		m := cloneMeasure(&amended.Measures[i])
		forgetMeasure(&m, a.Change)
		if err := refusal.Unmarshal(a.Change, &m); err != nil {
			return refusal.Within("change", err)
		}
		m.ID = a.MeasureID
		tidyMeasure(&m)
		amended.Measures[i] = m
	}
	near := surroundingsOf(l, &s)
	near.listed = nil // no town is amended
	wrong := caused(near, r, &amended, func(at rowRef) bool { return at.sheet == list.SheetMeasures && at.i == i }, s)
	if err := refuse(wrong, func(f *Fault) string { return "change." + f.Column }); err != nil {
		return err
	}
	r.Measures = amended.Measures
	begins(l, a.EffectiveFrom)
	r.Sort()
	return nil
}

// townsLost refuses to take away, or to name otherwise, a town to which others belong and that the register lacks:
// theirs would be a town of none.
func townsLost(l *list.List, was, is *list.Recipient, path string, s *Settings) error {
	if was.Type != list.Town || is != nil && is.Type == list.Town && is.Name == was.Name {
		return nil
	}
	if s.Towns == nil {
		return nil
	}
	if register := s.Towns(l.Region); len(register) == 0 || slices.Contains(register, was.Name) {
		return nil
	}
	first, n := "", 0
	for _, r := range l.Recipients {
		switch {
		case r == was:
		case r.Type == list.Town && r.Name == was.Name:
			return nil
		case r.Town == was.Name:
			if n++; first == "" {
				first = r.ID
			}
		}
	}
	if n == 0 {
		return nil
	}
	return refuseAt(path, "list.town_in_use", refusal.Args{"town": was.Name, "first": first, "count": n})
}

func refuseAt(path, rule string, args refusal.Args) error {
	return refusal.Input([]refusal.Field{{Path: path, Rule: rule, Args: args}})
}

func checkDay(day string) error {
	if text.IsDay(day) {
		return nil
	}
	return refuseAt("effective_from", "list.date", refusal.Args{"value": day})
}

// begins moves the first day of l. An end that would lie before it is dropped.
func begins(l *list.List, day string) {
	l.EffectiveFrom = day
	if l.EffectiveTo != "" && l.EffectiveTo < l.EffectiveFrom {
		l.EffectiveTo = ""
	}
}

// RecipientAmendment adds, changes or retires one recipient between two editions of the list; see [Amendment].
type RecipientAmendment struct {
	ID string
	// Change is JSON with the members of Recipient that change, a list or map among them whole; nil takes the recipient
	// out.
	Change        []byte
	EffectiveFrom string // 2006-01-02
}

// AmendRecipient carries out an amendment on l, as [Amend] does. A recipient that l does not have is added. Contacts
// are no part of it: a recipient keeps the one it has.
func AmendRecipient(l *list.List, a RecipientAmendment, s Settings) error {
	if err := checkDay(a.EffectiveFrom); err != nil {
		return err
	}
	i := slices.IndexFunc(l.Recipients, func(r *list.Recipient) bool { return r.ID == a.ID })
	if a.Change == nil {
		if i < 0 {
			return refusal.New(refusal.NotFound, "list.no_recipient", refusal.Args{"recipient": a.ID})
		}
		if err := townsLost(l, l.Recipients[i], nil, "recipient_id", &s); err != nil {
			return err
		}
		l.Recipients = slices.Delete(l.Recipients, i, i+1)
		begins(l, a.EffectiveFrom)
		return nil
	}
	if !list.ValidID(a.ID) {
		return refuseAt("recipient_id", "list.id_form", refusal.Args{"value": a.ID})
	}
	if list.ReservedID(a.ID) {
		return refuseAt("recipient_id", "list.id_reserved", refusal.Args{"value": a.ID})
	}
	was, r := &list.Recipient{}, &list.Recipient{ID: a.ID}
	if i >= 0 {
		was, r = l.Recipients[i], cloneRecipient(l.Recipients[i])
		s.Account = nil // its id stands in the list already
	}
	ref := r.ContactRef
	r.ContactRef = ""
	forgetRecipient(r, a.Change)
	if err := refusal.Unmarshal(a.Change, r); err != nil {
		return refusal.Within("recipient", err)
	}
	switch {
	case r.ContactRef != "":
		return refuseAt("recipient.contact_ref", "list.amend_contact", nil)
	case r.ID != a.ID:
		return refuseAt("recipient.id", "http.not_as_path", refusal.Args{"path": a.ID, "body": r.ID})
	}
	tidyRecipient(r)
	r.Sort()
	near := surroundingsOf(l, &s)
	if r.Type == list.Town {
		near.listed = func() map[string]bool { towns := townsOf(l); towns[r.Name] = true; return towns }
	}
	wrong := caused(near, was, r, func(at rowRef) bool { return !unchanged(was, r, at) }, s)
	err := refuse(wrong, func(f *Fault) string {
		if f.Sheet == list.SheetRecipients {
			return "recipient." + f.Column
		}
		return "recipient." + f.Sheet + indexed(f.at.i) + "." + f.Column
	})
	if err == nil {
		err = townsLost(l, was, r, "recipient.名称", &s)
	}
	if err != nil {
		return err
	}
	r.ContactRef = ref
	if i >= 0 {
		l.Recipients[i] = r
	} else {
		l.Recipients = append(l.Recipients, r)
		l.Sort()
	}
	begins(l, a.EffectiveFrom)
	return nil
}

// caused are the errors that an amendment is refused for: those in the rows that it gives, and those elsewhere that
// were not there before. A rule that is newer than a list finds errors in rows that nobody touches; they are no fault
// of the amendment. Across recipients nothing but towns is an error, see [townsLost]; nor is a rule that looks at the
// whole list and at measures.
func caused(a *surroundings, was, is *list.Recipient, given func(rowRef) bool, s Settings) (wrong []Fault) {
	before := map[string]int{}
	for _, f := range errorsOf(was, a, &s) {
		before[f.identity()]++
	}
	for _, f := range errorsOf(is, a, &s) {
		id := f.identity()
		if before[id]--; given(f.at) || before[id] < 0 {
			wrong = append(wrong, f)
		}
	}
	return wrong
}

// errorsOf are the errors in a recipient's rows, by themselves and beside each other.
func errorsOf(r *list.Recipient, a *surroundings, s *Settings) []Fault {
	c := checker{s: s, around: a}
	c.own(r, nil)
	c.within(r, r.Rungs())
	return slices.DeleteFunc(c.faults, func(f Fault) bool { return f.Severity != mistake })
}

// identity tells whether two faults, of a list before and after a change, are the same.
func (f *Fault) identity() string {
	return strings.Join([]string{f.Sheet, f.Key, f.Column, f.Rule, argKey(f.Args)}, "\x00")
}

// unchanged reports whether the row of is was in was already.
func unchanged(was, is *list.Recipient, at rowRef) bool {
	switch at.sheet {
	case list.SheetLines:
		return holds(was.Lines, is.Lines[at.i])
	case list.SheetMeasures:
		return holds(was.Measures, is.Measures[at.i])
	case list.SheetUnits:
		return holds(was.Units, is.Units[at.i])
	case list.SheetFurnaces:
		return holds(was.Furnaces, is.Furnaces[at.i])
	case list.SheetPits:
		return reflect.DeepEqual(was.Pit, is.Pit)
	}
	return list.SameRecipient(bare(was), bare(is))
}

func holds[T any](rows []T, row T) bool {
	return slices.ContainsFunc(rows, func(other T) bool { return reflect.DeepEqual(other, row) })
}

// bare is a recipient's own row.
func bare(r *list.Recipient) *list.Recipient {
	own := *r
	own.Lines, own.Measures, own.Units, own.Furnaces, own.Pit = nil, nil, nil, nil, nil
	return &own
}

func refuse(wrong []Fault, path func(*Fault) string) error {
	var fields []refusal.Field
	for i := range wrong {
		fields = append(fields, refusal.Field{Path: path(&wrong[i]), Rule: wrong[i].Rule, Args: wrong[i].Args})
	}
	return refusal.Input(fields)
}

// rowOf finds the row an amendment means; -1 is a measure the recipient does not have.
func rowOf(r *list.Recipient, a Amendment) (int, error) {
	found, n := -1, 0
	for i := range r.Measures {
		if m := &r.Measures[i]; m.ID == a.MeasureID && (a.Level == "" || slices.Contains(m.Levels, a.Level)) {
			found, n = i, n+1
		}
	}
	if n > 1 {
		return 0, refuseAt("level", "list.which_row", refusal.Args{"measure": a.MeasureID, "count": n})
	}
	return found, nil
}

// cloneRecipient shares nothing that decoding into it would overwrite.
func cloneRecipient(r *list.Recipient) *list.Recipient {
	c := *r
	c.Lines, c.Measures = slices.Clone(r.Lines), slices.Clone(r.Measures)
	for i := range c.Measures {
		c.Measures[i] = cloneMeasure(&c.Measures[i])
	}
	c.Units, c.Furnaces = slices.Clone(r.Units), slices.Clone(r.Furnaces)
	c.Extra = maps.Clone(r.Extra)
	if r.Pit != nil {
		p := *r.Pit
		p.Extra = maps.Clone(p.Extra)
		c.Pit = &p
	}
	return &c
}

// cloneMeasure shares nothing that decoding into it would overwrite.
func cloneMeasure(m *list.Measure) list.Measure {
	c := *m
	c.Levels, c.Monitors, c.Evidence = slices.Clone(m.Levels), slices.Clone(m.Monitors), slices.Clone(m.Evidence)
	c.Extra = maps.Clone(m.Extra)
	if m.Quantity != nil {
		q := *m.Quantity
		c.Quantity = &q
	}
	return c
}

// membersOf are the members that a change names. A change that is no object has none, and decoding it says so.
func membersOf(change []byte) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(change, &members)
	return members
}

// forgetRecipient empties what a change gives anew and decoding would add to: a map and what a pointer points to. A
// list begins anew by itself.
func forgetRecipient(r *list.Recipient, change []byte) {
	for name := range membersOf(change) {
		switch strings.ToLower(name) {
		case "pit":
			r.Pit = nil
		case "extra":
			r.Extra = nil
		}
	}
}

func forgetMeasure(m *list.Measure, change []byte) {
	for name := range membersOf(change) {
		if strings.ToLower(name) == "extra" {
			m.Extra = nil
		}
	}
}
