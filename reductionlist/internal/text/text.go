// Package text reads and writes what people put into the cells of a list: codes, numbers and days in whatever width and
// with whatever spaces. It knows nothing of lists.
package text

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Trim takes away the white space around a text, and the marks of no width that come along when text is copied from
// pages.
func Trim(text string) string { return strings.TrimFunc(text, isBlank) }

func isBlank(r rune) bool {
	return unicode.IsSpace(r) || r == 0x200b || r == 0x200c || r == 0x200d || r == 0x2060 || r == 0xfeff
}

// Narrow makes full-width digits, letters and signs narrow. It is for codes, numbers and words of a vocabulary, not for
// free text, and leaves alone what NFKC would change beside width: ℃, m³, ①.
func Narrow(text string) string {
	if strings.IndexFunc(text, isFull) < 0 {
		return text
	}
	return Trim(strings.Map(func(r rune) rune {
		switch {
		case r == 0x3000:
			return ' '
		case isFull(r):
			return r - 0xff01 + '!'
		}
		return r
	}, text))
}

func isFull(r rune) bool { return r >= 0xff01 && r <= 0xff5e || r == 0x3000 }

// Header is a header without what people do to it: full-width signs, breaks and spaces, subscripts.
func Header(text string) string { return without(norm.NFKC.String(text)) }

// Squeeze is a code without the spaces that make it readable.
func Squeeze(text string) string {
	if strings.IndexFunc(text, isBlank) < 0 {
		return text
	}
	return without(text)
}

func without(text string) string {
	return strings.Map(func(r rune) rune {
		if isBlank(r) {
			return -1
		}
		return r
	}, text)
}

// Fold makes full-width letters, digits and signs half-width and drops spaces, so that ５＃ 机组 and 5#机组 are the same.
func Fold(text string) string { return Squeeze(Narrow(text)) }

// Codes splits a cell that holds several codes or names, separated by "、" (also ";" or "/").
func Codes(cell string) []string {
	if !strings.ContainsAny(cell, "；;、/") {
		if cell == "" {
			return nil
		}
		return []string{cell}
	}
	parts := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune("；;、/", r) })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(p string) bool { return p == "" })
}

// Several splits at semicolons, at "、" and at breaks of lines, and drops empty parts. A text in brackets is split only
// at the full-width semicolon: 台账（领用、耗用） is one.
func Several(cell string) []string {
	var parts []string
	for whole := range strings.SplitSeq(cell, "；") {
		depth, paired := 0, pairedBrackets(whole)
		for part := range strings.FieldsFuncSeq(whole, func(r rune) bool {
			switch {
			case strings.ContainsRune("（(", r):
				depth++
			case strings.ContainsRune("）)", r):
				depth--
			}
			return strings.ContainsRune(";、\n\r", r) && (depth == 0 || !paired)
		}) {
			if part = Trim(part); part != "" {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

func pairedBrackets(text string) bool {
	depth := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune("（(", r):
			depth++
		case strings.ContainsRune("）)", r):
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

var scientific = regexp.MustCompile(`^([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})$`)

// Scientific reports whether a code looks as a spreadsheet shows a long number, like 1.38E+10.
func Scientific(code string) bool { return scientific.MatchString(code) }

// WholeCode reads a code that a spreadsheet turned into a number like 1.38E+10: with all its digits there, it is
// written out; otherwise digits are lost.
func WholeCode(text string) (code string, lost bool) {
	m := scientific.FindStringSubmatch(text)
	if m == nil {
		return text, false
	}
	exponent, err := strconv.Atoi(m[3])
	v, err2 := strconv.ParseFloat(text, 64)
	if err != nil || err2 != nil || exponent > 14 || len(m[2]) < exponent || v != math.Trunc(v) {
		return text, true
	}
	return Number(v), false
}

// Clip is a text short enough to be quoted.
func Clip(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

// Number writes a number with all its digits and without an exponent.
func Number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Short writes a number with at most three decimals.
func Short(v float64) string {
	s := strings.TrimRight(strconv.FormatFloat(v, 'f', 3, 64), "0")
	return strings.TrimSuffix(s, ".")
}

// Round12 keeps twelve significant digits: what a spreadsheet program computed and what was typed are the same
// number then, and a list written and read back has the same hash.
func Round12(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil || r == 0 {
		return 0 // also for -0
	}
	return r
}

var dateLayouts = []string{time.DateOnly, "2006/1/2", "2006-1-2", "2006.1.2", "2006年1月2日", "20060102"}

// dayTime is a day with a time behind it, and perhaps a zone.
var dayTime = regexp.MustCompile(`^(.*?)(?:T| +)((?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?) ?(Z|[+-][0-9]{2}:?[0-9]{2})?$`)

// withoutTime takes the time off a day. A time of another zone than Shanghai's is surely the same day here only at a
// midnight with a Z, which programs write that know no zone.
func withoutTime(cell string) (day string, ok bool) {
	m := dayTime.FindStringSubmatch(cell)
	if m == nil {
		return cell, true
	}
	midnight := strings.Trim(m[2], "0:.") == ""
	return m[1], m[3] == "" || strings.ReplaceAll(m[3], ":", "") == "+0800" || m[3] == "Z" && midnight
}

// The days that are read as numbers: from 1954 to 2173, so that neither a year nor a date without separators is one.
const firstSerial, lastSerial = 20000, 100000

// Day reads a day as people write it, 2024-10-01, 2024/10/1, 2024年10月1日, 20241001, with a time behind it or not, or as
// the number a spreadsheet stores, and gives it as 2024-10-01. An empty cell is no day and no mistake.
func Day(cell string) (day string, ok bool) {
	if cell, ok = withoutTime(Narrow(cell)); !ok {
		return "", false
	}
	if strings.ContainsRune(cell, '年') {
		cell = Squeeze(cell)
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

// Since1904 moves the number of a day in the 1904 date system to the one that [Day] reads.
func Since1904(cell string) string {
	const between = 1462
	if n, err := strconv.ParseFloat(cell, 64); err == nil && n >= firstSerial-between && n < lastSerial {
		return Number(n + between)
	}
	return cell
}

// IsDay reports whether a text is a day as lists keep it, 2006-01-02.
func IsDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}
