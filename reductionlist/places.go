package reductionlist

import (
	"maps"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
)

// maxPlaces is how many cells one finding names; the argument "places" counts all of them.
const maxPlaces = 1000

// own is the cell that a finding stands at.
func (f *Finding) own() Cell { return Cell{Place{f.Sheet, f.Row}, f.Column} }

// Cells are all places of a finding.
func (f *Finding) Cells() []Cell {
	if len(f.Places) > 0 {
		return f.Places
	}
	return []Cell{f.own()}
}

// Grouped makes one finding of those that are about the same fault in several rows: each says by its first place whose
// group it belongs to, and the first of them takes the places of the others.
func (fs Findings) Grouped() Findings {
	type group struct {
		rule string
		cell Cell
	}
	var kept Findings
	first := map[group]int{}
	joined := map[int]bool{}
	for i := range fs {
		f := &fs[i]
		if len(f.Places) == 0 {
			kept = append(kept, *f)
			continue
		}
		at, member := first[group{f.Rule, f.Places[0]}]
		if !member {
			at = len(kept)
			kept = append(kept, *f)
			first[group{f.Rule, f.Places[0]}] = at
		} else {
			kept[at].join(f.own())
			joined[at] = true
		}
		first[group{f.Rule, f.own()}] = at
	}
	for at := range joined {
		kept[at] = kept[at].In("zh-CN")
	}
	for i := range kept {
		if f := &kept[i]; len(f.Places) == 1 { // nobody shares it
			f.Places = nil
			*f = f.In("zh-CN")
		}
	}
	return kept
}

// join takes a cell among the places of a finding.
func (f *Finding) join(at Cell) {
	count, counted := f.Args["places"].(int)
	if !counted {
		count = len(f.Places)
		if f.Args = maps.Clone(f.Args); f.Args == nil {
			f.Args = refusal.Args{}
		}
	}
	if f.Args["places"] = count + 1; len(f.Places) < maxPlaces {
		f.Places = append(f.Places, at)
	}
}

// mostRows is how many rows a message names.
const mostRows = 20

// placesText says behind a finding in which rows its places are: 共 3 处：减排对象第 2、5 行；生产线第 3 行。
func (f *Finding) placesText(lang string) string {
	if len(f.Places) < 2 {
		return ""
	}
	count, counted := f.Args["places"]
	if !counted {
		count = len(f.Places)
	}
	var all []string
	cells := f.Places[:min(len(f.Places), mostRows)]
	for len(cells) > 0 {
		sheet := cells[0].Sheet
		var rows []string
		for ; len(cells) > 0 && cells[0].Sheet == sheet; cells = cells[1:] {
			rows = append(rows, strconv.Itoa(cells[0].Row))
		}
		args := refusal.Args{"sheet": sheet, "rows": strings.Join(rows, refusal.Text("list.places.and", lang, nil))}
		all = append(all, refusal.Text("list.places.rows", lang, args))
	}
	if len(f.Places) > mostRows {
		all = append(all, "…")
	}
	where := strings.Join(all, refusal.Text("list.places.then", lang, nil))
	return refusal.Text("list.places", lang, refusal.Args{"count": count, "where": where})
}
