package access

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
)

// leastBesides is how many characters of a password are neither white space nor in a word that is known of its owner,
// its place or this program, nor a year.
const leastBesides = 6

// houseWords are of this program, of what is done with it, and of its roles.
var houseWords = []string{
	"qingkong", "晴空", "重污染天气", "重污染", "应急响应", "应急", "预警", "减排", "环保局", "环保", "生态环境局", "生态环境", "环境",
	"值班员", "值班室", "值班", "审批人", "审批", "检查员", "检查", "执法", "企业", "街镇", "只读", "监督", "数据接入", "管理员", "管理", "周边区",
	"duty", "approver", "inspector", "enterprise", "town", "viewer", "feeder", "admin", "administrator", "neighbour", "天津",
	"口令", "密码",
}

// wordsOf are the words that an attacker who knows who has a password begins with, the likeliest first: folded, each
// Chinese one in pinyin too.
func wordsOf(who *Principal, about []string) []string {
	var words []string
	for _, text := range append([]string{who.User, who.Name, who.Town, string(who.Role)}, about...) {
		words = append(words, pieces(fold(text))...)
	}
	for _, word := range houseWords {
		words = append(words, inPinyin(word)...)
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(words, func(w string) bool {
		short := utf8.RuneCountInString(w) < 2 || seen[w]
		seen[w] = true
		return short
	})
}

// pieces are the words of a name: all of it, the parts that stand apart (zhang_san2), and of a Chinese one what is left
// without the word for what it is (西青区), and the given and the family name.
func pieces(text string) []string {
	parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	words := append([]string{text, strings.Join(parts, "")}, parts...)
	for _, part := range parts {
		words = append(words, strings.FieldsFunc(part, unicode.IsDigit)...)
	}
	var all []string
	for _, word := range words {
		all = append(all, inPinyin(word)...)
		if r := []rune(word); len(r) > 2 && unicode.Is(unicode.Han, r[0]) {
			if slices.Contains([]rune("区县市镇街乡旗"), r[len(r)-1]) {
				all = append(all, inPinyin(string(r[:len(r)-1]))...)
			} else if len(r) <= 4 {
				all = append(all, inPinyin(string(r[len(r)-2:]))...)
				all = append(all, inPinyin(string(r[:len(r)-2]))...)
			}
		}
	}
	return all
}

// maxReadings bounds in how many ways a word is written in pinyin: 单 and 重 have several readings.
const maxReadings = 8

// inPinyin is a word, and where it is Chinese how it sounds, and the first letters of that where they are three or
// more.
func inPinyin(word string) []string {
	args := pinyin.NewArgs()
	args.Heteronym = true
	syllables := pinyin.Pinyin(word, args)
	if len(syllables) == 0 {
		return []string{word}
	}
	spelt, initials := []string{""}, ""
	for _, readings := range syllables {
		var longer []string
		for _, before := range spelt {
			for _, reading := range readings {
				longer = append(longer, before+reading)
			}
		}
		spelt = longer[:min(len(longer), maxReadings)]
		initials += readings[0][:1]
	}
	if len(initials) > 2 {
		spelt = append(spelt, initials)
	}
	return append([]string{word}, spelt...)
}

// year is one that stands in a password.
var year = regexp.MustCompile(`(19|20)[0-9]{2}`)

// taken stands where a word was taken out, so that what was around it makes no new word.
const taken = "\x00"

// besides counts what a folded text has besides words and years. Of the ways to read it, with shifted digits, with
// digits and signs for letters, with Chinese digits, that counts which leaves least.
func besides(text string, words []string) int {
	longest := slices.SortedStableFunc(slices.Values(words), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	least := utf8.RuneCountInString(text)
	for _, read := range []string{text, shiftedDigits.Replace(text), hanDigits.Replace(text)} {
		read = year.ReplaceAllLiteralString(read, taken)
		for _, t := range append([]string{read}, lettersFor(read)...) {
			for _, word := range longest {
				t = strings.ReplaceAll(t, word, taken)
			}
			left := 0
			for _, r := range t {
				if r != 0 && !unicode.IsSpace(r) {
					left++
				}
			}
			least = min(least, left)
		}
	}
	return least
}

// signsFor are digits and signs that are written for letters; 1, ! and | are an i or an l.
var signsFor = []*strings.Replacer{
	strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "9", "g", "@", "a", "$", "s",
		"!", "i", "|", "i", "+", "t", "(", "c"),
	strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "9", "g", "@", "a", "$", "s",
		"!", "l", "|", "l", "+", "t", "(", "c"),
}

// lettersFor is a text with letters in the place of digits and signs: p@ssw0rd is password.
func lettersFor(text string) []string {
	var all []string
	for _, r := range signsFor {
		all = append(all, r.Replace(text))
	}
	return slices.Compact(all)
}
