package warnings

import (
	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/notify"
)

// measureLevels are the levels for which the change of a measure matters.
type measureLevels struct {
	ID     string
	Levels []levelMark
}

// levelMark is a level by its short name.
type levelMark struct {
	Level alerts.Level
	Name  string
}

func levelsOf(measures []notify.MeasureLevels, lang string) (out []measureLevels) {
	for _, m := range measures {
		one := measureLevels{ID: m.ID}
		for _, l := range m.Levels {
			one.Levels = append(one.Levels, levelMark{l, terms.ShortLevel(l, lang)})
		}
		out = append(out, one)
	}
	return out
}
