package rules

import (
	"slices"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// Fault is one thing wrong in a list, by the keys of its row; [Judge] makes a finding of it where the list stands in a
// file.
type Fault struct {
	Severity  string
	Sheet     string
	Recipient string // empty for the whole list
	// of the row within the recipient, like that of a change between two lists
	Key    string
	Column string
	Rule   string
	Args   refusal.Args

	at rowRef
	// first is the row with which it has the fault in common, at firstColumn. That row is told itself where firstTold.
	first       rowRef
	firstColumn string
	firstTold   bool
}

// rowRef is the row that a fault is found in: of a recipient the row of a sheet; without a recipient the whole list.
type rowRef struct {
	r     *list.Recipient
	sheet string
	i     int
	key   string // of 基本情况
}

// checker collects faults.
type checker struct {
	s      *Settings
	around *surroundings
	rows   map[*list.Recipient]*list.Rows // where the list stands in a file; nil for a list that stands in none
	lost   func(column string) bool       // a cell of the row at hand that could not be read
	faults []Fault
	towns  map[string]rowRef // the first recipient of each town that is unknown
	found  cellFaults        // of the row at hand, kept for its memory
	here   rowRef            // the row at hand
}

func (c *checker) add(f cellFault, at rowRef, key string) {
	made := Fault{Severity: f.grade(), Sheet: at.sheet, Key: key, Column: f.column, Rule: f.rule, Args: f.args, at: at}
	if at.r != nil {
		made.Recipient = at.r.ID
	}
	c.faults = append(c.faults, made)
}

// shared says with which cell the fault that was added last is shared.
func (c *checker) shared(first rowRef, column string, told bool) {
	f := &c.faults[len(c.faults)-1]
	f.first, f.firstColumn, f.firstTold = first, column, told
}

func (c *checker) list(column, rule string, args refusal.Args) {
	c.add(cellFault{rule: rule, column: list.MaskPhones(column), args: args},
		rowRef{sheet: list.SheetHead, key: column}, "")
}

func (c *checker) recipient(r *list.Recipient, column, rule string, args refusal.Args) {
	c.add(cellFault{rule: rule, column: column, args: args}, rowRef{r: r, sheet: list.SheetRecipients}, "")
}

func (c *checker) line(r *list.Recipient, i int, column, rule string, args refusal.Args) {
	c.add(cellFault{rule: rule, column: column, args: args}, rowRef{r: r, sheet: list.SheetLines, i: i}, r.Lines[i].ID)
}

func (c *checker) measure(r *list.Recipient, i int, column, rule string, args refusal.Args) {
	c.add(cellFault{rule: rule, column: column, args: args}, rowRef{r: r, sheet: list.SheetMeasures, i: i},
		list.MeasureKey(&r.Measures[i]))
}

// beside finds what only shows across rows. Of rows that have no place in the list it finds what they show beside
// nothing but the district, and what they have in common with others.
func (c *checker) beside(l *list.List, astray []*list.Recipient) {
	c.towns = map[string]rowRef{}
	c.around = surroundingsOf(l, c.s)
	if cell := c.around.badBox; cell != "" {
		c.list(list.KeyBox, "list.district_box", refusal.Args{"value": cell})
	}
	var sum [4]list.Amounts
	for _, r := range l.Recipients {
		rungs := r.Rungs()
		c.within(r, rungs)
		list.AddLevels(&sum, r.Reductions(rungs))
	}
	all := slices.Clip(l.Recipients)
	for _, r := range astray {
		c.alone(r)
		if c.at(r).Recipient != (list.Place{}) || len(r.Lines) > 0 {
			all = append(all, r)
		}
	}
	c.sameCodes(all)
	c.sameNames(all)
	for _, s := range shortfalls(list.RatiosOf(sum, l.Emission), l.Emission, c.s) {
		c.list("", "list.bottom_line", refusal.Args{"level": list.LevelWords.Word(s.Level), "pollutant": s.Pollutant,
			"ratio": text.Short(s.Ratio * 100), "want": text.Short(s.Want * 100)})
	}
}

// within finds what the rows of one recipient show beside each other and beside what is around them.
func (c *checker) within(r *list.Recipient, rungs []list.Rung) {
	over := c.alone(r)
	c.gradeAndCategory(r)
	c.microEmission(r)
	c.once(r)
	for i := range r.Measures {
		c.found = c.found[:0]
		besideRecipient(r, &r.Measures[i], c.s, &c.found)
		for _, f := range c.found {
			c.add(f, rowRef{r: r, sheet: list.SheetMeasures, i: i}, list.MeasureKey(&r.Measures[i]))
		}
	}
	c.periods(r)
	c.amounts(r, rungs, over)
}

// alone finds what a recipient's rows show beside the district alone. It says which of its measures exceed that.
func (c *checker) alone(r *list.Recipient) (over map[int][4]bool) {
	c.town(r)
	c.place(r)
	over = c.overDistrict(r)
	c.ownCodes(r)
	return over
}

// once finds rows of a recipient that say what another row says. Such a row of a workbook never gets a place in the
// list.
func (c *checker) once(r *list.Recipient) {
	lines := map[string]int{}
	for i := range r.Lines {
		id := r.Lines[i].ID
		if first, twice := lines[id]; twice {
			c.line(r, i, "编号", "list.duplicate",
				refusal.Args{"value": r.ID + " " + id, "sheet": list.SheetLines, "first": rowNumber(c.at(r).Lines, first)})
			continue
		}
		lines[id] = i
	}
	for i := range r.Measures {
		m := &r.Measures[i]
		for k := range i {
			other := &r.Measures[k]
			if other.ID != m.ID {
				continue
			}
			both := slices.IndexFunc(m.Levels, func(l alerts.Level) bool { return slices.Contains(other.Levels, l) })
			if both < 0 {
				continue
			}
			c.measure(r, i, "措施编号", "list.duplicate",
				refusal.Args{"value": r.ID + " " + m.ID + " " + list.LevelWords.Word(m.Levels[both]),
					"sheet": list.SheetMeasures, "first": rowNumber(c.at(r).Measures, k)})
			break
		}
	}
}

var nowhere list.Rows

func (c *checker) at(r *list.Recipient) *list.Rows {
	if rows := c.rows[r]; rows != nil {
		return rows
	}
	return &nowhere
}

// head finds what 基本情况 shows by itself.
func (c *checker) head(l *list.List) {
	for _, cell := range []struct{ key, value string }{{list.KeyName, l.Name}, {list.KeyRegion, l.Region},
		{list.KeyFrom, l.EffectiveFrom}} {
		if cell.value == "" {
			c.found = c.found[:0]
			required(cell.key, &c.found)
			c.add(c.found[0], rowRef{sheet: list.SheetHead, key: cell.key}, "")
		}
	}
	if l.Region != "" && !regionForm.MatchString(l.Region) {
		c.list(list.KeyRegion, "list.region", refusal.Args{"value": l.Region})
	}
	if l.EffectiveFrom != "" && l.EffectiveTo != "" && l.EffectiveTo < l.EffectiveFrom {
		c.list(list.KeyTo, "list.dates_reversed", refusal.Args{"value": l.EffectiveTo})
	}
	free := map[string]string{list.KeyName: l.Name, list.KeyCompiledBy: l.CompiledBy, list.ColumnNote: l.Note}
	for key, value := range l.Extra {
		free[key] = value
	}
	for _, key := range sortedKeys(free) {
		if longName(key, free[key]) {
			c.list(key, "list.name_long", refusal.Args{"limit": longestName, "value": text.Clip(free[key])})
		}
		if list.HoldsPhone(key + " " + free[key]) {
			c.list(key, "list.phone_in_record", nil)
		}
	}
	if len(l.Recipients) == 0 {
		c.list("", "list.empty", refusal.Args{"value": 0})
	}
}
