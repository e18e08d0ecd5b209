// Package plant is what the list says of a recipient's machines, a coal-fired heat and power plant or a waste
// incinerator: the model that its rows make, the figures that a plan needs beside it, the problem that package allocate
// solves, and the plan that an order carries in the place of what the list orders.
//
// Start with [Of]: [Plant.Problem] puts a problem together and says what is missing, [Figures.Check] refuses figures
// that cannot be the plant's, and [OperatingPlan.Measures] rewrites measures so that they order what a plan does.
// Nothing here is kept or decided; notify does both.
package plant

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/internal/text"
)

// Kind is what a plant burns.
type Kind string

// The kinds of plants.
const (
	Coal  = Kind(allocate.KindCoal)
	Waste = Kind(allocate.KindWaste)
)

// Problem is the kind of the problems that plans of the plant answer.
func (k Kind) Problem() allocate.Kind { return allocate.Kind(k) }

// Action is the action of the measures whose quantities a plan of the plant gives.
func (k Kind) Action() reductionlist.Action {
	if k == Coal {
		return reductionlist.ReduceCoal
	}
	return reductionlist.AllocateWaste
}

// Plant is what the list says of a recipient's machines, with the rows of every period.
type Plant struct {
	Kind     Kind
	units    []reductionlist.Unit
	furnaces []reductionlist.Furnace
	pit      *reductionlist.Pit
}

// Of returns the plant whose plan the measures ask for, or nil: a recipient without a model has none, whatever it is to
// do.
func Of(r *reductionlist.Recipient, measures []reductionlist.Measure) *Plant {
	asks := func(a reductionlist.Action) bool {
		return slices.ContainsFunc(measures, func(m reductionlist.Measure) bool { return m.Action == a })
	}
	switch {
	case len(r.Units) > 0 && asks(reductionlist.ReduceCoal):
		return &Plant{Kind: Coal, units: r.Units}
	case len(r.Furnaces) > 0 && asks(reductionlist.AllocateWaste):
		return &Plant{Kind: Waste, furnaces: r.Furnaces, pit: r.Pit}
	}
	return nil
}

// OfRecipient is [Of] for whatever measures the recipient has at any level.
func OfRecipient(r *reductionlist.Recipient) *Plant { return Of(r, r.Measures) }

// Machines are the names of the units or furnaces, in the order of the list, over all periods.
func (p *Plant) Machines() (names []string) {
	p.each(func(_ int, name, _, _ string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	})
	return names
}

// each visits the rows of units or furnaces; to and from are their days.
func (p *Plant) each(visit func(i int, name, from, to string)) {
	for i := range p.units {
		visit(i, p.units[i].Name, p.units[i].From, p.units[i].To)
	}
	for i := range p.furnaces {
		visit(i, p.furnaces[i].Name, p.furnaces[i].From, p.furnaces[i].To)
	}
}

func (p *Plant) has(name string) bool { return slices.Contains(p.Machines(), name) }

// Named are the machines that 生产线或设备 of a measure names, with or without 机组, 焚烧炉 or 炉 behind the name; all of them
// where it is empty or says the whole plant.
func (p *Plant) Named(cell string) []string { return p.Kind.Named(p.Machines(), cell) }

// Named is [Plant.Named] for machines of those names.
func (k Kind) Named(machines []string, cell string) (names []string) {
	if cell == "" || reductionlist.WholePlant(cell) {
		return machines
	}
	kinds := []string{"机组"}
	if k == Waste {
		kinds = []string{"焚烧炉", "炉"}
	}
	for _, part := range text.Codes(cell) {
		for _, name := range machines {
			own, said := text.Fold(name), text.Fold(part)
			is := own == said || slices.ContainsFunc(kinds, func(kind string) bool {
				return said == own+kind || strings.TrimSuffix(own, kind) == strings.TrimSuffix(said, kind)
			})
			if is && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// inForce are the indices of the rows that hold on a day.
func (p *Plant) inForce(day string) (rows []int) {
	p.each(func(i int, _, from, to string) {
		if (from == "" || from <= day) && (to == "" || day <= to) {
			rows = append(rows, i)
		}
	})
	return rows
}

// maxPlan is how far a plan reaches at most.
const maxPlan = 14 * 24 * time.Hour

// Why a plan ends before the window it is for.
const (
	CutFactors = "factors" // from then on other rows of the model hold
	CutLength  = "length"  // no plan is longer
)

// Window is the time a plan is for: from the next whole hour, or the beginning of what it is for, to the end, as far as
// one plan can reach.
type Window struct {
	From, To time.Time
	Cut      string // why To lies before the end; empty where it does not
}

// window is what is left at now of the time from begin to end. On the day on which other rows of the model come into
// force one plan ends and another begins: factors do not change within a problem.
func (p *Plant) window(begin, end, now time.Time) (w Window, rows []int, err error) {
	w = Window{From: latest(wholeHour(begin), wholeHour(now)).In(alerts.Shanghai()),
		To: wholeHour(end).In(alerts.Shanghai())}
	if !w.To.After(w.From) {
		return w, nil, refusal.New(refusal.Conflict, "plan.over", refusal.Args{"to": clock(w.To)})
	}
	if w.To.Sub(w.From) > maxPlan {
		w.To, w.Cut = w.From.Add(maxPlan), CutLength
	}
	day := w.From.Format(time.DateOnly)
	if rows = p.inForce(day); len(rows) == 0 {
		return w, nil, refusal.New(refusal.Conflict, "plan.no_model", refusal.Args{"day": day})
	}
	for at := nextDay(w.From); at.Before(w.To); at = nextDay(at) {
		if !slices.Equal(p.inForce(at.Format(time.DateOnly)), rows) {
			w.To, w.Cut = at, CutFactors
			break
		}
	}
	return w, rows, nil
}

// clock is a time in Shanghai as a message shows it.
func clock(t time.Time) string { return t.In(alerts.Shanghai()).Format("2006-01-02 15:04") }

func wholeHour(t time.Time) time.Time {
	if h := t.Truncate(time.Hour); h.Before(t) {
		return h.Add(time.Hour)
	}
	return t
}

// nextDay is the midnight after t in its own time zone.
func nextDay(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, t.Location())
}

// Model stands for everything that the list says of the plant: a plan that was made for another one does not fit it.
func (p *Plant) Model() string {
	return hashOf(struct {
		Units    []reductionlist.Unit    `json:"units,omitempty"`
		Furnaces []reductionlist.Furnace `json:"furnaces,omitempty"`
		Pit      *reductionlist.Pit      `json:"pit,omitempty"`
	}{p.units, p.furnaces, p.pit})
}

func hashOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("plant: " + err.Error()) // numbers of a list are finite
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}
