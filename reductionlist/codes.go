package reductionlist

import (
	"regexp"
	"strings"

	"qingkong/reductionlist/internal/text"
)

// mobile also admits the block 100000…, which no network assigns: invented lists use it, so that nobody is ever
// called by mistake.
var mobile = regexp.MustCompile(`^(1[3-9][0-9]{9}|100000[0-9]{5})$`)

// landline is a number with its area code (电信网编号计划, 2017) and, where there is one, an extension.
var landline = regexp.MustCompile(`^(010|02[0-9]|0[3-9][0-9]{2})-([0-9]{7,8})(-[0-9]{1,6})?$`)

// maxPhones bounds the numbers of one person.
const maxPhones = 5

// ValidPhone checks the form of what a list keeps as somebody's telephone: Chinese mobile numbers and landlines with
// their area code, 022-27391234, several separated by "、".
func ValidPhone(numbers string) bool {
	parts := strings.Split(numbers, "、")
	for _, n := range parts {
		if !mobile.MatchString(n) && !landline.MatchString(n) {
			return false
		}
	}
	return len(parts) <= maxPhones
}

var (
	betweenPhones = regexp.MustCompile(`[、,;/|\n\r]+|或`)
	phoneSigns    = strings.NewReplacer(" ", "", "-", "", "—", "", "–", "", "(", "", ")", "", ".", "", "转", "x", "#", "x")
	longPhone     = regexp.MustCompile(`^(?:\+?86|0086)?(?:(1[3-9][0-9]{9}|100000[0-9]{5})|0?(10|2[0-9]|[3-9][0-9]{2})([0-9]{7,8})(?:x([0-9]{1,6}))?)$`)
	extension     = regexp.MustCompile(`^(.*[0-9]{7,8})-([0-9]{1,6})$`)
)

// PlainPhones brings telephone numbers, as people write them, into the form that [ValidPhone] checks: 138 1234 5678 and
// +86… without what stands around the digits, several separated by "、". A text that is no number is left as it is.
func PlainPhones(cell string) string {
	whole, lost := text.WholeCode(text.Narrow(cell))
	if whole == "" || lost || mobile.MatchString(whole) {
		return whole
	}
	var plain []string
	for _, part := range betweenPhones.Split(whole, -1) {
		if part = text.Trim(part); part == "" {
			continue
		}
		one := plainPhone(part)
		if one == "" { // spaces part numbers as well as digits
			for _, piece := range strings.Fields(part) {
				if one = plainPhone(piece); one == "" {
					return whole
				}
				plain = append(plain, one)
			}
			continue
		}
		plain = append(plain, one)
	}
	return strings.Join(plain, "、")
}

// plainPhone is one number in that form; empty for a text that is no number.
func plainPhone(said string) string {
	if m := extension.FindStringSubmatch(said); m != nil && landline.MatchString(said) {
		said = m[1] + "x" + m[2]
	}
	m := longPhone.FindStringSubmatch(phoneSigns.Replace(text.Squeeze(said)))
	switch {
	case m == nil:
		return ""
	case m[1] != "":
		return m[1]
	case !strings.Contains(m[0], "0"+m[2]) && !strings.Contains(m[0], "86"+m[2]): // seven or eight digits of no town
		return ""
	case m[4] != "":
		return "0" + m[2] + "-" + m[3] + "-" + m[4]
	}
	return "0" + m[2] + "-" + m[3]
}

// usccWeights are the weights of GB 32100-2015 over its 31 characters.
var usccWeights = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}

const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// ValidUSCC checks the form and check character of a unified social credit code (GB 32100-2015).
func ValidUSCC(code string) bool {
	if len(code) != 18 {
		return false
	}
	sum := 0
	for i := range usccWeights {
		n := strings.IndexByte(usccAlphabet, code[i])
		if n < 0 {
			return false
		}
		sum += n * usccWeights[i]
	}
	return usccAlphabet[(31-sum%31)%31] == code[17]
}
