package rules

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// surroundings is what a recipient's rows are held to beside themselves: what its list says of the district, and the
// district's towns.
type surroundings struct {
	emission list.Amounts
	district *district
	badBox   string                 // a 经纬度范围 that cannot be read
	listed   func() map[string]bool // the towns of the list; nil where no town is looked at
	register []string
}

func surroundingsOf(l *list.List, s *Settings) *surroundings {
	a := &surroundings{emission: l.Emission, listed: sync.OnceValue(func() map[string]bool { return townsOf(l) })}
	if s.Towns != nil {
		a.register = s.Towns(l.Region)
	}
	a.district, a.badBox = districtOf(l, s)
	return a
}

// townsOf are the names of a list's towns.
func townsOf(l *list.List) map[string]bool {
	towns := map[string]bool{}
	for _, r := range l.Recipients {
		if r.Type == list.Town {
			towns[r.Name] = true
		}
	}
	return towns
}

// town finds a recipient of a town that neither the register nor the list has. Where the register has the town, or
// there is no register, the finding is a mere warning that the list has other towns.
func (c *checker) town(r *list.Recipient) {
	if r.Town == "" || c.around.listed == nil {
		return
	}
	listed, register := c.around.listed(), c.around.register
	registered := len(register) == 0 || slices.Contains(register, r.Town)
	switch {
	case listed[r.Town], registered && len(listed) == 0:
	default:
		here := rowRef{r: r, sheet: list.SheetRecipients}
		c.add(cellFault{rule: "list.unknown_town", column: "街镇", args: refusal.Args{"town": r.Town}, mild: registered}, here, "")
		if c.towns == nil {
			return
		}
		first, told := c.towns[r.Town]
		if !told {
			first, c.towns[r.Town] = here, here
		}
		c.shared(first, "街镇", true)
	}
}

// farOutside is how far outside the district, in degrees, a place is a mistake: about 26 km to the east or west, 33 km
// to the north or south [D].
const farOutside = 0.3

// place finds a recipient outside the district. Vehicles are kept where they like.
func (c *checker) place(r *list.Recipient) {
	d, p := c.around.district, Point{r.Lon, r.Lat}
	if d == nil || r.Lon == 0 || r.Lat == 0 || d.holds(p, c.s.Margin) {
		return
	}
	args := refusal.Args{"lon": text.Number(r.Lon), "lat": text.Number(r.Lat)}
	if (r.Type == list.Enterprise || r.Type == list.Site) && !d.holds(p, max(c.s.Margin, farOutside)) {
		args["degrees"] = text.Number(farOutside)
		c.recipient(r, "经度", "list.far_outside", args)
		return
	}
	c.recipient(r, "经度", "list.outside_district", args)
}

// overDistrict finds lines that emit, and measures that take away, more of a pollutant than the whole district emits.
// It says of which measures and pollutants that was told.
func (c *checker) overDistrict(r *list.Recipient) (told map[int][4]bool) {
	for i, all := range c.around.emission.Parts() {
		if *all.Value <= 0 {
			continue
		}
		args := func(v float64) refusal.Args {
			return refusal.Args{"pollutant": all.Name, "value": text.Short(v), "district": text.Short(*all.Value)}
		}
		for k := range r.Lines {
			if v := *r.Lines[k].Emission.Parts()[i].Value; v > *all.Value*tolerance && v <= list.Big {
				c.line(r, k, all.Name+"日排放(吨)", "list.over_district", args(v))
			}
		}
		for k := range r.Measures {
			if v := *r.Measures[k].Reduction.Parts()[i].Value; v > *all.Value*tolerance && v <= list.Big {
				c.measure(r, k, all.Name+"日减排(吨)", "list.over_district", args(v))
				if told == nil {
					told = map[int][4]bool{}
				}
				by := told[k]
				by[i] = true
				told[k] = by
			}
		}
	}
	return told
}

// longestName is how many characters a name may have: it stands in titles, orders and the columns of pages.
const longestName = 100

// names are the columns that hold one.
var names = []string{"名称", "街镇", "联系人", "备用联系人", "责任人", list.KeyName, list.KeyCompiledBy}

func longName(column, said string) bool {
	return len(said) > longestName && slices.Contains(names, column) && utf8.RuneCountInString(said) > longestName
}

// industryForm is a code of GB/T 4754: the letter of the section, which may be left out, and two to four digits.
var industryForm = regexp.MustCompile(`^([A-Ta-t][0-9]{2,4}|[0-9]{1,4})$`)

// industries reports whether a cell holds codes of GB/T 4754.
func industries(cell string) bool {
	codes := text.Codes(cell)
	return len(codes) > 0 && !slices.ContainsFunc(codes,
		func(c string) bool { return !industryForm.MatchString(strings.TrimSpace(c)) })
}
