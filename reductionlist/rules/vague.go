package rules

import (
	"slices"
	"strings"
	"unicode/utf8"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// vagueWord is a word that leaves open what is to be done. Its characters belong to another word where they stand
// beside one of the characters of before or after, or, where both is set, between one of each: 加强筋 is a stiffener, 增加强度
// a greater strength, 合适当日 a fitting day.
type vagueWord struct {
	word, before, after string
	both                bool
}

var vague = []vagueWord{
	{word: "适当", before: "合舒", after: "日天月年班场地时前次季", both: true},
	{word: "尽量", before: "耗燃烧殆", after: "程"},
	{word: "尽可能"},
	{word: "加强", before: "增附叠添参", after: "筋肋板圈型梁杆件柱版芯剂块纤"},
	{word: "视情", before: "重监巡检忽轻透直注正近审电影"},
	{word: "酌情", before: "斟"},
	{word: "力争"},
	{word: "原则上", after: "升涨"},
	{word: "按需", after: "求"},
	{word: "合理控制"},
	{word: "有条件的"},
	{word: "根据实际情况"},
	{word: "结合实际"},
}

// in reports whether the word stands in a text as a word.
func (v *vagueWord) in(said string) bool {
	for at := 0; ; {
		i := strings.Index(said[at:], v.word)
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(v.word)
		last, _ := utf8.DecodeLastRuneInString(said[:from])
		next, _ := utf8.DecodeRuneInString(said[to:])
		led, followed := strings.ContainsRune(v.before, last), strings.ContainsRune(v.after, next)
		if v.both && !(led && followed) || !v.both && !led && !followed {
			return true
		}
		at = to
	}
}

// ownVague finds vague words in what a measure says and in what it is done to. A row that gives number and device says
// what is to be done all the same, and is only warned of.
func ownVague(m *list.Measure, found *cellFaults) {
	given := m.Unit != "" && m.Quantity != nil
	for _, cell := range []struct{ column, said string }{{"措施内容", m.Text}, {"生产线或设备", m.Unit}} {
		for i := range vague {
			if !vague[i].in(cell.said) {
				continue
			}
			args := refusal.Args{"column": cell.column, "word": vague[i].word}
			if given {
				found.eased(cell.column, "list.vague", args)
			} else {
				found.add(cell.column, "list.vague", args)
			}
		}
	}
}

// Texts that stand for the cell above, and texts that say there is nothing; [bareText] has been taken of both.
var (
	dittos   = []string{"同上", "同前", "同左", "同右", "同下", "如上", "同上行", "同上述", "〃", "″", "＂", "仝上", "々"}
	nothings = []string{"", "无", "没有", "暂无", "空", "略", "不详", "待定", "none", "n/a", "na", "null"}
)

// quotes are marks of quotation that also stand for the cell above.
const quotes = `"″＂〃`

// bareText is a text without spaces, marks of punctuation and quotation, and repeated ditto marks.
func bareText(said string) string {
	said = strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune("。.，,；;：:、！!（）()【】[]“”‘’「」《》—–-－_~*·…　", r) {
			return -1
		}
		return r
	}, text.Squeeze(said)))
	if strings.Trim(said, quotes) == "" && said != "" {
		return "〃"
	}
	return strings.Trim(said, `/／\`+quotes)
}

// longestNothing is the length in bytes beyond which a text says something.
const longestNothing = 60

// isDitto reports whether a text as a whole stands for the cell above.
func isDitto(said string) bool {
	return said != "" && len(said) <= longestNothing && slices.Contains(dittos, bareText(said))
}

// saysNothing reports whether a text as a whole says nothing of what is to be done.
func saysNothing(said string) bool {
	return isDitto(said) || said != "" && len(said) <= longestNothing && slices.Contains(nothings, bareText(said))
}

// ownSaid finds texts that say nothing, and reports whether there is a text to look into.
func ownSaid(m *list.Measure, found *cellFaults) bool {
	if isDitto(m.Unit) {
		found.add("生产线或设备", "list.no_text", refusal.Args{"column": "生产线或设备", "value": text.Clip(m.Unit)})
	}
	if saysNothing(m.Text) {
		found.add("措施内容", "list.no_text", refusal.Args{"column": "措施内容", "value": text.Clip(m.Text)})
		return false
	}
	return m.Text != ""
}
