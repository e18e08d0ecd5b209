package alerts

import "qingkong/alerts/refusal"

// ordered checks that no lower level is harder to meet than a higher one. A clause that is harder than one of a higher
// level never decides anything, and a level never comes about when each of its clauses is at least as hard.
func (c *checker) ordered(levels []LevelRule) {
	for low, rule := range levels {
		never := len(rule.AnyOf) > 0
		var above LevelRule
		for k, cl := range rule.AnyOf {
			met := false
			for _, higher := range levels[low+1:] {
				for _, other := range higher.AnyOf {
					if !cl.implies(other) {
						continue
					}
					if met, above = true, higher; !other.implies(cl) {
						c.add(at(at("levels", low)+".any_of", k), "criteria.harder",
							refusal.Args{"level": rule.Level, "clause": cl.Name(),
								"higher": higher.Level, "other": other.Name()})
						return
					}
				}
			}
			never = never && met
		}
		if never {
			c.add(at("levels", low), "criteria.never", refusal.Args{"level": rule.Level, "higher": above.Level})
			return
		}
	}
}

// implies reports whether everything that meets the clause also meets the other one. A run that meets the clause is
// sure to contain its hours, and 24 hours at a time of its worse part, which may lie in pieces.
func (c Clause) implies(other Clause) bool {
	sure := []Peak{{c.Over, c.Hours}}
	if p := c.Within; p != nil {
		sure = append(sure, Peak{p.Over, min(p.Hours, 24)})
	}
	for _, run := range sure {
		if run.Over < other.Over || run.Hours < other.Hours {
			continue
		}
		p := other.Within
		if p == nil || run.Over >= p.Over && run.Hours >= p.Hours {
			return true
		}
		if w := c.Within; w != nil && run == sure[0] && w.Over >= p.Over && w.Hours >= p.Hours {
			return true
		}
	}
	return false
}
