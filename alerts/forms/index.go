package forms

import (
	"regexp"
	"strconv"
	"strings"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// maxIndex is where HJ 633 ends.
const maxIndex = 500

// Band is an index or a range of it, from Low to High inclusive, 0 to 500. Class says that it was written in words.
type Band struct {
	Low, High int
	Class     bool
}

var (
	wholeIndex = regexp.MustCompile(`^([0-9]{1,6})(?:\.0+)?$`)
	negative   = regexp.MustCompile(`^-[0-9]+(?:\.[0-9]+)?$`)
	overTop    = regexp.MustCompile(`^(?:>|≥|>=|超过|大于)500$|^500(?:\+|以上|及以上)$|^爆表$`)
	rangeOf    = regexp.MustCompile(`^(.+?)(?:~+|-+|至|到)(.+)$`)
	bracketed  = regexp.MustCompile(`^([^()\[\]]+)[(\[]([^()\[\]]+)[)\]]$`)
)

// Index reads an index: 160, 160.0, >500 (which is 500), a range like 150-180, 150～180 or 150至180, a class in words
// (see [ClassBand]), or one of them with its class in brackets.
func Index(text string) (b Band, absent Absence, _ *Wrong) {
	plain := refusal.Plainly(Text(text))
	if absent = absenceIn(plain); absent != Present {
		return b, absent, nil
	}
	plain = strings.ReplaceAll(plain, " ", "")
	if m := bracketed.FindStringSubmatch(plain); m != nil {
		main, w := band(m[1], text)
		beside, also := band(m[2], text)
		if w == nil {
			w = also
		}
		if w == nil && (!beside.Class || !main.Agrees(beside)) {
			w = wrong("day.aqi_and_class", text)
		}
		return main, Present, w
	}
	b, w := band(plain, text)
	return b, Present, w
}

// Agrees reports whether an index or a range can be of the class that stands beside it: the two have an index in
// common, the worst class having all above 300.
func (b Band) Agrees(class Band) bool {
	high := class.High
	if high > 300 {
		high = maxIndex
	}
	return b.Low <= high && class.Low <= b.High
}

// band reads an index, a range or a class without brackets.
func band(plain, text string) (Band, *Wrong) {
	if n, ok, w := index(plain, text); ok || w != nil {
		return Band{Low: n, High: n}, w
	}
	if c, ok := class(plain); ok {
		return c, nil
	}
	m := rangeOf.FindStringSubmatch(plain)
	if m == nil {
		return Band{}, wrong("day.aqi_wrong", text)
	}
	low, okLow, w := index(m[1], text)
	if w != nil {
		return Band{}, w
	}
	high, okHigh, w := index(m[2], text)
	switch {
	case w != nil:
		return Band{}, w
	case !okLow || !okHigh:
		return Band{}, wrong("day.aqi_wrong", text)
	case low > high:
		bad := wrong("day.range_upside_down", text)
		bad.Args["low"], bad.Args["high"] = low, high
		return Band{}, bad
	}
	return Band{Low: low, High: high}, nil
}

// index reads a single index; ok is false where the text is none.
func index(plain, text string) (n int, ok bool, _ *Wrong) {
	if overTop.MatchString(plain) {
		return maxIndex, true, nil
	}
	if negative.MatchString(plain) {
		return 0, false, wrong("day.aqi_range", text)
	}
	m := wholeIndex.FindStringSubmatch(plain)
	if m == nil {
		return 0, false, nil
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n > maxIndex {
		return 0, false, wrong("day.aqi_range", text)
	}
	return n, true, nil
}

// bands are the classes of HJ 633, from 优 on.
var bands = [...]Band{{0, 50, true}, {51, 100, true}, {101, 150, true}, {151, 200, true}, {201, 300, true},
	{301, 301, true}}

// classWords are the classes by what they are called; those of one letter stand for a class in a range alone: 轻~中度污染.
var classWords = byWord(map[int]string{
	0: "优 优秀 一级 1级 ⅰ级 i级 excellent",
	1: "良 良好 二级 2级 ⅱ级 ii级 good",
	2: "轻度污染 轻度 轻 三级 3级 ⅲ级 iii级 lightlypolluted lightpollution",
	3: "中度污染 中度 中 四级 4级 ⅳ级 iv级 moderatelypolluted moderatepollution",
	4: "重度污染 重度 重 五级 5级 ⅴ级 v级 heavilypolluted heavypollution",
	5: "严重污染 严重 六级 6级 ⅵ级 vi级 severelypolluted severepollution",
})

// bareClass is a class without its 级, which only a column of classes can hold: there a 3 is no index.
var bareClass = byWord(map[int]string{0: "一 ⅰ i 1", 1: "二 ⅱ ii 2", 2: "三 ⅲ iii 3",
	3: "四 ⅳ iv 4", 4: "五 ⅴ v 5", 5: "六 ⅵ vi 6"})

// ClassBand reads the class of a column of classes: 重度污染, 五级, Ⅴ级, V, 5; a range like 轻度~中度污染, 良至轻度污染 or Ⅲ-Ⅳ级; or
// 重度污染(五级), where both have to agree.
func ClassBand(text string) (b Band, absent Absence, _ *Wrong) {
	plain := refusal.Plainly(Text(text))
	if absent = absenceIn(plain); absent != Present {
		return b, absent, nil
	}
	plain = strings.ToLower(strings.ReplaceAll(plain, " ", ""))
	main, beside := plain, ""
	if m := bracketed.FindStringSubmatch(plain); m != nil {
		main, beside = m[1], m[2]
	}
	b, ok := anyClass(main)
	if ok && beside != "" {
		other, also := anyClass(beside)
		ok = also && other == b
	}
	if !ok {
		return Band{}, Present, wrong("class.unknown", text)
	}
	return b, Present, nil
}

// anyClass is a class with or without its 级.
func anyClass(plain string) (Band, bool) {
	if b, ok := class(plain); ok {
		return b, true
	}
	if i, ok := bareClass[plain]; ok {
		return bands[i], true
	}
	if m := rangeOf.FindStringSubmatch(plain); m != nil {
		low, okLow := bareClass[m[1]]
		high, okHigh := bareClass[strings.TrimSuffix(m[2], "级")]
		if okLow && okHigh {
			return between(low, high), true
		}
	}
	return Band{}, false
}

func between(i, k int) Band {
	return Band{Low: bands[min(i, k)].Low, High: bands[max(i, k)].High, Class: true}
}

// classSign is what may stand between two classes.
var classSign = regexp.MustCompile(`^(?:~+|-+|/|、|至|到|或|转|和|,)`)

// class reads one class or two, in either order: 中度转轻度污染. Two names of one class may stand side by side: 三级轻度污染.
func class(plain string) (Band, bool) {
	plain = strings.ToLower(plain)
	if plain == "优良" || plain == "优-良" {
		return between(0, 1), true
	}
	first, second, signs, short := -1, -1, 0, false
	for plain != "" {
		if sign := classSign.FindString(plain); sign != "" && first >= 0 && signs == 0 {
			plain, signs = plain[len(sign):], 1
			continue
		}
		word, i := longestClass(plain)
		if i < 0 {
			return Band{}, false
		}
		plain = plain[len(word):]
		here := &first
		if signs == 1 {
			here = &second
		}
		if *here >= 0 && *here != i {
			return Band{}, false
		}
		*here = i
		if short = word == "轻" || word == "中" || word == "重"; short && signs == 1 {
			return Band{}, false
		}
	}
	switch {
	case signs == 0 && !short && first >= 0:
		return bands[first], true
	case signs == 1 && second >= 0:
		return between(first, second), true
	}
	return Band{}, false
}

// longestClass is the longest word of a class that the text begins with; -1 for none.
func longestClass(s string) (word string, i int) {
	i = -1
	for w, k := range classWords {
		if len(w) > len(word) && strings.HasPrefix(s, w) {
			word, i = w, k
		}
	}
	return word, i
}

// ClassName is the name of the class of an index in Chinese and English.
func ClassName(index int) refusal.Worded {
	zh, en := aqi.Class(index)
	return refusal.Worded{ZH: zh, EN: en}
}
