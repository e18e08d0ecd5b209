package frame

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"desk.title.calls":   {"电话通知单", "Whom to call"},
		"desk.go.calls":      {"电话通知单", "the call sheet"},
		"desk.num.to_call":   {"待打电话", "to be called"},
		"desk.calls.box":     {"待打电话 {n} 个对象", "{n} to be called"},
		"desk.calls.total":   {"个对象待打电话", "to be called"},
		"desk.calls.changed": {"名单有变化", "the sheet has changed"},
		"desk.calls.reload":  {"刷新名单", "reload it"},
		"desk.calls.what": {"还没有答复、或还没有签收解除的对象，先按确认时限、再按日减排排列。已告知和口头答复的不再列出；都不算企业的签收和答复。",
			"Who has not answered, or not received the end, by deadline and then by the daily reduction. Who was told or answered on the telephone is left out; neither is a receipt or an answer."},
		"desk.calls.at_stake":     {"日减排", "Daily reduction"},
		"desk.daily":              {"{n} {unit}/日", "{n} {unit} a day"},
		"desk.calls.outcome":      {"通话结果", "Outcome"},
		"desk.calls.choose":       {"请选择", "choose one"},
		"desk.calls.order":        {"减排令", "order"},
		"desk.calls.or":           {"备用", "or"},
		"desk.calls.left":         {"还剩 {for}", "{for} left"},
		"desk.calls.ago":          {"已过 {for}", "{for} ago"},
		"desk.calls.unreachable":  {"未接通 {n} 次，最近 {at}", "{n} not reached, the last at {at}"},
		"desk.calls.nobody":       {"没有要打电话的对象。", "Nobody is to be called."},
		"desk.calls.several":      {"批量记录", "Several at once"},
		"desk.calls.several.what": {"对上面勾选的对象记同一个结果，逐个记入台账；一次至多 200 个。", "The same outcome for all that are ticked above, each an entry of its own; 200 at most."},
		"desk.calls.several.do":   {"记录所勾选的", "record it for those ticked"},
		"desk.calls.no_outcome":   {"请选择通话结果。", "choose what came of the call."},
		"desk.calls.long":         {"每页 {n} 个", "{n} a page"},
		"desk.calls.none_ticked":  {"没有勾选任何对象；请先勾选。", "nobody is ticked; tick somebody first."},
		"desk.calls.partly": {"已记录 {done} 个，{not} 个没有记录：{why}",
			"{done} recorded, {not} not: {why}"},
		"desk.calls.take": {"带走全部名单：", "The whole sheet to take along:"},

		"desk.done.call.told":        {"已记录：已告知", "recorded: told"},
		"desk.done.call.unreachable": {"已记录：未接通", "recorded: not reached"},
		"desk.done.call.oral":        {"已记录：口头答复", "recorded: answered on the telephone"},

		"desk.step.called_told":        {"电话：已告知", "telephone: told"},
		"desk.step.called_unreachable": {"电话：未接通", "telephone: not reached"},
		"desk.step.called_oral":        {"电话：口头答复", "telephone: answered"},
	})
}
