package notify

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"want.plan": {"一份有效的方案", "a plan"},

		// A live warning and a newer list.
		"order.relist_count": {"一次应给出 1 至 {limit} 个对象；请写明 recipients，较多时分批。",
			"name 1 to {limit} recipients at a time; send more in parts."},
		"order.relist_state": {"预警 {id} 的状态是“{state}”，没有可按新版清单重下的减排令。",
			"warning {id} is {state} and has no orders that a newer list could change."},
		"order.relist_running": {"预警 {id} 的减排令正在下达，请稍候片刻再试。",
			"the orders of warning {id} are just going out; try again in a moment."},
		"order.relist_version": {"{version} 不是现行清单版本（现行为 {current}）；请刷新后重新决定。",
			"{version} is not the list in force, which is {current}; reload and decide again."},

		// Where a version stands.

		"order.not_found": {"没有减排令 {id}；请核对编号，或重新获取待办减排令。",
			"there is no order {id}; check the id, or fetch the pending orders again."},
		"order.action": {"不认识的动作“{value}”；可用 receive、read、acknowledge、object、start、report、complete。",
			"unknown action {value}; use receive, read, acknowledge, object, start, report or complete."},
		"order.object_note": {"提出异议要说明理由（note），值班室据此处理；请写明不能执行的原因后重新提交。",
			"an objection says why, in note: the duty office decides by it; give the reason and send it again."},
		"order.closed": {"减排令 {id} {state}，不能再{action}；请以最新减排令为准。",
			"order {id} is {state} and takes no {action} any more; go by the latest order."},
		"order.done_otherwise": {"减排令 {id} 的{action}已经以其他内容提交，未做改动；请先查看减排令现状，需更正时联系值班室。",
			"{action} of order {id} was already given with other content and nothing was changed; look at the order, and call the duty office to correct it."},
		"order.answer_state": {"减排令 {id} 的答复状态是{state}，此时不能{action}；请先查看减排令现状。",
			"the answer of order {id} is {state}, which does not allow {action}; look at the order first."},
		"order.execution_state": {"减排令 {id} 的执行状态是{state}，此时不能{action}；请先查看减排令现状。",
			"the execution of order {id} is {state}, which does not allow {action}; look at the order first."},
		"order.evidence": {"“{value}”不是证据编号；应为 sha256: 加 64 位小写十六进制数，请先上传证据取得编号。",
			"{value} is not the name of a piece of evidence; it is sha256: and 64 lower-case hexadecimal digits, which uploading the evidence gives."},
		"order.expires_alone": {"驳回（reject）没有期限；请去掉 expires_at。", "a rejection does not expire; remove expires_at."},
		"order.expires_past": {"期限 {value} 已过（现在 {now}）；请给出将来的时间，或留空表示到预警结束。",
			"expires_at {value} has passed (now {now}); give a time to come, or leave it empty for the whole warning."},
		"order.decision": {"不认识的处理决定“{value}”；可用 accept、reject、amend。",
			"unknown decision {value}; use accept, reject or amend."},
		"order.amend_nothing": {"调整（amend）要写明改什么；请在 measures 中给出措施编号 id 和要改的内容 change。",
			"an amendment says what changes; give measures with the id of each and its change."},
		"order.amend_all": {"调整后没有措施了；完全免除请用 accept。",
			"nothing is left of the order; exempt the recipient with accept instead."},
		"order.measures_alone": {"只有调整（amend）才带 measures；请去掉。", "only an amendment has measures; remove them."},
		"order.no_measure": {"该减排令没有措施“{value}”；请用减排令中的措施编号。",
			"the order has no measure {value}; use the id of one it has."},
		"order.state_filter": {"没有“{value}”这种状态；请用减排令的送达、答复、执行、核查结论或状态值。",
			"there is no state {value}; use a value of an order's delivery, answer, execution, verdict or state."},
		"order.acknowledge_within": {"确认时限 {value} 分钟不在 1 到 1440 之间；请改正。",
			"{value} minutes to acknowledge is not from 1 to 1440; mend it."},

		"figures.no_plant": {"清单中“{id}”没有机组或焚烧炉，不需要运行数据；请核对编号。",
			"the list knows no units or furnaces of {id}, which needs no figures; check the id."},

		"plan.reason": {"这个方案达不到清单对 {measures} 的要求；要接受请写明理由。",
			"this plan does not keep what the list demands of {measures}; to accept it give a reason."},
		"plan.demands_changed": {"减排令 {id} 的措施在方案算出之后有变；请重新取方案再接受。",
			"the measures of order {id} have changed since the plan was computed; fetch the plan again and accept that."},
		"plan.not_for": {"减排令 {id} 没有“降低煤耗”或“焚烧分配”措施，或清单中没有机组（焚烧炉）参数，不能编制运行方案。",
			"order {id} has no measure to save coal or allocate waste, or the list has no units or furnaces of its recipient; there is no plan for it."},
		"plan.too_large": {"方案有 {bytes} 字节，超过 {limit}；请缩短时间或加长时段。",
			"the plan has {bytes} bytes, more than {limit}; shorten the time or lengthen the steps."},
		"plan.not_open": {"减排令 {id} {state}，不能再接受方案；请以最新减排令为准。",
			"order {id} is {state} and takes no plan any more; go by the latest order."},

		"audit.unsent": {"减排令 {id}（{since} 下达）未签收，却没有待发的消息：请电话通知该对象",
			"order {id}, issued {since}, was not received and no message of it is to be sent: call the recipient"},
		"audit.sent_late": {"减排令 {id}（{since} 下达）未签收，下一次发送迟至 {due}，晚于 orders.repeat_max：请电话通知该对象；若刚调小过该设置，到时自行恢复",
			"order {id}, issued {since}, was not received and goes out again at {due} only, later than orders.repeat_max: call the recipient; where that setting was just made smaller, this ends by itself"},
		"audit.no_deadline": {"减排令 {id} 应于 {since} 前确认，却没有到期检查：请届时查看是否已确认并催办",
			"order {id} is to be acknowledged by {since} and nothing will look whether it was: look then, and press for it"},
		"audit.not_overdue": {"减排令 {id} 应于 {since} 前确认，至今未确认，却未计入逾期：请催办",
			"order {id} was to be acknowledged by {since}, was not, and is not counted overdue: press for it"},
		"audit.not_released": {"减排令 {id} 的预警已于 {since} 结束，减排令却仍有效，不会自行解除：请电话告知该对象",
			"the warning of order {id} ended at {since}, the order still binds and nothing will release it: call the recipient"},
		"audit.no_plan": {"预警 {id} 自 {since} 起的减排令没有全部生成，也不会继续生成：请对照清单查出未收到的对象，逐个通知",
			"the orders of warning {id} since {since} are not all made and nothing will make them: find who has none by the list, and call them"},
		"audit.no_stage": {"预警 {id} 的下一级别应于 {since} 生效，却不会生成减排令：请届时调整级别",
			"the next level of warning {id} takes effect at {since} and nothing will order it: change the level then"},
	})
}
