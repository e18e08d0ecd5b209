package plants

import (
	"slices"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/reductionlist/plant"
)

// A plan in words: what stands still how long and when, and what runs at how much.
func TestWhatAPlanDecides(t *testing.T) {
	from := time.Date(2026, 12, 1, 0, 0, 0, 0, alerts.Shanghai())
	plan := func(kind plant.Kind, stepH float64, on map[string]string) *plant.OperatingPlan {
		p := &plant.OperatingPlan{Kind: kind, StepH: stepH}
		for _, name := range []string{"5#", "6#"} {
			p.Units = append(p.Units, plant.PlanMachine{Name: name})
		}
		for i := range len(on["5#"]) {
			s := plant.PlanStep{At: from.Add(time.Duration(float64(i) * stepH * float64(time.Hour)))}
			for _, u := range p.Units {
				m := plant.MachineStep{Name: u.Name, On: on[u.Name][i] == '1'}
				if m.On {
					m.MW, m.T = 150, 30*stepH
					if kind == plant.Waste {
						m.MW = 0
					}
				}
				s.Units = append(s.Units, m)
			}
			p.Steps = append(p.Steps, s)
		}
		return p
	}
	divert := 120.0
	taken := plan(plant.Waste, 6, map[string]string{"5#": "0000", "6#": "1111"})
	taken.Totals.DivertT = &divert
	for name, c := range map[string]struct {
		p    *plant.OperatingPlan
		want []string
	}{
		"whole days": {plan(plant.Coal, 12, map[string]string{"5#": "0000", "6#": "1111"}),
			[]string{"5# 停运 2 天", "6# 全程运行，平均 150.0 MW"}},
		"a part": {plan(plant.Coal, 6, map[string]string{"5#": "110001", "6#": "111111"}),
			[]string{"5# 停运 18 小时（12-01 12:00 – 12-02 06:00），其余时间运行，平均 150.0 MW", "6# 全程运行，平均 150.0 MW"}},
		"again and again": {plan(plant.Coal, 6, map[string]string{"5#": "01010101", "6#": "11111111"}),
			[]string{"5# 停运 1 天（12-01 00:00 – 12-01 06:00、12-01 12:00 – 12-01 18:00、12-02 00:00 – 12-02 06:00 等 4 段），其余时间运行，平均 150.0 MW",
				"6# 全程运行，平均 150.0 MW"}},
		"waste":    {taken, []string{"5# 停运 1 天", "6# 全程运行，平均 30.0 t/h", "外运 120.0 t"}},
		"no steps": {&plant.OperatingPlan{}, nil},
	} {
		if got := saidOf(&frame.Request{Lang: frame.ZH}, c.p); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
