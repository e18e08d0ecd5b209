package access

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"qingkong/alerts/refusal"
)

// A chosen password has this many characters. What is in it is its owner's affair (NIST SP 800-63B asks for length, and
// for no mixture of kinds), but it is not one of those that are tried first: see [checkChosen].
const (
	leastChosen = 12
	mostChosen  = 128
)

// PasswordLength is how many characters a chosen password has, to be told beforehand.
func PasswordLength() (least, most int) { return leastChosen, mostChosen }

// sized reports whether a text has the length of a chosen password; any other is compared with none.
func sized(password string) bool {
	return len(password) <= 4*mostChosen && len(password) >= leastChosen
}

// checkChosen refuses a password that is too easy to guess: one that has too little besides the words that its owner,
// its place and this program suggest, one that everybody uses, and one that an attacker with the usual dictionaries
// finds soon. about are further words of the place. The refusal does not repeat the password, and says which rule it
// was. What the last rule takes is bounded: see [score].
func checkChosen(password string, who *Principal, about []string) error {
	if err := checkForm(password); err != nil {
		return err
	}
	words := wordsOf(who, about)
	if left := besides(fold(password), words); left < leastBesides {
		return wrongPassword("access.password_name", refusal.Args{"left": left, "least": leastBesides})
	}
	if listed(fold(password)) {
		return wrongPassword("access.password_common", nil)
	}
	if score(norm.NFKC.String(password), words) < leastScore {
		return wrongPassword("access.password_weak", nil)
	}
	return nil
}

// checkForm refuses a password that cannot be typed, or that is too short or too long.
func checkForm(password string) error {
	if !utf8.ValidString(password) || strings.IndexFunc(password, unicode.IsControl) >= 0 {
		return wrongPassword("access.password_text", nil)
	}
	if n := utf8.RuneCountInString(normal(password)); n < leastChosen || n > mostChosen {
		return wrongPassword("access.password_length", refusal.Args{"least": leastChosen, "most": mostChosen})
	}
	return nil
}

func wrongPassword(rule string, args refusal.Args) error {
	return refusal.Wrong("password", rule, args)
}

// fold gives texts that differ in case, or in the width of their letters, the same form.
func fold(text string) string { return strings.ToLower(norm.NFKC.String(text)) }

// Keys that are pressed with shift give the same password away as without: 1qaz@WSX is 1qaz2wsx.
var (
	shiftedDigits = strings.NewReplacer("!", "1", "@", "2", "#", "3", "$", "4", "%", "5", "^", "6", "&", "7", "*", "8",
		"(", "9", ")", "0")
	shiftedOthers = strings.NewReplacer("~", "`", "_", "-", "+", "=", "{", "[", "}", "]", "|", `\`, ":", ";", `"`, "'",
		"<", ",", ">", ".", "?", "/")
	hanDigits = strings.NewReplacer("〇", "0", "零", "0", "一", "1", "二", "2", "三", "3", "四", "4", "五", "5", "六", "6",
		"七", "7", "八", "8", "九", "9", "十", "0")
)

// listed reports whether a folded text is one of those that everybody tries, also where some of its keys are shifted.
func listed(text string) bool {
	unshifted := shiftedDigits.Replace(text)
	for _, t := range []string{text, unshifted, shiftedOthers.Replace(unshifted), hanDigits.Replace(text)} {
		if r := []rune(t); slices.Contains(common, t) || repeats(r) || climbs(r) {
			return true
		}
	}
	return false
}

// repeats reports whether a text is one of up to four characters over and over: aaaaaaaaaaaa, 123412341234.
func repeats(r []rune) bool {
	for unit := 1; unit <= 4; unit++ {
		if hasPeriod(r, unit) {
			return true
		}
	}
	return false
}

// hasPeriod reports whether a text is its own first characters over and over.
func hasPeriod(r []rune, unit int) bool {
	for i := unit; i < len(r); i++ {
		if r[i] != r[i-unit] {
			return false
		}
	}
	return true
}

// climbs reports whether a text goes up or down the alphabet or the digits one by one, nine and zero being neighbours.
func climbs(r []rune) bool {
	for _, step := range []rune{1, -1} {
		all := true
		for i := 1; i < len(r); i++ {
			next := r[i-1] + step
			switch next {
			case '9' + 1:
				next = '0'
			case '0' - 1:
				next = '9'
			}
			all = all && r[i] == next
		}
		if all {
			return true
		}
	}
	return false
}

// common are the commonest of twelve characters and more in published lists, in lower case, and what this program and
// its place suggest. What merely repeats or climbs is not among them.
var common = []string{
	"1q2w3e4r5t6y", "1qaz2wsx3edc", "1qaz2wsx3edc4rfv", "q1w2e3r4t5y6", "qwertyuiop12", "qwertyuiop123", "qwertyuiopas",
	"qwertyuiop[]", "asdfghjkl123", "zxcvbnm12345", "zaq12wsxcde3", "qazwsxedcrfv", "qazwsxedc123", "qweasdzxc123",
	"123qweasdzxc",
	"password1234", "password12345", "password123456", "passwordpassword", "passw0rd1234", "p@ssw0rd1234", "p@ssword1234",
	"welcome12345", "letmein12345", "iloveyou1234", "iloveyou123456", "abc123456789", "a12345678901", "a123456789012",
	"123456789abc",
	"123456789qwe", "qwe123456789", "asd123456789", "zxc123456789", "admin1234567", "admin12345678", "admin123456789",
	"administrator",
	"administrator1", "administrator123", "changeme1234", "woaini1314520", "woaini520131", "woaini5201314",
	"wozuishuai123", "5201314520131",
	"123123123123a", "112233445566", "11223344556677", "1223334444555", "147258369147", "159357159357", "741852963741",
	"789456123000",
	"zhongguo1234", "tianjin12345", "tianjin123456", "xiqing123456", "xiqing1234567", "qingkong1234", "qingkong12345",
	"qingkong123456",
	"huanbao12345", "huanbao123456", "duty12345678", "duty123456789",
}
