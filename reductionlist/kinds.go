package reductionlist

import (
	"slices"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/terms"
)

// The closed vocabularies of the workbook. Each has a code for programs and the word of the workbook.
type (
	Type         string // of recipient
	Grade        string // performance grade (绩效分级)
	Category     string // control category (管控类别)
	Action       string
	Source       string // of monitoring data
	QuantityKind string
)

// Types of recipient.
const (
	Enterprise Type = "enterprise"
	Site       Type = "site"
	Fleet      Type = "fleet"
	Department Type = "department"
	Town       Type = "town"
)

// Grades: A to D in the 39 industries that have them, leading or not in the others.
const (
	GradeA             Grade = "A"
	GradeB             Grade = "B"
	GradeBMinus        Grade = "B-"
	GradeC             Grade = "C"
	GradeD             Grade = "D"
	GradeLeading       Grade = "leading"
	GradeNonLeading    Grade = "non_leading"
	GradeNotApplicable Grade = "not_applicable"
)

// Control categories.
const (
	General   Category = "general"
	Safeguard Category = "safeguard"
	Micro     Category = "micro"
	Closed    Category = "closed"
	Voluntary Category = "voluntary"
)

// Actions a measure may ask for.
const (
	Stop             Action = "stop"
	Limit            Action = "limit"
	ReduceCoal       Action = "reduce_coal"
	AllocateWaste    Action = "allocate_waste"
	SwitchFuel       Action = "switch_fuel"
	ImproveTreatment Action = "improve_treatment"
	StopVehicles     Action = "stop_vehicles"
	StopWork         Action = "stop_work"
	CleanRoads       Action = "clean_roads"
	OtherAction      Action = "other"
)

// Sources of monitoring data.
const (
	CEMS     Source = "cems"
	Power    Source = "power"
	DCS      Source = "dcs"
	Video    Source = "video"
	Gate     Source = "gate"
	Weighing Source = "weighing"
)

// Kinds of quantity. The action decides the kind; where it leaves a choice the column 数值含义 may name it.
const (
	AtMost   QuantityKind = "at_most"
	ReduceBy QuantityKind = "reduce_by"
	AtLeast  QuantityKind = "at_least"
)

// Vocabulary maps the workbook's words to codes and back, in the order in which they are offered.
type Vocabulary[T ~string] struct {
	Words []string
	Codes []T
}

// Code is the code of a word.
func (v Vocabulary[T]) Code(word string) (T, bool) {
	for i, w := range v.Words {
		if w == word {
			return v.Codes[i], true
		}
	}
	return "", false
}

// Word is the word of a code, or the code itself where the vocabulary does not have it.
func (v Vocabulary[T]) Word(code T) string {
	for i, c := range v.Codes {
		if c == code {
			return v.Words[i]
		}
	}
	return string(code)
}

// vocabulary is that of a kind of names: the workbook has the words that the names have everywhere.
func vocabulary[T ~string](kind terms.Kind, codes ...T) Vocabulary[T] {
	v := Vocabulary[T]{Codes: codes}
	for _, c := range codes {
		v.Words = append(v.Words, terms.ShortName(kind, c, "zh-CN"))
	}
	return v
}

// The vocabularies.
var (
	TypeWords  = vocabulary(terms.RecipientType, Enterprise, Site, Fleet, Department, Town)
	GradeWords = vocabulary(terms.Grade, GradeA, GradeB, GradeBMinus, GradeC, GradeD, GradeLeading, GradeNonLeading,
		GradeNotApplicable)
	CategoryWords = vocabulary(terms.Category, General, Safeguard, Micro, Closed, Voluntary)
	LevelWords    = vocabulary(terms.Level, alerts.Advisory, alerts.Yellow, alerts.Orange, alerts.Red)
	ActionWords   = vocabulary(terms.Action, Stop, Limit, ReduceCoal, AllocateWaste, SwitchFuel, ImproveTreatment,
		StopVehicles, StopWork,
		CleanRoads, OtherAction)
	SourceWords = vocabulary(terms.Source, CEMS, Power, DCS, Video, Gate, Weighing)
	KindWords   = vocabulary(terms.Quantity, AtMost, ReduceBy, AtLeast)
)

// Has reports whether a code is one of the vocabulary.
func (v Vocabulary[T]) Has(code T) bool { return slices.Contains(v.Codes, code) }

// Join writes several words into one cell.
func (v Vocabulary[T]) Join(codes []T) string {
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = v.Word(c)
	}
	return strings.Join(words, "/")
}

// Label is the workbook's word.
func (t Type) Label() string { return TypeWords.Word(t) }

// Label is the workbook's word.
func (g Grade) Label() string { return GradeWords.Word(g) }

// Label is the workbook's word.
func (c Category) Label() string { return CategoryWords.Word(c) }

// Label is the workbook's word.
func (a Action) Label() string { return ActionWords.Word(a) }

// Label is the workbook's word.
func (s Source) Label() string { return SourceWords.Word(s) }

// KindOf is the kind of quantity an action means, and whether the workbook may name another.
func KindOf(a Action) (kind QuantityKind, free bool) {
	switch a {
	case Limit, ReduceCoal:
		return ReduceBy, false
	case AllocateWaste:
		return AtMost, false
	case CleanRoads, ImproveTreatment:
		return AtLeast, true
	default:
		return AtMost, true
	}
}

// AmountWords writes an amount as a person reads it: 40%, 300 t/d, 5户/日.
func AmountWords(value float64, unit string) string {
	if unit != "" && (unit[0] >= 'a' && unit[0] <= 'z' || unit[0] >= 'A' && unit[0] <= 'Z') {
		return Shown(value, unit) + " " + unit
	}
	return Shown(value, unit) + unit
}
