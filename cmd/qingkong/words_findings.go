package main

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"cli.finding_open":    {"未解除", "not cleared"},
		"cli.finding_cleared": {"已解除", "cleared"},
		"cli.finding_waits":   {"说明等待处理", "its explanation waits for a decision"},
		"cli.finding_asks":    {"请企业说明情况", "the enterprise is asked to explain"},
		"cli.decided.accept":  {"采纳", "accepted"},
		"cli.decided.reject":  {"不采纳", "rejected"},
		"cli.derived_same":    {"{id}：由留存数据推算的与记录相同", "{id}: what comes out is what was recorded"},
		"cli.derived_differs": {"{id}：与记录有 {count} 处不同", "{id}: {count} difference(s) from the record"},

		"cli.member.advisory":     {"只作提示", "advisory"},
		"cli.member.asks":         {"请企业说明", "to be explained"},
		"cli.member.assignee":     {"办理人", "whose"},
		"cli.member.baseline":     {"基线", "usual"},
		"cli.member.cleared":      {"已解除", "cleared"},
		"cli.member.criterion":    {"判定条件", "criterion"},
		"cli.member.due":          {"期限", "due"},
		"cli.member.explain_by":   {"说明时限", "to be explained by"},
		"cli.member.explanations": {"说明", "explanations"},
		"cli.member.factor":       {"因子", "factor"},
		"cli.member.failed":       {"不符合时数", "failed"},
		"cli.member.finding_id":   {"监测发现", "finding"},
		"cli.member.hours":        {"依据", "rests on"},
		"cli.member.last":         {"最近一次", "last"},
		"cli.member.limit":        {"限值", "limit"},
		"cli.member.measure_id":   {"措施", "measure"},
		"cli.member.measured":     {"监测值", "measured"},
		"cli.member.note":         {"说明", "note"},
		"cli.member.opened_at":    {"开始时间", "opened"},
		"cli.member.opened_by":    {"开始人", "opened by"},
		"cli.member.origin":       {"来由", "origin"},
		"cli.member.rank":         {"排序", "rank"},
		"cli.member.ref":          {"监测标识", "ref"},
		"cli.member.waits":        {"待处理", "waits"},
		"cli.member.why":          {"原因", "why"},
		"cli.member.worst":        {"最严重结论", "worst"},
	})
}
