package alerts

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"qingkong/alerts/refusal"
)

// Criteria is a rule that maps a run of daily AQI to a level: one version of it, with the document it is from.
// It is data; seeds/criteria holds the files.
type Criteria struct {
	Name      string      `json:"name"`
	Title     string      `json:"title"`
	Document  string      `json:"document"` // number of the document (文号)
	Source    string      `json:"source"`
	Unseen    bool        `json:"unseen,omitempty"` // nobody has read the thresholds; they are taken from elsewhere
	ValidFrom Date        `json:"valid_from"`       // first day on which it is used; empty = always
	ValidTo   Date        `json:"valid_to"`         // last day; empty = still
	Counts    Counts      `json:"counts"`
	Levels    []LevelRule `json:"levels"` // lowest first
}

// Counts says which days count.
type Counts struct {
	// Primary must be among a day's primary pollutants when these are given. A bare AQI counts. Empty = any.
	Primary string `json:"primary"`
	// ExceptCauses do not count.
	ExceptCauses []Cause `json:"except_causes"`
}

// LevelRule: the level is met when any of its clauses is.
type LevelRule struct {
	Level Level    `json:"level"`
	AnyOf []Clause `json:"any_of"`
}

// Clause is met by a run of consecutive counting days with AQI strictly above Over that lasts Hours or longer and,
// when Within is set, contains that much of days above a higher value.
type Clause struct {
	Over   int   `json:"over"`  // AQI
	Hours  int   `json:"hours"` // multiple of 24
	Within *Peak `json:"within,omitempty"`
}

// Peak is the worse part that a run must contain.
type Peak struct {
	Over  int `json:"over"`
	Hours int `json:"hours"`
}

// Name is how the clause is called in a trace: ">200 72h and >300 24h".
func (c Clause) Name() string {
	name := ">" + strconv.Itoa(c.Over) + " " + strconv.Itoa(c.Hours) + "h"
	if c.Within != nil {
		name += " and >" + strconv.Itoa(c.Within.Over) + " " + strconv.Itoa(c.Within.Hours) + "h"
	}
	return name
}

// National2024 is the rule of 环大气〔2024〕6号. Only PM2.5 opens the emergency response.
func National2024() Criteria {
	return Criteria{
		Name:      "national-2024",
		Title:     "重污染天气预警分级标准（2024年）",
		Document:  "环大气〔2024〕6号",
		Source:    "生态环境部《关于进一步优化重污染天气应对机制的指导意见》，2024年1月",
		ValidFrom: "2023-12-01",
		Counts: Counts{
			Primary:      PM25,
			ExceptCauses: []Cause{Dust, LocalDust, Wildfire, CrossBorder, Ozone},
		},
		Levels: []LevelRule{
			{Yellow, []Clause{{Over: 200, Hours: 24}, {Over: 150, Hours: 48}}},
			{Orange, []Clause{{Over: 200, Hours: 48}, {Over: 150, Hours: 72}}},
			{Red, []Clause{{Over: 200, Hours: 72, Within: &Peak{Over: 300, Hours: 24}}}},
		},
	}
}

// ReadCriteria reads every *.json of a folder as criteria. A refusal names each wrong place as FILE: PATH.
func ReadCriteria(files fs.FS) ([]Criteria, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("alerts: criteria: %w", err)
	}
	var sets []Criteria
	var wrong []refusal.Field
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("alerts: criteria: %w", err)
		}
		c, err := ParseCriteria(text)
		var e *refusal.Error
		switch {
		case errors.As(err, &e) && len(e.Fields) > 0:
			for _, f := range e.Fields {
				f.Path = name + ": " + f.Path
				wrong = append(wrong, f)
			}
		case errors.As(err, &e):
			wrong = append(wrong, refusal.Field{Path: name, Rule: e.Rule, Args: e.Args})
		case err != nil:
			return nil, err
		case slices.ContainsFunc(sets, func(have Criteria) bool { return have.Name == c.Name }):
			wrong = append(wrong, refusal.Field{Path: name + ": name", Rule: "criteria.twice",
				Args: refusal.Args{"value": c.Name}})
		default:
			sets = append(sets, c)
		}
	}
	return sets, refusal.Input(wrong)
}

// ParseCriteria reads criteria strictly; what could not be evaluated is refused with its place.
func ParseCriteria(data []byte) (Criteria, error) {
	var cr Criteria
	if err := refusal.Unmarshal(data, &cr); err != nil {
		return Criteria{}, err
	}
	c := checker{}
	c.require(sourceForm.MatchString(cr.Name), "name", "criteria.name", refusal.Args{"value": cr.Name})
	c.require(cr.Title != "", "title", "input.required", nil)
	c.require(cr.Source != "", "source", "input.required", nil)
	c.require(cr.Document != "", "document", "input.required", nil)
	for _, d := range []struct {
		path string
		date Date
	}{{"valid_from", cr.ValidFrom}, {"valid_to", cr.ValidTo}} {
		_, ok := ParseDate(string(d.date))
		c.require(ok || d.date == "", d.path, "day.date_wrong", refusal.Args{"value": d.date})
	}
	c.require(cr.ValidFrom == "" || cr.ValidTo == "" || cr.ValidFrom <= cr.ValidTo, "valid_to", "criteria.period",
		refusal.Args{"from": cr.ValidFrom, "to": cr.ValidTo})
	if p := cr.Counts.Primary; p != "" {
		name, ok := ParsePollutant(p)
		c.require(ok && name == p, "counts.primary", "pollutant.unknown", refusal.Args{"value": p})
	}
	for i, cause := range cr.Counts.ExceptCauses {
		c.require(cause != "" && slices.Contains(causes, cause), at("counts.except_causes", i), "cause.unknown",
			refusal.Args{"value": cause})
	}
	c.require(len(cr.Levels) > 0, "levels", "input.required", nil)
	last := None
	for i, r := range cr.Levels {
		path := at("levels", i)
		switch {
		case !r.Level.Declarable():
			c.wrong = append(c.wrong, unknownLevel(path+".level", r.Level))
		case !r.Level.Above(last):
			c.add(path+".level", "criteria.level_order", refusal.Args{"value": r.Level, "before": last})
		default:
			last = r.Level
		}
		c.require(len(r.AnyOf) > 0, path+".any_of", "input.required", nil)
		for k, cl := range r.AnyOf {
			c.clause(at(path+".any_of", k), cl)
		}
	}
	if len(c.wrong) == 0 {
		c.ordered(cr.Levels)
	}
	return cr, refusal.Input(c.wrong)
}

func (c *checker) clause(path string, cl Clause) {
	c.run(path, cl.Over, cl.Hours)
	if p := cl.Within; p != nil {
		c.run(path+".within", p.Over, p.Hours)
		c.require(p.Hours <= cl.Hours, path+".within.hours", "criteria.within_longer",
			refusal.Args{"value": p.Hours, "hours": cl.Hours})
		c.require(p.Over > cl.Over, path+".within.over", "criteria.within_not_higher",
			refusal.Args{"value": p.Over, "over": cl.Over})
	}
}

func (c *checker) run(path string, over, hours int) {
	c.require(over >= 0 && over < maxAQI, path+".over", "day.aqi_range", refusal.Args{"value": over})
	c.require(hours > 0 && hours%24 == 0, path+".hours", "criteria.hours", refusal.Args{"value": hours})
}

func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
