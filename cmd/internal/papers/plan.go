package papers

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"qingkong/reductionlist"
)

// writer writes a paper about one recipient.
type writer struct {
	words
	f *Facts
	r *reductionlist.Recipient

	chapters int
}

// Plan is the operation plan of a recipient: the body, and the annexes in the form that offices know (domain.md §3.6).
func Plan(f Facts) *Document {
	w := &writer{words: words{f.Lang}, f: &f, r: f.Recipient}
	var sections []section
	pages := func(size paper, chapters ...func(*section)) {
		s := section{paper: size}
		for _, write := range chapters {
			write(&s)
		}
		sections = append(sections, s)
	}
	pages(a4, w.cover)
	pages(a4, w.basis, w.basics, w.lines, w.plants)
	pages(a4Wide, w.measures)
	pages(a4, w.transport, w.records, w.command, w.safety, w.revision)
	sections = append(sections, w.members(), w.execution(), w.checks(), w.verdict(), w.filing())
	return &Document{Title: w.t("plan.title", "name", w.r.Name), Lang: f.Lang, class: "plan", points: 10.5,
		sections: sections}
}

// todo is a blank where the list says nothing.
func (w *writer) todo() run { return run{Text: w.t("todo"), Todo: true} }

// or is what the list says, or a blank.
func (w *writer) or(said string) cell {
	if said == "" {
		return cell{Runs: []run{w.todo()}}
	}
	return say(said)
}

func (w *writer) chapter(s *section, name string) {
	w.chapters++
	s.say(chapter, w.t("chapter."+strconv.Itoa(w.chapters))+w.t(name))
}

func (w *writer) cover(s *section) {
	if w.f.example() {
		s.say(banner, w.t("example"))
	}
	s.say(title, w.r.Name+"\n"+w.t("plan.name"))
	l := w.f.List
	until := l.To
	if until == "" {
		until = w.t("open")
	}
	rows := [][]cell{
		{label(w.t("id")), say(w.r.ID), label(w.t("type")), say(w.kind(w.r.Type))},
		{label(w.t("uscc")), w.or(w.r.USCC), label(w.t("permit")), w.or(w.r.Permit)},
		{label(w.t("town")), w.or(w.r.Town), label(w.t("grade")), say(w.grade(w.r.Grade))},
		{label(w.t("list")), wide(w.or(l.Name), 3)},
		{label(w.t("version")), w.or(l.Version), label(w.t("in_force")), say(w.t("from_to", "from", l.From, "to", until))},
		{label(w.t("compiler")), hand(), label(w.t("compiled_on")), hand()},
		{label(w.t("checked_by")), hand(), label(w.t("approved_by")), hand()},
	}
	s.rows([]int{20, 30, 20, 30}, 0, rows...)
	s.add(fine, run{Text: w.t("how_to_read") + " "}, w.todo(), run{Text: w.t("how_to_read_blank")})
}

func (w *writer) basis(s *section) {
	w.chapter(s, "plan.basis")
	s.say(para, w.t("plan.basis_text", "list", w.f.List.Name, "version", w.f.List.Version, "compiler",
		w.f.List.CompiledBy))
	s.add(para, run{Text: w.t("plan.basis_local")}, w.todo())
}

// askedOf is what a plan tells of an enterprise beyond the columns that the program knows. A column of the workbook
// with one of these headers answers it.
var askedOf = []string{"法定代表人", "主要产品", "年产量", "主要原辅料", "年用电量", "年工作日", "大气排放口数量", "CEMS数量"}

func (w *writer) basics(s *section) {
	w.chapter(s, "plan.basics")
	r := w.r
	rows := [][]cell{
		{label(w.t("name")), wide(say(r.Name), 3)},
		{label(w.t("address")), wide(w.or(r.Address), 3)},
		{label(w.t("industry")), say(join(" ", r.Industry, r.Sector())), label(w.t("place")), w.or(place(r))},
		{label(w.t("grade")), say(w.grade(r.Grade)), label(w.t("category")), w.or(w.category(r.Category))},
		{label(w.t("stations")), w.or(r.StationMN), label(w.t("meter")), w.or(r.MeterID)},
	}
	if r.Category == reductionlist.Safeguard || r.MaxLoad != "" {
		rows = append(rows, []cell{label(w.t("max_load")), wide(w.or(r.MaxLoad), 3)})
	}
	var more [][]cell
	told := map[string]bool{}
	if r.Type == reductionlist.Enterprise {
		for _, name := range askedOf {
			more = append(more, []cell{label(name), w.or(r.Extra[name])})
			told[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		if !told[name] && r.Extra[name] != "" {
			more = append(more, []cell{label(name), say(r.Extra[name])})
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
		rows = append(rows, []cell{label(w.t("note")), wide(say(r.Note), 3)})
	}
	if r.Type == reductionlist.Enterprise {
		flow := cell{Runs: []run{w.todo()}, Tall: true}
		rows = append(rows, []cell{label(w.t("process")), wide(flow, 3)})
	}
	s.rows([]int{18, 32, 18, 32}, 0, rows...)
}

func place(r *reductionlist.Recipient) string {
	if r.Lon == 0 && r.Lat == 0 {
		return ""
	}
	return number(r.Lon) + "° E, " + number(r.Lat) + "° N"
}

func (w *writer) lines(s *section) {
	if len(w.r.Lines) == 0 && w.r.Type != reductionlist.Enterprise {
		return
	}
	w.chapter(s, "plan.lines")
	rows := [][]cell{heads(w.t("line"), w.t("capacity"), "SO₂", "NOx", "PM", "VOCs", w.t("safe_stop"), w.t("meter"),
		w.t("state"))}
	var sum reductionlist.Amounts
	for _, l := range w.r.Lines {
		state := w.t("runs")
		if l.Idle {
			state = w.t("idle")
		} else {
			sum = sum.Add(l.Emission)
		}
		rows = append(rows, slices.Concat([]cell{say(join(" ", l.ID, l.Name)), w.or(l.Capacity)}, amounts(l.Emission),
			[]cell{w.hours(l.SafeStopH), w.or(l.MeterID), mid(state)}))
	}
	if len(w.r.Lines) == 0 {
		rows = append(rows, []cell{wide(cell{Runs: []run{w.todo()}, Mid: true}, 9)})
	} else {
		rows = append(rows, slices.Concat([]cell{wide(label(w.t("sum_running")), 2)}, amounts(sum), []cell{wide(cell{}, 3)}))
	}
	s.say(fine, w.t("emission_unit"))
	s.rows([]int{21, 13, 8, 8, 8, 8, 11, 15, 8}, 1, rows...)
}

func amounts(a reductionlist.Amounts) []cell {
	var cells []cell
	for _, v := range parts(a) {
		cells = append(cells, mid(tonnes(v)))
	}
	return cells
}

func (w *writer) hours(h float64) cell {
	if h == 0 {
		return cell{Runs: []run{w.todo()}, Mid: true}
	}
	return mid(number(h))
}

// plants are the units, furnaces and the pit that the list describes.
func (w *writer) plants(s *section) {
	if len(w.r.Units) > 0 {
		s.say(heading, w.t("units"))
		rows := [][]cell{heads(w.t("unit"), w.t("load_mw"), w.t("min_up_down"), w.t("max_heat"), w.t("kg_per_t_coal"),
			w.t("in_force"))}
		for _, u := range w.r.Units {
			rows = append(rows, []cell{say(u.Name), mid(number(u.MinMW) + "–" + number(u.MaxMW)),
				mid(number(u.MinUpH) + " / " + number(u.MinDownH)),
				mid(number(u.MaxHeatGJH)), mid(gases(u.Emission)), mid(w.period(u.From, u.To))})
		}
		s.rows([]int{14, 15, 17, 14, 24, 16}, 1, rows...)
	}
	if len(w.r.Furnaces) > 0 {
		s.say(heading, w.t("furnaces"))
		rows := [][]cell{heads(w.t("furnace"), w.t("load_t_h"), w.t("min_up_down"), w.t("kg_per_t_waste"), w.t("in_force"))}
		for _, u := range w.r.Furnaces {
			rows = append(rows, []cell{say(u.Name), mid(number(u.MinTH) + "–" + number(u.MaxTH)),
				mid(number(u.MinUpH) + " / " + number(u.MinDownH)),
				mid(gases(u.Emission)), mid(w.period(u.From, u.To))})
		}
		s.rows([]int{18, 18, 20, 26, 18}, 1, rows...)
	}
	if p := w.r.Pit; p != nil {
		s.say(para, w.t("pit", "low", number(p.MinT), "high", number(p.MaxT)))
	}
}

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

func (w *writer) period(from, to string) string {
	if from == "" && to == "" {
		return "—"
	}
	if to == "" {
		to = w.t("open")
	}
	return w.t("from_to", "from", from, "to", to)
}

// measures are what is done at each level, line by line.
func (w *writer) measures(s *section) {
	w.chapter(s, "plan.measures")
	if w.r.MaxLoad != "" {
		s.say(para, w.t("max_load_text", "load", w.r.MaxLoad))
	}
	s.say(fine, w.t("higher_includes_lower"))
	for _, l := range ladder() {
		s.say(heading, w.level(l))
		list := reductionlist.MeasuresAt(w.r, l)
		if len(list) == 0 {
			s.say(para, w.t("no_measures"))
			continue
		}
		rows := [][]cell{heads(w.t("measure"), w.t("line_or_device"), w.t("action"), w.t("what_to_do"), w.t("key_number"),
			w.t("within"), w.t("responsible"), w.t("saves"))}
		var sum reductionlist.Amounts
		for i := range list {
			m := &list[i]
			sum = sum.Add(m.Reduction)
			rows = append(rows, []cell{mid(m.ID), w.or(m.Unit), mid(w.action(m.Action)), w.or(m.Text), w.orStop(m),
				w.or(m.WithinText(w.lang)), w.or(m.Responsible), dash(saved(m.Reduction))})
		}
		rows = append(rows, []cell{wide(label(w.t("sum")), 7), dash(saved(sum))})
		s.rows([]int{7, 12, 8, 31, 11, 10, 10, 11}, 1, rows...)
	}
}

// dash is for what is nothing rather than unknown.
func dash(said string) cell {
	if said == "" {
		return say("—")
	}
	return say(said)
}

// orStop is a measure's amount; what is stopped altogether needs none.
func (w *writer) orStop(m *reductionlist.Measure) cell {
	switch m.Action {
	case reductionlist.Stop, reductionlist.StopVehicles, reductionlist.StopWork:
		if m.Quantity == nil {
			return say("—")
		}
	}
	return w.or(w.quantity(m.Quantity))
}

// transportColumns are words in the header of a further column that make it one about transport.
var transportColumns = []string{"运输", "货车", "车辆", "货运", "门禁"}

func (w *writer) transport(s *section) {
	w.chapter(s, "plan.transport")
	var rows [][]cell
	for _, m := range ordered(w.r) {
		if aboutVehicles(&m) {
			rows = append(rows, []cell{mid(w.levels(m.Levels)), say(join(w.t("colon"), m.Unit, m.Text)), w.or(w.expected(&m))})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.r.Extra)) {
		if slices.ContainsFunc(transportColumns, func(word string) bool { return strings.Contains(name, word) }) &&
			w.r.Extra[name] != "" {
			rows = append(rows, []cell{label(name), wide(say(w.r.Extra[name]), 2)})
		}
	}
	if len(rows) == 0 {
		s.add(para, run{Text: w.t("no_transport")}, w.todo())
	} else {
		s.rows([]int{18, 46, 36}, 1, slices.Insert(rows, 0, heads(w.t("level"), w.t("what_to_do"), w.t("expected")))...)
	}
	s.add(para, run{Text: w.t("transport_more")}, w.todo())
}

// records are the channels that watch each measure, and the records to keep.
func (w *writer) records(s *section) {
	w.chapter(s, "plan.records")
	rows := [][]cell{heads(w.t("measure"), w.t("source"), w.t("ref"), w.t("criterion"))}
	seen := map[string]bool{}
	var keep []string
	for _, m := range ordered(w.r) {
		for _, o := range m.Monitors {
			text := w.channel(&o) + m.ID
			if seen[text] {
				continue
			}
			seen[text] = true
			levels := strings.ReplaceAll(w.levels(m.Levels), "\n", "、")
			rows = append(rows, []cell{mid(m.ID), mid(w.source(o.Source)), w.or(join(" ", o.Ref, o.Factor)),
				say(join(w.t("colon"), levels, o.Criterion.Text(w.lang)))})
		}
		for _, e := range m.Evidence {
			if !slices.Contains(keep, e) {
				keep = append(keep, e)
			}
		}
	}
	if len(rows) == 1 {
		rows = append(rows, []cell{wide(cell{Runs: []run{w.todo()}}, 4)})
	}
	s.rows([]int{10, 12, 36, 42}, 1, rows...)
	s.add(para, run{Text: w.t("keep")}, w.orRun(strings.Join(keep, "、")), run{Text: w.t("keep_for")}, w.todo())
}

func (w *writer) orRun(said string) run {
	if said == "" {
		return w.todo()
	}
	return run{Text: said}
}

// command is who directs and who carries out.
func (w *writer) command(s *section) {
	w.chapter(s, "plan.command")
	s.say(para, w.t("plan.command_text"))
	rows := [][]cell{heads(w.t("post"), w.t("duty"), w.t("person"), w.t("phone"))}
	rows = append(rows, []cell{say(w.t("leader")), say(w.t("leader_does")), w.or(""), w.or("")})
	name, phone := w.contact(w.f.Contact.Name), w.contact(w.f.Contact.Phone)
	rows = append(rows, []cell{say(w.t("liaison")), say(w.t("liaison_does")), name, phone})
	names, ids := posts(w.r)
	for _, post := range names {
		rows = append(rows, []cell{say(post), say(w.t("carries_out", "measures", strings.Join(ids[post], "、"))), w.or(""),
			w.or("")})
	}
	s.rows([]int{20, 40, 18, 22}, 1, rows...)
}

// contact is part of the contact, or why it does not stand here.
func (w *writer) contact(part string) cell {
	switch w.f.Contact.State {
	case Erased:
		return cell{Runs: []run{{Text: w.t("erased"), Todo: true}}}
	case Withheld:
		return cell{Runs: []run{{Text: w.t("withheld"), Todo: true}}}
	}
	return w.or(part)
}

func (w *writer) safety(s *section) {
	w.chapter(s, "plan.safety")
	said := false
	for _, l := range w.r.Lines {
		if l.SafeStopH > 0 {
			s.say(para, w.t("safe_stop_text", "line", l.Name, "hours", number(l.SafeStopH)))
			said = true
		}
	}
	if w.r.MaxLoad != "" {
		s.say(para, w.t("max_load_text", "load", w.r.MaxLoad))
	}
	if !said && w.r.Type == reductionlist.Enterprise {
		s.add(para, run{Text: w.t("safe_stop") + w.t("colon")}, w.todo())
	}
	s.add(para, run{Text: w.t("safety_more")}, w.todo())
}

// revision is when the plan is looked at again.
func (w *writer) revision(s *section) {
	w.chapter(s, "plan.revision")
	s.say(para, w.t("plan.revision_text"))
	for n := 1; n <= 6; n++ {
		s.say(para, "("+strconv.Itoa(n)+") "+w.t("trigger."+strconv.Itoa(n)))
	}
	s.say(fine, w.t("measures_follow", "levels", strings.ReplaceAll(w.levels(ladder()), "\n", "、")))
}
