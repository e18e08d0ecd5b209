package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

// Inspection is how recipients are visited. No text fixes these numbers.
type Inspection struct {
	TwoFor       []string      `yaml:"two_for"` // dispositions that take two inspectors
	AnswerWithin time.Duration `yaml:"answer_within"`
	FollowWithin time.Duration `yaml:"follow_within"`
	ClockOff     time.Duration `yaml:"clock_off"`
	Maps         []MapLink     `yaml:"maps"`
}

// MapLink is an address of a map, in which {lon}, {lat} and {name} are replaced.
type MapLink struct {
	Name string `yaml:"name"`
	Href string `yaml:"href"`
}

// dispositions are what may follow from an inspection; a test in package settings holds them to those that there are.
var dispositions = []string{"none", "rectify", "refer", "case", "downgrade"}

// mostMaps bounds the maps that a place is opened in.
const mostMaps = 10

// inspection asks for dispositions that there are, and for maps that can be opened.
func (k *checker) inspection(c Inspection) {
	for i, d := range c.TwoFor {
		k.that(slices.Contains(dispositions, d), fmt.Sprintf("inspection.two_for[%d]", i), "config.disposition", d, nil)
	}
	between(k, "inspection.answer_within", c.AnswerWithin, time.Hour, 30*24*time.Hour)
	between(k, "inspection.follow_within", c.FollowWithin, time.Hour, 90*24*time.Hour)
	between(k, "inspection.clock_off", c.ClockOff, time.Second, 24*time.Hour)
	k.that(len(c.Maps) <= mostMaps, "inspection.maps", "config.maps_most", len(c.Maps), refusal.Args{"most": mostMaps})
	for i, m := range c.Maps {
		ok := strings.HasPrefix(m.Href, "https://") && strings.Contains(m.Href, "{lon}") && strings.Contains(m.Href, "{lat}") &&
			m.Name != "" && !strings.ContainsAny(m.Href, " \"<>\n")
		k.that(ok, fmt.Sprintf("inspection.maps[%d]", i), "config.map", m.Href, nil)
	}
}
