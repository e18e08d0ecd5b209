package reductionlist

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

// Names of the sheets.
const (
	sheetHead       = "基本情况"
	sheetRecipients = "减排对象"
	sheetLines      = "生产线"
	sheetMeasures   = "减排措施"
	sheetUnits      = "机组"
	sheetFurnaces   = "焚烧炉"
	sheetPits       = "垃圾池"

	columnOwner = "对象编号"
	columnNote  = "备注"
)

// problem is what is wrong with one cell.
type problem struct {
	rule     string
	args     refusal.Args
	severity string // empty is an error
}

// column is one column of a sheet whose rows are T: how a cell is read and written. Read gets trimmed text and
// is called for empty cells too.
type column[T any] struct {
	header   string
	optional bool // the sheet may lack it
	need     bool // every row has it
	key      bool // it says what the row is about
	day      bool // numbers in it are days
	read     func(*T, string) *problem
	write    func(*T) any
}

// Rows of the sheets that belong to a recipient name it in 对象编号.
type (
	lineRow struct {
		owner string
		Line
	}
	measureRow struct {
		owner string
		Measure
		cells monitorCells
	}
	unitRow struct {
		owner string
		Unit
	}
	furnaceRow struct {
		owner string
		Furnace
	}
	pitRow struct {
		owner string
		Pit
	}
)

// text is a column of free text.
func text[T any](header string, field func(*T) *string) column[T] {
	return column[T]{header: header,
		read:  func(row *T, cell string) *problem { *field(row) = cell; return nil },
		write: func(row *T) any { return *field(row) }}
}

// required is a column of text that may not be empty.
func required[T any](header string, field func(*T) *string) column[T] {
	c := text(header, field)
	c.need = true
	c.read = func(row *T, cell string) *problem {
		*field(row) = cell
		if cell == "" {
			return &problem{rule: "list.required"}
		}
		return nil
	}
	return c
}

// code is a column of codes that others assign, which a spreadsheet may have turned into numbers.
func code[T any](header string, field func(*T) *string) column[T] {
	c := text(header, field)
	c.read = func(row *T, cell string) *problem {
		cell, lost := wholeCode(narrow(cell))
		*field(row) = cell
		if lost {
			return lostDigits("list.code_scientific", cell)
		}
		return nil
	}
	return c
}

// identity is a column of ids that stand in subjects and keys.
func identity[T any](header string, field func(*T) *string) column[T] {
	c := text(header, field)
	c.need, c.key = true, true
	c.read = func(row *T, cell string) *problem {
		cell = narrow(cell)
		*field(row) = cell
		if cell == "" {
			return &problem{rule: "list.required"}
		}
		if !recipientID.MatchString(cell) {
			return &problem{rule: "list.id_form", args: refusal.Args{"value": cell}}
		}
		return nil
	}
	return c
}

// number is a column of numbers in [lo, hi]; an empty cell is 0 unless needed.
func number[T any](header string, needed bool, lo, hi float64, field func(*T) *float64) column[T] {
	return column[T]{header: header, need: needed,
		read: func(row *T, cell string) *problem {
			if cell == "" {
				if needed {
					return &problem{rule: "list.required"}
				}
				return nil
			}
			v, p := parseNumber(cell, lo, hi)
			if p == nil {
				*field(row) = v
			}
			return p
		},
		write: func(row *T) any {
			if v := round12(*field(row)); v != 0 || needed {
				return v
			}
			return nil
		}}
}

func parseNumber(cell string, lo, hi float64) (float64, *problem) {
	cell = narrow(cell)
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || strings.ContainsAny(cell, "xXpP_") {
		return 0, &problem{rule: "list.number", args: refusal.Args{"value": cell}}
	}
	if v < lo || v > hi {
		return 0, &problem{rule: "list.number_range", args: refusal.Args{"value": cell, "low": plain(lo), "high": plain(hi)}}
	}
	return round12(v), nil
}

// round12 keeps twelve significant digits: what a spreadsheet program computed and what was typed are the same
// number then, and a list written and read back has the same hash.
func round12(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil || r == 0 {
		return 0 // also for -0
	}
	return r
}

func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// big is the bound of quantities that have no natural one; it catches a telephone number in the wrong column.
const big = 1e9

// enumeration is a column whose words come from a vocabulary.
func enumeration[T any, E ~string](header string, needed bool, v vocabulary[E], field func(*T) *E) column[T] {
	return column[T]{header: header, need: needed,
		read: func(row *T, cell string) *problem {
			if cell == "" && !needed {
				return nil
			}
			if cell == "" {
				return &problem{rule: "list.required"}
			}
			code, ok := v.code(narrow(cell))
			if !ok {
				return unknownWord(cell, v.words)
			}
			*field(row) = code
			return nil
		},
		write: func(row *T) any { return v.word(*field(row)) }}
}

func unknownWord(cell string, words []string) *problem {
	return &problem{rule: "list.enum", args: refusal.Args{"value": cell, "allowed": strings.Join(words, "、")}}
}

// mobile also admits the block 100000…, which no network assigns: invented lists use it, so that nobody is ever
// called by mistake.
var mobile = regexp.MustCompile(`^(1[3-9][0-9]{9}|100000[0-9]{5})$`)

// ValidPhone checks the form of a Chinese mobile number.
func ValidPhone(number string) bool { return mobile.MatchString(number) }

// phone is a column of Chinese mobile numbers.
func phone[T any](header string, field func(*T) *string) column[T] {
	c := text(header, field)
	c.read = func(row *T, cell string) *problem {
		cell, lost := wholeCode(narrow(cell))
		*field(row) = cell
		switch {
		case lost:
			return lostDigits("list.code_scientific", cell)
		case cell != "" && !ValidPhone(cell):
			return &problem{rule: "list.phone"}
		}
		return nil
	}
	return c
}

// date is a column of days: see parseDate. What is none is kept as it is, for an empty cell means something else.
func date[T any](header string, field func(*T) *string) column[T] {
	c := text(header, field)
	c.day = true
	c.read = func(row *T, cell string) *problem {
		day, ok := parseDate(cell)
		if !ok {
			*field(row) = cell
			return &problem{rule: "list.date", args: refusal.Args{"value": cell}}
		}
		*field(row) = day
		return nil
	}
	return c
}

var dateLayouts = []string{time.DateOnly, "2006/1/2", "2006-1-2", "2006.1.2", "2006年1月2日",
	"2006-1-2 15:04:05", "2006/1/2 15:04:05", "2006-1-2T15:04:05", "2006/1/2 15:04"}

// The days that are read as numbers: from 1954 to 2173, so that neither a year nor a date without separators is one.
const firstSerial, lastSerial = 20000, 100000

// parseDate reads a day as people write it, 2024-10-01, 2024/10/1, 2024年10月1日, or as the number a spreadsheet stores.
func parseDate(cell string) (string, bool) {
	cell = narrow(cell)
	if strings.ContainsRune(cell, '年') {
		cell = squeeze(cell)
	}
	if cell == "" {
		return "", true
	}
	for _, layout := range dateLayouts {
		if d, err := time.Parse(layout, cell); err == nil {
			return d.Format(time.DateOnly), true
		}
	}
	// Day 1 of the 1900 date system is 1900-01-01, which counts a 29 February 1900; so 1899-12-30 is day 0 of our era.
	if n, err := strconv.ParseFloat(cell, 64); err == nil && n >= firstSerial && n < lastSerial {
		return time.Date(1899, 12, 30+int(n), 0, 0, 0, 0, time.UTC).Format(time.DateOnly), true
	}
	return "", false
}

// since1904 moves the number of a day in the 1904 date system to the one that parseDate reads.
func since1904(cell string) string {
	const between = 1462
	if n, err := strconv.ParseFloat(cell, 64); err == nil && n >= firstSerial-between && n < lastSerial {
		return plain(n + between)
	}
	return cell
}

// usccWeights are the weights of GB 32100-2015 over its 31 characters.
var usccWeights = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}

const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// ValidUSCC checks the form and check character of a unified social credit code (GB 32100-2015).
func ValidUSCC(code string) bool {
	if len(code) != 18 {
		return false
	}
	sum := 0
	for i := range usccWeights {
		n := strings.IndexByte(usccAlphabet, code[i])
		if n < 0 {
			return false
		}
		sum += n * usccWeights[i]
	}
	return usccAlphabet[(31-sum%31)%31] == code[17]
}
