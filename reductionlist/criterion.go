package reductionlist

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"qingkong/alerts/refusal"
)

// CriterionKind names one form of 判定条件.
type CriterionKind string

// The forms of a criterion (contract.md §5). Hours and days are those of Asia/Shanghai.
const (
	HourMassAtMost          CriterionKind = "hour_mass_at_most"
	HourConcentrationAtMost CriterionKind = "hour_concentration_at_most"
	FractionOfBaseline      CriterionKind = "at_most_fraction_of_baseline"
	Stopped                 CriterionKind = "stopped"
	AtLeastRate             CriterionKind = "at_least"
	FiveMinuteMeanAtLeast   CriterionKind = "five_minute_mean_at_least"
	DayTotalAtMost          CriterionKind = "day_total_at_most"
	NoVehicleBelow          CriterionKind = "no_vehicle_below"
)

// Criterion is what the monitoring data must show for a measure to count as carried out. The zero value is
// "none given".
type Criterion struct {
	Kind  CriterionKind
	Limit float64 // in Unit; for FractionOfBaseline from 0 to 1
	Unit  string
	// Standard is the lowest admitted emission standard of NoVehicleBelow, 国一 to 国六.
	Standard string
}

// criterionUnits lists the units a form admits; nil admits any single word, for the thing counted differs.
var criterionUnits = map[CriterionKind][]string{
	HourMassAtMost:          {"kg/h", "g/h", "t/h"},
	HourConcentrationAtMost: {"mg/m3", "µg/m3"},
	AtLeastRate:             nil,
	FiveMinuteMeanAtLeast:   {"℃"},
	DayTotalAtMost:          nil,
}

// VehicleStandards are the emission stages of vehicles, lowest first.
var VehicleStandards = []string{"国一", "国二", "国三", "国四", "国五", "国六"}

// ParseCriterion reads the text of one 判定条件, or returns an invalid refusal with rule list.criterion.
func ParseCriterion(text string) (Criterion, error) {
	refuse := func() (Criterion, error) {
		return Criterion{}, refusal.New(refusal.Invalid, "list.criterion", refusal.Args{"value": text})
	}
	words := strings.Fields(text)
	if len(words) == 0 || !utf8.ValidString(text) {
		return refuse()
	}
	c := Criterion{Kind: CriterionKind(words[0])}
	args := words[1:]
	switch c.Kind {
	case Stopped:
		if len(args) != 0 {
			return refuse()
		}
		return c, nil
	case NoVehicleBelow:
		if len(args) != 1 || !slices.Contains(VehicleStandards, args[0]) {
			return refuse()
		}
		c.Standard = args[0]
		return c, nil
	case FractionOfBaseline:
		v, ok := plainDecimal(strings.Join(args, " "))
		if !ok || v > 1 {
			return refuse()
		}
		c.Limit = v
		return c, nil
	}
	admitted, known := criterionUnits[c.Kind]
	if !known || len(args) != 2 {
		return refuse()
	}
	v, ok := plainDecimal(args[0])
	if !ok || admitted == nil && !unitWord(args[1]) || admitted != nil && !slices.Contains(admitted, args[1]) {
		return refuse()
	}
	c.Limit, c.Unit = v, args[1]
	return c, nil
}

// plainDecimal reads digits with at most one point: no sign, exponent, infinity or hexadecimal.
func plainDecimal(s string) (float64, bool) {
	if s == "" || len(s) > 15 || strings.Trim(s, "0123456789.") != "" || s[0] == '.' || s[len(s)-1] == '.' {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

func unitWord(s string) bool {
	return len(s) <= 24 && !strings.ContainsAny(s, "；;,，\"") && strings.Trim(s, "0123456789.+-") == s
}

// String is the canonical text, which ParseCriterion reads back to the same value.
func (c Criterion) String() string {
	limit := strconv.FormatFloat(c.Limit, 'f', -1, 64)
	switch c.Kind {
	case "":
		return ""
	case Stopped:
		return string(c.Kind)
	case NoVehicleBelow:
		return string(c.Kind) + " " + c.Standard
	case FractionOfBaseline:
		return string(c.Kind) + " " + limit
	default:
		return fmt.Sprintf("%s %s %s", c.Kind, limit, c.Unit)
	}
}

// MarshalText makes a criterion a JSON string.
func (c Criterion) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText writes; empty text is the zero value.
func (c *Criterion) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = Criterion{}
		return nil
	}
	parsed, err := ParseCriterion(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// IsZero reports whether no criterion was given.
func (c Criterion) IsZero() bool { return c.Kind == "" }

// Forbidden is the highest emission standard of the vehicles that a measure stops altogether, as people name it: 国四及以下
// where 国五 is admitted. It is empty for any other measure.
func (m *Measure) Forbidden() string {
	if m.Action != StopVehicles || m.Quantity == nil || m.Quantity.Value != 0 {
		return ""
	}
	const standards = "一二三四五六"
	for _, o := range m.Monitors {
		if o.Criterion.Kind != NoVehicleBelow {
			continue
		}
		admitted := strings.Index(standards, strings.TrimPrefix(o.Criterion.Standard, "国"))
		if admitted > 0 {
			return "国" + standards[admitted-len("一"):admitted] + "及以下"
		}
	}
	return ""
}
