package plants

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/frame"
)

// chart is a figure of a plan over its time, drawn on the server: areas stacked upon each other, and lines, both in
// steps as the plan itself is. It is drawn twice, wide for a desk and narrow for a phone.
type chart struct {
	Title  string
	Say    string // what it shows, in a sentence
	Unit   string
	Legend []legend
	Sizes  []drawing
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
	c := chart{Title: title, Say: say, Unit: unit}
	top := 0.0
	for t := range times {
		sum := 0.0
		for _, s := range all {
			if s.line {
				top = max(top, s.values[t])
			} else {
				sum += s.values[t]
			}
		}
		top = max(top, sum)
	}
	top = niceTop(top)
	for _, s := range all {
		c.Legend = append(c.Legend, legend{s.class, s.name})
	}
	for _, size := range []struct {
		class string
		width int
	}{{"chart-wide", 720}, {"chart-narrow", 360}} {
		d := drawing{Class: size.class, Width: size.width, Height: chartHeight, Base: chartBase, Left: chartLeft,
			Right: size.width - 24}
		x := func(t time.Time) int {
			return d.Left + int(math.Round(float64(d.Right-d.Left)*float64(t.Sub(times[0]))/float64(end.Sub(times[0]))))
		}
		y := func(v float64) int {
			return chartBase - int(math.Round(float64(chartBase-chartTop)*min(1, v/top)))
		}
		below := make([]float64, len(times))
		for _, s := range all {
			if s.line {
				d.Shapes = append(d.Shapes, shape{s.class + " line", stairs(times, end, s.values, x, y)})
				continue
			}
			above := make([]float64, len(times))
			for t := range above {
				above[t] = below[t] + s.values[t]
			}
			d.Shapes = append(d.Shapes, shape{s.class, band(times, end, below, above, x, y)})
			below = above
		}
		d.Y = []tick{{chartBase, "0"}, {y(top / 2), frame.ShortNumber(top / 2)}, {y(top), frame.ShortNumber(top)}}
		d.X = dayTicks(times[0], end, (d.Right-d.Left)/56, x)
		c.Sizes = append(c.Sizes, d)
	}
	return c
}

// niceTop is a round number that is no less.
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
func stairs(times []time.Time, end time.Time, v []float64, x func(time.Time) int, y func(float64) int) string {
	var b strings.Builder
	for t := range times {
		mark := "V"
		if t == 0 {
			fmt.Fprintf(&b, "M%d ", x(times[0]))
			mark = ""
		}
		fmt.Fprintf(&b, "%s%dH%d", mark, y(v[t]), x(stepEnd(times, end, t)))
	}
	return b.String()
}

func stepEnd(times []time.Time, end time.Time, t int) time.Time {
	if t+1 < len(times) {
		return times[t+1]
	}
	return end
}

// band is the path of the area between two such lines.
func band(times []time.Time, end time.Time, below, above []float64, x func(time.Time) int, y func(float64) int) string {
	var b strings.Builder
	b.WriteString(stairs(times, end, above, x, y))
	for t := len(times) - 1; t >= 0; t-- {
		fmt.Fprintf(&b, "V%dH%d", y(below[t]), x(times[t]))
	}
	b.WriteString("Z")
	return b.String()
}

// dayTicks are marks at the beginnings of days, or of parts of days where there is room, at most so many.
func dayTicks(from, to time.Time, most int, x func(time.Time) int) (ticks []tick) {
	every := 6
	for to.Sub(from).Hours()/float64(every) > float64(most) {
		if every *= 2; every == 12 {
			every = 24
		}
	}
	from = from.In(alerts.Shanghai())
	y, m, d := from.Date()
	for at := time.Date(y, m, d, 0, 0, 0, 0,
		from.Location()); !at.After(to); at = at.Add(time.Duration(every) * time.Hour) {
		if at.Before(from) {
			continue
		}
		text := at.Format("1-2")
		if h := at.Hour(); h != 0 {
			text = strconv.Itoa(h) + ":00"
		}
		ticks = append(ticks, tick{x(at), text})
	}
	return ticks
}
