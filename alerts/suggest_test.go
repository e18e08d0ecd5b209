package alerts

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// ahead gives the region a forecast of the days from tomorrow on and returns what is open then.
func (w *world) ahead(aqi ...int) *Proposal {
	w.t.Helper()
	return do(w, w.engine.DecideForecast, "feeder", forecast(w.now.Format("2006-01-02T15:04"), DateOf(w.now).AddDays(1), aqi...)).Proposal
}

// acceptAll accepts what is open until nothing is, and tells it.
func (w *world) acceptAll() (lines []string) {
	w.t.Helper()
	for range 10 {
		open := w.open()
		if len(open) == 0 {
			return lines
		}
		w.accept(open[0])
		lines = append(lines, open[0].line())
	}
	w.t.Fatalf("proposals do not come to an end: %q", lines)
	return nil
}

// Every day of an episode has a response, from its first on, at the highest level of the episode or, by stages, at its own. By
// hand, national-2024; today is 12-16, 17:00, the forecast begins with the 17th (D+1).
//
//	160,160,210,310,220,90,90   >150 D+1…5 (120 h): orange; >200 D+3…5 (72 h) with 310: red. E is D+1…5, 12-17T00 to 12-22T00.
//	307,70,166,279,317,60,90    >200 D+1 (24 h): yellow; the gap D+2 is 24 h < 36; D+3…5 >150 72 h, >200 48 h: orange. E is D+1…5.
//	210,100,160,210,220,90,90   >200 D+1: yellow; gap 24 h; D+3…5 orange. E is D+1…5.
//	160,100,100,210,220,90,90   160 alone meets nothing; D+4…5 >200 48 h: orange. E is D+4…5.
//	210,100,100,210,220,90,90   the gap is 48 h >= 36: E is D+1 alone, yellow; the other one is not the matter yet.
//	210,90,310,220,220,90,90    yellow D+1, gap, D+3…5 >200 72 h with 310: red.
func TestEveryDayOfAnEpisodeHasAResponse(t *testing.T) {
	for _, c := range []struct {
		aqi            []int
		strict, stages []string
	}{
		{[]int{160, 160, 210, 310, 220, 90, 90},
			[]string{"start red 12-17T00 to 12-22T00"},
			[]string{"start orange 12-17T00 to 12-22T00", "upgrade red 12-19T00 to 12-22T00"}},
		{[]int{307, 70, 166, 279, 317, 60, 90},
			[]string{"start orange 12-17T00 to 12-22T00"},
			[]string{"start yellow 12-17T00 to 12-22T00", "upgrade orange 12-19T00 to 12-22T00"}},
		{[]int{210, 100, 160, 210, 220, 90, 90},
			[]string{"start orange 12-17T00 to 12-22T00"},
			[]string{"start yellow 12-17T00 to 12-22T00", "upgrade orange 12-19T00 to 12-22T00"}},
		{[]int{160, 100, 100, 210, 220, 90, 90}, []string{"start orange 12-20T00 to 12-22T00"}, []string{"start orange 12-20T00 to 12-22T00"}},
		{[]int{210, 100, 100, 210, 220, 90, 90}, []string{"start yellow 12-17T00 to 12-18T00"}, []string{"start yellow 12-17T00 to 12-18T00"}},
		{[]int{210, 90, 310, 220, 220, 90, 90},
			[]string{"start red 12-17T00 to 12-22T00"},
			[]string{"start yellow 12-17T00 to 12-22T00", "upgrade red 12-19T00 to 12-22T00"}},
	} {
		for merge, want := range map[string][]string{MergeStrict: c.strict, MergeStages: c.stages} {
			t.Run(fmt.Sprint(merge, c.aqi), func(t *testing.T) {
				w := newWorld(t, t.TempDir())
				defer w.close()
				w.engine.Merge = merge
				p := w.ahead(c.aqi...)
				if p == nil || p.Trace.Settings.Merge != merge {
					t.Fatalf("%+v", p)
				}
				if got := w.acceptAll(); !reflect.DeepEqual(got, want) {
					t.Errorf("%q, want %q", got, want)
				}
				w.mustMatch()
			})
		}
	}
}

// The level's own windows are the period, as before; the episode is told beside it.
func TestATraceTellsTheEpisodeBesideTheLevelsOwnDays(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	p := w.ahead(160, 160, 210, 310, 220, 90, 90)
	if got := fmt.Sprint(spell(p.Trace.Period.From, p.Trace.Period.To), " in ", spell(p.Trace.Episode.From, p.Trace.Episode.To)); got != "2016-12-19..2016-12-21 in 2016-12-17..2016-12-21" {
		t.Error(got)
	}
	if words := strings.Join(p.Trace.Words.ZH, "\n"); !strings.Contains(words, "就高") {
		t.Errorf("the words do not tell how levels are merged:\n%s", words)
	}
}

// A red run that is over starts no red, and what is left of its episode is answered by what it asks for itself. 12 to 14 were
// 210, 310, 210 (red); the 15th 100 lies between (24 h); 16 and 17 are 160 (yellow): E is the 12th to the 17th. A red warning
// that stands is not lowered within it.
func TestAPastRedRunStartsNoRedAndIsNotLowered(t *testing.T) {
	for _, merge := range []string{MergeStrict, MergeStages} {
		w := newWorld(t, t.TempDir())
		w.engine.Merge = merge
		do(w, w.engine.DecideObservation, "feeder", observed("2016-12-12", 210, 310, 210, 100, 160))
		p := w.ahead(160, 90, 90, 90)
		if p.line() != "start yellow 12-16T17 to 12-18T00" {
			t.Errorf("%s: %s", merge, p.line())
		}
		in := declaration(Red)
		in.StartsAt = ptr(clockAt("2016-12-12T00:00"))
		live := do(w, w.engine.DecideDeclare, "duty", in)
		do(w, w.engine.DecideApprove, "approver", Approve{live.ID, live.Revision})
		if open := w.open(); len(open) > 0 {
			t.Errorf("%s: %s for a red warning", merge, open[0].line())
		}
		w.close()
	}
}

// A raise of a running warning takes effect at once in strict, though what asks for it begins in three days.
func TestAnUpgradeTakesEffectAtOnce(t *testing.T) {
	for merge, want := range map[string]string{MergeStrict: "upgrade red 12-16T17 to 12-22T00", MergeStages: "upgrade red 12-19T00 to 12-22T00"} {
		w := newWorld(t, t.TempDir())
		w.engine.Merge = merge
		live := do(w, w.engine.DecideDeclare, "duty", declaration(Orange))
		do(w, w.engine.DecideApprove, "approver", Approve{live.ID, live.Revision})
		if p := w.ahead(160, 160, 210, 310, 220, 90, 90); p.line() != want {
			t.Errorf("%s: %s, want %s", merge, p.line(), want)
		}
		w.close()
	}
}

// A start that nobody accepted moves on with the days: once the first spell is over, the proposal begins with the next.
func TestAStartMovesOnWhenItsFirstSpellIsOver(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	if p := w.ahead(210, 100, 160, 210, 220, 90, 90); p.line() != "start orange 12-17T00 to 12-22T00" {
		t.Fatal(p.line())
	}
	w.at("2016-12-18T00:01")
	if open := do(w, w.engine.DecideReevaluate, "timer", Reevaluate{}); len(open) != 1 || open[0].line() != "start orange 12-19T00 to 12-22T00" || open[0].Revision != 2 {
		t.Errorf("%s, want it from the 19th", open[0].line())
	}
	w.events()
	w.at("2016-12-19T08:00")
	if do(w, w.engine.DecideReevaluate, "timer", Reevaluate{}); w.events() != "" {
		t.Error("an episode that is under way moved with the clock")
	}
}
