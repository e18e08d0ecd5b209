package refusal

func init() {
	register(map[string]words{
		"order.not_found":          {"没有指令 {id}；请核对编号，或重新获取待办指令。", "there is no order {id}; check the id, or fetch the pending orders again."},
		"order.action":             {"不认识的动作“{value}”；可用 receive、read、acknowledge、object、start、report、complete。", "unknown action {value}; use receive, read, acknowledge, object, start, report or complete."},
		"order.object_note":        {"提出异议要说明理由（note），值班室据此处理；请写明不能执行的原因后重新提交。", "an objection says why, in note: the duty office decides by it; give the reason and send it again."},
		"order.closed":             {"指令 {id} 的状态是 {state}，不能再做 {action}；请以最新指令为准。", "order {id} is {state} and takes no {action} any more; go by the latest order."},
		"order.done_otherwise":     {"指令 {id} 的 {action} 已经以其他内容提交，未做改动；请先查看指令现状，需更正时联系值班室。", "{action} of order {id} was already given with other content and nothing was changed; look at the order, and call the duty office to correct it."},
		"order.answer_state":       {"指令 {id} 的答复状态是 {state}，此时不能做 {action}；请先查看指令现状。", "the answer of order {id} is {state}, which does not allow {action}; look at the order first."},
		"order.execution_state":    {"指令 {id} 的执行状态是 {state}，此时不能做 {action}；请先查看指令现状。", "the execution of order {id} is {state}, which does not allow {action}; look at the order first."},
		"order.too_many":           {"超过 {limit} 项的上限；请分批提交。", "more than the limit of {limit}; send them in parts."},
		"order.evidence":           {"“{value}”不是证据编号；应为 sha256: 加 64 位小写十六进制数，请先上传证据取得编号。", "{value} is not the name of a piece of evidence; it is sha256: and 64 lower-case hexadecimal digits, which uploading the evidence gives."},
		"order.expires_alone":      {"驳回（reject）没有期限；请去掉 expires_at。", "a rejection does not expire; remove expires_at."},
		"order.expires_past":       {"期限 {value} 已过（现在 {now}）；请给出将来的时间，或留空表示到预警结束。", "expires_at {value} has passed (now {now}); give a time to come, or leave it empty for the whole warning."},
		"order.decision":           {"不认识的处理决定“{value}”；可用 accept、reject、amend。", "unknown decision {value}; use accept, reject or amend."},
		"order.amend_nothing":      {"调整（amend）要写明改什么；请在 measures 中给出措施编号 id 和要改的内容 change。", "an amendment says what changes; give measures with the id of each and its change."},
		"order.amend_all":          {"调整后没有措施了；完全免除请用 accept。", "nothing is left of the order; exempt the recipient with accept instead."},
		"order.measures_alone":     {"只有调整（amend）才带 measures；请去掉。", "only an amendment has measures; remove them."},
		"order.no_measure":         {"该指令没有措施“{value}”；请用指令中的措施编号。", "the order has no measure {value}; use the id of one it has."},
		"order.state_filter":       {"没有“{value}”这种状态；请用指令的送达、答复、执行、核查结论或状态值。", "there is no state {value}; use a value of an order's delivery, answer, execution, verdict or state."},
		"order.acknowledge_within": {"确认时限 {value} 分钟不在 1 到 1440 之间；请改正。", "{value} minutes to acknowledge is not from 1 to 1440; mend it."},
	})
}
