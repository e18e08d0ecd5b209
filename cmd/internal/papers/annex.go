package papers

import (
	"fmt"
	"qingkong/alerts"
	"strings"
)

// annexes are the forms that offices know; each begins on a new page.
func (b *builder) annexes() {
	b.members()
	b.execution()
	b.checks()
	b.verdict()
	b.filing()
}

func (b *builder) annex(n int, size paper) {
	b.begin(size)
	b.add(chapter, run{Text: b.annexName(n)})
}

func (b *builder) annexName(n int) string { return b.t("annex", "n", n) + b.t(fmt.Sprint("annex.", n)) }

// members is the form for the enterprise's own team.
func (b *builder) members() {
	b.annex(1, a4)
	c := b.f.Contact
	rows := [][]cell{
		{count(1), b.cell("leader"), b.or(""), b.or(""), b.or(""), {}},
		{count(2), b.cell("liaison"), b.contact(c.Name), b.or(""), b.contact(c.Phone), b.cell("of_list")},
		{count(3), b.cell("deputy"), b.contact(c.BackupName), b.or(""), b.contact(c.BackupPhone), b.cell("of_list")},
	}
	names, _ := posts(b.r)
	for _, post := range names {
		rows = append(rows, []cell{count(len(rows) + 1), b.cell("member"), b.or(""), say(post), b.or(""), {}})
	}
	for range 3 {
		rows = append(rows, []cell{count(len(rows) + 1), hand(), hand(), hand(), hand(), hand()})
	}
	b.table([]int{8, 18, 18, 20, 22, 14}, b.heads("no", "role", "person", "office", "phone", "remark"), rows)
	b.table([]int{60, 40}, b.heads("outside", "phone"), [][]cell{
		{b.cell("watch_of", "district", b.f.District), b.or(b.f.Watch)},
		{b.cell("town_office", "town", b.r.Town), b.or("")},
		{b.cell("rescue"), b.or("")},
	})
	b.say(fine, "personal")
}

// execution is the form that is filled in while a warning lasts: who did what and when.
func (b *builder) execution() {
	b.annex(2, a4Wide)
	b.table([]int{10, 18, 10, 34, 10, 18}, nil, [][]cell{
		{b.label("warning_no"), hand(), b.label("level_now"), b.boxes(), b.label("received_at"), hand()}})
	var rows [][]cell
	for _, m := range ordered(b.r) {
		rows = append(rows, []cell{mid(b.levels(m.Levels, "\n")), mid(m.ID), b.or(m.Unit), b.or(m.Text), b.orStop(&m),
			b.or(m.WithinText(b.lang)), b.or(m.Responsible), hand(), hand(), hand(), hand()})
	}
	b.measuresTable([]int{7, 6, 9, 23, 9, 8, 8, 8, 8, 7, 7}, b.heads("level", "measure", "line_or_device", "what_to_do",
		"key_number", "within", "responsible", "began_at", "done_at", "reached", "signed"), rows)
}

// boxes are the levels to tick.
func (b *builder) boxes() cell {
	text := ""
	for _, l := range alerts.Levels() {
		text += "□" + b.level(l) + " "
	}
	return say(text)
}

// measuresTable adds a table with a row for each measure, or one that says that there is none.
func (b *builder) measuresTable(cols []int, head []cell, rows [][]cell) {
	if len(rows) == 0 {
		rows = [][]cell{{wide(centred(b.cell("no_measures")), len(cols))}}
	}
	b.table(cols, head, rows)
}

// checks is the form by which an inspector compares the list with the place.
func (b *builder) checks() {
	b.annex(3, a4Wide)
	b.table([]int{10, 18, 10, 18, 10, 34}, nil, [][]cell{
		{b.label("checked_at"), hand(), b.label("inspectors"), hand(), b.label("level_now"), b.boxes()}})
	var rows [][]cell
	for i, m := range ordered(b.r) {
		rows = append(rows, []cell{count(i + 1), mid(b.levels(m.Levels, "\n")), b.or(m.Unit), say(join(" ", m.ID, m.Text)),
			b.or(b.expected(&m)), b.or(strings.Join(m.Evidence, "\n")), hand(), b.cell("yes_no_na"), hand()})
	}
	b.measuresTable([]int{4, 7, 9, 18, 28, 11, 11, 6, 6}, b.heads("no", "level", "line_or_device", "what_to_do",
		"expected", "evidence", "found", "fits", "remark"), rows)
	b.table([]int{50, 50}, nil, [][]cell{{tall(b.cell("sign_inspector")), tall(b.cell("sign_firm"))}})
}

// verdict is the office's opinion after it has looked at the place.
func (b *builder) verdict() {
	b.annex(4, a4)
	var rows [][]cell
	for i, fact := range []struct{ rule, said string }{
		{"grade", b.grade(b.r.Grade)},
		{"category", b.category(b.r.Category)},
		{"count_lines", b.countLines()},
		{"stations", b.r.StationMN},
		{"meter", b.r.MeterID},
		{"count_measures", fmt.Sprint(len(b.r.Measures))},
		{"board_there", ""},
		{"records_there", ""},
	} {
		rows = append(rows, []cell{count(i + 1), b.cell(fact.rule), dash(fact.said), hand(), b.cell("yes_no")})
	}
	b.table([]int{8, 24, 34, 20, 14}, b.heads("no", "looked_at", "of_list_says", "found", "agrees"), rows)
	b.table([]int{22, 78}, nil, [][]cell{
		{b.label("firm"), say(join(" ", b.r.ID, b.r.Name))},
		{b.label("opinion"), tall(hand())},
		{b.label("opinion_town"), tall(hand())},
		{b.label("opinion_district"), tall(hand())},
		{b.label("date"), hand()},
	})
}

func (b *builder) countLines() string {
	if len(b.r.Lines) == 0 {
		return ""
	}
	idle := 0
	for _, l := range b.r.Lines {
		if l.Idle {
			idle++
		}
	}
	return b.t("lines_of", "lines", len(b.r.Lines), "idle", idle)
}

// filing is the form with which the handbook is handed in.
func (b *builder) filing() {
	b.annex(5, a4)
	enclosed := "□" + b.t("plan.name")
	for n := 1; n <= 4; n++ {
		enclosed += "\n□" + b.annexName(n)
	}
	b.table([]int{22, 28, 22, 28}, nil, [][]cell{
		{b.label("name"), wide(say(b.r.Name), 3)},
		{b.label("uscc"), b.or(b.r.USCC), b.label("permit"), b.or(b.r.Permit)},
		{b.label("address"), wide(b.or(b.r.Address), 3)},
		{b.label("liaison"), b.contact(b.f.Contact.Name), b.label("phone"), b.contact(b.f.Contact.Phone)},
		{b.label("plan.filed_as"), wide(b.cell("plan.title", "name", b.r.Name), 3)},
		{b.label("version"), b.or(b.f.List.Version), b.label("compiled_on"), hand()},
		{b.label("filing_no"), hand(), b.label("filing_date"), hand()},
		{b.label("enclosed"), wide(say(enclosed), 3)},
		{b.label("sign_firm_seal"), wide(tall(hand()), 3)},
		{b.label("filing_opinion"), wide(tall(hand()), 3)},
	})
}
