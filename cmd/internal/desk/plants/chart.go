package plants

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/frame"
)

// chart shows a plan over its time by areas stacked upon each other and by lines, both in steps as the plan itself is.
// It is drawn twice, wide for a desk and narrow for a phone.
type chart struct {
	Title  string
	Say    string // what it shows, in a sentence
	Unit   string
	Legend []legend
	Sizes  []drawing

	times []time.Time // when its steps begin
	end   time.Time   // of the last step
	top   float64     // value at its upper edge
}

// legend names what is drawn by a class of the style sheet.
type legend struct{ Class, Name string }

// drawing is the chart in one of its sizes.
type drawing struct {
	Class         string
	Width, Height int
	Base, Left    int
	Right         int
	Shapes        []shape
	X, Y          []tick

	of *chart
}

func (d *drawing) x(t time.Time) int {
	begin := d.of.times[0]
	return d.Left + int(math.Round(float64(d.Right-d.Left)*float64(t.Sub(begin))/float64(d.of.end.Sub(begin))))
}

func (d *drawing) y(v float64) int {
	return chartBase - int(math.Round(float64(chartBase-chartTop)*min(1, v/d.of.top)))
}

// shape is an area or a line.
type shape struct {
	Class string
	D     string
}

type tick struct {
	At   int
	Text string
}

// series is what a chart draws over the steps.
type series struct {
	class  string
	name   string
	values []float64
	line   bool // drawn over the stack, not part of it
}

// Sizes of charts, in units of their view boxes: text of 13 units is readable at both.
const (
	chartHeight = 220
	chartTop    = 10
	chartBase   = 190
	chartLeft   = 52
)

// newChart draws series over the steps that begin at times and end at end.
func newChart(title, say, unit string, times []time.Time, end time.Time, all ...series) chart {
	c := chart{Title: title, Say: say, Unit: unit, times: times, end: end}
	for t := range times {
		sum := 0.0
		for _, s := range all {
			if s.line {
				c.top = max(c.top, s.values[t])
			} else {
				sum += s.values[t]
			}
		}
		c.top = max(c.top, sum)
	}
	c.top = niceTop(c.top)
	for _, s := range all {
		c.Legend = append(c.Legend, legend{s.class, s.name})
	}
	for _, size := range []struct {
		class string
		width int
	}{{"chart-wide", 720}, {"chart-narrow", 360}} {
		d := drawing{Class: size.class, Width: size.width, Height: chartHeight, Base: chartBase, Left: chartLeft,
			Right: size.width - 24, of: &c}
		below := make([]float64, len(times))
		for _, s := range all {
			if s.line {
				d.Shapes = append(d.Shapes, shape{s.class + " line", d.stairs(s.values)})
				continue
			}
			above := make([]float64, len(times))
			for t := range above {
				above[t] = below[t] + s.values[t]
			}
			d.Shapes = append(d.Shapes, shape{s.class, d.band(below, above)})
			below = above
		}
		for _, v := range []float64{0, c.top / 2, c.top} {
			d.Y = append(d.Y, tick{d.y(v), frame.ShortNumber(v)})
		}
		d.days()
		c.Sizes = append(c.Sizes, d)
	}
	return c
}

// niceTop is a round number that is not less than v.
func niceTop(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10} {
		if v <= m*unit*1.0001 {
			return m * unit
		}
	}
	return 10 * unit
}

// stairs is the path of a line that keeps its value for a step.
func (d *drawing) stairs(v []float64) string {
	var b strings.Builder
	mark := fmt.Sprintf("M%d ", d.x(d.of.times[0]))
	for t, end := range slices.Concat(d.of.times[1:], []time.Time{d.of.end}) {
		fmt.Fprintf(&b, "%s%dH%d", mark, d.y(v[t]), d.x(end))
		mark = "V"
	}
	return b.String()
}

// band is the path of the area between two such lines.
func (d *drawing) band(below, above []float64) string {
	path := d.stairs(above)
	for t, at := range slices.Backward(d.of.times) {
		path += fmt.Sprintf("V%dH%d", d.y(below[t]), d.x(at))
	}
	return path + "Z"
}

// days marks the beginnings of days, or of parts of days where there is room.
func (d *drawing) days() {
	from, to := d.of.times[0].In(alerts.Shanghai()), d.of.end
	most, every := (d.Right-d.Left)/56, 6
	for to.Sub(from).Hours()/float64(every) > float64(most) {
		if every *= 2; every == 12 {
			every = 24
		}
	}
	for at := alerts.DateOf(from).Start(); !at.After(to); at = at.Add(time.Duration(every) * time.Hour) {
		if at.Before(from) {
			continue
		}
		text := at.Format("1-2")
		if h := at.Hour(); h != 0 {
			text = strconv.Itoa(h) + ":00"
		}
		d.X = append(d.X, tick{d.x(at), text})
	}
}
