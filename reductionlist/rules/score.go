package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
)

// Score counts the marks of measures. Every row of 减排措施 weighs the same, whatever it takes away.
type Score struct {
	Measures    int `json:"measures"`
	Operable    int `json:"operable"`
	Monitorable int `json:"monitorable"`
	Checkable   int `json:"checkable"`
	All         int `json:"all_three"`
	// Share is All of Measures, from 0 to 1: the score. Points is the weighted mean of the three marks, which moves with
	// every single one. Both are 1 where there is no measure.
	Share  float64 `json:"share"`
	Points float64 `json:"points"`
}

func (s *Score) add(m *Marks) {
	s.Measures++
	for _, c := range []struct {
		n  *int
		ok bool
	}{{&s.Operable, m.Operable.OK}, {&s.Monitorable, m.Monitorable.OK}, {&s.Checkable, m.Checkable.OK},
		{&s.All, m.All()}} {
		if c.ok {
			*c.n++
		}
	}
}

func (s *Score) close(w Weights) {
	s.Share, s.Points = 1, 1
	sum := w.Operable + w.Monitorable + w.Checkable
	if s.Measures == 0 || sum <= 0 {
		return
	}
	n := float64(s.Measures)
	s.Share = float64(s.All) / n
	s.Points = (w.Operable*float64(s.Operable) + w.Monitorable*float64(s.Monitorable) +
		w.Checkable*float64(s.Checkable)) / (sum * n)
}

// MeasureMarks is one row of 减排措施 with its marks.
type MeasureMarks struct {
	ID     string         `json:"id"`
	Levels []alerts.Level `json:"levels"`
	Marks
}

// RecipientScore is the score of one recipient. Measures are given by [Score of one recipient], not for a whole list.
type RecipientScore struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Score    Score          `json:"score"`
	Measures []MeasureMarks `json:"measures,omitempty"`
}

// ScoreRecipient marks every measure of r.
func ScoreRecipient(r *list.Recipient, s Settings) RecipientScore {
	scored := RecipientScore{ID: r.ID, Name: r.Name}
	for i := range r.Measures {
		m := &r.Measures[i]
		marks := MarksOf(r, m, &s)
		scored.Score.add(&marks)
		scored.Measures = append(scored.Measures, MeasureMarks{m.ID, m.Levels, marks})
	}
	scored.Score.close(s.Weights)
	return scored
}

// Assessment is the score of a list, of each recipient, and what is needed for all of it.
type Assessment struct {
	Weights    Weights          `json:"weights"`
	Score      Score            `json:"score"`
	Recipients []RecipientScore `json:"recipients"`
	Tasks      []Task           `json:"tasks"`
}

// Task is one thing to mend. With all of them done every measure has its three marks. The first are those that help
// most.
type Task struct {
	Recipient string   `json:"recipient"`
	Name      string   `json:"name"`
	Column    string   `json:"column"`
	Rule      string   `json:"rule"`
	Message   string   `json:"message"` // Chinese; see In for English
	Remedy    string   `json:"remedy"`
	Measures  []string `json:"measures"` // rows it is needed for, like those of a change between two lists
	// Completes is how many measures have all three marks once this alone is mended, Gain that of all measures.
	Completes int          `json:"completes"`
	Gain      float64      `json:"gain"`
	Args      refusal.Args `json:"-"`
}

// In returns the task worded in "zh-CN" or "en".
func (t Task) In(lang string) Task {
	t.Message, t.Remedy = list.RuleText(t.Rule, lang, t.Args)
	return t
}

// Assessor scores a list one recipient at a time.
type Assessor struct {
	s Settings
	a Assessment
}

// NewAssessor begins with no recipient.
func NewAssessor(s Settings) *Assessor {
	return &Assessor{s, Assessment{Weights: s.Weights, Recipients: []RecipientScore{}}}
}

// Add scores one recipient more.
func (a *Assessor) Add(r *list.Recipient) {
	scored := ScoreRecipient(r, a.s)
	var work workList
	for i := range scored.Measures {
		m := &scored.Measures[i]
		a.a.Score.add(&m.Marks)
		if !m.All() {
			work.add(r, &r.Measures[i], &a.s)
		}
	}
	scored.Measures = nil
	a.a.Recipients = append(a.a.Recipients, scored)
	a.a.Tasks = append(a.a.Tasks, work.tasks...)
}

// Done is the assessment of all that were added.
func (a *Assessor) Done() Assessment {
	out := a.a
	out.Score.close(a.s.Weights)
	for i := range out.Tasks {
		out.Tasks[i].Gain = float64(out.Tasks[i].Completes) / float64(out.Score.Measures)
	}
	slices.SortStableFunc(out.Tasks, func(a, b Task) int {
		return cmp.Or(cmp.Compare(b.Completes, a.Completes), cmp.Compare(len(b.Measures), len(a.Measures)))
	})
	return out
}

// workList gathers the tasks of one recipient: what several measures lack in the same way is one.
type workList struct {
	tasks []Task
	at    map[string]int
}

func (w *workList) add(r *list.Recipient, m *list.Measure, s *Settings) {
	if w.at == nil {
		w.at = map[string]int{}
	}
	needed := lacking(r, m, s)
	for _, f := range needed {
		key := f.rule + "\x00" + f.column + "\x00" + argKey(f.args)
		i, ok := w.at[key]
		if !ok {
			i = len(w.tasks)
			w.at[key] = i
			w.tasks = append(w.tasks, Task{Recipient: r.ID, Name: r.Name, Column: f.column, Rule: f.rule,
				Args: f.args}.In("zh-CN"))
		}
		t := &w.tasks[i]
		t.Measures = append(t.Measures, list.MeasureKey(m))
		if len(needed) == 1 {
			t.Completes++
		}
	}
}

// lacking are the faults to mend before a measure has its marks: of several ways of monitoring the one that lacks
// least.
func lacking(r *list.Recipient, m *list.Measure, s *Settings) (needed cellFaults) {
	var found cellFaults
	ownRow(m, s, &found)
	besideRecipient(r, m, s, &found)
	best, least := -1, 0
	for i := range m.Monitors {
		n := 0
		for _, f := range found {
			if f.channel == i {
				n++
			}
		}
		if best < 0 || n < least {
			best, least = i, n
		}
	}
	for _, f := range found {
		if len(marksBy(f.rule)) > 0 && (f.channel < 0 || f.channel == best) {
			needed = append(needed, f)
		}
	}
	return needed
}

func argKey(args refusal.Args) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(args)) {
		fmt.Fprintf(&b, "%s=%v\x00", k, args[k])
	}
	return b.String()
}
