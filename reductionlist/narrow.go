package reductionlist

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"qingkong/alerts/refusal"
)

// trim takes away the white space around a text, and the marks of no width that come along when text is copied from pages.
func trim(text string) string { return strings.TrimFunc(text, isBlank) }

func isBlank(r rune) bool {
	return unicode.IsSpace(r) || r == 0x200b || r == 0x200c || r == 0x200d || r == 0x2060 || r == 0xfeff
}

// narrow makes full-width digits, letters and signs narrow. It is for codes, numbers and words of a vocabulary, not for free
// text, and leaves alone what NFKC would change beside width: ℃, m³, ①.
func narrow(text string) string {
	if strings.IndexFunc(text, isFull) < 0 {
		return text
	}
	return trim(strings.Map(func(r rune) rune {
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

// foldHeader is a header without what people do to it: full-width signs, breaks and spaces, subscripts.
func foldHeader(text string) string {
	return strings.Map(func(r rune) rune {
		if isBlank(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(text))
}

// squeeze is a code without the spaces that make it readable.
func squeeze(text string) string {
	if strings.IndexFunc(text, isBlank) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		if isBlank(r) {
			return -1
		}
		return r
	}, text)
}

var scientific = regexp.MustCompile(`^([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})$`)

// wholeCode reads a code that a spreadsheet turned into a number like 1.38E+10: with all its digits there, it is written
// out; otherwise digits are lost.
func wholeCode(text string) (code string, lost bool) {
	m := scientific.FindStringSubmatch(text)
	if m == nil {
		return text, false
	}
	exponent, err := strconv.Atoi(m[3])
	v, err2 := strconv.ParseFloat(text, 64)
	if err != nil || err2 != nil || exponent > 14 || len(m[2]) < exponent || v != math.Trunc(v) {
		return text, true
	}
	return plain(v), false
}

// lostDigits says that a code was stored as a number and cannot be told any more.
func lostDigits(rule, value string) *problem {
	return &problem{rule: rule, args: refusal.Args{"value": value}}
}

// clip is a text short enough to be quoted.
func clip(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}
