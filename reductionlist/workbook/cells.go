package workbook

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// problem is what is wrong with one cell.
type problem struct {
	rule     string
	args     refusal.Args
	severity string // empty is an error
	typed    string // what stands in the cell, where that is not args["value"]
	places   []list.Cell
}

// sheetForm is how the rows of a sheet are read: by the form of each column, and what is made of several words by its
// header.
type sheetForm[T any] struct {
	list.Sheet[T]
	owned   bool
	special map[string]func(*T, string) *problem
}

var (
	recipientForm = sheetForm[list.Recipient]{Sheet: list.RecipientSheet}
	lineForm      = sheetForm[list.Line]{list.LineSheet, true,
		map[string]func(*list.Line, string) *problem{"长期停运": readIdle}}
	measureForm = sheetForm[list.Measure]{list.MeasureSheet, true,
		map[string]func(*list.Measure, string) *problem{"级别": readLevels,
			"核查材料": func(m *list.Measure, cell string) *problem { m.Evidence = text.Several(cell); return nil }}}
	unitForm    = sheetForm[list.Unit]{Sheet: list.UnitSheet, owned: true}
	furnaceForm = sheetForm[list.Furnace]{Sheet: list.FurnaceSheet, owned: true}
	pitForm     = sheetForm[list.Pit]{Sheet: list.PitSheet, owned: true}
)

// headers are the columns that are looked for; that of the owner, where there is one, is the first.
func (f sheetForm[T]) headers() []headerColumn {
	var hs []headerColumn
	if f.owned {
		hs = append(hs, headerColumn{name: list.ColumnOwner, folded: list.ColumnOwner, need: true, key: true})
	}
	for i := range f.Columns {
		c := &f.Columns[i]
		hs = append(hs, headerColumn{c.Header, text.Header(c.Header), c.Optional, c.Needed, c.Form == list.Identity})
	}
	return hs
}

// read puts a cell into the row, and says why where it cannot. Its text is trimmed, and may be empty.
func (f sheetForm[T]) read(c *list.Column[T], row *T, given numberCell) *problem {
	cell := given.text
	switch c.Form {
	case list.Number:
		return readNumber(c, row, given)
	case list.Word:
		if cell != "" && !c.Word.Set(row, text.Narrow(cell)) && !c.Word.Set(row, plainGrade(cell)) {
			return unknownWord(cell, c.Word.Words)
		}
	case list.Composed:
		if read := f.special[c.Header]; read != nil {
			return read(row, cell)
		}
	default:
		*c.Text(row) = c.Form.Plain(cell)
	}
	return nil
}

// readNumber takes an empty cell for zero. A zero that is written where none can be is told here: in the list it looks
// like an empty cell.
func readNumber[T any](c *list.Column[T], row *T, given numberCell) *problem {
	if given.text == "" {
		return nil
	}
	v, p := given.read(unitOf(c.Header))
	if p == nil && v == 0 && c.Low > 0 {
		p = &problem{rule: "list.number_range",
			args: refusal.Args{"value": text.Narrow(given.text), "low": text.Number(c.Low), "high": text.Number(c.High)}}
	}
	if p == nil {
		*c.Number(row) = v
	}
	return p
}

func unknownWord(cell string, words []string) *problem {
	return &problem{rule: "list.enum", args: refusal.Args{"value": cell, "allowed": strings.Join(words, "、")}}
}

func readIdle(l *list.Line, cell string) *problem {
	if cell = text.Narrow(cell); !slices.Contains([]string{"", "是", "否"}, cell) {
		return unknownWord(cell, []string{"是", "否"})
	}
	l.Idle = cell == "是"
	return nil
}

func readLevels(m *list.Measure, cell string) (p *problem) {
	m.Levels, p = words(cell, list.LevelWords)
	return p
}

// plainGrade is a grade without the words around it: A级, B－级, 绩效引领性.
func plainGrade(cell string) string {
	m := gradeForm.FindStringSubmatch(text.Fold(cell))
	if m == nil {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(dashes, r) {
			return '-'
		}
		return r
	}, m[1])
}

// dashes are what stands for the hyphen of B-.
const dashes = "-‐‑‒–—−"

var gradeForm = regexp.MustCompile(`^(?:绩效)?([ABCD][` + dashes + `]?|非?引领性)级?(?:企业)?$`)

// words reads several words of a vocabulary, separated by "/" or by what else people write between words.
func words[E ~string](cell string, v list.Vocabulary[E]) ([]E, *problem) {
	if cell == "" {
		return nil, nil
	}
	var codes []E
	var unknown []string
	for _, word := range strings.FieldsFunc(text.Narrow(cell),
		func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("/、,;|", r) }) {
		code, ok := v.Code(word)
		if !ok {
			if !slices.Contains(unknown, word) {
				unknown = append(unknown, word)
			}
			continue
		}
		codes = append(codes, code)
	}
	if len(unknown) > 0 {
		return nil, unknownWord(text.Clip(strings.Join(unknown, "、")), v.Words)
	}
	return codes, nil
}
