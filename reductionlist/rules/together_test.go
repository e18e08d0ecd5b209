package rules_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
)

// told is what was found, by rule and by every cell that a finding names.
func told(t testing.TB, s listtest.Sheets) map[string]bool {
	t.Helper()
	_, found := s.Read(t)
	all := map[string]bool{}
	for _, f := range found {
		own := reductionlist.Cell{Place: reductionlist.Place{Sheet: f.Sheet, Row: f.Row}, Column: f.Column}
		for _, at := range append(f.Places, own) {
			all[fmt.Sprint(f.Rule, " ", at.Sheet, " ", at.Row, " ", at.Column)] = true
		}
	}
	return all
}

// beyond is what was found that was not there before.
func beyond(all, before map[string]bool) (more []string) {
	for f := range all {
		if !before[f] {
			more = append(more, f)
		}
	}
	slices.Sort(more)
	return more
}

// some are the sheets with the rows of the first recipients and of those that the table of damages spoils.
var some = sync.OnceValue(func() listtest.Sheets {
	s := listtest.Whole()
	for name, rows := range s {
		if name != head {
			s[name] = slices.DeleteFunc(rows, func(r []string) bool {
				return strings.HasPrefix(r[0], "E") && r[0] > "E0024" || strings.HasPrefix(r[0], "T") && r[0] > "T120111104"
			})
		}
	}
	return s
})

func part() listtest.Sheets {
	c := listtest.Sheets{}
	for name, rows := range some() {
		for _, row := range rows {
			c[name] = append(c[name], slices.Clone(row))
		}
	}
	return c
}

// edit is one cell that somebody got wrong, and whose rows it is about.
type edit struct {
	sheet    string
	row, col int
	value    string
	of       []string
}

func (e edit) on(s listtest.Sheets) { s[e.sheet][e.row][e.col] = e.value }

// wrongs are what cells get to hold by mistake.
var wrongs = []string{"", "约0.3", "E9999", "同上", "-1", "改", "99999", "0", "张三", "２０１６年13月", "a；b；c", "1.2E+20", "stopped",
	"长期停产", "红色", "黄色预警/橙色预警", "同上\u0085", "13812345678", "0.0001"}

func drawEdit(t *rapid.T, s listtest.Sheets) edit {
	sheet := rapid.SampledFrom([]string{recipients, measures, measures, lines, lines, units, furnaces, pits}).Draw(t, "sheet")
	rows := s[sheet]
	e := edit{sheet: sheet, row: rapid.IntRange(1, len(rows)-1).Draw(t, "row"),
		col: rapid.IntRange(0, len(rows[0])-1).Draw(t, "column")}
	e.of = []string{rows[e.row][0]}
	if rapid.Bool().Draw(t, "copied") { // what stands in another row
		other := rapid.IntRange(1, len(rows)-1).Draw(t, "from")
		e.value = rows[other][e.col]
		e.of = append(e.of, rows[other][0])
		for i, r := range rows { // and whoever else has it already
			if i > 0 && r[e.col] == e.value {
				e.of = append(e.of, r[0])
			}
		}
		return e
	}
	e.value = rapid.SampledFrom(wrongs).Draw(t, "value")
	return e
}

// wholes are rules about sums over the list: they wait until every number is there.
var wholes = []string{"list.bottom_line"}

// The first look at a workbook finds of mistakes at several recipients what it finds of each alone, and mending some of
// them brings nothing to light.
func TestFaultsOfSeveralRecipientsAreFoundTogether(t *testing.T) {
	before := told(t, part())
	rapid.Check(t, func(rt *rapid.T) {
		var edits []edit
		for range rapid.IntRange(2, 5).Draw(rt, "faults") {
			e := drawEdit(rt, some())
			if !slices.ContainsFunc(edits, func(o edit) bool {
				return slices.ContainsFunc(o.of, func(id string) bool { return slices.Contains(e.of, id) })
			}) {
				edits = append(edits, e)
			}
		}
		all := part()
		for _, e := range edits {
			e.on(all)
		}
		first := told(t, all)
		for i, e := range edits {
			alone, rest := part(), part()
			e.on(alone)
			for k, o := range edits {
				if k != i {
					o.on(rest)
				}
			}
			for _, f := range beyond(told(t, alone), before) {
				if rule, _, _ := strings.Cut(f, " "); !first[f] && !slices.Contains(wholes, rule) {
					rt.Errorf("%+v\nis found as %s alone, and not among\n%s", e, f, strings.Join(slices.Sorted(maps.Keys(first)), "\n"))
				}
			}
			for _, f := range beyond(told(t, rest), first) {
				if rule, _, _ := strings.Cut(f, " "); !before[f] && !slices.Contains(wholes, rule) {
					rt.Errorf("%+v mended brings %s to light", e, f)
				}
			}
		}
	})
}

// dependent are rules that say nothing, or something else, while another fault of the same row or recipient stands: what
// they look at is what that fault is about.
var dependent = map[string][]string{
	"list.text_quantity":     {"list.no_quantity", "list.no_text"},
	"list.near_name":         {"list.name_long"},
	"list.permit_other":      {"list.uscc", "list.no_uscc", "list.uscc_scientific"},
	"list.other_meter":       {"list.unknown_line", "list.no_device"},
	"list.percent_small":     {"list.percent_unit"},
	"list.criterion_loose":   {"list.percent_unit", "list.percent_small"},
	"list.half_position":     {"list.number_range"},
	"list.outside_district":  {"list.half_position"},
	"list.far_outside":       {"list.half_position"},
	"list.reduction_exceeds": {"list.number"},
	"list.line_exceeds":      {"list.idle_reduction"},
	"list.unknown_channel":   {"list.no_monitor", "list.code_scientific"},
	"list.no_ref":            {"list.no_monitor"},
	"list.no_factor":         {"list.no_monitor"},
	"list.factor":            {"list.no_monitor"},
	"list.no_criterion":      {"list.no_monitor"},
	"list.criterion_source":  {"list.no_monitor"},
	"list.criterion_factor":  {"list.no_monitor", "list.no_criterion", "list.criterion_source", "list.criterion"},
	"list.code_twice":        {"list.mn"},
	"list.meter_twice":       {"list.code_scientific"},
	"list.unknown_line":      {"list.enum"},
	"list.quantity_unit":     {"list.enum"},
	"list.no_quantity":       {"list.enum"},
	"list.no_unit":           {"list.no_quantity"},
	"list.level_weaker":      {"list.ditto"},
	"list.period_overlap":    {"list.date", "list.dates_reversed"},
}

// mistaken is one defect of the table with its cells and what is found of it alone.
type mistaken struct {
	damage
	cells map[string]string
	alone []string
}

func (m mistaken) clashes(o mistaken) bool {
	for at := range m.cells {
		if _, both := o.cells[at]; both {
			return true
		}
	}
	return slices.Contains(dependent[m.rule], o.rule) || slices.Contains(dependent[o.rule], m.rule)
}

// The first look finds of some forty mistakes at once, several of them in one row, what it finds of each alone.
func TestAllDefectsAreFoundTogether(t *testing.T) {
	before := told(t, listtest.Whole())
	var all []mistaken
	for _, d := range damages(t) {
		if d.do != nil || d.file != nil || d.rule == "list.cell_error" {
			continue
		}
		s, m := listtest.Whole(), mistaken{damage: d, cells: map[string]string{}}
		for _, e := range d.set {
			at := e[0].(cellAt)
			n := rowAt(t, listtest.Embedded(), at.sheet, at.row...)
			s.Set(t, at.sheet, n, at.column, e[1].(string))
			m.cells[fmt.Sprint(at.sheet, " ", n, " ", at.column)] = e[1].(string)
		}
		m.alone = beyond(told(t, s), before)
		all = append(all, m)
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		var chosen []mistaken
		s := listtest.Whole()
		for _, m := range all {
			if slices.ContainsFunc(chosen, m.clashes) {
				continue
			}
			chosen = append(chosen, m)
			for _, e := range m.set {
				at := e[0].(cellAt)
				s.Set(t, at.sheet, rowAt(t, listtest.Embedded(), at.sheet, at.row...), at.column, e[1].(string))
			}
		}
		found := told(t, s)
		for _, m := range chosen {
			for _, f := range m.alone {
				if !found[f] {
					t.Errorf("seed %d: of %s alone is found %s, and not together with %d others", seed, m.rule, f, len(chosen)-1)
				}
			}
		}
		if len(chosen) < 30 {
			t.Errorf("only %d mistakes together", len(chosen))
		}
	}
}
