package telemetry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry/hj212"
)

// What the register takes of a station and of a recipient.
const (
	MostOutlets  = 32
	MostFactors  = 200 // of a station
	MostStations = 200 // of a recipient: each is a subject that its login names

	MostName = 80 // characters

	MinuteLeast, MinuteMost = 1, 30    // minutes of a minute value (domain.md §5)
	SampleLeast, SampleMost = 30, 3600 // seconds between samples

	// MostO2 is the oxygen of air, in per cent: nothing is converted to it.
	MostO2 = 20.9
)

// The intervals of a station of which nobody said them.
const (
	UsualMinuteMin = 10
	UsualSampleS   = 60
)

// system is a system code of HJ 212.
type system struct{ code, zh, en string }

// systems are the codes that stations may have (domain.md §5); 91 is the server's own.
var systems = []system{
	{"21", "地表水质量监测", "surface water"}, {"22", "空气质量监测", "ambient air"},
	{"27", "挥发性有机物监测", "volatile organic compounds"}, {"31", "大气环境污染源", "air pollution source"},
	{"32", "地表水体环境污染源", "water pollution source"}, {"39", "工地扬尘污染源", "dust of construction sites"},
	{"44", "用电监控", "power consumption"}, {"45", "关键生产工况", "key conditions of production"},
	{"51", "烟气排放过程监控", "process of flue gas treatment"}, {"52", "污水排放过程监控", "process of sewage treatment"},
}

// Systems are the system codes that a station may have.
func Systems() (codes []string) {
	for _, s := range systems {
		codes = append(codes, s.code)
	}
	return codes
}

// SystemName is what a system code stands for, in "zh-CN" (the default) or "en"; the code itself where it is unknown.
func SystemName(code, lang string) string {
	for _, s := range systems {
		switch {
		case s.code != code:
		case lang == "en":
			return s.en
		default:
			return s.zh
		}
	}
	return code
}

var (
	mnForm     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
	unitForm   = regexp.MustCompile(`^[^\pC\s]{1,16}$`)
	factorForm = regexp.MustCompile(`^[\p{L}\p{N}_-]{1,32}$`)
)

// ValidMN reports whether a text can be the MN of a station, or the number of a meter, a scale or a gate: up to 40
// letters, digits, - and _. HJ 212-2017 has 24 hexadecimal digits and HJ 212-2005 had 14 digits; devices have more. A dot
// would part the point of a factor, and neither a dot nor a wildcard may stand in a subject.
func ValidMN(mn string) bool { return mnForm.MatchString(mn) }

// Units says whether a unit can be read as one of a factor; the empty unit is the usual one.
type Units func(code, unit string) bool

// Check refuses a registration that breaks a rule of the register, with every wrong place. Whether the recipient exists
// is for the caller to say.
func (s *Station) Check(units Units) error {
	c := checker{s: s, units: units}
	c.itself()
	c.frames()
	c.outlets()
	return refusal.Input(c.wrong)
}

type checker struct {
	s     *Station
	units Units
	wrong []refusal.Field
}

func (c *checker) refuse(path, rule string, args refusal.Args) {
	c.wrong = append(c.wrong, refusal.Field{Path: path, Rule: rule, Args: args})
}

func (c *checker) itself() {
	if !ValidMN(c.s.MN) {
		c.refuse("mn", "telemetry.mn", refusal.Args{"value": refusal.Shown(c.s.MN)})
	}
	if c.s.MN == "states" || c.s.MN == "unknown" { // calls have these names in the place of an MN
		c.refuse("mn", "telemetry.mn_kept", refusal.Args{"value": c.s.MN})
	}
	c.text("name", c.s.Name)
	if c.s.Recipient == "" {
		c.refuse("recipient_id", "input.required", nil)
	}
}

// text holds a name to one line of a length.
func (c *checker) text(path, text string) {
	switch {
	case strings.TrimSpace(text) == "":
		c.refuse(path, "input.required", nil)
	case text != strings.TrimSpace(text) || utf8.RuneCountInString(text) > MostName || !utf8.ValidString(text) ||
		strings.ContainsAny(text, "\n\t") || strings.ContainsFunc(text, refusal.IsControl):
		c.refuse(path, "telemetry.name", refusal.Args{"limit": MostName})
	}
}

// frames checks what is about the protocol: a station has a system code and an edition, or neither.
func (c *checker) frames() {
	s := c.s
	if s.ST == "" {
		c.noFrames()
		return
	}
	if !slices.ContainsFunc(systems, func(known system) bool { return known.code == s.ST }) {
		c.refuse("st", "telemetry.st", refusal.Args{"value": refusal.Shown(s.ST), "allowed": strings.Join(Systems(), ", ")})
	}
	switch {
	case s.Version == 0:
		c.refuse("version", "telemetry.version_needed", refusal.Args{"allowed": versions()})
	case !slices.Contains(hj212.Versions(), s.Version):
		c.refuse("version", "telemetry.version", refusal.Args{"value": int(s.Version), "allowed": versions()})
	}
	if s.Secret.Ref == "" {
		c.refuse("password", "telemetry.password_needed", nil)
	}
	c.tolerances()
	switch {
	case s.SM4 == "" || s.SM4 == hj212.None:
	case !slices.Contains(hj212.Modes(), s.SM4):
		c.refuse("sm4", "telemetry.sm4", refusal.Args{"value": refusal.Shown(string(s.SM4)), "allowed": joined(hj212.Modes())})
	case s.Version != hj212.V2025:
		c.refuse("sm4", "telemetry.sm4_version", nil)
	}
	if s.MinuteMin < MinuteLeast || s.MinuteMin > MinuteMost {
		c.refuse("minute_min", "telemetry.minute_min", refusal.Args{"value": s.MinuteMin, "least": MinuteLeast, "most": MinuteMost})
	}
	if s.SampleS < SampleLeast || s.SampleS > SampleMost {
		c.refuse("sample_s", "telemetry.sample_s", refusal.Args{"value": s.SampleS, "least": SampleLeast, "most": SampleMost})
	}
}

// noFrames refuses what is said of the frames of a station that sends none.
func (c *checker) noFrames() {
	s := c.s
	for path, said := range map[string]bool{"version": s.Version != 0, "tolerate": len(s.Tolerate) > 0,
		"sm4": s.SM4 != "" && s.SM4 != hj212.None, "minute_min": s.MinuteMin != 0, "sample_s": s.SampleS != 0,
		"password": s.Secret != Secret{}} {
		if said {
			c.refuse(path, "telemetry.no_frames", nil)
		}
	}
	slices.SortFunc(c.wrong, func(a, b refusal.Field) int { return strings.Compare(a.Path, b.Path) })
}

func (c *checker) tolerances() {
	for i, t := range c.s.Tolerate {
		path := fmt.Sprintf("tolerate[%d]", i)
		switch {
		case !slices.Contains(hj212.Tolerances(), t):
			c.refuse(path, "telemetry.tolerate",
				refusal.Args{"value": refusal.Shown(string(t)), "allowed": joined(hj212.Tolerances())})
		case slices.Contains(c.s.Tolerate[:i], t):
			c.refuse(path, "telemetry.twice", refusal.Args{"value": string(t)})
		}
	}
}

func (c *checker) outlets() {
	if n := len(c.s.Outlets); n > MostOutlets {
		c.refuse("outlets", "telemetry.outlets_many", refusal.Args{"count": n, "limit": MostOutlets})
		return
	}
	names, codes, count := map[string]bool{}, map[string]bool{}, 0
	for i := range c.s.Outlets {
		o, path := &c.s.Outlets[i], fmt.Sprintf("outlets[%d]", i)
		if c.text(path+".name", o.Name); names[o.Name] {
			c.refuse(path+".name", "telemetry.twice", refusal.Args{"value": o.Name})
		}
		names[o.Name] = true
		if o.O2 != nil && !(*o.O2 >= 0 && *o.O2 <= MostO2) {
			c.refuse(path+".o2", "telemetry.o2", refusal.Args{"value": *o.O2, "most": MostO2})
		}
		if count += len(o.Factors); count > MostFactors {
			c.refuse(path+".factors", "telemetry.factors_many", refusal.Args{"limit": MostFactors})
			return
		}
		c.factors(path, o.Factors, codes)
	}
}

func (c *checker) factors(path string, factors []Factor, codes map[string]bool) {
	for i, f := range factors {
		at := fmt.Sprintf("%s.factors[%d]", path, i)
		switch {
		case !factorForm.MatchString(f.Code):
			c.refuse(at+".code", "telemetry.factor", refusal.Args{"value": refusal.Shown(f.Code)})
		case codes[f.Code]:
			c.refuse(at+".code", "telemetry.factor_twice", refusal.Args{"value": f.Code})
		case f.Unit != "" && !unitForm.MatchString(f.Unit) || c.units != nil && !c.units(f.Code, f.Unit):
			c.refuse(at+".unit", "telemetry.unit", refusal.Args{"value": refusal.Shown(f.Unit), "factor": f.Code})
		}
		codes[f.Code] = true
	}
}

func versions() string {
	var all []string
	for _, v := range hj212.Versions() {
		all = append(all, fmt.Sprint(int(v)))
	}
	return strings.Join(all, ", ")
}

func joined[T ~string](all []T) string {
	var words []string
	for _, w := range all {
		words = append(words, string(w))
	}
	return strings.Join(words, ", ")
}
