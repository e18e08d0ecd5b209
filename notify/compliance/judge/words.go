package judge

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"judge.holidays": {"假日表第 {row} 行读不出（{value}）；首行应为 {columns}，其后每行一天，放假填“是”或“否”，日期如 2026-10-01 且不重复。请改正后再启动。",
			"row {row} of the table of holidays cannot be read ({value}); the first row is {columns}, then a row a day with 是 or 否 for being off and a date like 2026-10-01 that stands once. Correct it and start again."},
		"judge.result.pending": {"待数据", "waiting for data"},
		"judge.result.no_data": {"无数据", "no data"},
		"judge.result.tagged":  {"标记", "tagged"},
		"judge.result.pass":    {"符合", "kept"},
		"judge.result.fail":    {"不符合", "not kept"},

		"judge.why.waiting":      {"数据还没到", "its data are still to come"},
		"judge.why.nothing_came": {"没有收到数据", "nothing came"},
		"judge.why.too_few":      {"有效分钟不足", "too few valid minutes"},
		"judge.why.bad_flag":     {"数据标记为无效", "flagged as invalid"},
		"judge.why.over_range":   {"超出量程", "over range"},
		"judge.why.by_flag":      {"维护或校准", "maintenance or calibration"},
		"judge.why.explained":    {"说明已采纳", "an accepted explanation"},
		"judge.why.too_tagged":   {"24 小时内标记超过允许的时数", "tagged for longer than 24 hours may be"},
		"judge.why.no_baseline":  {"基线天数不足", "too few days for a baseline"},
	})
}
