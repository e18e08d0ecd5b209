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
	return do(w, w.engine.DecideForecast, "feeder",
		forecast(w.now.Format("2006-01-02T15:04"), DateOf(w.now).AddDays(1), aqi...)).Proposal
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

// Every day of an episode has a response, from its first on, at the highest level of the episode or, by stages, at its
// own. By hand, national-2024; today is 12-16, 17:00, the forecast begins with the 17th (D+1).
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
		{[]int{160, 100, 100, 210, 220, 90, 90}, []string{"start orange 12-20T00 to 12-22T00"},
			[]string{"start orange 12-20T00 to 12-22T00"}},
		{[]int{210, 100, 100, 210, 220, 90, 90}, []string{"start yellow 12-17T00 to 12-18T00"},
			[]string{"start yellow 12-17T00 to 12-18T00"}},
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

// The level's own windows are the period; the episode is told beside it.
func TestATraceTellsTheEpisodeBesideTheLevelsOwnDays(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	p := w.ahead(160, 160, 210, 310, 220, 90, 90)
	if got := fmt.Sprint(spell(p.Trace.Period.From, p.Trace.Period.To), " in ",
		spell(p.Trace.Episode.From, p.Trace.Episode.To)); got != "2016-12-19..2016-12-21 in 2016-12-17..2016-12-21" {
		t.Error(got)
	}
	if words := strings.Join(p.Trace.Words.ZH, "\n"); !strings.Contains(words, "就高") {
		t.Errorf("the words do not tell how levels are merged:\n%s", words)
	}
}

// A red run that is over starts no red, and what is left of its episode is answered by what it asks for itself. 12 to
// 14 were 210, 310, 210 (red); the 15th 100 lies between (24 h); 16 and 17 are 160 (yellow): E is the 12th to the 17th.
// A red warning that stands is not lowered within it.
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
	for merge, want := range map[string]string{MergeStrict: "upgrade red 12-16T17 to 12-22T00",
		MergeStages: "upgrade red 12-19T00 to 12-22T00"} {
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
	if open := do(w, w.engine.DecideReevaluate, "timer", Reevaluate{}); len(open) != 1 ||
		open[0].line() != "start orange 12-19T00 to 12-22T00" || open[0].Revision != 2 {
		t.Errorf("%s, want it from the 19th", open[0].line())
	}
	w.events()
	w.at("2016-12-19T08:00")
	if do(w, w.engine.DecideReevaluate, "timer", Reevaluate{}); w.events() != "" {
		t.Error("an episode that is under way moved with the clock")
	}
}

// By stages a level that is announced for later days comes sooner where days before them turn out to ask for it, or for
// one between. By hand, tianjin-2018 (>200 48 h yellow, 72 h orange, 96 h with >300 for 48 h red, 500 for 24 h red),
// today the 16th, the days from the 17th on; on the 17th one day more is known.
//
//	210,210,500 and then 310: >200 for 72 h is orange from the 17th on, 500 is red on the 19th; with 96 h and two days above 300 all of it
//	is red.
//	210,500 and then 210: 48 h are yellow with the 18th red; with the third day it is 72 h and orange from now on, red on the 18th.
func TestAnAnnouncedLevelComesSooner(t *testing.T) {
	for _, c := range []struct {
		first, second []int
		want          []string
	}{
		{[]int{210, 210, 500}, []int{210, 500, 310, 90, 90},
			[]string{"start orange 12-17T00 to 12-20T00", "upgrade red 12-19T00 to 12-20T00",
				"upgrade red 12-17T17 to 12-21T00"}},
		{[]int{210, 500}, []int{500, 210, 90, 90},
			[]string{"start yellow 12-17T00 to 12-19T00", "upgrade red 12-18T00 to 12-19T00",
				"upgrade orange 12-17T17 to 12-20T00", "upgrade red 12-18T00 to 12-20T00"}},
	} {
		t.Run(fmt.Sprint(c.first, c.second), func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			w.engine.Criteria, w.engine.Merge = seedCriteria(t, CriteriaTianjin2018), MergeStages
			w.ahead(c.first...)
			got := w.acceptAll()
			w.at("2016-12-17T17:00").fire()
			do(w, w.engine.DecideObservation, "feeder", observed("2016-12-17", 210))
			w.ahead(c.second...)
			if got = append(got, w.acceptAll()...); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			for i, h := range w.warning("W20161216-01").History {
				if strings.Contains(h.Event, "downgraded") {
					t.Errorf("entry %d says %s", i, h.Event)
				}
			}
			w.mustMatch()
		})
	}
}

// A level that is announced may be asked for sooner, by two persons where it needs them; the same from then on is
// refused, and to go on with what is in effect takes the announcement back.
func TestAnAnnouncedLevelMayBeGivenAnEarlierTime(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	live := do(w, e.DecideDeclare, "duty", declaration(Yellow))
	live = do(w, e.DecideAdjust, "duty",
		Adjust{WarningID: live.ID, Revision: live.Revision, Level: Red, StartsAt: ptr(clockAt("2016-12-20T00:00"))})
	live = do(w, e.DecideApprove, "approver", Approve{live.ID, live.Revision})
	for _, at := range []string{"2016-12-20T00:00", "2016-12-22T00:00"} {
		if _, err := try(w, e.DecideAdjust, "duty", Adjust{WarningID: live.ID, Revision: live.Revision, Level: Red,
			StartsAt: ptr(clockAt(at))}); ruleAt(err, "level") != "warning.same_level" {
			t.Errorf("red from %s again: %v", at, err)
		}
	}
	sooner := do(w, e.DecideAdjust, "duty",
		Adjust{WarningID: live.ID, Revision: live.Revision, Level: Red, StartsAt: ptr(clockAt("2016-12-18T00:00"))})
	if sooner.Pending == nil || sooner.Pending.Kind != pendingRaise {
		t.Fatalf("two days sooner waits for nobody: %+v", sooner.Pending)
	}
	sooner = do(w, e.DecideApprove, "approver", Approve{sooner.ID, sooner.Revision})
	if got := fmt.Sprint(sooner.Level, " ", sooner.PreviousLevel, " ", sooner.Stages); !strings.HasPrefix(got,
		"red yellow [{yellow ") || !strings.Contains(got, "} {red 2016-12-18 00:00:00") {
		t.Error(got)
	}
	if last := sooner.History[len(sooner.History)-1].Event; last != "upgraded" {
		t.Errorf("the history says %s", last)
	}
	back := do(w, e.DecideAdjust, "duty", Adjust{WarningID: sooner.ID, Revision: sooner.Revision, Level: Yellow})
	if back.Pending != nil || back.LevelAt(clockAt("2016-12-19T00:00")) != Yellow {
		t.Errorf("%+v", back)
	}
	w.mustMatch()
}
