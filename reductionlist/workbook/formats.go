package workbook

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"qingkong/reductionlist/internal/text"
)

// A number in a workbook means what its number format says (ECMA-376 part 1, 18.8.30 and 18.8.31): 0.5 under 0% is
// fifty per cent, under h:mm noon. Formats are read here, once each; what a cell shows by one is made in shown.go.

// numberFormat is a format by its sections: for numbers above zero, below zero, zero, or each with a condition of its
// own.
type numberFormat []section

// section is one part of a format.
type section struct {
	test          condition
	parts         parts
	percents      int
	thousandths   int // commas behind the digits, each of which shows a thousandth
	general       bool
	date, clock   bool // it shows a day, a time
	elapsed, noon bool // hours run on over 24; hours run from 1 to 12
	hours         bool // it shows hours
	plain         bool // a fraction or an exponent: the number as it is
	forText       bool // it is for texts
}

// condition chooses a section, like [>=1000]; an empty operator is no condition.
type condition struct {
	op    string
	value float64
}

func (c condition) holds(v float64) bool {
	switch c.op {
	case "<":
		return v < c.value
	case "<=":
		return v <= c.value
	case ">":
		return v > c.value
	case ">=":
		return v >= c.value
	case "=":
		return v == c.value
	case "<>":
		return v != c.value
	}
	return true
}

// part is a text that stands there as it is, or the place of one digit.
type part struct {
	text  string
	digit byte // '0', '#' or '?'
	after bool // behind the decimal point
}

type parts []part

// builtIn are the formats that a file names by number alone (18.8.30, those of Chinese programs included). Others show
// a number as it is.
var builtIn = func() map[int]numberFormat {
	codes := map[int]string{9: "0%", 10: "0.00%", 14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
		18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
		20: "h:mm", 21: "h:mm:ss", 22: "yyyy/m/d h:mm", 27: "yyyy/m", 28: "m/d", 29: "m/d", 30: "m/d/yy", 31: "yyyy/m/d",
		32: "h:mm", 33: "h:mm:ss",
		34: "h:mm AM/PM", 35: "h:mm:ss AM/PM", 36: "yyyy/m", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 50: "yyyy/m",
		51: "m/d", 52: "yyyy/m",
		53: "m/d", 54: "m/d", 55: "h:mm AM/PM", 56: "h:mm:ss AM/PM", 57: "yyyy/m", 58: "m/d"}
	formats := make(map[int]numberFormat, len(codes))
	for id, code := range codes {
		formats[id] = parseFormat(code)
	}
	return formats
}()

// maxFormat bounds a format that is read, which programs end at 255 characters; maxStyles how many a workbook may have:
// they end at 65,490.
const (
	maxFormat = 1000
	maxStyles = 100_000
)

// readStyles learns the format of each style of cells.
func (b *book) readStyles(rels []relation) error {
	for _, r := range rels {
		if !strings.HasSuffix(r.kind, "/styles") {
			continue
		}
		own, inCells := map[int]numberFormat{}, false
		err := b.each(r.target, func(t *tokens, e xml.StartElement) error {
			switch e.Name.Local {
			case "numFmt":
				id, err := strconv.Atoi(attr(e, "numFmtId"))
				if code := attr(e, "formatCode"); err == nil && len(own) < maxStyles && len(code) <= maxFormat && !inCells {
					own[id] = parseFormat(code)
				}
			case "cellXfs":
				inCells = true
			case "cellStyles", "dxfs", "cellStyleXfs":
				inCells = false
			case "xf":
				if !inCells || len(b.formats) >= maxStyles {
					break
				}
				id, _ := strconv.Atoi(attr(e, "numFmtId"))
				f, ok := own[id]
				if !ok {
					f = builtIn[id]
				}
				b.formats = append(b.formats, f)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// format is the one of a cell by the number of its style; nil shows a number as it is.
func (b *book) format(style string) numberFormat {
	if style == "" || len(b.formats) == 0 {
		return nil
	}
	i, err := strconv.Atoi(style)
	if err != nil || i < 0 || i >= len(b.formats) {
		return nil
	}
	return b.formats[i]
}

// parseFormat reads a format code. A code that shows every number as it is gives nil.
func parseFormat(code string) numberFormat {
	p := formatReader{rest: code, section: &section{}}
	for p.rest != "" {
		p.next()
	}
	p.end()
	if len(p.all) > 1 {
		p.all = slices.DeleteFunc(p.all, func(s section) bool { return s.forText })
	}
	if len(p.all) == 1 && p.all[0].shows() {
		return nil
	}
	return p.all
}

// shows reports whether a section shows a number as it is, whatever its digits.
func (s *section) shows() bool {
	if s.date || s.clock || s.percents > 0 || s.thousandths > 0 || s.test.op != "" {
		return false
	}
	zeros := 0
	for _, p := range s.parts {
		if p.text != "" {
			return false
		}
		if p.digit == '0' && !p.after {
			zeros++
		}
	}
	return s.general || zeros <= 1 && len(s.parts) > 0
}

// formatReader is a format code while it is read.
type formatReader struct {
	rest    string
	all     numberFormat
	section *section
	point   bool // it was seen
	commas  int  // since the last digit
	month   bool // an m that may be a month or a minute
	second  bool
}

func (p *formatReader) end() {
	s := p.section
	s.thousandths = p.commas
	if p.month && !s.hours && !p.second { // an m beside h or s is a minute
		s.date = true
	}
	if s.clock || s.date || s.plain {
		s.parts = nil
	}
	p.all = append(p.all, *s)
	p.section, p.point, p.commas, p.month, p.second = &section{}, false, 0, false, false
}

func (p *formatReader) literal(said string) {
	s := p.section
	if n := len(s.parts); n > 0 && s.parts[n-1].digit == 0 {
		s.parts[n-1].text += said
		return
	}
	s.parts = append(s.parts, part{text: said})
}

// take cuts n bytes off.
func (p *formatReader) take(n int) string {
	n = min(n, len(p.rest))
	said := p.rest[:n]
	p.rest = p.rest[n:]
	return said
}

// rune cuts one character off.
func (p *formatReader) rune() string {
	for i := range p.rest {
		if i > 0 {
			return p.take(i)
		}
	}
	return p.take(len(p.rest))
}

// word cuts off one of some words, in whatever case, and reports whether one stands there.
func (p *formatReader) word(words ...string) bool {
	for _, word := range words {
		if len(p.rest) >= len(word) && strings.EqualFold(p.rest[:len(word)], word) {
			p.take(len(word))
			return true
		}
	}
	return false
}

// next reads the next mark of a code.
func (p *formatReader) next() {
	s := p.section
	switch {
	case p.word("General", "G/通用格式", "通用格式"):
		s.general = true
		s.parts = append(s.parts, part{digit: '#'})
		return
	case p.word("上午/下午", "AM/PM", "A/P"):
		s.clock, s.noon = true, true
		return
	}
	if !strings.ContainsRune(`;"\!_*[0#?.,%@`, rune(p.rest[0])) {
		p.letter()
		return
	}
	switch c := p.take(1)[0]; c {
	case ';':
		p.end()
	case '"':
		said, rest, _ := strings.Cut(p.rest, `"`)
		p.rest = rest
		p.literal(said)
	case '\\', '!':
		p.literal(p.rune())
	case '_', '*': // as wide as a character, or filled with it
		p.rune()
	case '[':
		said, rest, _ := strings.Cut(p.rest, "]")
		p.rest = rest
		p.bracket(said)
	case '0', '#', '?':
		s.parts = append(s.parts, part{digit: c, after: p.point})
		p.commas = 0
	case '.':
		p.point = true
	case ',':
		p.commas++
	case '%':
		s.percents++
		p.literal("%")
	case '@':
		s.general, s.forText = true, true
		s.parts = append(s.parts, part{digit: '#'})
	}
}

// letter reads what stands for a part of a day or time, an exponent or a fraction, or else for itself.
func (p *formatReader) letter() {
	s, said := p.section, p.rune()
	switch said {
	case "y", "Y", "d", "D", "e", "b", "a", "A", "g", "r":
		s.date = true
	case "m", "M":
		p.month = true
		s.clock = s.clock || s.hours
	case "h", "H":
		s.clock, s.hours = true, true
	case "s", "S":
		s.clock, p.second = true, true
	case "E":
		if p.rest != "" && (p.rest[0] == '+' || p.rest[0] == '-') {
			p.take(1)
			s.plain = true
		} else {
			s.date = true
		}
	case "/":
		if n := len(s.parts); n > 0 && s.parts[n-1].digit != 0 {
			s.plain = true
		} else {
			p.literal(said)
		}
	default:
		p.literal(said)
	}
}

// bracket reads a colour, a condition, a currency, or hours, minutes or seconds that run on.
func (p *formatReader) bracket(said string) {
	s := p.section
	switch plain := strings.ToLower(said); {
	case plain != "" && strings.Trim(plain, "h") == "":
		s.clock, s.elapsed, s.hours = true, true, true
	case plain != "" && (strings.Trim(plain, "m") == "" || strings.Trim(plain, "s") == ""):
		s.clock, s.elapsed, p.second = true, true, true
	case strings.HasPrefix(said, "$"):
		sign, _, _ := strings.Cut(said[1:], "-")
		if sign != "" {
			p.literal(sign)
		}
	case strings.HasPrefix(said, "<"), strings.HasPrefix(said, ">"), strings.HasPrefix(said, "="):
		op := said[:1]
		if len(said) > 1 && (said[1] == '=' || said[1] == '>') {
			op = said[:2]
		}
		if v, err := strconv.ParseFloat(text.Trim(said[len(op):]), 64); err == nil {
			s.test = condition{op, v}
		}
	}
}
