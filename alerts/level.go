package alerts

import (
	"slices"

	"qingkong/alerts/refusal"
)

// Level is a warning level. The zero value is not a level; None means that no level applies.
type Level string

// The levels, lowest first. Advisory is a work requirement (应对污染天气工作要求) below the statutory warning levels
// yellow (黄色, Ⅲ级), orange (橙色, Ⅱ级) and red (红色, Ⅰ级).
const (
	None     Level = "none"
	Advisory Level = "advisory"
	Yellow   Level = "yellow"
	Orange   Level = "orange"
	Red      Level = "red"
)

var levels = []Level{None, Advisory, Yellow, Orange, Red}

// Levels lists the levels that can be declared, lowest first.
func Levels() []Level { return slices.Clone(levels[1:]) }

// Valid reports whether l is one of the levels, None included.
func (l Level) Valid() bool { return slices.Contains(levels, l) }

// Declarable reports whether a warning can have this level.
func (l Level) Declarable() bool { return l.Valid() && l != None }

// Rank orders the levels: 0 for None up to 4 for Red, and -1 for what is not a level.
func (l Level) Rank() int { return slices.Index(levels, l) }

// Above reports whether l is a higher level than m.
func (l Level) Above(m Level) bool { return l.Rank() > m.Rank() }

func unknownLevel(path string, l Level) refusal.Field {
	return refusal.Field{Path: path, Rule: "level.unknown", Args: refusal.Args{"value": string(l)}}
}
