package plants

import (
	"testing"
	"time"

	"qingkong/alerts"
)

// A line of a chart keeps its value through a step, and an area closes.
func TestChart(t *testing.T) {
	from := time.Date(2016, 12, 16, 17, 0, 0, 0, alerts.Shanghai())
	times := []time.Time{from, from.Add(time.Hour), from.Add(2 * time.Hour)}
	c := newChart("t", "s", "MW", times, from.Add(3*time.Hour),
		series{class: "unit-1", name: "5#", values: []float64{100, 0, 50}},
		series{class: "unit-2", name: "6#", values: []float64{100, 200, 0}},
		series{class: "before", name: "x", values: []float64{150, 150, 150}, line: true})
	wide := c.Sizes[0]
	if len(wide.Shapes) != 3 || wide.Shapes[0].D != "M52 100H267V190H481V145H696V190H481V190H267V190H52Z" {
		t.Errorf("%+v", wide.Shapes)
	}
	if wide.Shapes[1].D != "M52 10H267V10H481V145H696V145H481V190H267V100H52Z" ||
		wide.Shapes[2].D != "M52 55H267V55H481V55H696" {
		t.Errorf("%+v", wide.Shapes[1:])
	}
	if wide.Y[2].Text != "200" || wide.Y[2].At != chartTop || len(c.Legend) != 3 {
		t.Errorf("%+v", wide.Y)
	}
	for v, want := range map[float64]float64{0: 1, 1: 1, 1.1: 1.2, 199: 200, 201: 240, 870: 1000, 0.03: 0.03} {
		if got := niceTop(v); got < want*0.999 || got > want*1.001 {
			t.Errorf("niceTop(%g) = %g, want %g", v, got, want)
		}
	}
}
