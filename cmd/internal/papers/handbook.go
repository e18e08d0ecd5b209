package papers

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// handbook is the operation plan (操作方案) of a recipient: the body, and the annexes in the form that offices know
// (domain.md §3.6).
func handbook(f Facts) *document {
	b := newBuilder(f)
	b.begin(a4)
	b.cover()
	b.begin(a4)
	b.basis()
	b.basics()
	b.lines()
	b.plants()
	b.begin(a4Wide)
	b.measures()
	b.begin(a4)
	b.transport()
	b.records()
	b.command()
	b.safety()
	b.revision()
	b.annexes()
	return &document{Title: b.t("plan.title", "name", b.r.Name), Lang: f.Lang, Class: "plan", points: 10.5,
		Sections: b.sections}
}

func (b *builder) chapter(name string) {
	b.chapters++
	b.add(chapter, run{Text: b.t(fmt.Sprint("chapter.", b.chapters)) + b.t(name)})
}

func (b *builder) cover() {
	b.markExample()
	b.add(title, run{Text: b.r.Name + "\n" + b.t("plan.name")})
	l := b.f.List
	b.table([]int{20, 30, 20, 30}, nil, [][]cell{
		{b.label("id"), say(b.r.ID), b.label("type"), say(b.kind(b.r.Type))},
		{b.label("uscc"), b.or(b.r.USCC), b.label("permit"), b.or(b.r.Permit)},
		{b.label("town"), b.or(b.r.Town), b.label("grade"), say(b.grade(b.r.Grade))},
		{b.label("list"), wide(b.or(l.Name), 3)},
		{b.label("version"), b.or(l.Version), b.label("in_force"), say(b.fromTo(l.From, l.To))},
		{b.label("compiler"), hand(), b.label("compiled_on"), hand()},
		{b.label("checked_by"), hand(), b.label("approved_by"), hand()},
	})
	b.add(fine, run{Text: b.t("how_to_read") + " "}, b.todo(), b.run("how_to_read_blank"))
}

func (b *builder) basis() {
	b.chapter("plan.basis")
	l := b.f.List
	b.say(para, "plan.basis_text", "list", l.Name, "version", l.Version, "compiler", l.CompiledBy)
	b.add(para, b.run("plan.basis_local"), b.todo())
}

// extraFacts is what the handbook tells of an enterprise beyond the columns that the program knows. A column of the
// workbook with one of these headers answers it.
var extraFacts = []string{"法定代表人", "主要产品", "年产量", "主要原辅料", "年用电量", "年工作日", "大气排放口数量", "CEMS数量"}

func (b *builder) basics() {
	b.chapter("plan.basics")
	r := b.r
	rows := [][]cell{
		{b.label("name"), wide(say(r.Name), 3)},
		{b.label("address"), wide(b.or(r.Address), 3)},
		{b.label("industry"), say(join(" ", r.Industry, r.Sector())), b.label("place"), b.or(place(r))},
		{b.label("grade"), say(b.grade(r.Grade)), b.label("category"), b.or(b.category(r.Category))},
		{b.label("stations"), b.or(r.StationMN), b.label("meter"), b.or(r.MeterID)},
	}
	if r.Category == reductionlist.Safeguard || r.MaxLoad != "" {
		rows = append(rows, []cell{b.label("max_load"), wide(b.or(r.MaxLoad), 3)})
	}
	var more [][]cell
	told := map[string]bool{}
	if r.Type == reductionlist.Enterprise {
		for _, name := range extraFacts {
			more = append(more, []cell{headed(say(name)), b.or(r.Extra[name])})
			told[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		if !told[name] && r.Extra[name] != "" {
			more = append(more, []cell{headed(say(name)), say(r.Extra[name])})
		}
	}
	for pair := range slices.Chunk(more, 2) {
		row := slices.Concat(pair...)
		if len(row) == 2 {
			row[1] = wide(row[1], 3)
		}
		rows = append(rows, row)
	}
	if r.Note != "" {
		rows = append(rows, []cell{b.label("note"), wide(say(r.Note), 3)})
	}
	if r.Type == reductionlist.Enterprise {
		rows = append(rows, []cell{b.label("process"), wide(tall(b.or("")), 3)})
	}
	b.table([]int{18, 32, 18, 32}, nil, rows)
}

func place(r *reductionlist.Recipient) string {
	if r.Lon == 0 && r.Lat == 0 {
		return ""
	}
	return number(r.Lon) + "° E, " + number(r.Lat) + "° N"
}

func (b *builder) lines() {
	if len(b.r.Lines) == 0 && b.r.Type != reductionlist.Enterprise {
		return
	}
	b.chapter("plan.lines")
	head := b.heads("line", "capacity")
	var sum reductionlist.Amounts
	var rows [][]cell
	for _, pollutant := range []string{"SO₂", "NOx", "PM", "VOCs"} {
		head = append(head, centred(headed(say(pollutant))))
	}
	for _, l := range b.r.Lines {
		state := "idle"
		if !l.Idle {
			state, sum = "runs", sum.Add(l.Emission)
		}
		rows = append(rows, slices.Concat([]cell{say(join(" ", l.ID, l.Name)), b.or(l.Capacity)}, amounts(l.Emission),
			[]cell{b.hours(l.SafeStopH), b.or(l.MeterID), centred(b.cell(state))}))
	}
	if len(rows) == 0 {
		rows = append(rows, []cell{wide(centred(b.or("")), 9)})
	} else {
		rows = append(rows, slices.Concat([]cell{wide(b.label("sum_running"), 2)}, amounts(sum), []cell{wide(cell{}, 3)}))
	}
	b.say(fine, "emission_unit")
	b.table([]int{21, 13, 8, 8, 8, 8, 11, 15, 8}, append(head, b.heads("safe_stop", "meter", "state")...), rows)
}

func amounts(a reductionlist.Amounts) (cells []cell) {
	for _, p := range a.Parts() {
		cells = append(cells, mid(tonnes(*p.Value)))
	}
	return cells
}

func (b *builder) hours(h float64) cell {
	if h == 0 {
		return centred(b.or(""))
	}
	return mid(number(h))
}

// plants describes units, furnaces and the pit as the list does.
func (b *builder) plants() {
	if len(b.r.Units) > 0 {
		var rows [][]cell
		for _, u := range b.r.Units {
			rows = append(rows, []cell{say(u.Name), span("–", u.MinMW, u.MaxMW), span(" / ", u.MinUpH, u.MinDownH),
				mid(number(u.MaxHeatGJH)), mid(gases(u.Emission)), mid(b.period(u.From, u.To))})
		}
		b.say(heading, "units")
		b.table([]int{14, 15, 17, 14, 24, 16},
			b.heads("unit", "load_mw", "min_up_down", "max_heat", "kg_per_t_coal", "in_force"), rows)
	}
	if len(b.r.Furnaces) > 0 {
		var rows [][]cell
		for _, u := range b.r.Furnaces {
			rows = append(rows, []cell{say(u.Name), span("–", u.MinTH, u.MaxTH), span(" / ", u.MinUpH, u.MinDownH),
				mid(gases(u.Emission)), mid(b.period(u.From, u.To))})
		}
		b.say(heading, "furnaces")
		b.table([]int{18, 18, 20, 26, 18},
			b.heads("furnace", "load_t_h", "min_up_down", "kg_per_t_waste", "in_force"), rows)
	}
	if p := b.r.Pit; p != nil {
		b.say(para, "pit", "low", number(p.MinT), "high", number(p.MaxT))
	}
}

// span is a pair of numbers.
func span(between string, low, high float64) cell { return mid(number(low) + between + number(high)) }

func gases(g reductionlist.Gases) string {
	var said []string
	for _, one := range []struct {
		name string
		kg   float64
	}{{"SO₂", g.SO2}, {"NOx", g.NOx}, {"PM", g.PM}, {"HCl", g.HCl}} {
		if one.kg != 0 {
			said = append(said, one.name+" "+number(one.kg))
		}
	}
	return strings.Join(said, "\n")
}

func (b *builder) period(from, to string) string {
	if from == "" && to == "" {
		return "—"
	}
	return b.fromTo(from, to)
}

// measures says what is done at each level, line by line.
func (b *builder) measures() {
	b.chapter("plan.measures")
	if b.r.MaxLoad != "" {
		b.say(para, "max_load_text", "load", b.r.MaxLoad)
	}
	b.say(fine, "higher_includes_lower")
	for _, l := range alerts.Levels() {
		b.add(heading, run{Text: b.level(l)})
		list := reductionlist.MeasuresAt(b.r, l)
		if len(list) == 0 {
			b.say(para, "no_measures")
			continue
		}
		var rows [][]cell
		var sum reductionlist.Amounts
		for i := range list {
			m := &list[i]
			sum = sum.Add(m.Reduction)
			rows = append(rows, []cell{mid(m.ID), b.or(m.Unit), mid(b.action(m.Action)), b.or(m.Text), b.orStop(m),
				b.or(m.WithinText(b.lang)), b.or(m.Responsible), dash(saved(m.Reduction))})
		}
		rows = append(rows, []cell{wide(b.label("sum"), 7), dash(saved(sum))})
		b.table([]int{7, 12, 8, 31, 11, 10, 10, 11}, b.heads("measure", "line_or_device", "action", "what_to_do",
			"key_number", "within", "responsible", "saves"), rows)
	}
}

// orStop is a measure's amount; what is stopped altogether needs none.
func (b *builder) orStop(m *reductionlist.Measure) cell {
	switch m.Action {
	case reductionlist.Stop, reductionlist.StopVehicles, reductionlist.StopWork:
		if m.Quantity == nil {
			return say("—")
		}
	}
	return b.or(b.quantity(m.Quantity))
}

// transportColumns are words in the header of a further column that make it one about transport.
var transportColumns = []string{"运输", "货车", "车辆", "货运", "门禁"}

func (b *builder) transport() {
	b.chapter("plan.transport")
	var rows [][]cell
	for _, m := range ordered(b.r) {
		if aboutVehicles(&m) {
			rows = append(rows, []cell{mid(b.levels(m.Levels, "\n")), say(join(b.t("colon"), m.Unit, m.Text)),
				b.or(b.expected(&m))})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.r.Extra)) {
		if slices.ContainsFunc(transportColumns, func(word string) bool { return strings.Contains(name, word) }) &&
			b.r.Extra[name] != "" {
			rows = append(rows, []cell{headed(say(name)), wide(say(b.r.Extra[name]), 2)})
		}
	}
	if len(rows) == 0 {
		b.add(para, b.run("no_transport"), b.todo())
	} else {
		b.table([]int{18, 46, 36}, b.heads("level", "what_to_do", "expected"), rows)
	}
	b.add(para, b.run("transport_more"), b.todo())
}

// records names the channels that watch each measure, and the records to keep.
func (b *builder) records() {
	b.chapter("plan.records")
	var rows [][]cell
	var keep []string
	seen := map[string]bool{}
	for _, m := range ordered(b.r) {
		for _, o := range m.Monitors {
			text := b.channel(&o) + m.ID
			if seen[text] {
				continue
			}
			seen[text] = true
			rows = append(rows, []cell{mid(m.ID), mid(b.source(o.Source)), b.or(join(" ", o.Ref, o.Factor)),
				say(join(b.t("colon"), b.levels(m.Levels, "、"), o.Criterion.Text(b.lang)))})
		}
		for _, e := range m.Evidence {
			if !slices.Contains(keep, e) {
				keep = append(keep, e)
			}
		}
	}
	if len(rows) == 0 {
		rows = append(rows, []cell{wide(b.or(""), 4)})
	}
	b.table([]int{10, 12, 36, 42}, b.heads("measure", "source", "ref", "criterion"), rows)
	b.add(para, b.run("keep"), b.orRun(strings.Join(keep, "、")), b.run("keep_for"), b.todo())
}

// command says who directs and who carries out.
func (b *builder) command() {
	b.chapter("plan.command")
	b.say(para, "plan.command_text")
	c := b.f.Contact
	rows := [][]cell{
		{b.cell("leader"), b.cell("leader_does"), b.or(""), b.or("")},
		{b.cell("liaison"), b.cell("liaison_does"), b.contact(c.Name), b.contact(c.Phone)},
	}
	names, ids := posts(b.r)
	for _, post := range names {
		rows = append(rows, []cell{say(post), b.cell("carries_out", "measures", strings.Join(ids[post], "、")), b.or(""),
			b.or("")})
	}
	b.table([]int{20, 40, 18, 22}, b.heads("post", "duty", "person", "phone"), rows)
}

func (b *builder) safety() {
	b.chapter("plan.safety")
	said := false
	for _, l := range b.r.Lines {
		if l.SafeStopH > 0 {
			b.say(para, "safe_stop_text", "line", l.Name, "hours", number(l.SafeStopH))
			said = true
		}
	}
	if b.r.MaxLoad != "" {
		b.say(para, "max_load_text", "load", b.r.MaxLoad)
	}
	if !said && b.r.Type == reductionlist.Enterprise {
		b.add(para, run{Text: b.t("safe_stop") + b.t("colon")}, b.todo())
	}
	b.add(para, b.run("safety_more"), b.todo())
}

// revision says when the handbook is looked at again.
func (b *builder) revision() {
	b.chapter("plan.revision")
	b.say(para, "plan.revision_text")
	for n := 1; n <= 6; n++ {
		b.add(para, run{Text: fmt.Sprintf("(%d) %s", n, b.t(fmt.Sprint("trigger.", n)))})
	}
	b.say(fine, "measures_follow", "levels", b.levels(alerts.Levels(), "、"))
}
