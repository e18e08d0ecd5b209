package frame

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"desk.round.title": {"减排令的变化", "What becomes of the orders"},
		"desk.round.counts": {"减排令：重新下达 {revised} 份，首次下达 {issued} 份，解除 {released} 份，不变 {same} 份。",
			"Orders issued anew: {revised}; first orders: {issued}; ended: {released}; unchanged: {same}."},
		"desk.round.later": {"{at}起办理，此前减排令不变；以下按现有的减排令计算。",
			"From {at} on, until when the orders stay; by the orders as they are now."},
		"desk.round.approved": {"批准后才办理；以下按现有的减排令、现在批准计算。",
			"Not before the approval; by the orders as they are now, were it approved now."},
		"desk.round.page": {"有变化的第 {from}–{to} 份，共 {n} 份", "{from}–{to} of the {n} that change"},
		"desk.round.back": {"回到确认", "Back to the confirmation"},
		"desk.round.each": {"逐份查看", "each of them"},
		"desk.round.ends": {"解除", "ends"},
		"desk.round.text": {"解除通知原文", "The text of the notice that it ends"},

		"desk.measure.added":         {"新增", "added"},
		"desk.measure.gone":          {"取消", "taken out"},
		"desk.order.has_plan":        {"执行已接受的方案", "by the accepted plan"},
		"desk.f.order_recipient":     {"对象名称", "Name of the recipient"},
		"desk.f.order_town":          {"街镇", "Town"},
		"desk.f.order_grade":         {"绩效等级", "Grade"},
		"desk.f.order_plan":          {"运行方案", "Operating plan"},
		"desk.f.acknowledge_by":      {"确认期限", "Acknowledge by"},
		"desk.f.measure_unit":        {"生产线或设备", "Line or device"},
		"desk.f.measure_responsible": {"责任岗位", "Responsible"},
		"desk.f.measure_evidence":    {"核查材料", "Evidence"},
		"desk.f.monitors":            {"监测点", "Monitored at"},
	})
}
