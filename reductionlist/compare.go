package reductionlist

import (
	"slices"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Comparison is what is different between two lists and what that does to the reductions.
type Comparison struct {
	Added   int      `json:"recipients_added"`
	Removed int      `json:"recipients_removed"`
	Changed int      `json:"recipients_changed"`
	Changes []Change `json:"changes"`
	// Effects are one for each level. Sectors are those whose reductions differ at some level, all levels of each.
	Effects []Effect `json:"effects"`
	Sectors []Effect `json:"sectors"`
}

// Effect is how the reductions of a level, in a sector or in all, go from one list to the other.
type Effect struct {
	Sector    string       `json:"sector,omitempty"`
	Level     alerts.Level `json:"level"`
	From      Amounts      `json:"from_t_per_day"`
	To        Amounts      `json:"to_t_per_day"`
	Change    Amounts      `json:"change_t_per_day"`
	FromShare Amounts      `json:"from_share"` // of the emission that each list names
	ToShare   Amounts      `json:"to_share"`
}

// Compare is Diff with the effect on the reductions. It sorts both lists, and gives the same for the same lists.
func Compare(from, to *List) Comparison {
	return Compared(Diff(from, to), TotalsOf(from), TotalsOf(to))
}

// Compared is the comparison of two lists of which the changes and the totals are known.
func Compared(changes []Change, from, to Totals) Comparison {
	c := Comparison{Changes: changes}
	last := ""
	for _, ch := range c.Changes {
		switch {
		case ch.Recipient == "":
		case ch.Whole() && ch.Kind == Added:
			c.Added++
		case ch.Whole() && ch.Kind == Removed:
			c.Removed++
		case ch.Recipient != last:
			c.Changed++
		}
		last = ch.Recipient
	}
	a, b := from, to
	c.Effects = effects("", a.all, b.all, from.emission, to.emission)
	names := make([]string, 0, len(a.sectors))
	for name := range a.sectors {
		names = append(names, name)
	}
	for name := range b.sectors {
		if _, both := a.sectors[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if was, is := a.sectors[name], b.sectors[name]; was != is {
			c.Sectors = append(c.Sectors, effects(name, was, is, from.emission, to.emission)...)
		}
	}
	return c
}

// Whole reports whether a change is that of a whole recipient.
func (c Change) Whole() bool { return c.Sheet == sheetRecipients && c.Kind != Changed }

// Totals are the reductions of a list at each level, in all and by sector.
type Totals struct {
	emission Amounts
	all      [4]Amounts
	sectors  map[string][4]Amounts
}

// TotalsOf adds up a list.
func TotalsOf(l *List) Totals {
	t := NewTotals(l.Emission)
	for _, r := range l.Recipients {
		t.Add(r)
	}
	return t
}

// NewTotals are those of a list without recipients yet.
func NewTotals(emission Amounts) Totals {
	return Totals{emission: emission, sectors: map[string][4]Amounts{}}
}

// Add takes a recipient of the list into the totals. They depend on the order in their last digits; lists are in the order of
// ids.
func (t *Totals) Add(r *Recipient) {
	at := r.reductions(r.rungs())
	addAll(&t.all, at)
	name := r.Sector()
	sector := t.sectors[name]
	addAll(&sector, at)
	t.sectors[name] = sector
}

// Ratios are the reductions of each level as shares of the emission.
func (t *Totals) Ratios() []Ratio { return ratios(t.all, t.emission) }

// Shortfalls are the levels that fall short of the bottom line; see [Shortfalls].
func (t *Totals) Shortfalls(s Settings) []Shortfall { return shortfalls(t.Ratios(), t.emission, &s) }

func effects(sector string, from, to [4]Amounts, fromBase, toBase Amounts) []Effect {
	made := make([]Effect, len(levels.codes))
	for k, level := range levels.codes {
		e := Effect{Sector: sector, Level: level, From: from[k], To: to[k], FromShare: shareOf(from[k], fromBase), ToShare: shareOf(to[k], toBase)}
		was, is := e.From.parts(), e.To.parts()
		for i, p := range e.Change.parts() {
			*p.value = round12(*is[i].value - *was[i].value)
		}
		made[k] = e
	}
	return made
}

// In words a change in "zh-CN" or "en".
func (c Change) In(lang string) string {
	rule := "list.change.cell"
	switch {
	case c.Whole() && c.Kind == Added:
		rule = "list.change.added"
	case c.Whole():
		rule = "list.change.removed"
	case c.Kind == Added:
		rule = "list.change.row_added"
	case c.Kind == Removed:
		rule = "list.change.row_gone"
	case c.Recipient == "":
		rule = "list.change.head"
	}
	return refusal.Text(rule, lang, refusal.Args{"recipient": c.Recipient, "sheet": c.Sheet, "key": c.Key, "column": c.Column, "old": c.Old, "new": c.New})
}

// In words an effect in "zh-CN" or "en": one sentence for each pollutant that differs, none where nothing does.
func (e Effect) In(lang string) []string {
	var said []string
	was, is, change := e.From.parts(), e.To.parts(), e.Change.parts()
	fromShare, toShare := e.FromShare.parts(), e.ToShare.parts()
	for i := range change {
		if *change[i].value == 0 && *fromShare[i].value == *toShare[i].value {
			continue
		}
		rule := "list.effect"
		if *toShare[i].value > 0 || *fromShare[i].value > 0 {
			rule = "list.effect.share"
		}
		sign := ""
		if *change[i].value >= 0 {
			sign = "+"
		}
		level := levels.word(e.Level)
		if lang == "en" {
			level = string(e.Level)
		}
		said = append(said, refusal.Text(rule, lang, refusal.Args{"level": strings.TrimSpace(e.Sector + " " + level), "pollutant": was[i].name,
			"from": short(*was[i].value), "to": short(*is[i].value), "change": sign + short(*change[i].value),
			"from_share": short(*fromShare[i].value * 100), "to_share": short(*toShare[i].value * 100)}))
	}
	return said
}
