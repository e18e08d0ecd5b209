package config

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ListChecks are the settings of a reduction list's checks that the documents leave open or a city decides.
type ListChecks struct {
	BottomLine        BottomLine `yaml:"bottom_line"`
	SO2NOxExchange    bool       `yaml:"so2_nox_exchange"`
	District          Box        `yaml:"district"` // all zero: as the list says
	DistrictMarginDeg float64    `yaml:"district_margin_deg" allow:"0..1"`
	MicroSpared       bool       `yaml:"micro_spared"`
	MicroKgPerYear    float64    `yaml:"micro_kg_per_year" allow:"0..100000"`
	WorkingDays       int        `yaml:"working_days" allow:"1..366"`
	NearNames         bool       `yaml:"near_names"`
	NearNameLength    int        `yaml:"near_name_length" allow:"2..100"`
	PostWords         []string   `yaml:"post_words"`
	Towns             []string   `yaml:"towns"` // empty: those that come with the program for the list's district
	Weights           Weights    `yaml:"weights"`
}

// BottomLine is the least share of the daily emission that each level takes away, in per cent.
type BottomLine struct {
	Yellow Shares `yaml:"yellow"`
	Orange Shares `yaml:"orange"`
	Red    Shares `yaml:"red"`
}

// Shares are per cent by pollutant.
type Shares struct {
	SO2  float64 `yaml:"so2"`
	NOx  float64 `yaml:"nox"`
	PM   float64 `yaml:"pm"`
	VOCs float64 `yaml:"vocs"`
}

// Box bounds the coordinates of the district, in degrees.
type Box struct {
	West  float64 `yaml:"west"`
	East  float64 `yaml:"east"`
	South float64 `yaml:"south"`
	North float64 `yaml:"north"`
}

// Weights are the weights of a measure's marks in a score.
type Weights struct {
	Operable    float64 `yaml:"operable" allow:"0..100"`
	Monitorable float64 `yaml:"monitorable" allow:"0..100"`
	Checkable   float64 `yaml:"checkable" allow:"0..100"`
}

// words are names or parts of names: none is empty, and none has blanks around it.
func (k *checker) words(key string, words []string) {
	for i, w := range words {
		k.that(w != "" && strings.TrimSpace(w) == w && utf8.RuneCountInString(w) <= 40, fmt.Sprintf("%s[%d]", key, i),
			"config.word", w, nil)
	}
}

func (k *checker) listChecks(c ListChecks) {
	ladder := []struct {
		level string
		Shares
	}{{"yellow", c.BottomLine.Yellow}, {"orange", c.BottomLine.Orange}, {"red", c.BottomLine.Red}}
	var below Shares
	for _, l := range ladder {
		for _, p := range []struct {
			name      string
			low, have float64
		}{{"so2", below.SO2, l.SO2}, {"nox", below.NOx, l.NOx}, {"pm", below.PM, l.PM}, {"vocs", below.VOCs, l.VOCs}} {
			between(k, "list_checks.bottom_line."+l.level+"."+p.name, p.have, p.low, 100)
		}
		below = l.Shares
	}
	if c.District != (Box{}) {
		between(k, "list_checks.district.west", c.District.West, -180, 180)
		between(k, "list_checks.district.east", c.District.East, max(c.District.West, -180), 180)
		between(k, "list_checks.district.south", c.District.South, -90, 90)
		between(k, "list_checks.district.north", c.District.North, max(c.District.South, -90), 90)
	}
	k.section("list_checks", c)
	k.that(len(c.PostWords) > 0, "list_checks.post_words", "config.empty", strings.Join(c.PostWords, "、"), nil)
	k.words("list_checks.post_words", c.PostWords)
	k.words("list_checks.towns", c.Towns)
	w := c.Weights
	k.section("list_checks.weights", w)
	k.that(w.Operable+w.Monitorable+w.Checkable > 0, "list_checks.weights", "config.weights", w, nil)
}
