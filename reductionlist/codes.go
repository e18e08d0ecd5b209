package reductionlist

import (
	"regexp"
	"strings"
)

// mobile also admits the block 100000…, which no network assigns: invented lists use it, so that nobody is ever
// called by mistake.
var mobile = regexp.MustCompile(`^(1[3-9][0-9]{9}|100000[0-9]{5})$`)

// ValidPhone checks the form of a Chinese mobile number.
func ValidPhone(number string) bool { return mobile.MatchString(number) }

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
