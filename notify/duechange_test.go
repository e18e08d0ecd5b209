package notify

import (
	"fmt"
	"testing"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// What changes in a list matters at those levels at which an order would say something else: a row holds from its level
// on, up to the level at which the measure has another row.
func TestLevelsForWhichAListChangeMatters(t *testing.T) {
	from := func(id string, text string, levels ...alerts.Level) reductionlist.Measure {
		m := enterprise("E1", alerts.Yellow).Measures[0]
		m.ID, m.Text, m.Levels = id, text, levels
		return m
	}
	recipient := func(measures ...reductionlist.Measure) *reductionlist.Recipient {
		r := enterprise("E1")
		r.Measures = measures
		return &r
	}
	was := recipient(from("M1", "停一半", alerts.Yellow), from("M1", "全停", alerts.Red), from("M2", "停运", alerts.Orange))
	noted := from("M2", "停运", alerts.Orange)
	noted.Note = "仅供内部参考"
	for name, c := range map[string]struct {
		old, cur *reductionlist.Recipient
		want     string
	}{
		"the lower row": {was, recipient(from("M1", "停六成", alerts.Yellow), was.Measures[1], was.Measures[2]),
			"[{M1 [yellow orange]}]"},
		"the upper row": {was, recipient(was.Measures[0], from("M1", "全停并停电", alerts.Red), was.Measures[2]),
			"[{M1 [red]}]"},
		"a row that moves down, and one that is new": {was, recipient(was.Measures[0], was.Measures[1],
			from("M2", "停运", alerts.Yellow), from("M0", "洒水", alerts.Advisory)),
			"[{M0 [advisory yellow orange red]} {M2 [yellow]}]"},
		"a note, which no order says":   {was, recipient(was.Measures[0], was.Measures[1], noted), "[]"},
		"one that is new to the list":   {nil, was, "[{M1 [yellow orange red]} {M2 [orange red]}]"},
		"one that the list has no more": {was, nil, "[{M1 [yellow orange red]} {M2 [orange red]}]"},
	} {
		if got := fmt.Sprint(measureLevels(c.old, c.cur)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
