package reductionlist

import (
	"math"
	"strconv"
	"strings"
)

// Shown writes a quantity for people, with no more digits than what it measures has: two decimals of hours and of per
// cent, six digits that count of anything else, zeros at the end left out. A number that a spreadsheet computed, like a
// third, has twelve.
func Shown(v float64, unit string) string {
	decimals := 2
	switch PlainUnit(unit) {
	case "%", "h":
	default:
		decimals = 6
		if size := math.Abs(v); size > 0 {
			decimals = max(0, min(12, 5-int(math.Floor(math.Log10(size)))))
		}
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	if strings.Trim(text, "-0.") == "" && v != 0 { // not nothing
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return text
}
