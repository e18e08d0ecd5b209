package aqi

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// printed is the table of breakpoints as it is printed, read by the model. Two numbers are those of 2012 and 2026; a
// cell with b or c is one of these footnotes.
const printed = `
IAQI SO2d SO2h NO2d NO2h COd COh O3_8 O3_1 PM10    PM25
0    0    0    0    0    0   0   0    0    0       0
50   50   150  40   100  2   5   100  160  50      35
100  150  500  80   200  4   10  160  200  150/120 75/60
150  475  650  180  700  14  35  215  300  250     115
200  800  800  280  1200 24  60  265  400  350     150
300  1600 b    565  2340 36  90  800  800  420     250
400  2100 b    750  3090 48  120 c    1000 500     350
500  2620 b    940  3840 60  150 c    1200 600     500`

// modelColumn is the column a report uses for a pollutant, or "" where it is no part of the report.
func modelColumn(std Standard, hourly bool, p Pollutant) string {
	switch {
	case p == PM25:
		return "PM25"
	case p == PM10:
		return "PM10"
	case p == O3H8 && hourly && std == HJ2026, p == O3H1 && !hourly && std == HJ2026:
		return ""
	case p == O3H8:
		return "O3_8"
	case p == O3H1:
		return "O3_1"
	case hourly:
		return strings.ToUpper(p) + "h"
	default:
		return strings.ToUpper(p) + "d"
	}
}

// modelIAQI walks the printed table with fractions; nil where there is no sub-index.
func modelIAQI(std Standard, column string, conc *big.Rat) *big.Int {
	scale := big.NewRat(1, 1)
	if strings.HasPrefix(column, "CO") {
		scale.SetInt64(10)
	}
	c := halfEven(new(big.Rat).Mul(conc, scale))
	c.Quo(c, scale)

	rows := strings.Split(strings.TrimSpace(printed), "\n")
	at := slices.Index(strings.Fields(rows[0]), column)
	var iaqiLow, low *big.Rat
	for _, row := range rows[1:] {
		cells := strings.Fields(row)
		switch old, new2026, two := strings.Cut(cells[at], "/"); {
		case (cells[at] == "b" || cells[at] == "c") && std == HJ2012:
			return nil
		case cells[at] == "b":
			return big.NewInt(200)
		case cells[at] == "c":
			return big.NewInt(300)
		case two && std == HJ2012:
			cells[at] = old
		case two:
			cells[at] = new2026
		}
		iaqi, _ := new(big.Rat).SetString(cells[0])
		high, _ := new(big.Rat).SetString(cells[at])
		if c.Cmp(high) <= 0 {
			if low == nil {
				return big.NewInt(0)
			}
			i := new(big.Rat).Sub(iaqi, iaqiLow)
			i.Quo(i, new(big.Rat).Sub(high, low))
			i.Mul(i, new(big.Rat).Sub(c, low))
			return ceil(i.Add(i, iaqiLow))
		}
		iaqiLow, low = iaqi, high
	}
	return big.NewInt(500)
}

func floor(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) }

func ceil(r *big.Rat) *big.Int {
	return new(big.Int).Neg(floor(new(big.Rat).Neg(r)))
}

func halfEven(r *big.Rat) *big.Rat {
	n := floor(r)
	rest := new(big.Rat).Sub(r, new(big.Rat).SetInt(n))
	if c := rest.Cmp(big.NewRat(1, 2)); c > 0 || c == 0 && n.Bit(0) == 1 {
		n.Add(n, big.NewInt(1))
	}
	return new(big.Rat).SetInt(n)
}

// modelReport is the whole result by the words of the standard.
func modelReport(std Standard, hourly bool, v Values) Result {
	r := Result{Standard: std, IAQI: map[Pollutant]int{}}
	for _, p := range []Pollutant{PM25, PM10, SO2, NO2, CO, O3H8, O3H1} {
		column := modelColumn(std, hourly, p)
		c, given := v[p]
		switch {
		case column == "" && given:
			r.Ignored = append(r.Ignored, p)
		case column == "":
		case !given:
			r.Missing = append(r.Missing, p)
		default:
			if i := modelIAQI(std, column, c.rat()); i != nil {
				r.IAQI[p] = int(i.Int64())
			} else if _, other := v[O3H1]; p == SO2 || !other { // what footnotes (b) and (c) go by is not there
				r.Beyond = append(r.Beyond, p)
			}
		}
	}
	if len(r.IAQI) == 0 {
		return r
	}
	highest := slices.Max(slices.Collect(maps.Values(r.IAQI)))
	r.Known = std == HJ2012 || len(r.Missing) == 0 || highest > 100
	for _, p := range r.Beyond {
		atLeast := 300
		if p == SO2 {
			atLeast = 200
		}
		r.Known = r.Known && highest > atLeast
	}
	if r.Known {
		r.Index = highest
		for _, p := range []Pollutant{PM25, PM10, SO2, NO2, CO, O3H8, O3H1} {
			if i, has := r.IAQI[p]; has && i == highest && i > 50 {
				r.Primary = append(r.Primary, p)
			}
		}
	}
	return r
}

// drawConcentration draws what is on a breakpoint, half a unit beside one, or anywhere.
func drawConcentration(rt *rapid.T, p Pollutant) Concentration {
	if rapid.Bool().Draw(rt, "anywhere") {
		return conc(rapid.StringMatching(`[0-9]{1,4}(\.[0-9]{1,6})?`).Draw(rt, p))
	}
	rows := strings.Split(strings.TrimSpace(printed), "\n")[1:]
	cells := strings.Fields(strings.NewReplacer("/", " ", "b", "800", "c",
		"800").Replace(rapid.SampledFrom(rows).Draw(rt, "row")))
	near := rapid.SampledFrom([]string{"", ".05", ".049999", ".050001", ".15", ".5", ".499999", ".500001"}).Draw(rt,
		"near")
	return conc(rapid.SampledFrom(cells).Draw(rt, "cell") + near)
}

func TestReportsAgainstTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := Values{}
		for _, p := range Pollutants() {
			if rapid.IntRange(0, 5).Draw(rt, "has "+p) > 0 {
				v[p] = drawConcentration(rt, p)
			}
		}
		for _, std := range []Standard{HJ2012, HJ2026} {
			for hourly, report := range map[bool]func(Standard, Values) Result{false: Daily, true: Hourly} {
				got, want := report(std, v), modelReport(std, hourly, v)
				if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
					rt.Fatalf("%s, hourly %t, of %v:\ngot  %s\nwant %s", std, hourly, v, g, w)
				}
			}
		}
	})
}

// More of a pollutant never makes the air better, but for what 2012 leaves without a sub-index; and no sub-index skips
// past the top.
func TestIAQIIsMonotonic(t *testing.T) {
	for std, tables := range map[Standard][]table{HJ2012: {dailyTables[HJ2012], hourlyTables[HJ2012]},
		HJ2026: {dailyTables[HJ2026], hourlyTables[HJ2026]}} {
		for _, tab := range tables {
			for p, col := range tab {
				last := 0
				for n := int64(0); n <= 4500; n++ {
					i, has := col.iaqi(fraction(n, col.unit))
					if !has {
						if std == HJ2026 || n <= col.points[len(col.points)-1] {
							t.Errorf("%s, %s: no sub-index at %d", std, p, n)
						}
						break
					}
					if i < last || i > 500 {
						t.Errorf("%s, %s: %d at %d after %d", std, p, i, n, last)
					}
					last = i
				}
			}
		}
	}
}
