package reductionlist

import (
	"bytes"
	"slices"

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
// imported row would be refused for is refused here too.
func (l *List) Amend(a Amendment) error {
	if !isDate(a.EffectiveFrom) {
		return refusal.Input([]refusal.Field{{Path: "effective_from", Rule: "list.date", Args: refusal.Args{"value": a.EffectiveFrom}}})
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
		if err := refusal.Unmarshal(a.Change, &m); err != nil {
			return refusal.Within("change", err)
		}
		m.ID = a.MeasureID
		if i < 0 {
			amended.Measures = append(amended.Measures, m)
		} else {
			amended.Measures[i] = m
		}
		if err := l.admissible(&amended); err != nil {
			return err
		}
	}
	r.Measures, l.EffectiveFrom = amended.Measures, a.EffectiveFrom
	if l.EffectiveTo != "" && l.EffectiveTo < l.EffectiveFrom {
		l.EffectiveTo = ""
	}
	l.Sort()
	return nil
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
	if m.Quantity != nil {
		q := *m.Quantity
		m.Quantity = &q
	}
	return m
}

// admissible takes a recipient through the checks of the workbook, so that there is one set of rules.
func (l *List) admissible(r *Recipient) error {
	one := *l
	one.Recipients = []*Recipient{r}
	var buf bytes.Buffer
	if err := one.WriteWorkbook(&buf); err != nil {
		return err
	}
	_, found, err := ReadWorkbookBytes(buf.Bytes())
	if err != nil {
		return err
	}
	var wrong []refusal.Field
	for _, f := range found {
		if f.Severity == SeverityError && f.Sheet == sheetMeasures {
			wrong = append(wrong, refusal.Field{Path: "change." + f.Column, Rule: f.Rule, Args: f.Args})
		}
	}
	return refusal.Input(wrong)
}
