package rules

import (
	"regexp"
	"strings"

	list "qingkong/reductionlist"
)

// massRate tells a mass per day or hour.
func massRate(unit string) bool {
	thing, per, _ := strings.Cut(list.PlainUnit(unit), "/")
	thing = strings.TrimPrefix(thing, "万")
	return (thing == "t" || thing == "kg") && (per == "d" || per == "h")
}

// The forms of an HJ 212 factor: of 2017 and 2025 a letter and five digits, of 2005 two digits or S01, B02 [S16, S20].
var (
	factorForm = regexp.MustCompile(`^([a-z][0-9]{5}|[0-9]{2}|[SB][0-9]{2})$`)
	mnForm     = regexp.MustCompile(`^[0-9A-F]{24}$`)
)

// fitsFactor reports whether a criterion can be about a factor. Masses and concentrations are those of a pollutant
// (a2…, a3…, a05…; of 2005 the codes of two digits), furnace temperatures are a01901 and a01902.
func fitsFactor(c list.Criterion, factor string) bool {
	if factor == "" || !factorForm.MatchString(factor) {
		return true // is told by another rule
	}
	switch c.Kind {
	case list.HourMassAtMost, list.HourConcentrationAtMost:
		return len(factor) == 2 || strings.HasPrefix(factor, "a2") || strings.HasPrefix(factor, "a3") ||
			strings.HasPrefix(factor, "a05")
	case list.FiveMinuteMeanAtLeast:
		return factor == "a01901" || factor == "a01902"
	default:
		return true
	}
}

// needsFactor reports whether a channel means nothing without a factor: a station sends many under one MN.
func needsFactor(m *list.Monitor) bool {
	return m.Source == list.CEMS || m.Source == list.DCS && mnForm.MatchString(m.Ref)
}
