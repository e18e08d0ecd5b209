package reductionlist

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Amendment changes one measure between two editions of the list. It makes a new version: load the one it is
// based on, amend it, and import the result.
type Amendment struct {
	RecipientID string
	MeasureID   string
	// Level picks the row where the measure has several; it may be empty where it has one.
	Level alerts.Level
	// Change is JSON with the members of Measure that change; nil takes the row out.
	Change        []byte
	EffectiveFrom string // 2006-01-02
}

// Amend carries out an amendment on l. A new measure is one whose id the recipient does not have yet. What an
// imported row would be refused for is refused here too, and what stands in l then is what an import of it would give.
func (l *List) Amend(a Amendment) error {
	if err := checkDay(a.EffectiveFrom); err != nil {
		return err
	}
	r, err := l.Find(a.RecipientID)
	if err != nil {
		return err
	}
	i, err := r.row(a)
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
	default:
		m := Measure{ID: a.MeasureID}
		if i >= 0 {
			m = amended.Measures[i].clone()
		}
		m.forget(a.Change)
		if err := refusal.Unmarshal(a.Change, &m); err != nil {
			return refusal.Within("change", err)
		}
		m.ID = a.MeasureID
		if i < 0 {
			amended.Measures = append(amended.Measures, m)
		} else {
			amended.Measures[i] = m
		}
		read, err := l.admissible(&amended, func(f Finding) string {
			if f.Sheet != sheetMeasures {
				return ""
			}
			return "change." + f.Column
		})
		if err != nil {
			return err
		}
		amended.Measures = read.Measures
	}
	r.Measures = amended.Measures
	l.begins(a.EffectiveFrom)
	l.Sort()
	return nil
}

func checkDay(day string) error {
	if isDate(day) {
		return nil
	}
	return refusal.Input([]refusal.Field{{Path: "effective_from", Rule: "list.date", Args: refusal.Args{"value": day}}})
}

// begins moves the first day of l. An end that would lie before it is none any more.
func (l *List) begins(day string) {
	l.EffectiveFrom = day
	if l.EffectiveTo != "" && l.EffectiveTo < l.EffectiveFrom {
		l.EffectiveTo = ""
	}
}

// RecipientAmendment adds, changes or retires one recipient between two editions of the list; see [Amendment].
type RecipientAmendment struct {
	ID string
	// Change is JSON with the members of Recipient that change, a list or map among them whole; nil takes the recipient out.
	Change        []byte
	EffectiveFrom string // 2006-01-02
}

// AmendRecipient carries out an amendment on l, as [List.Amend] does. A recipient that l does not have is added. Contacts
// are no part of it: who has one keeps it.
func (l *List) AmendRecipient(a RecipientAmendment) error {
	if err := checkDay(a.EffectiveFrom); err != nil {
		return err
	}
	i := slices.IndexFunc(l.Recipients, func(r *Recipient) bool { return r.ID == a.ID })
	if a.Change == nil {
		if i < 0 {
			return refusal.New(refusal.NotFound, "list.no_recipient", refusal.Args{"recipient": a.ID})
		}
		l.Recipients = slices.Delete(l.Recipients, i, i+1)
		l.begins(a.EffectiveFrom)
		return nil
	}
	if !recipientID.MatchString(a.ID) {
		return refusal.Input([]refusal.Field{{Path: "recipient_id", Rule: "list.id_form", Args: refusal.Args{"value": a.ID}}})
	}
	if ReservedID(a.ID) {
		return refusal.Input([]refusal.Field{{Path: "recipient_id", Rule: "list.id_reserved", Args: refusal.Args{"value": a.ID}}})
	}
	r := &Recipient{ID: a.ID}
	if i >= 0 {
		r = l.Recipients[i].clone()
	}
	ref, contact := r.ContactRef, r.Contact
	r.ContactRef = ""
	r.forget(a.Change)
	if err := refusal.Unmarshal(a.Change, r); err != nil {
		return refusal.Within("recipient", err)
	}
	switch {
	case r.ContactRef != "":
		return refusal.Input([]refusal.Field{{Path: "recipient.contact_ref", Rule: "list.amend_contact"}})
	case r.ID != a.ID:
		return refusal.Input([]refusal.Field{{Path: "recipient.id", Rule: "http.not_as_path", Args: refusal.Args{"path": a.ID, "body": r.ID}}})
	}
	read, err := l.admissible(r, func(f Finding) string {
		switch f.Sheet {
		case sheetHead:
			return ""
		case sheetRecipients:
			return "recipient." + f.Column
		}
		return "recipient." + f.Sheet + "[" + strconv.Itoa(f.Row-2) + "]." + f.Column
	})
	if err != nil {
		return err
	}
	read.ContactRef, read.Contact = ref, contact
	if i >= 0 {
		l.Recipients[i] = read
	} else {
		l.Recipients = append(l.Recipients, read)
	}
	l.begins(a.EffectiveFrom)
	l.Sort()
	return nil
}

// clone shares nothing that decoding into it would overwrite.
func (r *Recipient) clone() *Recipient {
	c := *r
	c.Lines, c.Measures = slices.Clone(r.Lines), slices.Clone(r.Measures)
	c.Units, c.Furnaces = slices.Clone(r.Units), slices.Clone(r.Furnaces)
	c.Extra = maps.Clone(r.Extra)
	if r.Pit != nil {
		p := *r.Pit
		p.Extra = maps.Clone(p.Extra)
		c.Pit = &p
	}
	return &c
}

// given are the members that a change names. What is no object has none; decoding it says so.
func given(change []byte) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(change, &members)
	return members
}

// forget empties the lists and maps that a change gives anew: decoding would leave what was in their elements.
func (r *Recipient) forget(change []byte) {
	for name := range given(change) {
		switch strings.ToLower(name) {
		case "lines":
			r.Lines = nil
		case "measures":
			r.Measures = nil
		case "units":
			r.Units = nil
		case "furnaces":
			r.Furnaces = nil
		case "pit":
			r.Pit = nil
		case "extra":
			r.Extra = nil
		}
	}
}

func (m *Measure) forget(change []byte) {
	for name := range given(change) {
		switch strings.ToLower(name) {
		case "levels":
			m.Levels = nil
		case "monitor":
			m.Monitors = nil
		case "evidence":
			m.Evidence = nil
		case "extra":
			m.Extra = nil
		}
	}
}

// SameRecipient reports whether a list says the same of two recipients, whatever their contacts. Nil is "not there".
func SameRecipient(a, b *Recipient) bool {
	if a == nil || b == nil {
		return a == b
	}
	return sameRecipient(a, b)
}

// row finds the row an amendment means; -1 is a measure the recipient does not have.
func (r *Recipient) row(a Amendment) (int, error) {
	found, n := -1, 0
	for i, m := range r.Measures {
		if m.ID != a.MeasureID || a.Level != "" && !slices.Contains(m.Levels, a.Level) {
			continue
		}
		found, n = i, n+1
	}
	if n > 1 {
		return 0, refusal.Input([]refusal.Field{{Path: "level", Rule: "list.which_row", Args: refusal.Args{"measure": a.MeasureID, "count": n}}})
	}
	return found, nil
}

// clone shares nothing that decoding into it would overwrite.
func (m Measure) clone() Measure {
	m.Levels, m.Monitors, m.Evidence = slices.Clone(m.Levels), slices.Clone(m.Monitors), slices.Clone(m.Evidence)
	m.Extra = maps.Clone(m.Extra)
	if m.Quantity != nil {
		q := *m.Quantity
		m.Quantity = &q
	}
	return m
}

// admissible takes a recipient through the checks of the workbook, so that there is one set of rules, and returns it as it
// is read back. path says where in the amendment a finding is about, and is empty where it is about something else.
func (l *List) admissible(r *Recipient, path func(Finding) string) (*Recipient, error) {
	one := *l
	one.Recipients = []*Recipient{r}
	var buf bytes.Buffer
	if err := one.WriteWorkbook(&buf); err != nil {
		return nil, err
	}
	read, found, err := ReadWorkbookBytes(buf.Bytes())
	if err != nil {
		return nil, err
	}
	var wrong []refusal.Field
	for _, f := range found {
		if at := path(f); f.Severity == SeverityError && at != "" {
			wrong = append(wrong, refusal.Field{Path: at, Rule: f.Rule, Args: f.Args})
		}
	}
	if err := refusal.Input(wrong); err != nil {
		return nil, err
	}
	if len(read.Recipients) != 1 { // every reason for that was found above
		return nil, fmt.Errorf("reductionlist: recipient %s is not read back", r.ID)
	}
	return read.Recipients[0], nil
}
