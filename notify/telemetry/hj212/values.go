package hj212

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// number reads a value. What no instrument measures stays a text.
func (p *parser) number(it *Item, pos int) {
	v, plain, ok := readNumber(it.Value)
	if !plain && ok {
		p.tell(NumberForm, pos, it.Text)
	}
	if !ok {
		switch it.Kind {
		case Rtd, Min, Avg, Max, Cou, ZsRtd, ZsMin, ZsAvg, ZsMax, ZsCou, State, RunTime:
			p.tell(NotANumber, pos, it.Text)
		}
		return
	}
	if v > beyond || v < -beyond {
		p.tell(NumberBeyond, pos, it.Text)
		return
	}
	it.Number, it.IsNumber = v, true
}

// beyond is larger than any value of any factor: the amounts of a year's cumulative counters stay below 1e11.
const beyond = 1e12

var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// readNumber reads a decimal number exactly. plain is false for forms that the standard does not know.
func readNumber(s string) (v float64, plain, ok bool) {
	rest, negative := s, false
	if rest != "" && rest[0] == '-' {
		rest, negative = rest[1:], true
	}
	whole, n, point := uint64(0), 0, -1
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c >= '0' && c <= '9':
			whole = whole*10 + uint64(c-'0')
			n++
		case c == '.' && point < 0:
			point = i
		default:
			return readOther(s)
		}
	}
	if n == 0 || n > 15 { // 15 digits and a power of ten are exact, and so is one division
		return readOther(s)
	}
	v = float64(whole)
	if point >= 0 {
		v /= tens[len(rest)-1-point]
	}
	if negative {
		v = -v
	}
	return v, point != 0 && point != len(rest)-1, true
}

// readOther reads what is seldom: many digits, and exponents.
func readOther(s string) (v float64, plain, ok bool) {
	if strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, false, false
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && v == 0 {
		return 0, false, false
	}
	return v, strings.Trim(s, "-.0123456789") == "", true // out of range is infinite, and so beyond
}

// time reads yyyyMMddHHmmss, in Beijing. It is zero for what is no time.
func (p *parser) time(s string, pos int) time.Time {
	at, ok := readTime(s)
	switch {
	case !ok:
		p.tell(TimeForm, pos, s)
	case at.Year() < 2000 || at.Year() >= 2060:
		p.tell(TimeFar, pos, s)
	}
	return at
}

func readTime(s string) (time.Time, bool) {
	if len(s) != 14 || !digits(s) {
		return time.Time{}, false
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	year, month, day, hour, minute, second := two(0)*100+two(2), two(4), two(6), two(8), two(10), two(12)
	at := time.Date(year, time.Month(month), day, hour, minute, second, 0, Beijing)
	if year == 0 || month != int(at.Month()) || day != at.Day() || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	return at, true
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// notText is where a data segment first holds what no text may, or -1.
func notText(b []byte) int {
	const each, top = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 { // eight bytes at once: a top bit is set where one is high, below a blank, or DEL
		w := binary.LittleEndian.Uint64(b[i:])
		if del := w ^ 0x7f*each; (w|(w-' '*each)|(del-each)&^del)&top != 0 {
			break
		}
	}
	high := false
	for j, c := range b[i:] {
		if c < ' ' || c == 0x7f {
			return i + j
		}
		high = high || c >= utf8.RuneSelf
	}
	if !high || utf8.Valid(b) {
		return -1
	}
	for i < len(b) {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
