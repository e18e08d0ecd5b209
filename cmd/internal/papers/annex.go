package papers

import (
	"slices"
	"strconv"
	"strings"

	"qingkong/reductionlist"
)

func (w *writer) annex(n int, size paper) section {
	s := section{paper: size}
	s.say(chapter, w.t("annex", "n", n)+w.t("annex."+strconv.Itoa(n)))
	return s
}

// members are who belongs to the enterprise's own team.
func (w *writer) members() section {
	s := w.annex(1, a4)
	c := w.f.Contact
	rows := [][]cell{heads(w.t("no"), w.t("role"), w.t("person"), w.t("office"), w.t("phone"), w.t("remark"))}
	rows = append(rows,
		[]cell{mid("1"), say(w.t("leader")), w.or(""), w.or(""), w.or(""), {}},
		[]cell{mid("2"), say(w.t("liaison")), w.contact(c.Name), w.or(""), w.contact(c.Phone), say(w.t("of_list"))},
		[]cell{mid("3"), say(w.t("deputy")), w.contact(c.BackupName), w.or(""), w.contact(c.BackupPhone),
			say(w.t("of_list"))})
	names, _ := posts(w.r)
	for _, post := range names {
		rows = append(rows, []cell{mid(strconv.Itoa(len(rows))), say(w.t("member")), w.or(""), say(post), w.or(""), {}})
	}
	for range 3 {
		rows = append(rows, []cell{mid(strconv.Itoa(len(rows))), hand(), hand(), hand(), hand(), hand()})
	}
	s.rows([]int{8, 18, 18, 20, 22, 14}, 1, rows...)
	rows = [][]cell{
		heads(w.t("outside"), w.t("phone")),
		{say(w.t("watch_of", "district", w.f.District)), w.or(w.f.Watch)},
		{say(w.t("town_office", "town", w.r.Town)), w.or("")},
		{say(w.t("rescue")), w.or("")},
	}
	s.rows([]int{60, 40}, 1, rows...)
	s.say(fine, w.t("personal"))
	return s
}

// execution is filled in while a warning lasts: who did what and when.
func (w *writer) execution() section {
	s := w.annex(2, a4Wide)
	s.rows([]int{10, 18, 10, 34, 10, 18}, 0,
		[]cell{label(w.t("warning_no")), hand(), label(w.t("level_now")), say(w.boxes()), label(w.t("received_at")), hand()})
	rows := [][]cell{heads(w.t("level"), w.t("measure"), w.t("line_or_device"), w.t("what_to_do"), w.t("key_number"),
		w.t("within"), w.t("responsible"),
		w.t("began_at"), w.t("done_at"), w.t("reached"), w.t("signed"))}
	for _, m := range ordered(w.r) {
		rows = append(rows, []cell{mid(w.levels(m.Levels)), mid(m.ID), w.or(m.Unit), w.or(m.Text), w.orStop(&m),
			w.or(m.WithinText(w.lang)), w.or(m.Responsible),
			hand(), hand(), hand(), hand()})
	}
	w.none(&rows, 11)
	s.rows([]int{7, 6, 9, 23, 9, 8, 8, 8, 8, 7, 7}, 1, rows...)
	return s
}

// boxes are the levels to tick.
func (w *writer) boxes() string {
	text := ""
	for _, l := range ladder() {
		text += "□" + w.level(l) + " "
	}
	return text
}

func (w *writer) none(rows *[][]cell, columns int) {
	if len(*rows) == 1 {
		*rows = append(*rows, []cell{wide(cell{Runs: text(w.t("no_measures")), Mid: true}, columns)})
	}
}

// checks are what an inspector compares with what is found.
func (w *writer) checks() section {
	s := w.annex(3, a4Wide)
	s.rows([]int{10, 18, 10, 18, 10, 34}, 0,
		[]cell{label(w.t("checked_at")), hand(), label(w.t("inspectors")), hand(), label(w.t("level_now")), say(w.boxes())})
	rows := [][]cell{heads(w.t("no"), w.t("level"), w.t("line_or_device"), w.t("what_to_do"), w.t("expected"),
		w.t("evidence"), w.t("found"), w.t("fits"), w.t("remark"))}
	for i, m := range ordered(w.r) {
		rows = append(rows, []cell{mid(strconv.Itoa(i + 1)), mid(w.levels(m.Levels)), w.or(m.Unit),
			say(join(" ", m.ID, m.Text)), w.or(w.expected(&m)),
			w.or(strings.Join(m.Evidence, "\n")), hand(), say(w.t("yes_no_na")), hand()})
	}
	w.none(&rows, 9)
	s.rows([]int{4, 7, 9, 18, 28, 11, 11, 6, 6}, 1, rows...)
	s.rows([]int{50, 50}, 0, []cell{tall(say(w.t("sign_inspector"))), tall(say(w.t("sign_firm")))})
	return s
}

// verdict is the office's opinion after it has looked at the place.
func (w *writer) verdict() section {
	s := w.annex(4, a4)
	rows := [][]cell{heads(w.t("no"), w.t("looked_at"), w.t("of_list_says"), w.t("found"), w.t("agrees"))}
	facts := []struct{ what, said string }{
		{w.t("grade"), w.grade(w.r.Grade)},
		{w.t("category"), w.category(w.r.Category)},
		{w.t("count_lines"), w.countLines()},
		{w.t("stations"), w.r.StationMN},
		{w.t("meter"), w.r.MeterID},
		{w.t("count_measures"), strconv.Itoa(len(w.r.Measures))},
		{w.t("board_there"), ""},
		{w.t("records_there"), ""},
	}
	for i, f := range facts {
		rows = append(rows, []cell{mid(strconv.Itoa(i + 1)), say(f.what), dash(f.said), hand(), say(w.t("yes_no"))})
	}
	s.rows([]int{8, 24, 34, 20, 14}, 1, rows...)
	s.rows([]int{22, 78}, 0,
		[]cell{label(w.t("firm")), say(join(" ", w.r.ID, w.r.Name))},
		[]cell{label(w.t("opinion")), tall(hand())},
		[]cell{label(w.t("opinion_town")), tall(hand())},
		[]cell{label(w.t("opinion_district")), tall(hand())},
		[]cell{label(w.t("date")), hand()})
	return s
}

func (w *writer) countLines() string {
	if len(w.r.Lines) == 0 {
		return ""
	}
	idle := len(slices.DeleteFunc(slices.Clone(w.r.Lines), func(l reductionlist.Line) bool { return !l.Idle }))
	return w.t("lines_of", "lines", len(w.r.Lines), "idle", idle)
}

// filing is with what the plan is handed in.
func (w *writer) filing() section {
	s := w.annex(5, a4)
	s.rows([]int{22, 28, 22, 28}, 0,
		[]cell{label(w.t("name")), wide(say(w.r.Name), 3)},
		[]cell{label(w.t("uscc")), w.or(w.r.USCC), label(w.t("permit")), w.or(w.r.Permit)},
		[]cell{label(w.t("address")), wide(w.or(w.r.Address), 3)},
		[]cell{label(w.t("liaison")), w.contact(w.f.Contact.Name), label(w.t("phone")), w.contact(w.f.Contact.Phone)},
		[]cell{label(w.t("plan.filed_as")), wide(say(w.t("plan.title", "name", w.r.Name)), 3)},
		[]cell{label(w.t("version")), w.or(w.f.List.Version), label(w.t("compiled_on")), hand()},
		[]cell{label(w.t("filing_no")), hand(), label(w.t("filing_date")), hand()},
		[]cell{label(w.t("enclosed")), wide(say(w.enclosed()), 3)},
		[]cell{label(w.t("sign_firm_seal")), wide(tall(hand()), 3)},
		[]cell{label(w.t("filing_opinion")), wide(tall(hand()), 3)})
	return s
}

func (w *writer) enclosed() string {
	text := "□" + w.t("plan.name")
	for n := 1; n <= 4; n++ {
		text += "\n□" + w.t("annex", "n", n) + w.t("annex."+strconv.Itoa(n))
	}
	return text
}
