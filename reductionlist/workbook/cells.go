package workbook

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// problem is what is wrong with one cell.
type problem struct {
	rule     string
	args     refusal.Args
	severity string // empty is an error
}

// form is how the rows of a sheet are read: by the form of each column, and what is made of several words by its header.
type form[T any] struct {
	list.Sheet[T]
	owned   bool
	special map[string]func(*T, string) *problem
}

var (
	recipientForm = form[list.Recipient]{Sheet: list.RecipientSheet}
	lineForm      = form[list.Line]{list.LineSheet, true, map[string]func(*list.Line, string) *problem{"长期停运": readIdle}}
	measureForm   = form[list.Measure]{list.MeasureSheet, true, map[string]func(*list.Measure, string) *problem{"级别": readLevels,
		"核查材料": func(m *list.Measure, cell string) *problem { m.Evidence = text.Several(cell); return nil }}}
	unitForm    = form[list.Unit]{Sheet: list.UnitSheet, owned: true}
	furnaceForm = form[list.Furnace]{Sheet: list.FurnaceSheet, owned: true}
	pitForm     = form[list.Pit]{Sheet: list.PitSheet, owned: true}
)

// headers are the columns that are looked for; that of the owner, where there is one, is the first.
func (f form[T]) headers() []headerColumn {
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

// read puts a cell into the row, and says why where it cannot. Cell is trimmed text, and may be empty.
func (f form[T]) read(c *list.Column[T], row *T, cell string) *problem {
	switch c.Form {
	case list.Free:
		*c.Text(row) = cell
	case list.Code, list.Phone:
		*c.Text(row), _ = text.WholeCode(text.Narrow(cell))
	case list.Identity:
		*c.Text(row) = text.Narrow(cell)
	case list.USCC:
		*c.Text(row) = text.Fold(cell)
	case list.Day:
		day, ok := text.Day(cell)
		if !ok { // kept as it is, for an empty day means something else
			day = cell
		}
		*c.Text(row) = day
	case list.Number:
		return readNumber(c, row, cell)
	case list.Word:
		if cell != "" && !c.Word.Set(row, text.Narrow(cell)) {
			return unknownWord(cell, c.Word.Words)
		}
	case list.Composed:
		if read := f.special[c.Header]; read != nil {
			return read(row, cell)
		}
	}
	return nil
}

// readNumber takes an empty cell for nought. A nought that is written and cannot be is told here: in the list it looks like that.
func readNumber[T any](c *list.Column[T], row *T, cell string) *problem {
	if cell == "" {
		return nil
	}
	v, p := parseNumber(cell)
	if p == nil && v == 0 && c.Low > 0 {
		p = &problem{rule: "list.number_range", args: refusal.Args{"value": text.Narrow(cell), "low": text.Number(c.Low), "high": text.Number(c.High)}}
	}
	if p == nil {
		*c.Number(row) = v
	}
	return p
}

func parseNumber(cell string) (float64, *problem) {
	cell = text.Narrow(cell)
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || strings.ContainsAny(cell, "xXpP_") {
		return 0, &problem{rule: "list.number", args: refusal.Args{"value": cell}}
	}
	return text.Round12(v), nil
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

// words reads several words of a vocabulary separated by "/".
func words[E ~string](cell string, v list.Vocabulary[E]) ([]E, *problem) {
	if cell == "" {
		return nil, nil
	}
	var codes []E
	for word := range strings.SplitSeq(text.Narrow(cell), "/") {
		code, ok := v.Code(strings.TrimSpace(word))
		if !ok {
			return nil, unknownWord(word, v.Words)
		}
		codes = append(codes, code)
	}
	return codes, nil
}
