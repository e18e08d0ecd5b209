package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
)

// Why a replayed warning and a declared one are alike or not. Every row of the table has one of these.
const (
	becauseAgrees      = "agrees"
	becauseCriteria    = "criteria_differ"          // the criteria of the time give the declared level, these do not
	becauseRegional    = "regional_linkage"         // declared with the whole region, not by the city's own index
	becauseNotMeasured = "forecast_not_measured"    // declared on a forecast; what was measured then meets less or nothing
	becauseYearEnds    = "year_ends"                // the measured year ends while the air is still bad
	becauseNotDeclared = "no_declaration_known"     // nothing reported, and the reports are no complete list
	becauseSource      = "level_conflict_in_source" // the reports contradict each other about the level
	becauseWeak        = "quality_weak"             // a weak report, of which the level or the day may be wrong
	becauseUnknown     = "unknown"
)

var reasons = []string{becauseAgrees, becauseCriteria, becauseRegional, becauseNotMeasured, becauseYearEnds,
	becauseNotDeclared, becauseSource, becauseWeak, becauseUnknown}

// declared is a warning as the news had it. Blue is what the program calls advisory.
type declared struct {
	on, from, to   time.Time // without a known beginning or end, the day of declaration and three days from the beginning
	level          alerts.Level
	notes, quality string
}

const foreseen = 3 * 24 * time.Hour // how far a declaration without an end reaches: what its forecast was for

func shared(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../../../shared/data/" + path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("left out: the measured years and the warnings do not lie beside the sources")
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// declarations reads those rows that say on which day of the year a level was declared.
func declarations(t *testing.T, year string) []declared {
	t.Helper()
	var out []declared
	for line := range strings.Lines(string(shared(t, "tianjin-warnings.tsv"))) {
		cell := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if !strings.HasPrefix(cell[0], year) || cell[2] == "-" {
			continue
		}
		d := declared{on: momentOf(cell[0]), level: alerts.Level(cell[2]), notes: cell[4], quality: cell[5]}
		if d.level == "blue" {
			d.level = alerts.Advisory
		}
		if !d.level.Declarable() || d.on.IsZero() {
			t.Fatalf("row %q", line)
		}
		if d.from = momentOf(cell[1]); d.from.IsZero() {
			d.from = d.on
		}
		if d.to = momentOf(cell[3]); d.to.IsZero() {
			d.to = d.from.Add(foreseen)
		}
		out = append(out, d)
	}
	return out
}

// momentOf reads 2016-12-16T20:00, 2016-12-21T24:00 or the day alone, whatever is added to it; zero when there is none.
func momentOf(s string) time.Time {
	if len(s) < 10 {
		return time.Time{}
	}
	date, ok := alerts.ParseDate(s[:10])
	if !ok {
		return time.Time{}
	}
	var h, m int
	if _, err := fmt.Sscanf(s[10:], "T%d:%d", &h, &m); err != nil {
		return date.Start()
	}
	return date.Start().Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute)
}

// comparison is a replayed year beside what was declared in it.
type comparison struct {
	set      string
	measured map[alerts.Date]int
	replayed []Warning
	ofItsDay []Warning // by the criteria of the time
	lines    []string
	counts   map[string]int // "agreement agrees" and so on
}

func overlapping(warnings []Warning, d declared) []Warning {
	return slices.DeleteFunc(slices.Clone(warnings), func(w Warning) bool {
		return !w.StartsAt.Before(d.to) || w.EndsAt != nil && !d.from.Before(*w.EndsAt)
	})
}

func highestOf(warnings []Warning) alerts.Level {
	level := alerts.None
	for _, w := range warnings {
		if w.LevelMax.Above(level) {
			level = w.LevelMax
		}
	}
	return level
}

// why finds the reason by facts alone, and the first of them that applies. That the sets differ explains nothing about
// those of the time, which the city had too.
func (c *comparison) why(d declared) string {
	over := overlapping(c.replayed, d)
	got := highestOf(over)
	switch {
	case got == d.level:
		return becauseAgrees
	case strings.Contains(d.notes, "region-wide"):
		return becauseRegional
	case strings.Contains(d.quality, "CONFLICT"):
		return becauseSource
	case highestOf(overlapping(c.ofItsDay, d)) == d.level:
		return becauseCriteria
	case got == alerts.None && c.worst(d) <= 150, d.level.Above(got) && strings.HasPrefix(d.notes, "forecast"),
		d.level.Above(got) && strings.Contains(d.notes, ", forecast "):
		return becauseNotMeasured
	case d.level.Above(got) && len(over) > 0 && over[len(over)-1].EndsAt == nil:
		return becauseYearEnds
	case d.quality == "weak":
		return becauseWeak
	}
	return becauseUnknown
}

// worst is the largest index measured in the days of a declaration.
func (c *comparison) worst(d declared) int {
	worst := 0
	for day := alerts.DateOf(d.from); day.Start().Before(d.to); day = day.AddDays(1) {
		worst = max(worst, c.measured[day])
	}
	return worst
}

func (c *comparison) row(date time.Time, level alerts.Level, warnings, replayedLevel, reason string) {
	verdict := "difference"
	if reason == becauseAgrees {
		verdict = "agreement"
	}
	c.counts[verdict+" "+reason]++
	day, declaredLevel := "-", "-"
	if !date.IsZero() {
		day, declaredLevel = date.Format("2006-01-02"), string(level)
	}
	c.lines = append(c.lines, fmt.Sprintf("%-13s %-11s %-9s %-38s %-9s %-11s %s", c.set, day, declaredLevel, warnings,
		replayedLevel, verdict, reason))
}

func (c *comparison) compare(ds []declared) {
	used := map[string]bool{}
	for _, d := range ds {
		over := overlapping(c.replayed, d)
		names := "-"
		for i, w := range over {
			used[w.ID] = true
			if i == 0 {
				names = ""
			} else {
				names += ", "
			}
			names += period(w)
		}
		c.row(d.on, d.level, names, string(highestOf(over)), c.why(d))
	}
	for _, w := range c.replayed {
		if !used[w.ID] {
			c.row(time.Time{}, "", period(w), string(w.LevelMax), becauseNotDeclared)
		}
	}
}

func period(w Warning) string {
	end := "open"
	if w.EndsAt != nil {
		end = w.EndsAt.In(alerts.Shanghai()).Format("01-02T15")
	}
	return w.StartsAt.In(alerts.Shanghai()).Format("01-02T15") + ".." + end
}

// The measured years 2016 and 2018 replayed under the criteria of their time and under those of 2024, beside what the
// news reported. The replay knows the future and acts on the daily index of the city; the city acted on forecasts, on
// the region's orders and, in 2016, on the rules of that autumn. So differences are expected, and each has its reason;
// what must not happen is that the table changes unseen.
func TestYearsBesideTheDeclaredWarnings(t *testing.T) {
	sets := []string{alerts.ByDate, alerts.CriteriaNational2024}
	for _, year := range []struct {
		name string
		days int
		want map[string]map[string]int // by set
	}{
		{"2016", 366, map[string]map[string]int{
			alerts.ByDate: {"agreement agrees": 2, "difference forecast_not_measured": 2, "difference year_ends": 1,
				"difference no_declaration_known": 12},
			alerts.CriteriaNational2024: {"agreement agrees": 2, "difference criteria_differ": 1,
				"difference forecast_not_measured": 2,
				"difference no_declaration_known":  14},
		}},
		{"2018", 365, map[string]map[string]int{
			alerts.ByDate: {"difference regional_linkage": 1, "difference unknown": 1, "difference no_declaration_known": 4},
			alerts.CriteriaNational2024: {"difference regional_linkage": 1, "difference unknown": 1,
				"difference no_declaration_known": 7},
		}},
	} {
		t.Run(year.name, func(t *testing.T) {
			text := shared(t, "episodes/tianjin-daily-"+year.name+".csv")
			ds := declarations(t, year.name)
			bySet, measured := map[string][]Warning{}, map[alerts.Date]int{}
			for _, set := range sets {
				got := replayed(t, text, set)
				if len(got.Days) != year.days {
					t.Errorf("%s: %d days", set, len(got.Days))
				}
				consistent(t, got)
				bySet[set] = got.Warnings
				for _, d := range got.Days {
					if d.AQI != nil {
						measured[alerts.Date(d.Date)] = *d.AQI
					}
				}
			}
			for _, set := range sets {
				c := &comparison{set: set, measured: measured, replayed: bySet[set], ofItsDay: bySet[alerts.ByDate],
					counts: map[string]int{}}
				c.compare(ds)
				t.Logf("%-13s %-11s %-9s %-38s %-9s %-11s %s\n%s", "criteria", "declared", "level", "replayed", "level", "verdict",
					"reason", strings.Join(c.lines, "\n"))
				if !maps.Equal(c.counts, year.want[set]) {
					t.Errorf("%s: %v, want %v", set, c.counts, year.want[set])
				}
				for row := range c.counts {
					if _, reason, _ := strings.Cut(row, " "); !slices.Contains(reasons, reason) {
						t.Errorf("%q is no reason of the list", reason)
					}
				}
			}
		})
	}
}
