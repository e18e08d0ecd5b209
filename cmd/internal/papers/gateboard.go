package papers

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// gateBoard is the board at a recipient's gate (公示牌), one sheet of A3. Its letters are as large as what it has to
// say lets them be. It names the contact for whoever stands at the gate: the enterprise itself puts it up.
func gateBoard(f Facts) (*document, error) {
	b := newBuilder(f)
	b.begin(a3Wide)
	b.markExample()
	b.say(title, "board.name")
	b.table([]int{10, 44, 10, 12, 10, 14}, nil, [][]cell{
		{b.label("firm"), of(run{Text: b.r.Name, Bold: true}), b.label("grade"), mid(b.grade(b.r.Grade)),
			b.label("category"), b.or(b.category(b.r.Category))},
		{b.label("address"), b.or(join(" ", b.r.Town, b.r.Address)), b.label("industry"), wide(say(b.r.Sector()), 3)},
	})
	letters := b.gateLevels()
	if err := b.gateFoot(); err != nil {
		return nil, err
	}
	d := &document{Title: b.t("board.title", "name", b.r.Name), Lang: f.Lang, Sections: b.sections}
	switch {
	case letters < 300:
		d.Class, d.points = "board large", 19
	case letters < 1000:
		d.Class, d.points = "board", 13
	default:
		d.Class, d.points = "board small", 10
	}
	return d, nil
}

// gateLevels says what is done at each level, and what lorries may not do. It returns how many letters that takes.
func (b *builder) gateLevels() (letters int) {
	var rows [][]cell
	above := ""
	for _, l := range alerts.Levels() {
		text := b.numbered(at(b.r, l, false))
		letters += utf8.RuneCountInString(text)
		does := say(text)
		switch {
		case text == "" && len(at(b.r, l, true)) > 0: // which stand in a row of their own
			does = b.cell("board.lorries_alone")
		case text == "" && above == "":
			does = b.cell("no_measures")
		case text == above:
			does = b.cell("same_as_above")
		}
		rows = append(rows, []cell{{Runs: []run{{Text: b.level(l), Bold: true}}, Mid: true, Fill: l}, does})
		above = text
	}
	if b.r.MaxLoad != "" {
		rows = append(rows, []cell{b.head("max_load"), say(b.r.MaxLoad)})
	}
	lorries := b.lorries()
	rows = append(rows, []cell{b.head("board.lorries"), b.or(lorries)})
	b.table([]int{14, 86}, b.heads("level", "board.content"), rows)
	return letters + utf8.RuneCountInString(lorries)
}

// numbered is a numbered list of what is done.
func (b *builder) numbered(ms []reductionlist.Measure) string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		text := m.Text
		if !strings.Contains(text, b.t("hours_in")) { // else the sentence says within how many hours
			text = join(b.t("comma"), text, m.WithinText(b.lang))
		}
		lines[i] = fmt.Sprintf("%d. %s", i+1, text)
	}
	return strings.Join(lines, "\n")
}

// lorries is what the list says of lorries, each thing with the first level from which it holds; empty for nothing.
func (b *builder) lorries() string {
	var said []string
	seen := map[string]bool{}
	for _, l := range alerts.Levels() {
		for _, m := range at(b.r, l, true) {
			if !seen[m.Text] {
				seen[m.Text] = true
				said = append(said, b.t("from_level", "level", b.level(l))+b.t("colon")+m.Text)
			}
		}
	}
	return strings.Join(said, "\n")
}

// gateFoot names who answers and whom to call, and has the code that opens the public page.
func (b *builder) gateFoot() error {
	c, l := b.f.Contact, b.f.List
	code := centred(of(run{Text: b.t("no_page"), Todo: true}))
	if b.f.Page != "" {
		symbol, err := newSymbol(b.f.Page)
		if err != nil {
			return err
		}
		code = cell{Runs: []run{{Code: symbol}, {Text: "\n" + b.t("scan")}}, Mid: true}
	}
	b.table([]int{13, 24, 13, 24, 26}, nil, [][]cell{
		{b.head("in_charge"), b.contact(c.Name), b.head("phone"), b.contact(c.Phone), code},
		{b.head("watch"), b.or(b.f.Watch), b.head("list"), say(join("\n", l.Name, l.Version)), say(b.f.Page)},
	})
	return nil
}
