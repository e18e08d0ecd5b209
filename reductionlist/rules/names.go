package rules

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// companyForms are left out of a name before it is compared; the longer come first.
var companyForms = strings.NewReplacer("有限责任公司", "", "股份有限公司", "", "有限公司", "", "集团公司", "",
	"(", "", ")", "", "（", "", "）", "", "【", "", "】", "", "[", "", "]", "", "-", "", "—", "", "·", "", ".", "", ",", "",
	"，", "", "、", "")

// plainName is a name without what is written now one way, now another: width, spaces, brackets, the form of the
// company.
func plainName(name string) string {
	return companyForms.Replace(strings.ToUpper(text.Fold(name)))
}

// telling are characters that names differ in on purpose: numbers and directions. Letters and digits are too.
const telling = "零〇一二三四五六七八九十百千甲乙丙丁戊己庚辛壬癸东西南北中新老前后左右上下大小内外"

func tells(r rune) bool {
	return r < unicode.MaxASCII || unicode.IsDigit(r) || strings.ContainsRune(telling, r)
}

// sameNames finds recipients of one type whose names differ only in how they are written, or differ in a single
// character that is no number and no direction. It tells the later of two.
func (c *checker) sameNames(all []*list.Recipient) {
	if !c.s.NearNames {
		return
	}
	names := make([][]rune, len(all))
	var keys []nameKey
	for i, r := range all {
		names[i] = []rune(plainName(r.Name))
		keys = nameKeys(keys, i, r.Type, names[i], c.s.NearNameLength)
	}
	slices.SortFunc(keys, func(a, b nameKey) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.at, b.at)) })
	first := make([]int, len(names)) // by recipient: one more than the earliest that is like it
	for len(keys) > 0 {
		n := 1
		for n < len(keys) && keys[n].hash == keys[0].hash {
			n++
		}
		c.alike(all, names, keys[:n], first)
		keys = keys[n:]
	}
	for i, r := range all {
		if first[i] > 0 {
			other := all[first[i]-1]
			c.recipient(r, "名称", "list.near_name", refusal.Args{"value": r.Name, "other": other.Name, "first": other.ID})
		}
	}
}

// nameKey is the hash of a name, or of a name without one character: names one character apart share one.
type nameKey struct {
	hash uint64
	at   int32
}

const hashBase = 1_000_003

func nameKeys(keys []nameKey, at int, kind list.Type, name []rune, shortest int) []nameKey {
	if len(name) == 0 {
		return keys
	}
	seed := uint64(len(kind)+1) * 0x9e3779b97f4a7c15 // the lengths of the types differ
	suffix := make([]uint64, len(name)+1)
	power := uint64(1)
	for i := len(name) - 1; i >= 0; i-- {
		suffix[i] = suffix[i+1] + uint64(name[i])*power
		power *= hashBase
	}
	keys = append(keys, nameKey{suffix[0] + seed, int32(at)})
	if len(name) < shortest {
		return keys
	}
	// prefix is the sum of the characters before i as they weigh in a name one shorter.
	prefix, weight := uint64(0), power
	inverse := inverseBase
	weight *= inverse // of the first character of the whole name
	weight *= inverse // and of one that is one shorter
	for i, ch := range name {
		if !tells(ch) {
			keys = append(keys, nameKey{prefix + suffix[i+1] + seed, int32(at)})
		}
		prefix += uint64(ch) * weight
		weight *= inverse
	}
	return keys
}

// inverseBase undoes a multiplication by hashBase in 64 bits.
var inverseBase = func() uint64 {
	x := uint64(hashBase)
	for range 6 { // Newton: each round doubles the bits that are right
		x *= 2 - hashBase*x
	}
	return x
}()

// crowd is how many recipients may share a key before each is set beside the first and the one before it only.
const crowd = 16

// alike looks at recipients that share a key.
func (c *checker) alike(all []*list.Recipient, names [][]rune, group []nameKey, first []int) {
	like := func(a, b int) {
		if a != b && (first[b] == 0 || first[b] > a+1) && all[a].Type == all[b].Type &&
			nearly(names[a], names[b], c.s.NearNameLength) {
			first[b] = a + 1
		}
	}
	for i := 1; i < len(group); i++ {
		b := int(group[i].at)
		if len(group) > crowd {
			like(int(group[0].at), b)
			like(int(group[i-1].at), b)
			continue
		}
		for _, k := range group[:i] {
			like(int(k.at), b)
		}
	}
}

// nearly reports whether two names are the same or, with no less than shortest characters, differ in one that tells
// nothing.
func nearly(a, b []rune, shortest int) bool {
	if min(len(a), len(b)) < shortest {
		return slices.Equal(a, b)
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) > 1 || len(b) > 1 {
		return false
	}
	return !slices.ContainsFunc(a, tells) && !slices.ContainsFunc(b, tells)
}
