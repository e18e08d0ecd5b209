package readings

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
)

// Pass is a vehicle that went through a gate.
type Pass struct {
	Gate     telemetry.Point `json:"-"`
	At       time.Time       `json:"at"`
	Plate    Plate           `json:"plate,omitempty"`
	Standard Standard        `json:"standard,omitempty"`
	Fuel     string          `json:"fuel,omitempty"` // as the gate says it
}

// Plate is the number of a vehicle, which is personal: whatever is printed of it is masked, and only JSON and a
// conversion to string have it whole. It is empty where the gate read none.
type Plate string

// Masked is the plate as others than its keeper's authority may see it: 津A****5.
func (p Plate) Masked() string {
	r := []rune(string(p))
	if len(r) < 5 {
		return strings.Repeat("*", len(r))
	}
	return string(r[:2]) + strings.Repeat("*", len(r)-3) + string(r[len(r)-1:])
}

// String is the masked plate.
func (p Plate) String() string { return p.Masked() }

// Format prints the masked plate by whatever verb.
func (p Plate) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, p.Masked()) } // a State writes to memory

// LogValue is the masked plate.
func (p Plate) LogValue() slog.Value { return slog.StringValue(p.Masked()) }

// LogValue is the pass with its plate masked.
func (p Pass) LogValue() slog.Value {
	return slog.GroupValue(slog.String("gate", string(p.Gate)), slog.Time("at", p.At), slog.String("plate",
		p.Plate.Masked()),
		slog.String("standard", p.Standard.String()), slog.String("fuel", p.Fuel))
}

// UnmarshalText reads a plate in any spelling: 津A·12345, 津 ad12345. 无牌 and its like are none.
func (p *Plate) UnmarshalText(text []byte) error {
	s := strings.ToUpper(refusal.Plainly(norm.NFKC.String(string(text))))
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ·.・•-", r) {
			return -1
		}
		return r
	}, s)
	if noPlate[s] {
		*p = ""
		return nil
	}
	n := utf8.RuneCountInString(s)
	odd := strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if n < 5 || n > 12 || odd {
		return refusal.New(refusal.Invalid, "readings.plate", nil) // which does not repeat it
	}
	*p = Plate(s)
	return nil
}

var noPlate = map[string]bool{"": true, "无牌": true, "无牌车": true, "无": true, "未识别": true, "未知": true, "UNKNOWN": true,
	"NULL": true, "NONE": true}

// Standard is an emission standard of vehicles. Those of engines are ordered; 0 is not known.
type Standard int8

// The standards.
const (
	NotKnown Standard = iota
	National0
	National1
	National2
	National3
	National4
	National5
	National6
	Electric // it has no exhaust
)

// standards are their names, as lists have them.
var standards = [...]string{"", "国零", "国一", "国二", "国三", "国四", "国五", "国六", "新能源"}

// String is the name that lists use: 国五; empty where it is not known.
func (s Standard) String() string {
	if s < 0 || int(s) >= len(standards) {
		return ""
	}
	return standards[s]
}

// Below reports whether a vehicle falls below a standard; known is false where its own is not known.
func (s Standard) Below(least Standard) (below, known bool) {
	return s < least && s != NotKnown, s != NotKnown
}

// MarshalText is the name.
func (s Standard) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseStandard] does, or refuses it.
func (s *Standard) UnmarshalText(text []byte) error {
	v, ok := ParseStandard(string(text))
	if !ok {
		return refusal.New(refusal.Invalid, "readings.standard", refusal.Args{"value": refusal.Shown(string(text))})
	}
	*s = v
	return nil
}

var (
	standardForm = regexp.MustCompile(`^(?:国家?|CHINA|GB|CN|第)(?:第)?([零〇一二三四五六0-6]|I{1,3}|IV|VI?)(?:阶段|级|标准|排放|[AB])*$`)
	electric     = regexp.MustCompile(`^(?:纯?电动?车?|新能源车?|零排放|氢能?|燃料电池|BEV|EV|FCEV)$`)
	notKnown     = regexp.MustCompile(`^(?:|-+|无|未知|不详|未识别|其他|UNKNOWN|NULL|NONE)$`)
	stages       = map[string]Standard{"零": National0, "〇": National0, "0": National0, "一": National1, "1": National1,
		"I": National1, "二": National2, "2": National2, "II": National2, "三": National3, "3": National3,
		"III": National3,
		"四":   National4, "4": National4, "IV": National4, "五": National5, "5": National5, "V": National5, "六": National6,
		"6": National6, "VI": National6}
)

// ParseStandard reads an emission standard as gates and people write it: 国五, 国Ⅴ, 国5, 国六b, China VI, 新能源; a text that
// says it is not known is [NotKnown].
func ParseStandard(text string) (Standard, bool) {
	if len(text) > maxUnit {
		return NotKnown, false
	}
	s := strings.ToUpper(strings.ReplaceAll(refusal.Plainly(norm.NFKC.String(text)), " ", ""))
	switch m := standardForm.FindStringSubmatch(s); {
	case m != nil:
		return stages[m[1]], true
	case electric.MatchString(s):
		return Electric, true
	}
	return NotKnown, notKnown.MatchString(s)
}

// maxFuel is longer than the name of any fuel, in characters.
const maxFuel = 20

// check says what is wrong with a pass; path is where it stands.
func (p *Pass) check(path string, wrong *faults) {
	if p.At.IsZero() {
		wrong.add(path+".at", "input.required", nil)
	}
	if utf8.RuneCountInString(p.Fuel) > maxFuel {
		wrong.add(path+".fuel", "readings.fuel", refusal.Args{"limit": maxFuel})
	}
}
