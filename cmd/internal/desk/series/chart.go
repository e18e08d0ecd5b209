// Package series draws what instruments measured, and words it: charts as SVG with lines, bands, limits, gaps and flags, and
// numbers, units and factors as pages show them.
package series

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
)

// Chart shows what a point said over a time: its means with what lay between the least and the most, what they are at
// the reference oxygen, the periods of which nothing came, what the flags say, and what the values are held against. It is
// drawn twice, wide for a desk and narrow for a phone. What colours tell, shapes and words tell as well.
type Chart struct {
	ID     string // begins the ids within the page
	Title  string
	Say    string // what it shows, in a sentence
	Unit   string
	Legend []Legend
	Sizes  []Drawing

	plot      *Plot
	low, high float64 // values at the lower and the upper edge
	step      float64 // between two rules
}

// Legend names what is drawn. A mark is drawn by its shape, anything else by its class.
type Legend struct{ Class, Shape, Name string }

// Plot is what a chart is drawn of.
type Plot struct {
	ID, Title, Unit string
	From, To        time.Time
	Samples         []Sample // in the order of time
	Missing         []Span   // of which nothing came
	Limits          []Limit  // that hold all the time; one that changes is the Limit of each sample
	Window          []Span   // times that are told along the upper edge
	Events          []Event
}

// Sample is one period of a series as it is drawn; a number that is nil did not come.
type Sample struct {
	At, End     time.Time // of the period; a moment ends where it begins
	Value       *float64
	Least, Most *float64 // of the period, or what is usual at that time
	Converted   *float64
	Limit       *float64 // what the value is held against
	Flag        string   // one of [Shapes]; empty or N for nothing to tell
}

// Event is a moment that a line marks from top to bottom.
type Event struct {
	At   time.Time
	Word string
}

// Limit is a line that values are not to cross.
type Limit struct {
	Value float64
	Text  string
}

// Drawing is the chart in one of its sizes.
type Drawing struct {
	Class         string
	Width, Height int
	Top, Base     int
	Left, Right   int
	Missing       []box
	Flags         []box
	Bands         []string
	Lines         []shape
	Marks         []mark
	Limits        []tick
	Window        []box
	Events        []tick
	X, Y          []tick

	of *Chart
}

// Span is the height of what values are drawn in.
func (d Drawing) Span() int { return d.Base - d.Top }

type box struct {
	X, W  int
	Text  string
	Class string
}

type shape struct{ Class, D string }

type tick struct {
	At   int
	Text string
}

// mark stands where a value has a flag; Shape is a path around 0,0.
type mark struct {
	X, Y  int
	Class string
	Shape string
}

// Sizes of charts, in units of their view boxes: text of 13 units is readable at both.
const (
	chartHeight = 260
	chartTop    = 14
	chartBase   = 224
	chartWords  = 34 // room for the words of times that are marked
	chartLeft   = 58
	chartMargin = 20
	markApart   = 11 // between two marks of one flag
	tickRoom    = 58 // between two times below
)

// wide is how much room a word takes in a box.
func wide(word string) int {
	w := 8
	for _, r := range word {
		if w += 7; r >= 0x2e80 { // Han and the like
			w += 6
		}
	}
	return w
}

// Shapes tell the flags apart without colours: a cross for a fault, and so on. The letters are those of HJ 212; [Failed] and
// [Tagged] are of what is judged.
var Shapes = map[string]string{
	"D": "M-5 -5L5 5M-5 5L5 -5",
	"M": "M-5.5 4.5L0 -5.5L5.5 4.5Z",
	"C": "M-5.5 0L0 -5.5L5.5 0L0 5.5Z",
	"T": "M-5.5 -4.5L0 5.5L5.5 -4.5Z",
	"S": "M-4.5 -4.5H4.5V4.5H-4.5Z",
	"F": "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0 -5 0Z",
	"B": "M-5.5 0H5.5M0 -5.5V5.5",

	Failed: "M-5 -5L5 5M-5 5L5 -5M-6.5 0A6.5 6.5 0 1 0 6.5 0A6.5 6.5 0 1 0 -6.5 0Z",
	Tagged: "M-6 -4.5H2L6 0L2 4.5H-6Z",
}

// Flags of what is judged.
const (
	Failed = "fail"
	Tagged = "tagged"
)

// Letters stand below the values that have a flag, where that is no letter of its own.
var Letters = map[string]string{Failed: "×", Tagged: "标"}

// Letter is what stands below a value with a flag.
func Letter(flag string) string {
	if l := Letters[flag]; l != "" {
		return l
	}
	return flag
}

// Draw draws a plot.
func Draw(p Plot) *Chart {
	c := &Chart{ID: p.ID, Title: p.Title, Unit: p.Unit, plot: &p}
	c.scale(p.Samples, p.Limits)
	for _, size := range []struct {
		class string
		width int
	}{{"chart-wide", 720}, {"chart-narrow", 360}} {
		d := Drawing{Class: size.class, Width: size.width, Height: chartHeight, Top: chartTop, Base: chartBase,
			Left: chartLeft, Right: size.width - chartMargin, of: c}
		if len(p.Window)+len(p.Events) > 0 { // their words stand above what is drawn
			d.Top, d.Base, d.Height = d.Top+chartWords, d.Base+chartWords, d.Height+chartWords
		}
		d.Missing = d.boxes(p.Missing)
		d.Window = d.boxes(p.Window)
		for _, e := range p.Events {
			d.Events = append(d.Events, tick{d.x(e.At), e.Word})
		}
		d.series(p.Samples)
		d.flags(p.Samples)
		for _, l := range p.Limits {
			d.Limits = append(d.Limits, tick{d.y(l.Value), l.Text})
		}
		for i := range int(math.Round((c.high-c.low)/c.step)) + 1 {
			v := c.low + float64(i)*c.step
			d.Y = append(d.Y, tick{d.y(v), Number(round(v, c.step))})
		}
		d.times()
		c.Sizes = append(c.Sizes, d)
	}
	return c
}

// alike is the share by which values differ that are drawn as one: between them no round number can be told from the next.
const alike = 1e-9

// scale finds round numbers between which all values lie. They begin at zero unless all lie far above it.
func (c *Chart) scale(all []Sample, limits []Limit) {
	low, high := math.Inf(1), math.Inf(-1)
	see := func(v *float64) {
		if v != nil {
			low, high = min(low, *v), max(high, *v)
		}
	}
	for i := range all {
		s := &all[i]
		see(s.Value)
		see(s.Least)
		see(s.Most)
		see(s.Converted)
		see(s.Limit)
	}
	for i := range limits {
		see(&limits[i].Value)
	}
	if math.IsInf(low, 0) {
		low, high = 0, 1
	}
	if low > 0 && low < 0.7*high {
		low = 0
	}
	if high < 0 && high > 0.7*low {
		high = 0
	}
	if high-low <= alike*max(1, math.Abs(low), math.Abs(high)) {
		low, high = min(0, low), max(high, 0)
		if high-low <= alike {
			low, high = 0, 1
		}
	}
	c.step = niceStep((high - low) / 4)
	c.low, c.high = math.Floor(low/c.step+1e-9)*c.step, math.Ceil(high/c.step-1e-9)*c.step
}

// niceStep is a round number that is not less than v, which is above zero.
func niceStep(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if v <= m*unit*1.0001 {
			return m * unit
		}
	}
	return 10 * unit
}

// round takes away what adding steps left behind the digits of a step.
func round(v, step float64) float64 { return math.Round(v/step*1000) / 1000 * step }

func (d *Drawing) x(t time.Time) int {
	part := float64(t.Sub(d.of.plot.From)) / float64(d.of.plot.To.Sub(d.of.plot.From))
	return d.Left + int(math.Round(float64(d.Right-d.Left)*min(1, max(0, part))))
}

func (d *Drawing) y(v float64) int {
	part := (v - d.of.low) / (d.of.high - d.of.low)
	return d.Base - int(math.Round(float64(d.Base-d.Top)*min(1, max(0, part))))
}

// boxes marks times, with the word where it has room.
func (d *Drawing) boxes(all []Span) (out []box) {
	for _, m := range all {
		b := box{X: d.x(m.From), W: max(2, d.x(m.To)-d.x(m.From))}
		if b.W >= wide(m.Word) {
			b.Text = m.Word
		}
		out = append(out, b)
	}
	return out
}

// series draws what the samples say; a line ends where the next period has nothing to follow it.
func (d *Drawing) series(all []Sample) {
	value := func(s *Sample) *float64 { return s.Value }
	for run := range runsOf(all, func(s *Sample) bool { return s.Least != nil && s.Most != nil }) {
		if run[0].At.Before(run[0].End) {
			above := d.line(run, func(s *Sample) *float64 { return s.Most })
			for i := range slices.Backward(run) {
				s := &run[i]
				above += fmt.Sprintf("L%d %dH%d", d.x(s.End), d.y(*s.Least), d.x(s.At))
			}
			d.Bands = append(d.Bands, above+"Z")
		}
	}
	for _, of := range []struct {
		class string
		get   func(*Sample) *float64
	}{{"limit line", func(s *Sample) *float64 { return s.Limit }},
		{"converted line", func(s *Sample) *float64 { return s.Converted }}, {"reading line", value}} {
		var path strings.Builder
		for run := range runsOf(all, func(s *Sample) bool { return of.get(s) != nil }) {
			path.WriteString(d.line(run, of.get))
		}
		if path.Len() > 0 {
			d.Lines = append(d.Lines, shape{of.class, path.String()})
		}
	}
}

// line is the path of a run: a value stands for the whole of its period.
func (d *Drawing) line(run []Sample, get func(*Sample) *float64) string {
	var b strings.Builder
	for i := range run {
		s := &run[i]
		how := 'L'
		if i == 0 {
			how = 'M'
		}
		fmt.Fprintf(&b, "%c%d %dH%d", how, d.x(s.At), d.y(*get(s)), max(d.x(s.End), d.x(s.At)+1))
	}
	return b.String()
}

// runsOf are the runs of samples that follow each other and have what is asked for.
func runsOf(all []Sample, has func(*Sample) bool) func(yield func([]Sample) bool) {
	return func(yield func([]Sample) bool) {
		begin := 0
		for i := range all {
			switch s := &all[i]; {
			case !has(s):
				if begin < i && !yield(all[begin:i]) {
					return
				}
				begin = i + 1
			case i > begin && !follows(&all[i-1], s):
				if !yield(all[begin:i]) {
					return
				}
				begin = i
			}
		}
		if begin < len(all) {
			yield(all[begin:])
		}
	}
}

// follows reports whether a period begins where the one before ends; moments follow each other within five minutes.
func follows(a, b *Sample) bool {
	if a.At.Equal(a.End) {
		return b.At.Sub(a.At) <= momentsApart
	}
	return !b.At.After(a.End)
}

// flags draws what is not normal: a shape at a value, and a bar with the flag's letter along the base for the time that
// it lasts, whether there are values or none.
func (d *Drawing) flags(all []Sample) {
	last, lastX := "", 0
	for i := range all {
		s := &all[i]
		if Normal(s.Flag) {
			last = ""
			continue
		}
		x0, x1 := d.x(s.At), max(d.x(s.End), d.x(s.At)+2)
		if n := len(d.Flags); s.Flag == last && n > 0 && follows(&all[i-1], s) {
			d.Flags[n-1].W = x1 - d.Flags[n-1].X
		} else {
			d.Flags = append(d.Flags, box{X: x0, W: x1 - x0, Text: Letter(s.Flag), Class: "flag-" + s.Flag})
			lastX = math.MinInt32
		}
		if x := (x0 + x1) / 2; s.Value != nil && x-lastX >= markApart {
			d.Marks = append(d.Marks, mark{X: x, Y: d.y(*s.Value), Class: "flag-" + s.Flag, Shape: Shapes[s.Flag]})
			lastX = x
		}
		last = s.Flag
	}
}

// Normal reports whether a flag says nothing against a value.
func Normal(flag string) bool { return flag == "" || flag == "N" }

// times marks round times below, at most so many that they do not touch.
func (d *Drawing) times() {
	room := (d.Right - d.Left) / tickRoom
	long := d.of.plot.To.Sub(d.of.plot.From)
	every := []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
		3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}
	step := every[len(every)-1]
	if i := slices.IndexFunc(every, func(e time.Duration) bool { return int(long/e) <= room }); i >= 0 {
		step = every[i]
	}
	for days := 1; int(long/step) > room; days++ {
		step = time.Duration(days) * 24 * time.Hour
	}
	for at := alerts.DateOf(d.of.plot.From).Start(); !at.After(d.of.plot.To); at = at.Add(step) {
		if at.Before(d.of.plot.From) {
			continue
		}
		text := at.Format("15:04")
		if at.Hour() == 0 && at.Minute() == 0 {
			text = strconv.Itoa(int(at.Month())) + "-" + strconv.Itoa(at.Day())
		}
		d.X = append(d.X, tick{d.x(at), text})
	}
}

// Span is a time that is marked; Word says as what.
type Span struct {
	From, To time.Time
	Word     string
}

// momentsApart is how far two samples may be apart that a line joins.
const momentsApart = 5 * time.Minute
