package alerts

import (
	"slices"

	"qingkong/alerts/refusal"
)

// The names of the criteria that come with the program.
const (
	CriteriaNational2016    = "national-2016"
	CriteriaTianjin2018     = "tianjin-2018"
	CriteriaTianjin2023     = "tianjin-2023"
	CriteriaNational2024    = "national-2024"
	CriteriaWorkRequirement = "work-requirement"
)

// ByDate is the choice of the criteria that are valid on the day.
const ByDate = "by_date"

// CriteriaChoice is how a district chooses its criteria (configuration key criteria).
type CriteriaChoice struct {
	Use string // ByDate, or the name of a set
	// Tianjin2023 names the set that holds from 2023-12-01 on, when 津政办规〔2023〕9号 came into use. Its thresholds were
	// not seen; it was written with the draft of the national rule of 2024 at hand.
	Tianjin2023 string
	// WorkRequirement adds the tier below the warning levels (应对污染天气工作要求), for which no document of Tianjin
	// was found: off by default.
	WorkRequirement bool
}

// Choose puts the choice into the settings. A name that is not among the sets is refused.
func (s Settings) Choose(c CriteriaChoice, sets []Criteria) (Settings, error) {
	find := func(path, name string) (Criteria, error) {
		i := slices.IndexFunc(sets, func(cr Criteria) bool { return cr.Name == name })
		if i < 0 {
			return Criteria{}, refusal.Wrong(path, "criteria.unknown",
				refusal.Args{"value": name, "have": CriteriaNames(sets)})
		}
		return sets[i], nil
	}
	var tier *LevelRule
	if c.WorkRequirement {
		w, err := find("criteria.work_requirement", CriteriaWorkRequirement)
		if err != nil {
			return s, err
		}
		tier = &w.Levels[0]
	}
	if c.Use != ByDate {
		cr, err := find("criteria.use", c.Use)
		s.Criteria, s.Sets = cr.withTier(tier), nil
		return s, err
	}
	latest, err := find("criteria.settings.tianjin_2023", c.Tianjin2023)
	if err != nil {
		return s, err
	}
	s.Sets = nil
	for _, cr := range sets {
		switch {
		case cr.Name == CriteriaWorkRequirement:
			continue
		case cr.Name == latest.Name:
			cr.ValidTo = ""
		// only one of them holds, the one that is named
		case cr.Name == CriteriaNational2024 || cr.Name == CriteriaTianjin2023:
			continue
		}
		s.Sets = append(s.Sets, cr.withTier(tier))
	}
	s.Criteria = latest.withTier(tier)
	return s, nil
}

// withTier is the criteria with a level below those they have; one that has such a level keeps its own.
func (c Criteria) withTier(tier *LevelRule) Criteria {
	if tier != nil && len(c.Levels) > 0 && c.Levels[0].Level.Above(tier.Level) {
		c.Levels = append([]LevelRule{*tier}, c.Levels...)
	}
	return c
}

// CriteriaOn is the criteria that are valid on a day: the latest set that has begun and not ended, or Criteria where
// there is none.
func (s Settings) CriteriaOn(d Date) Criteria {
	found := s.Criteria
	begun := Date("")
	for _, c := range s.Sets {
		if c.ValidFrom <= d && (c.ValidTo == "" || d <= c.ValidTo) && c.ValidFrom >= begun {
			found, begun = c, c.ValidFrom
		}
	}
	return found
}

// CriteriaNames lists the sets by name.
func CriteriaNames(sets []Criteria) []string {
	var names []string
	for _, c := range sets {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}
