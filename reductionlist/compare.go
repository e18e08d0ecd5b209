package reductionlist

import (
	"maps"
	"slices"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist/internal/text"
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

// ComparisonOf is the comparison of two lists of which the changes and the totals are known.
func ComparisonOf(changes []Change, from, to Totals) Comparison {
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
	c.Effects = effects("", from.all, to.all, from.emission, to.emission)
	names := slices.AppendSeq(slices.Collect(maps.Keys(from.sectors)), maps.Keys(to.sectors))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if was, is := from.sectors[name], to.sectors[name]; was != is {
			c.Sectors = append(c.Sectors, effects(name, was, is, from.emission, to.emission)...)
		}
	}
	return c
}

// Whole reports whether a change is that of a whole recipient.
func (c Change) Whole() bool { return c.Sheet == SheetRecipients && c.Kind != Changed }

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

// Add takes a recipient of the list into the totals. They depend on the order in their last digits; lists are in the
// order of ids.
func (t *Totals) Add(r *Recipient) {
	at := r.Reductions(r.Rungs())
	AddLevels(&t.all, at)
	name := r.Sector()
	sector := t.sectors[name]
	AddLevels(&sector, at)
	t.sectors[name] = sector
}

// Emission is that of the list.
func (t Totals) Emission() Amounts { return t.emission }

// Ratios are the reductions of each level as shares of the emission. A recipient that has long been closed and idle
// lines count for nothing.
func (t Totals) Ratios() []Ratio { return RatiosOf(t.all, t.emission) }

func effects(sector string, from, to [4]Amounts, fromBase, toBase Amounts) []Effect {
	made := make([]Effect, len(LevelWords.Codes))
	for k, level := range LevelWords.Codes {
		e := Effect{Sector: sector, Level: level, From: from[k], To: to[k], FromShare: shareOf(from[k], fromBase),
			ToShare: shareOf(to[k], toBase)}
		was, is := e.From.Parts(), e.To.Parts()
		for i, p := range e.Change.Parts() {
			*p.Value = text.Round12(*is[i].Value - *was[i].Value)
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
	return refusal.Text(rule, lang, refusal.Args{"recipient": c.Recipient, "sheet": c.Sheet, "key": c.Key,
		"column": c.Column, "old": c.Old, "new": c.New})
}

// In words an effect in "zh-CN" or "en": one sentence for each pollutant that differs, none where nothing does.
func (e Effect) In(lang string) []string {
	var said []string
	was, is, change := e.From.Parts(), e.To.Parts(), e.Change.Parts()
	fromShare, toShare := e.FromShare.Parts(), e.ToShare.Parts()
	for i := range change {
		if *change[i].Value == 0 && *fromShare[i].Value == *toShare[i].Value {
			continue
		}
		rule := "list.effect"
		if *toShare[i].Value > 0 || *fromShare[i].Value > 0 {
			rule = "list.effect.share"
		}
		sign := ""
		if *change[i].Value >= 0 {
			sign = "+"
		}
		level := LevelWords.Word(e.Level)
		if lang == "en" {
			level = string(e.Level)
		}
		said = append(said, refusal.Text(rule, lang,
			refusal.Args{"level": strings.TrimSpace(e.Sector + " " + level), "pollutant": was[i].Name,
				"from": text.Short(*was[i].Value), "to": text.Short(*is[i].Value), "change": sign + text.Short(*change[i].Value),
				"from_share": text.Short(*fromShare[i].Value * 100), "to_share": text.Short(*toShare[i].Value * 100)}))
	}
	return said
}
