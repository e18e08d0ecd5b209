package series

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
)

// Number writes a measured value with about four digits.
func Number(v float64) string {
	decimals := 3
	switch size := math.Abs(v); {
	case size >= 1000:
		decimals = 0
	case size >= 100:
		decimals = 1
	case size >= 1:
		decimals = 2
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}

// Sign is a unit as it is printed.
func Sign(unit string) string {
	return strings.NewReplacer("m3", "m³", "m2", "m²").Replace(unit)
}

// FactorName is a factor in words, with its code where nobody knows it.
func FactorName(lang, factor string) string {
	k := readings.Lookup(factor)
	switch {
	case k != nil && lang == frame.EN:
		return k.Name.EN
	case k != nil:
		return k.Name.ZH
	case factor == "":
		return frame.Word(lang, "point.only")
	}
	return factor
}

// PointPath is the address of a point's page.
func PointPath(p telemetry.Point) string { return "/desk/points/" + url.PathEscape(string(p)) }
