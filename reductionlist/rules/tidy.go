package rules

import (
	"strings"

	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// JSON that a person sends is brought into the form here that a cell of a workbook gets when it is read: a list is the
// same whichever way it came.

func tidyRecipient(r *list.Recipient) {
	tidy(list.RecipientSheet, r)
	for i := range r.Lines {
		tidy(list.LineSheet, &r.Lines[i])
	}
	for i := range r.Measures {
		tidyMeasure(&r.Measures[i])
	}
	for i := range r.Units {
		tidy(list.UnitSheet, &r.Units[i])
	}
	for i := range r.Furnaces {
		tidy(list.FurnaceSheet, &r.Furnaces[i])
	}
	if r.Pit != nil {
		tidy(list.PitSheet, r.Pit)
	}
}

// tidy brings the cells of a row into their form. Contacts are no part of what is amended.
func tidy[T any](sheet list.Sheet[T], row *T) {
	for i := range sheet.Columns {
		c := &sheet.Columns[i]
		if c.Form == list.Number {
			*c.Number(row) = text.Round12(*c.Number(row))
			continue
		}
		if said, ok := c.Value(row).(string); !ok || said == "" || c.Text == nil {
			continue
		}
		cell := c.Text(row)
		*cell = c.Form.Plain(text.Trim(*cell))
	}
	n := sheet.Notes(row)
	n.Note = text.Trim(n.Note)
	if n.Extra == nil {
		return
	}
	extra := map[string]string{}
	for column, said := range n.Extra {
		if column, said = text.Trim(column), text.Trim(said); column != "" && said != "" {
			extra[column] = said
		}
	}
	if n.Extra = extra; len(extra) == 0 {
		n.Extra = nil
	}
}

func tidyMeasure(m *list.Measure) {
	tidy(list.MeasureSheet, m)
	if q := m.Quantity; q != nil {
		q.Unit, q.Value = text.Narrow(text.Trim(q.Unit)), text.Round12(q.Value)
		if q.Kind == "" {
			q.Kind, _ = list.KindOf(m.Action)
		}
	}
	for i := range m.Monitors {
		mon := &m.Monitors[i]
		mon.Ref, mon.Factor = text.Narrow(text.Trim(mon.Ref)), text.Narrow(text.Trim(mon.Factor))
	}
	if len(m.Monitors) == 0 {
		m.Monitors = nil
	}
	if m.Evidence = text.Several(strings.Join(m.Evidence, "；")); len(m.Evidence) == 0 {
		m.Evidence = nil
	}
	m.SortLevels()
}
