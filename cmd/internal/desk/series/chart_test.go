package series

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts"
)

var day = time.Date(2016, 12, 16, 0, 0, 0, 0, alerts.Shanghai())

// hours are hours from the day's beginning on; a NaN is one of which nothing came.
func hours(values ...float64) (all []Sample) {
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		at := day.Add(time.Duration(i) * time.Hour)
		all = append(all, Sample{At: at, End: at.Add(time.Hour), Value: &v})
	}
	return all
}

// A line ends where nothing came and begins anew behind it, and each value stands for the whole of its hour.
func TestLineBreaksAtAGap(t *testing.T) {
	no := math.NaN()
	all := hours(10, 12, no, 11)
	c := Draw(Plot{ID: "c", Title: "title", Unit: "mg/m³", From: day, To: day.Add(4 * time.Hour), Samples: all,
		Missing: []Span{{From: day.Add(2 * time.Hour), To: day.Add(3 * time.Hour)}}})
	d := c.Sizes[0]
	if len(d.Lines) != 1 || strings.Count(d.Lines[0].D, "M") != 2 || strings.Count(d.Lines[0].D, "H") != 3 {
		t.Errorf("lines: %+v", d.Lines)
	}
	if len(d.Missing) != 1 || d.Missing[0].X != d.x(day.Add(2*time.Hour)) ||
		d.Missing[0].X+d.Missing[0].W != d.x(day.Add(3*time.Hour)) {
		t.Errorf("missing: %+v", d.Missing)
	}
}

// A flag is told by a shape at its value and a letter below, also where it has no value, and N is told by nothing.
func TestFlagsHaveShapes(t *testing.T) {
	all := hours(10, 12, 11, 9)
	for i, f := range []string{"N", "D", "D", ""} {
		all[i].Flag = f
	}
	all[2].Value = nil
	d := Draw(Plot{ID: "c", From: day, To: day.Add(4 * time.Hour), Samples: all}).Sizes[0]
	if len(d.Flags) != 1 || d.Flags[0].Text != "D" || d.Flags[0].W != d.x(all[2].End)-d.x(all[1].At) {
		t.Errorf("bars: %+v", d.Flags)
	}
	if len(d.Marks) != 1 || d.Marks[0].Shape != Shapes["D"] {
		t.Errorf("marks: %+v", d.Marks)
	}
	seen := map[string]bool{}
	for flag, shape := range Shapes {
		if seen[shape] {
			t.Errorf("%s looks like another flag", flag)
		}
		seen[shape] = true
	}
}

// Whatever values and times come, everything is drawn within the chart, between round numbers.
func TestChartHoldsWhatItDraws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := hours(rapid.SliceOfN(rapid.Float64Range(-1e9, 1e9), 1, 50).Draw(t, "values")...)
		limits := []Limit{{rapid.Float64Range(-1e9, 1e9).Draw(t, "limit"), "M1"}}
		to := day.Add(time.Duration(rapid.IntRange(1, 24*400).Draw(t, "hours")) * time.Hour)
		c := Draw(Plot{ID: "c", From: day, To: to, Samples: all, Missing: nil, Limits: limits})
		for _, d := range c.Sizes {
			for i := range all {
				if v := *all[i].Value; v < c.low-c.step/1e6 || v > c.high+c.step/1e6 {
					t.Fatalf("%v is not between %v and %v", v, c.low, c.high)
				}
			}
			if n := len(d.Y); n < 2 || n > 8 {
				t.Fatalf("%d rules from %v to %v by %v", n, c.low, c.high, c.step)
			}
			for i := 1; i < len(d.X); i++ {
				if d.X[i].At-d.X[i-1].At < tickRoom*9/10 && d.X[i].At < d.Right {
					t.Fatalf("times touch: %v", d.X)
				}
			}
		}
	})
}

// Values that differ by what a float can hold are drawn as one, and what no instrument can tell from zero as zero.
func TestChartOfValuesThatAreAllButEqual(t *testing.T) {
	for _, values := range [][]float64{{1, math.Nextafter(1, 2)}, {20.01, 20.010000000000002}, {-3, -3.0000000000000004},
		{0, 5e-324}, {1e-300, 2e-300}, {1e12, math.Nextafter(1e12, 2e12)}, {0, 0}, {-1e-15, 1e-15}} {
		c := Draw(Plot{ID: "c", From: day, To: day.Add(24 * time.Hour), Samples: hours(values...)})
		for _, d := range c.Sizes {
			if n := len(d.Y); n < 2 || n > 8 || !(c.step > 0) {
				t.Errorf("%v: %d rules from %v to %v by %v", values, n, c.low, c.high, c.step)
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 12.5: "12.5", 12.345: "12.35", 0.0314: "0.031", 123.45: "123.5",
		4567.8: "4568", -3.2: "-3.2", -0.0001: "0", 30: "30"} {
		if got := Number(v); got != want {
			t.Errorf("%v is written %s, not %s", v, got, want)
		}
	}
}

// What a value is held against may change from hour to hour; a line follows it, also where nothing was measured, and the
// values that fail are told by a shape.
func TestLimitOfEachHour(t *testing.T) {
	all := hours(10, 12, 11, 9)
	for i, limit := range []float64{20, 8, 8, 20} {
		all[i].Limit = &limit
		all[i].Least, all[i].Most = new(5.0), new(30.0)
	}
	all[1].Flag, all[2].Flag, all[2].Value = Failed, Failed, nil
	c := Draw(Plot{ID: "c", From: day, To: day.Add(4 * time.Hour), Samples: all,
		Window: []Span{{From: day.Add(time.Hour), To: day.Add(9 * time.Hour), Word: "预警期间"}},
		Events: []Event{{At: day.Add(2 * time.Hour), Word: "起判"}}})
	d := c.Sizes[0]
	if len(d.Lines) != 2 || d.Lines[0].Class != "limit line" || strings.Count(d.Lines[0].D, "H") != 4 {
		t.Errorf("lines: %+v", d.Lines)
	}
	if len(d.Bands) != 1 || c.high < 30 {
		t.Errorf("bands up to %v: %+v", c.high, d.Bands)
	}
	if len(d.Marks) != 1 || d.Marks[0].Shape != Shapes[Failed] || d.Flags[0].Text != "×" {
		t.Errorf("marks: %+v, bars: %+v", d.Marks, d.Flags)
	}
	if len(d.Window) != 1 || d.Window[0].X != d.x(day.Add(time.Hour)) || d.Window[0].X+d.Window[0].W != d.Right ||
		d.Window[0].Text != "预警期间" {
		t.Errorf("window: %+v", d.Window)
	}
	if len(d.Events) != 1 || d.Events[0].At != d.x(day.Add(2*time.Hour)) {
		t.Errorf("events: %+v", d.Events)
	}
}
