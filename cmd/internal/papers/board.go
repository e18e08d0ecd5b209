package papers

import (
	"strconv"
	"strings"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// Board is the board at a recipient's gate, one sheet of A3. Its letters are as large as what it has to say lets them
// be. Its contact is meant for whoever stands at the gate: the enterprise puts it up.
func Board(f Facts) (*Document, error) {
	w := &writer{words: words{f.Lang}, f: &f, r: f.Recipient}
	s := section{paper: a3Wide}
	if f.example() {
		s.say(banner, w.t("example"))
	}
	s.say(title, w.t("board.name"))
	s.rows([]int{10, 44, 10, 12, 10, 14}, 0,
		[]cell{label(w.t("firm")), {Runs: []run{{Text: w.r.Name, Bold: true}}}, label(w.t("grade")), mid(w.grade(w.r.Grade)),
			label(w.t("category")), w.or(w.category(w.r.Category))},
		[]cell{label(w.t("address")), w.or(join(" ", w.r.Town, w.r.Address)), label(w.t("industry")),
			wide(say(w.r.Sector()), 3)})
	size := w.boardLevels(&s)
	if err := w.boardFoot(&s); err != nil {
		return nil, err
	}
	d := &Document{Title: w.t("board.title", "name", w.r.Name), Lang: f.Lang, class: "board", sections: []section{s}}
	switch {
	case size < 300:
		d.class, d.points = "board large", 19
	case size < 1000:
		d.points = 13
	default:
		d.class, d.points = "board small", 10
	}
	return d, nil
}

// boardLevels says what is done at each level, and what lorries may not. It returns how many letters that takes.
func (w *writer) boardLevels(s *section) (size int) {
	rows := [][]cell{{head(w.t("level")), head(w.t("board.content"))}}
	said := ""
	for _, l := range ladder() {
		text := w.list(at(w.r, l, false))
		size += len([]rune(text))
		level := cell{Runs: []run{{Text: w.level(l), Bold: true}}, Mid: true, Fill: fillOf(l)}
		switch {
		case text == "" && said == "":
			rows = append(rows, []cell{level, say(w.t("no_measures"))})
		case text == said:
			rows = append(rows, []cell{level, say(w.t("same_as_above"))})
		default:
			rows = append(rows, []cell{level, say(text)})
		}
		said = text
	}
	if w.r.MaxLoad != "" {
		rows = append(rows, []cell{head(w.t("max_load")), say(w.r.MaxLoad)})
	}
	lorries, n := w.lorries()
	rows = append(rows, []cell{head(w.t("board.lorries")), lorries})
	s.rows([]int{14, 86}, 1, rows...)
	return size + n
}

// list numbers what is done.
func (w *writer) list(ms []reductionlist.Measure) string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = strconv.Itoa(i+1) + ". " + join(w.t("comma"), m.Text, m.WithinText(w.lang))
		if strings.Contains(m.Text, w.t("hours_in")) { // the sentence says it already
			lines[i] = strconv.Itoa(i+1) + ". " + m.Text
		}
	}
	return strings.Join(lines, "\n")
}

// lorries is what the list says of lorries, each thing with the first level from which it holds.
func (w *writer) lorries() (cell, int) {
	var said []string
	seen := map[string]alerts.Level{}
	for _, l := range ladder() {
		for _, m := range at(w.r, l, true) {
			if _, known := seen[m.Text]; known {
				continue
			}
			seen[m.Text] = l
			said = append(said, w.t("from_level", "level", w.level(l))+w.t("colon")+m.Text)
		}
	}
	if len(said) == 0 {
		return w.or(""), 0
	}
	text := strings.Join(said, "\n")
	return say(text), len([]rune(text))
}

// boardFoot is who answers, who is called, and the code that opens the public page.
func (w *writer) boardFoot(s *section) error {
	c := w.f.Contact
	code := cell{Runs: []run{{Text: w.t("no_page"), Todo: true}}, Mid: true}
	if w.f.Page != "" {
		symbol, err := newSymbol(w.f.Page)
		if err != nil {
			return err
		}
		code = cell{Runs: []run{{Code: symbol}, {Text: "\n" + w.t("scan")}}, Mid: true}
	}
	l := w.f.List
	s.rows([]int{13, 24, 13, 24, 26}, 0,
		[]cell{head(w.t("in_charge")), w.contact(c.Name), head(w.t("phone")), w.contact(c.Phone), code},
		[]cell{head(w.t("watch")), w.or(w.f.Watch), head(w.t("list")), say(join("\n", l.Name, l.Version)), say(w.f.Page)})
	return nil
}
