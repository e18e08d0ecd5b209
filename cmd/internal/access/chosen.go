package access

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"qingkong/alerts/refusal"
)

// A chosen password has this many characters. What is in it is its owner's affair (NIST SP 800-63B asks for length, and
// for no mixture of kinds), but it is not one of those that everybody tries first.
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

// checkChosen refuses a password that is too easy to guess. The refusal does not repeat it.
func checkChosen(password string, who *Principal) error {
	if !utf8.ValidString(password) || strings.IndexFunc(password, unicode.IsControl) >= 0 {
		return wrongPassword("access.password_text", nil)
	}
	if n := utf8.RuneCountInString(normal(password)); n < leastChosen || n > mostChosen {
		return wrongPassword("access.password_length", refusal.Args{"least": leastChosen, "most": mostChosen})
	}
	lower := strings.ToLower(normal(password))
	for _, name := range []string{who.User, who.Name} {
		if mostly(lower, strings.ToLower(name)) {
			return wrongPassword("access.password_name", nil)
		}
	}
	if slices.Contains(common, lower) || repeats([]rune(lower)) || climbs([]rune(lower)) {
		return wrongPassword("access.password_common", nil)
	}
	return nil
}

func wrongPassword(rule string, args refusal.Args) error {
	return refusal.Input([]refusal.Field{{Path: "password", Rule: rule, Args: args}})
}

// mostly reports whether a password is a name with little besides.
func mostly(password, name string) bool {
	if utf8.RuneCountInString(name) < 2 || !strings.Contains(password, name) {
		return false
	}
	return utf8.RuneCountInString(strings.ReplaceAll(password, name, "")) < leastChosen/2
}

// repeats reports whether a text is one of up to four characters over and over: aaaaaaaaaaaa, 123412341234.
func repeats(r []rune) bool {
	for unit := 1; unit <= 4; unit++ {
		same := true
		for i := unit; i < len(r); i++ {
			same = same && r[i] == r[i-unit]
		}
		if same {
			return true
		}
	}
	return false
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
	"qwertyuiop[]", "asdfghjkl123", "zxcvbnm12345", "zaq12wsxcde3", "qazwsxedcrfv", "qazwsxedc123", "qweasdzxc123", "123qweasdzxc",
	"password1234", "password12345", "password123456", "passwordpassword", "passw0rd1234", "p@ssw0rd1234", "p@ssword1234",
	"welcome12345", "letmein12345", "iloveyou1234", "iloveyou123456", "abc123456789", "a12345678901", "a123456789012", "123456789abc",
	"123456789qwe", "qwe123456789", "asd123456789", "zxc123456789", "admin1234567", "admin12345678", "admin123456789", "administrator",
	"administrator1", "administrator123", "changeme1234", "woaini1314520", "woaini520131", "woaini5201314", "wozuishuai123", "5201314520131",
	"123123123123a", "112233445566", "11223344556677", "1223334444555", "147258369147", "159357159357", "741852963741", "789456123000",
	"zhongguo1234", "tianjin12345", "tianjin123456", "xiqing123456", "xiqing1234567", "qingkong1234", "qingkong12345", "qingkong123456",
	"huanbao12345", "huanbao123456", "duty12345678", "duty123456789",
}
