package papers

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
)

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func (w words) level(l alerts.Level) string { return alerts.LevelName(l, w.lang) }

// levels names levels, with a separator between them.
func (w words) levels(ls []alerts.Level, separator string) string {
	names := make([]string, len(ls))
	for i, l := range ls {
		names[i] = w.level(l)
	}
	return strings.Join(names, separator)
}

// fromTo is a period of days; to is empty for one without an end.
func (w words) fromTo(from, to string) string {
	return w.t("from_to", "from", from, "to", cmp.Or(to, w.t("open")))
}

func (w words) action(a reductionlist.Action) string { return terms.Name(terms.Action, a, w.lang) }

func (w words) grade(g reductionlist.Grade) string {
	return cmp.Or(terms.Name(terms.Grade, g, w.lang), w.t("no_grade"))
}

// category is empty where the list names none.
func (w words) category(c reductionlist.Category) string {
	return terms.Name(terms.Category, c, w.lang)
}

func (w words) kind(t reductionlist.Type) string { return terms.Name(terms.RecipientType, t, w.lang) }

func (w words) source(s reductionlist.Source) string { return terms.Name(terms.Source, s, w.lang) }

// quantity is empty for a measure without one.
func (w words) quantity(q *reductionlist.Quantity) string {
	if q == nil {
		return ""
	}
	return q.Text(w.lang)
}

// expected is what an inspector of a measure has to find: its amount, and what each channel must show.
func (w words) expected(m *reductionlist.Measure) string {
	var parts []string
	if q := w.quantity(m.Quantity); q != "" {
		parts = append(parts, w.action(m.Action)+" "+q)
	}
	for i := range m.Monitors {
		parts = append(parts, w.channel(&m.Monitors[i]))
	}
	return strings.Join(parts, "\n")
}

// channel is one way a measure is watched: the source, what it is called, its factor, and what it must show.
func (w words) channel(o *reductionlist.Monitor) string {
	named := strings.TrimSpace(o.Ref + " " + o.Factor)
	return strings.TrimSpace(join(w.t("colon"), join(" ", w.source(o.Source), named), o.Criterion.Text(w.lang)))
}

// join joins what is not empty.
func join(separator string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), separator)
}

// tonnes is an amount to the gram; sums of floats show no dust behind it.
func tonnes(v float64) string {
	text := strconv.FormatFloat(v, 'f', 6, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// saved names the pollutants of a reduction that is not zero.
func saved(a reductionlist.Amounts) string {
	var said []string
	for _, p := range a.Parts() {
		if *p.Value != 0 {
			said = append(said, p.Name+" "+tonnes(*p.Value))
		}
	}
	return strings.Join(said, "\n")
}

// aboutVehicles reports whether a measure is one of transport.
func aboutVehicles(m *reductionlist.Measure) bool {
	return m.Action == reductionlist.StopVehicles || slices.ContainsFunc(m.Monitors, func(o reductionlist.Monitor) bool {
		return o.Criterion.Kind == reductionlist.NoVehicleBelow
	})
}

// at are the measures of a level, those of transport or the others.
func at(r *reductionlist.Recipient, l alerts.Level, vehicles bool) []reductionlist.Measure {
	return slices.DeleteFunc(reductionlist.MeasuresAt(r, l),
		func(m reductionlist.Measure) bool { return aboutVehicles(&m) != vehicles })
}

// ordered are a recipient's measures by id and then by their lowest level.
func ordered(r *reductionlist.Recipient) []reductionlist.Measure {
	lowest := func(m *reductionlist.Measure) int {
		low := alerts.Red.Rank() + 1
		for _, l := range m.Levels {
			low = min(low, l.Rank())
		}
		return low
	}
	ms := slices.Clone(r.Measures)
	slices.SortStableFunc(ms, func(a, b reductionlist.Measure) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(lowest(&a), lowest(&b)))
	})
	return ms
}

// posts are the posts in charge, in the order in which the list names them, with the ids of their measures.
func posts(r *reductionlist.Recipient) (names []string, measures map[string][]string) {
	measures = map[string][]string{}
	for _, m := range ordered(r) {
		if m.Responsible == "" {
			continue
		}
		if measures[m.Responsible] == nil {
			names = append(names, m.Responsible)
		}
		if !slices.Contains(measures[m.Responsible], m.ID) {
			measures[m.Responsible] = append(measures[m.Responsible], m.ID)
		}
	}
	return names, measures
}
