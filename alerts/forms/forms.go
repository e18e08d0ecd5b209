// Package forms reads what centres, programs and instruments write of the air: names of columns, units, numbers, ranges
// and classes of the index, names of pollutants and causes, days and hours, and the marks of what is missing. CSV, JSON
// and feeds read through it alike, so that a form that one of them takes all of them take.
//
// It reads single headers and cells. What they make together, and what is refused of a whole forecast, is the business
// of package alerts. Nothing is guessed: a text that could be read in two ways is refused with a rule of the catalogue
// that says what to write instead.
//
// # Units
//
// Concentrations come out in µg/m³, of CO in mg/m³. A unit in the header, or behind the number, is heeded exactly;
// without one that is the unit.
//
// # Classes
//
// A class stands for its band of the index (HJ 633, table 2): 优 0–50, 良 51–100, 轻度污染 101–150, 中度污染 151–200,
// 重度污染 201–300. 严重污染 is 301, alone and as the end of a range: the class begins there, and whoever expects an index
// of 500 says so.
package forms

import (
	"math/big"
	"regexp"
	"slices"
	"strings"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// Wrong says why a header or a cell was refused: a rule of the catalogue and what fills it. Value is always among Args.
type Wrong struct {
	Rule string
	Args refusal.Args
}

func wrong(rule, value string) *Wrong {
	return &Wrong{Rule: rule, Args: refusal.Args{"value": refusal.Shown(value), "largest": aqi.MaxConcentration}}
}

// Unit is a unit of concentrations.
type Unit int

// The units that are read.
const (
	NoUnit   Unit = iota
	Micro         // µg/m³
	Milli         // mg/m³
	twoUnits      // more than one, which is none
)

// Absence says how a value is missing.
type Absence int

// The ways of being missing.
const (
	Present  Absence = iota
	Blank            // an empty cell or a word or sign for it
	Sentinel         // a number that never is a value: -999, -99, 9999, 99999
)

var (
	signs     = regexp.MustCompile(`^[-_/\\*]+$`)
	sentinels = regexp.MustCompile(`^(?:-99|-999|-9999|-99999|9999|99999)(?:\.0*)?$`)
)

const absentWords = `na n/a n.a. n.a #n/a nan null none nil \n 无 无数据 缺测 缺失 缺 暂无 暂无数据 未测 未监测 无效 空`

// AbsenceOf says whether a cell says that something is missing.
func AbsenceOf(text string) Absence { return absenceIn(refusal.Plainly(text)) }

func absenceIn(plain string) Absence {
	plain = strings.ToLower(strings.ReplaceAll(plain, " ", ""))
	if inner, ok := strings.CutPrefix(plain, "("); ok && strings.HasSuffix(inner, ")") {
		plain = strings.TrimSuffix(inner, ")")
	}
	switch {
	case plain == "", slices.Contains(strings.Fields(absentWords), plain), signs.MatchString(plain):
		return Blank
	case sentinels.MatchString(plain):
		return Sentinel
	}
	return Present
}

// Text is a cell without what spreadsheets wrap around a text that looks like a number: ="…".
func Text(cell string) string {
	if inner, ok := strings.CutPrefix(strings.TrimSpace(cell), `="`); ok {
		return strings.TrimSuffix(inner, `"`)
	}
	return cell
}

// unitAtEnd is a unit behind a number.
var unitAtEnd = regexp.MustCompile(`^(.*[0-9]) ?(` + unitForm.String() + `)$`)

// Concentration reads a concentration of a pollutant in the unit of its column, or in the one that stands behind the
// number: a plain decimal, in full-width digits or not.
func Concentration(text string, p aqi.Pollutant, unit Unit) (aqi.Concentration, Absence, *Wrong) {
	plain := refusal.Plainly(Text(text))
	if a := absenceIn(plain); a != Present {
		return aqi.Concentration{}, a, nil
	}
	number := plain
	if m := unitAtEnd.FindStringSubmatch(strings.ToLower(strings.NewReplacer("³", "3", "µ", "μ", "㎍", "μg", "㎎",
		"mg").Replace(plain))); m != nil {
		own := unitOf(m[2])
		if unit != NoUnit && unit != own {
			return aqi.Concentration{}, Present, wrong("aqi.two_units", text)
		}
		number, unit = m[1], own
	}
	c, err := aqi.ParseConcentration(number)
	if err == nil {
		c, err = aqi.ParseConcentration(shift(number, places(p, unit)))
	}
	if err != nil {
		return aqi.Concentration{}, Present, wrong(err.(*refusal.Error).Rule, text)
	}
	return c, Present, nil
}

// unitOf is the unit of a text that unitForm matches.
func unitOf(text string) Unit {
	if strings.HasPrefix(text, "mg") || strings.HasPrefix(text, "毫克") {
		return Milli
	}
	return Micro
}

// places is by how many places the point moves to the right on the way to the pollutant's own unit.
func places(p aqi.Pollutant, unit Unit) int {
	switch {
	case p == aqi.CO && unit == Micro:
		return -3
	case p != aqi.CO && unit == Milli:
		return 3
	}
	return 0
}

// shift moves the point of a plain decimal.
func shift(number string, places int) string {
	if places == 0 {
		return number
	}
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		return number
	}
	thousand := big.NewRat(1000, 1)
	if places > 0 {
		r.Mul(r, thousand)
	} else {
		r.Quo(r, thousand)
	}
	digits, _ := r.FloatPrec()
	return r.FloatString(digits)
}
