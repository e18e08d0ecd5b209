package rules

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// ownAmount holds what a measure says to what it gives as a number: who carries it out reads the text, who judges it
// the number. Of what is wrong with the amount by itself, a number is told as such; beside a wrong unit the text still
// has to hold the number.
func ownAmount(m *list.Measure, wrong cellFaults, found *cellFaults) {
	in := func(column string) bool {
		return slices.ContainsFunc(wrong, func(f cellFault) bool { return f.column == column })
	}
	switch q := m.Quantity; {
	case q == nil || in("数值"):
	case in("单位"):
		if q.Value != 0 && !holdsNumber(m.Text, q.Value) {
			found.add("措施内容", "list.text_quantity", refusal.Args{"value": text.Number(q.Value)})
		}
	case !holdsAmount(m.Text, q):
		found.add("措施内容", "list.text_quantity", refusal.Args{"value": list.AmountWords(q.Value, q.Unit)})
	}
}

// halves are the words for a half.
var halves = []string{"减半", "一半", "半数"}

func halved(said string) bool {
	return slices.ContainsFunc(halves, func(w string) bool { return strings.Contains(said, w) })
}

// holdsNumber reports whether a text has a number, whatever it counts: written out, as what is left of a hundred, or in
// tenths or with 万 behind it.
func holdsNumber(said string, value float64) bool {
	if value == 50 && halved(said) {
		return true
	}
	equal := func(v float64) bool { return math.Abs(v-value) <= 1e-9*max(1, math.Abs(value)) }
	said = narrowed(said)
	for from, to := nextNumber(said, 0); from >= 0; from, to = nextNumber(said, to) {
		v, ok := numberOf(said[from:to])
		if !ok {
			continue
		}
		if equal(v) || equal(100-v) || equal(10*v) {
			return true
		}
		for _, m := range multiples {
			if strings.HasPrefix(strings.TrimLeft(said[to:], " "), m.word) && equal(v*m.by) {
				return true
			}
		}
	}
	return false
}

// holdsAmount reports whether a text has an equal number with the unit of a quantity, or with a counter for what it
// counts. A share in per cent is also held by the rest up to 100. A quantity of zero needs no number, and a quantity
// without a unit cannot be looked for.
func holdsAmount(said string, q *list.Quantity) bool {
	if q.Value == 0 || q.Unit == "" {
		return true
	}
	unit := unitOf(q.Unit)
	wanted := []float64{q.Value}
	if unit.thing == percent {
		wanted = append(wanted, 100-q.Value)
		if q.Value == 50 && halved(said) {
			return true
		}
	}
	said = narrowed(said)
	for from, to := nextNumber(said, 0); from >= 0; from, to = nextNumber(said, to) {
		digits, rest := said[from:to], strings.TrimLeft(said[to:], " \u00a0")
		v, ok := numberOf(digits)
		if !ok || partOfWord(said[:from], digits, rest) {
			continue
		}
		if strings.HasSuffix(said[:from], "百分之") {
			rest = "%" + rest
		}
		if counts(wanted, v, unit, rest) {
			return true
		}
		if tenths, is := strings.CutPrefix(rest, "成"); is && !strings.HasPrefix(tenths, "分") &&
			counts(wanted, v*10, unit, "%"+tenths) {
			return true
		}
		for _, m := range multiples {
			if after, is := strings.CutPrefix(rest, m.word); is && counts(wanted, v*m.by, unit, strings.TrimLeft(after, " ")) {
				return true
			}
		}
	}
	return false
}

func counts(wanted []float64, v float64, unit unitWords, rest string) bool {
	return slices.ContainsFunc(wanted, func(w float64) bool { return math.Abs(w-v) <= 1e-9*max(1, math.Abs(w)) }) &&
		unit.begins(rest)
}

// multiples are what may stand between digits and their unit.
var multiples = []struct {
	word string
	by   float64
}{{"万", 1e4}, {"亿", 1e8}, {"百", 100}, {"千", 1000}}

// chinese are the characters of numbers in Chinese.
const chinese = "零〇一二两三四五六七八九十百千万"

// nextNumber is where the next number of a text stands, at from or behind; -1 for none.
func nextNumber(said string, at int) (from, to int) {
	for i, r := range said[at:] {
		switch i += at; {
		case r >= '0' && r <= '9':
			return i, i + digitsAt(said[i:])
		case r >= 0x3007 && strings.ContainsRune(chinese, r) && !strings.HasPrefix(said[i:], "百分之"):
			to = i
			for _, r := range said[i:] {
				if !strings.ContainsRune(chinese, r) {
					break
				}
				to += utf8.RuneLen(r)
			}
			return i, to
		}
	}
	return -1, len(said)
}

// digitsAt is how many bytes a number takes that a text begins with. A comma parts thousands where three digits stand
// behind each.
func digitsAt(said string) int {
	run := func(i int) int {
		for i < len(said) && said[i] >= '0' && said[i] <= '9' {
			i++
		}
		return i
	}
	i := run(0)
	if i <= 3 {
		for i < len(said) && said[i] == ',' && run(i+1) == i+4 {
			i += 4
		}
	}
	if i < len(said) && said[i] == '.' && run(i+1) > i+1 {
		i = run(i + 1)
	}
	return i
}

// narrowed makes digits, letters and signs narrow, except the marks between clauses: 5#，200吨 is no five thousand.
func narrowed(said string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0xff01 && r <= 0xff5e && r != '，' && r != '；' && r != '：' {
			return r - 0xff01 + '!'
		}
		return r
	}, said)
}

// partOfWord reports whether what looks like a number in Chinese is no count: 第二, 统一, 国四, 一起.
func partOfWord(before, digits, after string) bool {
	return digits[0] > '9' && slices.ContainsFunc([]string{"第", "统", "唯", "同", "专", "逐", "国"},
		func(w string) bool { return strings.HasSuffix(before, w) }) ||
		digits == "一" && (strings.HasPrefix(after, "起") || strings.HasPrefix(after, "次性"))
}

// numberOf reads digits, or a number below a hundred million in Chinese.
func numberOf(digits string) (float64, bool) {
	if digits[0] <= '9' {
		v, err := strconv.ParseFloat(strings.ReplaceAll(digits, ",", ""), 64)
		return v, err == nil
	}
	sum, part, digit, seen := 0.0, 0.0, 0.0, false
	for _, r := range digits {
		switch r {
		case '十', '百', '千':
			if !seen {
				digit = 1
			}
			part += digit * map[rune]float64{'十': 10, '百': 100, '千': 1000}[r]
			digit, seen = 0, false
		case '万':
			sum, part, digit, seen = (sum+part+digit)*1e4, 0, 0, false
		case '两':
			digit, seen = 2, true
		case '零', '〇':
			digit, seen = 0, true
		default:
			digit, seen = float64(strings.Index("一二三四五六七八九", string(r))/3+1), true
		}
	}
	return sum + part + digit, true
}

// unitWords is a unit by what it counts and, where it says so, per what.
type unitWords struct{ thing, per string }

const percent = "%"

// unitForms are the ways in which units are written, by thing.
var unitForms = sortedWords(map[string][]string{
	percent: {"%", "个百分点", "百分点"},
	"t":     {"吨", "t", "公吨"}, "kg": {"千克", "公斤", "kg", "㎏"}, "g": {"克", "g"}, "mg": {"毫克", "mg"},
	"µg":  {"微克", "µg", "μg", "ug"},
	"kwh": {"千瓦时", "kwh", "kw·h", "kw.h", "度电"}, "mwh": {"兆瓦时", "mwh"}, "万kwh": {"万千瓦时", "万kwh", "万度"}, "kw": {"千瓦", "kw"},
	"mw": {"兆瓦", "mw"}, "gj": {"吉焦", "gj"}, "mj": {"兆焦", "mj"},
	"hz": {"赫兹", "赫", "hz"}, "m3": {"标立方米", "标方", "立方米", "立方", "nm3", "nm³", "m3", "m³", "㎥", "方"},
	"m2": {"平方米", "平米", "m2", "m²", "㎡"},
	"l":  {"升", "l"}, "℃": {"℃", "摄氏度", "°c"}, "km": {"公里", "千米", "km"}, "m": {"米", "m"}, "mpa": {"兆帕", "mpa"},
	"kpa": {"千帕", "kpa"}, "pa": {"帕", "pa"},
	"元": {"元"}, "万元": {"万元"}, "rpm": {"转/分", "r/min", "rpm"}, "a": {"安培", "a"}, "kv": {"千伏", "kv"}, "v": {"伏", "v"},
	"h": {"个小时", "小时", "h"}, "min": {"分钟", "min"}, "d": {"天", "日"},
})

// counters are the words by which things are counted, each with the others of its kind; 个 and 项 count anything.
var counters = sortedWords(map[string][]string{
	"place":   {"户", "家", "处", "座", "所", "块", "片", "间", "栋", "幢", "单位", "企业", "工地", "路口", "标段", "地块", "点位"},
	"machine": {"台", "套", "辆", "部", "架", "艘", "列", "台套", "台班", "台次", "车次", "辆次", "车", "车辆", "条", "组", "炉", "艘次"},
	"time":    {"次", "起", "件", "例", "回", "遍", "趟", "轮", "宗", "班次", "批次", "炉次"},
	"person":  {"人", "名", "位", "人次"},
	"paper":   {"份", "张", "单"},
	"any":     {"个", "项"},
})

// What only looks like a counter: hours, months, and the beginnings of other words.
var noCounter = []string{"个小时", "个钟", "个月", "个工作日", "个百分点", "个班", "处理", "处置", "处罚", "次日", "件套", "位于", "班次日",
	"次于", "单位产"}

// wordForm is one way of writing a thing.
type wordForm struct{ word, thing string }

// sortedWords has the longer words first: 千瓦时 is no 千瓦.
func sortedWords(of map[string][]string) (all []wordForm) {
	for thing, words := range of {
		for _, w := range words {
			all = append(all, wordForm{w, thing})
		}
	}
	slices.SortFunc(all, func(a, b wordForm) int {
		return cmp.Or(len(b.word)-len(a.word), strings.Compare(a.word, b.word))
	})
	return all
}

// cut takes the word that a text begins with.
func cut(words []wordForm, said string) (s wordForm, rest string, ok bool) {
	for _, w := range words {
		if len(said) >= len(w.word) && strings.EqualFold(said[:len(w.word)], w.word) {
			rest = said[len(w.word):]
			if c := w.word[len(w.word)-1]; c < 0x80 && c != '%' && rest != "" && isLetter(rest[0]) {
				continue // t is not the beginning of another word
			}
			return w, rest, true
		}
	}
	return s, said, false
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// unitOf reads the unit of a quantity.
func unitOf(unit string) unitWords {
	unit = strings.ToLower(text.Fold(unit))
	if s, rest, ok := cut(unitForms, unit); ok {
		if per, is := perOf(rest); is || rest == "" {
			return unitWords{s.thing, per}
		}
	}
	thing, per, _ := strings.Cut(unit, "/")
	if word, known := perOf("/" + per); known {
		per = word
	}
	return unitWords{thing, per}
}

// perOf reads what stands behind a unit: per hour, day, cubic metre.
func perOf(rest string) (per string, ok bool) {
	rest = strings.TrimLeft(rest, " ")
	after, is := strings.CutPrefix(rest, "/")
	if !is {
		after, is = strings.CutPrefix(rest, "每")
	}
	if !is {
		return "", false
	}
	for _, p := range []wordForm{{"小时", "h"}, {"时", "h"}, {"h", "h"}, {"日", "d"}, {"天", "d"}, {"d", "d"}} {
		if strings.HasPrefix(strings.ToLower(after), p.word) {
			return p.thing, true
		}
	}
	s, _, known := cut(unitForms, after)
	return s.thing, known
}

// begins reports whether what stands behind a number begins with the unit, or with a counter of its kind.
func (u unitWords) begins(rest string) bool {
	s, after, known := cut(unitForms, rest)
	switch degrees, is := strings.CutPrefix(rest, "度"); {
	case is && !known && (u.thing == "℃" || u.thing == "kwh"):
		after = degrees
	case known && s.thing == u.thing:
		if u.thing == "h" || u.thing == "d" || u.thing == "min" {
			return !isDeadline(after)
		}
	default:
		kind, own := u.counter()
		if !own {
			if !strings.HasPrefix(strings.ToLower(rest), u.thing) || known && len(s.word) > len(u.thing) {
				return false
			}
			after = rest[len(u.thing):]
			break
		}
		c, behind, is := cut(counters, rest)
		if !is || c.thing != kind && c.thing != "any" && kind != "any" ||
			slices.ContainsFunc(noCounter, func(w string) bool { return strings.HasPrefix(rest, w) }) {
			return false
		}
		after = behind
	}
	per, said := perOf(after)
	return !said || u.per == "" || per == u.per
}

// isDeadline reports whether a time ends in words that make it a deadline or a time of day.
func isDeadline(after string) bool {
	return slices.ContainsFunc([]string{"内", "以内", "之内", "前", "以前", "之前", "后", "以后", "起", "至"},
		func(w string) bool { return strings.HasPrefix(after, w) })
}

// counter is the kind of what a unit counts.
func (u unitWords) counter() (kind string, ok bool) {
	c, rest, ok := cut(counters, u.thing)
	return c.thing, ok && rest == ""
}
