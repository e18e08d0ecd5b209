package forms

import (
	"slices"
	"strings"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// Pollutant reads a pollutant's name: PM2.5, pm2_5, 细颗粒物, O3-8h, 臭氧8小时, 细颗粒物(PM2.5). Ozone of no stated length is
// that of 8 hours.
func Pollutant(text string) (aqi.Pollutant, bool) {
	found, rest := scan(letters(text))
	if rest != "" || moreThanOne(found&subjects) || found&(isLow|isSub|isIndex|isMeasure) != 0 {
		return "", false
	}
	return found.concentration().Pollutant(false)
}

// listSigns part the pollutants of a cell.
const listSigns = "、,/+&|和及与或\n;"

// Pollutants reads a list like PM2.5、O3-8h or PM2.5;PM10, in the order in which they are named. A mark of what is
// missing is an empty list.
func Pollutants(text string) ([]aqi.Pollutant, *Wrong) {
	out := []aqi.Pollutant{}
	plain := refusal.Plainly(Text(text))
	if absenceIn(plain) != Present || plain == "无首要污染物" {
		return out, nil
	}
	if p, ok := Pollutant(plain); ok {
		return append(out, p), nil
	}
	for _, part := range strings.FieldsFunc(plain, func(r rune) bool { return strings.ContainsRune(listSigns, r) }) {
		names := []string{part}
		if _, whole := Pollutant(part); !whole {
			names = strings.Fields(part)
		}
		for _, name := range names {
			p, ok := Pollutant(name)
			if !ok && strings.TrimSpace(name) != "" {
				return []aqi.Pollutant{}, wrong("pollutant.unknown", name)
			}
			if ok && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	if len(out) == 0 {
		return out, wrong("pollutant.unknown", text)
	}
	return out, nil
}

// causes are the causes that people name, by the names of the interface.
var causes = byWord(map[string]string{
	"dust":         "dust 沙尘 沙尘天气 沙尘暴 浮尘 外来沙尘 沙尘传输 沙尘影响",
	"local_dust":   "localdust 局地扬沙 扬沙 本地扬沙",
	"wildfire":     "wildfire 山火 森林火灾 草原火灾 森林草原火灾",
	"cross_border": "crossborder 国境外传输 境外传输 跨境传输 国外传输",
	"ozone":        "ozone o3 臭氧 臭氧污染",
})

// CauseOf reads the cause of a pollution: by its name in the interface, or as people call it; empty for none.
func CauseOf(text string) (string, *Wrong) {
	plain := refusal.Plainly(Text(text))
	if absenceIn(plain) != Present {
		return "", nil
	}
	c, ok := causes[bare(plain)]
	if !ok {
		return "", wrong("cause.unknown", text)
	}
	return c, nil
}
