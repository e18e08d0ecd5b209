package access

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nbutton23/zxcvbn-go"
	"github.com/nbutton23/zxcvbn-go/matching"
)

// leastScore is the score of zxcvbn that a chosen password has: 3 of 0 to 4, about 2^34 guesses.
const leastScore = 3

// mostScored is how many characters are scored. What zxcvbn does grows with the cube of them, and the score of a
// beginning is never above that of the whole.
const mostScored = 64

// everyday are words of Chinese passwords that zxcvbn's lists, which are English, lack.
var everyday = []string{"woaini", "5201314", "1314520", "1314", "520", "woshi", "mima", "kouling", "huanbao",
	"zhongguo", "nihao", "168", "888", "666",
	"我爱你", "我们", "中国", "你好"}

// score is how hard zxcvbn finds a password, 0 to 4, as it is and with shifted digits and signs for letters undone: the
// lowest counts. words are known to who guesses.
//
// github.com/nbutton23/zxcvbn-go is old: its last commit is of February 2021, and its lists, its years (up to 2019) and
// its keyboards are those of 2012's zxcvbn. There is none for Go that is younger and alive. It is used for what it
// knows, beside rules that do not need it, and held in three ways:
//   - Its matcher of signs for letters tries every combination of them: 0.1 s for twenty characters, 11 s for 128. It is left out;
//     see [lettersFor]. Without it the worst text found takes 0.16 s, as a hash does, and a good password 0.2 ms.
//   - It takes places of characters for places of bytes. So it is given one byte for each character: see [flat].
//   - It reads what is repeated as if it were new. So a text that is its own beginning over and over is scored as that.
func score(password string, words []string) int {
	r := []rune(password)
	r = r[:min(len(r), mostScored)]
	for unit := 1; unit <= len(r)/2; unit++ {
		if hasPeriod(r, unit) {
			r = r[:unit]
		}
	}
	given := append(append([]string{}, words...), everyday...)
	for y := 2040; y >= 1940; y-- {
		given = append(given, strconv.Itoa(y))
	}
	text := string(r)
	lowest := 4
	for i, read := range append([]string{text, shiftedDigits.Replace(text)}, lettersFor(text)...) {
		if i > 0 && read == text {
			continue
		}
		one, known := flat(read, given)
		lowest = min(lowest, zxcvbn.PasswordStrength(one, known, matching.FilterL33tMatcher).Score)
	}
	return lowest
}

// flat writes a control character, which stands in no list and on no keyboard, for each that is not ASCII, and does so
// in the words that can then be found in the text. zxcvbn takes it for one of 33 signs; those who write Chinese have
// more to choose from.
func flat(text string, words []string) (one string, known []string) {
	signs := map[rune]rune{}
	ascii := func(r rune) rune {
		if r < utf8.RuneSelf {
			return r
		}
		if s, ok := signs[r]; ok {
			return s
		}
		return -1
	}
	for _, r := range text {
		if _, ok := signs[r]; !ok && r >= utf8.RuneSelf {
			signs[r] = rune(1 + len(signs)%31)
		}
	}
	one = strings.Map(ascii, text)
	for _, word := range words {
		if w := strings.Map(ascii, word); utf8.RuneCountInString(w) == utf8.RuneCountInString(word) {
			known = append(known, w)
		}
	}
	return one, known
}
