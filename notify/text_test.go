package notify

import (
	"strings"
	"testing"

	"qingkong/reductionlist"
)

// What is ordered is worded from what it is judged by: the device, the act, the amount, the deadline. The list's text
// follows and changes none of it.
func TestAnOrderSaysItsNumbers(t *testing.T) {
	q := func(kind reductionlist.QuantityKind, value float64, unit string) *reductionlist.Quantity {
		return &reductionlist.Quantity{Kind: kind, Value: value, Unit: unit}
	}
	for _, c := range []struct {
		m    reductionlist.Measure
		want string
	}{
		{reductionlist.Measure{Unit: "喷漆房", Action: reductionlist.Limit, Quantity: q(reductionlist.ReduceBy, 40, "%"),
			CompleteWithinH: 4, Text: "按需减产"}, "喷漆房：限产，减少40%，4小时内完成。按需减产"},
		{reductionlist.Measure{Unit: "喷漆房", Action: reductionlist.Limit, Quantity: q(reductionlist.ReduceBy, 40, "%"),
			CompleteWithinH: 4, Text: "97%以下"}, "喷漆房：限产，减少40%，4小时内完成。97%以下"},
		{reductionlist.Measure{Unit: "5#机组", Action: reductionlist.ReduceCoal, Quantity: q(reductionlist.ReduceBy, 300,
			"t/d"), CompleteWithinH: 4, Text: "日耗煤量减少300吨"}, "5#机组：降低煤耗，减少300 t/d，4小时内完成。日耗煤量减少300吨"},
		{reductionlist.Measure{Unit: "1#焚烧炉", Action: reductionlist.AllocateWaste, Quantity: q(reductionlist.AtMost, 720,
			"t/d"), CompleteWithinH: 6, Text: "余量存入垃圾池"}, "1#焚烧炉：焚烧分配，不超过720 t/d，6小时内完成。余量存入垃圾池"},
		{reductionlist.Measure{Unit: "风机", Action: reductionlist.ImproveTreatment,
			Quantity: q(reductionlist.AtLeast, 45, "Hz"), CompleteWithinH: 1.5, Text: "提频"}, "风机：提效治理，不少于45 Hz，1.5小时内完成。提频"},
		{reductionlist.Measure{Unit: "喷漆房", Action: reductionlist.Stop, CompleteWithinH: 4, Text: "停止投料"},
			"喷漆房：停产，4小时内完成。停止投料"},
		{reductionlist.Measure{Unit: "喷漆房", Action: reductionlist.Stop, Quantity: q(reductionlist.AtMost, 0, "%"),
			CompleteWithinH: 4, Text: "停止投料"}, "喷漆房：停产，降至0%，4小时内完成。停止投料"},
		{reductionlist.Measure{Unit: "喷漆房", Action: reductionlist.Stop, Quantity: q(reductionlist.AtMost, 100, "%"),
			CompleteWithinH: 4, Text: "停产100%"}, "喷漆房：停产，4小时内完成。停产100%"},
		{reductionlist.Measure{Unit: "大门", Action: reductionlist.StopVehicles, Quantity: q(reductionlist.AtMost, 0, "辆次/日"),
			CompleteWithinH: 2, Text: "停止放行"}, "大门：停运，降至0辆次/日，2小时内完成。停止放行"},
		{reductionlist.Measure{Unit: "工地", Action: reductionlist.OtherAction, Quantity: q(reductionlist.AtLeast, 5, "户/日"),
			CompleteWithinH: 4, Text: "现场检查"}, "工地：不少于5户/日，4小时内完成。现场检查"},
		{reductionlist.Measure{Action: reductionlist.OtherAction, Text: "现场检查"}, "现场检查"},
		{reductionlist.Measure{Action: reductionlist.Stop, Text: "全部停下"}, "停产。全部停下"},
	} {
		if got := lines([]reductionlist.Measure{c.m}); got != "1. "+c.want+"\n" {
			t.Errorf("%q, want %q", strings.TrimSuffix(got, "\n"), "1. "+c.want)
		}
	}
}
