package rules

import (
	"regexp"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
)

// regionForm is the code of a district (GB/T 2260).
var regionForm = regexp.MustCompile(`^[0-9]{6}$`)

// permitForm is the number of a permit: the code of the unit, a number of three digits for the place, a letter (HJ
// 608-2017 App. A; of those without a code the first eighteen begin with H9 and may end in a small letter).
var permitForm = regexp.MustCompile(`^([0-9A-HJ-NPQRTUWXY]{18}|H9[0-9]{6}[0-9A-Z]{9}[a-z])[0-9]{3}[A-Z0-9]$`)

// ownCodes finds codes of a recipient that do not have their form.
func (c *checker) ownCodes(r *list.Recipient) {
	switch {
	case r.Permit == "":
	case !permitForm.MatchString(r.Permit):
		c.recipient(r, "排污许可证编号", "list.permit", refusal.Args{"value": r.Permit})
	case r.USCC != "" && r.Permit[:18] != r.USCC && list.ValidUSCC(r.USCC):
		c.recipient(r, "排污许可证编号", "list.permit_other", refusal.Args{"value": r.Permit, "uscc": r.USCC})
	}
	for _, mn := range r.Stations() {
		if !mnForm.MatchString(mn) {
			c.recipient(r, "监测站点MN", "list.mn", refusal.Args{"value": mn})
		}
	}
}

// holder is the first that was seen with a code, and where.
type holder struct {
	id     string
	line   string
	at     rowRef
	column string
}

// sameCodes finds codes that two recipients, or two lines, have.
func (c *checker) sameCodes(all []*list.Recipient) {
	usccs, permits, mns, meters := map[string]holder{}, map[string]holder{}, map[string]holder{}, map[string]holder{}
	for _, r := range all {
		here := rowRef{r: r, sheet: list.SheetRecipients}
		seen := func(codes map[string]holder, column, code string) {
			if code == "" {
				return
			}
			if first, twice := codes[code]; !twice {
				codes[code] = holder{r.ID, "", here, column}
			} else if first.id != r.ID {
				c.recipient(r, column, "list.code_twice", refusal.Args{"value": code, "first": first.id})
				c.shared(first.at, first.column, false)
			}
		}
		seen(usccs, "统一社会信用代码", r.USCC)
		seen(permits, "排污许可证编号", r.Permit)
		for _, mn := range r.Stations() {
			seen(mns, "监测站点MN", mn)
		}
		for _, m := range r.Meters() {
			seen(meters, "电表编号", m)
		}
	}
	for _, r := range all {
		for i := range r.Lines {
			line := &r.Lines[i]
			if line.MeterID == "" {
				continue
			}
			first, twice := meters[line.MeterID]
			switch {
			case !twice:
				meters[line.MeterID] = holder{r.ID, line.ID, rowRef{r: r, sheet: list.SheetLines, i: i}, "分表编号"}
			case first.id != r.ID || first.line != "": // a plant with one line may have the one meter for both
				c.line(r, i, "分表编号", "list.meter_twice",
					refusal.Args{"value": line.MeterID, "first": strings.TrimSpace(first.id + " " + first.line)})
				c.shared(first.at, first.column, false)
			}
		}
	}
}

// district is where recipients may lie.
type district struct {
	outline                  []Point
	west, south, east, north float64
}

// districtOf takes the outline of the settings or the box of the list; nil where there is neither. A box that cannot be
// read is given back.
func districtOf(l *list.List, s *Settings) (d *district, badBox string) {
	if len(s.District) > 2 {
		d := &district{outline: s.District, west: 180, south: 90, east: -180, north: -90}
		for _, p := range d.outline {
			d.west, d.east = min(d.west, p.Lon), max(d.east, p.Lon)
			d.south, d.north = min(d.south, p.Lat), max(d.north, p.Lat)
		}
		return d, ""
	}
	cell, ok := l.Extra[list.KeyBox]
	if !ok || cell == "" {
		return nil, ""
	}
	parts := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(" ,，;；、", r) })
	var v [4]float64
	bad := len(parts) != 4
	for i := 0; i < len(parts) && !bad; i++ {
		var err error
		v[i], err = strconv.ParseFloat(parts[i], 64)
		bad = err != nil
	}
	if bad || !(v[0] < v[2] && v[1] < v[3] && v[0] >= 73 && v[2] <= 136 && v[1] >= 3 && v[3] <= 54) {
		return nil, cell
	}
	return &district{west: v[0], south: v[1], east: v[2], north: v[3]}, ""
}

// holds reports whether a point lies inside, or no more than a margin outside, in degrees.
func (d *district) holds(p Point, margin float64) bool {
	margin += 1e-9 // 117.35 and 0.3 are no round numbers in binary
	if p.Lon < d.west-margin || p.Lon > d.east+margin || p.Lat < d.south-margin || p.Lat > d.north+margin {
		return false
	}
	return d.outline == nil || inside(d.outline, p) || near(d.outline, p, margin)
}

// inside counts how often a ray to the east crosses the outline.
func inside(outline []Point, p Point) bool {
	in := false
	for i, a := range outline {
		b := outline[(i+1)%len(outline)]
		if (a.Lat > p.Lat) != (b.Lat > p.Lat) && p.Lon < (b.Lon-a.Lon)*(p.Lat-a.Lat)/(b.Lat-a.Lat)+a.Lon {
			in = !in
		}
	}
	return in
}

// near reports whether the outline passes within margin degrees.
func near(outline []Point, p Point, margin float64) bool {
	for i, a := range outline {
		b := outline[(i+1)%len(outline)]
		dx, dy := b.Lon-a.Lon, b.Lat-a.Lat
		t := 0.0
		if n := dx*dx + dy*dy; n > 0 {
			t = min(1, max(0, ((p.Lon-a.Lon)*dx+(p.Lat-a.Lat)*dy)/n))
		}
		x, y := a.Lon+t*dx-p.Lon, a.Lat+t*dy-p.Lat
		if x*x+y*y <= margin*margin {
			return true
		}
	}
	return false
}
