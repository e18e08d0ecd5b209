package inspect

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"inspection.not_found":     {"没有检查记录 {id}；请在检查列表里核对编号。", "there is no inspection {id}; look its id up in the list of inspections."},
		"inspection.other_content": {"这份检查已按 {id} 收到，内容不同；原记录不变。要更正请另交一份，写明更正 {id}。", "this inspection came before as {id} with other content, which stands; to correct it hand in another one that corrects {id}."},
		"inspection.at":            {"检查时间 {value} 在将来，或早于 90 天前；请核对手机的时钟和日期。", "the inspection's time {value} is to come or more than 90 days ago; check the telephone's clock and date."},
		"inspection.started":       {"开始时间 {value} 晚于结束时间，或早于它 90 天；请核对。", "it began at {value}, after it ended or more than 90 days before; check that."},
		"inspection.items":         {"还没有检查任何一项；请至少填一项。", "nothing was inspected yet; fill in one item at least."},
		"inspection.item_measure":  {"减排令里没有措施 {id}；请选清单里的一项，或不填措施并写明所见。", "the order has no measure {id}; choose one of its checklist, or none and write what was found."},
		"inspection.item_found":    {"不属于任何措施的一项要写明所见。", "an item that is of no measure has to say what was found."},
		"inspection.disposition":   {"不认识的处置“{value}”；可用 none、rectify、refer、case、downgrade。", "unknown disposition {value}; use none, rectify, refer, case or downgrade."},
		"inspection.item_result":   {"不认识的结果“{value}”；可用 {allowed}。", "unknown result {value} of an item; use {allowed}."},
		"inspection.result":        {"不认识的检查结论“{value}”；可用 {allowed}。", "unknown result {value}; use {allowed}."},
		"inspection.draw_count":    {"{value} 不是家数；请填 0 至 200。", "{value} is no number of visits; use 0 to 200."},
		"inspection.due":           {"期限 {value} 不晚于检查时间，或在两年以后；请核对。", "the deadline {value} is not after the inspection, or more than two years later; check it."},
		"inspection.two":           {"处置为“{disposition}”须两人检查；请填写同去的检查员。", "{disposition} takes two inspectors; name the second."},
		"inspection.signed":        {"签名应是图片，不能是 {type}。", "a signature is a picture, not {type}."},
		"inspection.files":         {"一份检查最多附 {limit} 个文件。", "an inspection has at most {limit} files."},
		"inspection.not_yours":     {"{id} 不是您作的检查；请由检查人更正。", "{id} is not your inspection; who made it corrects it."},
		"inspection.corrects":      {"{id} 不是这一家、这份减排令的检查；请核对。", "{id} is an inspection of another recipient or order; check it."},
		"inspection.corrected":     {"{id} 已由 {by} 更正；请更正 {by}。", "{id} was corrected by {by}; correct that one."},
		"inspection.task":          {"任务 {id} 不是去 {recipient} 的检查任务，或属于另一次预警；请核对。", "task {id} is no visit to {recipient}, or one under another warning; check it."},
		"inspection.answer_late":   {"{id} 的答复期限是 {at}，已过；请电话联系值班室。", "{id} could be answered until {at}; call the duty room."},
		"inspection.answers":       {"{id} 的答复已有 {limit} 份，不再接收；请电话联系值班室。", "{id} was answered {limit} times and no more is taken; call the duty room."},
		"inspection.no_draw":       {"没有检查计划 {id}；请核对编号。", "there is no draw {id}; check its id."},
		"inspection.draw_none":     {"请填要去几家：按紧要程度几家，随机几家。", "say how many to visit: how many by rank, and how many by lot."},
		"inspection.draw_key":      {"这个幂等键已用于安排 {id}，要求不同；请换一个键。", "the idempotency key was used for draw {id}, which asked for something else; use a new key."},
		"inspection.draw_many":     {"一次最多安排 {limit} 家。", "a draw has at most {limit} visits."},
		"inspection.draw_pool":     {"候选企业有 {n} 家，超过 {limit} 家；请按街镇分别安排。", "there are {n} to draw from, more than {limit}; draw by town."},
		"inspection.draw_day":      {"日期 {value} 已过；请填今天或以后的日期。", "the day {value} is past; give today or a later one."},
		"inspection.draw_empty":    {"没有可安排的企业：没有在执行的减排令，或都已有检查任务。", "there is nobody to visit: no order is in force, or each recipient has a task already."},

		"inspection.remark.order_ended":     {"检查上传时减排令 {of} 已解除。", "order {of} had ended when the inspection came."},
		"inspection.remark.order_replaced":  {"检查所依据的减排令 {of} 已被新一版取代。", "order {of}, which it goes by, had been replaced by a newer revision."},
		"inspection.remark.task_reassigned": {"任务在上传前已改派给 {of}，仍由其办理。", "the task had been given to {of}, who still has it."},
		"inspection.remark.task_dropped":    {"任务 {of} 在上传前已取消。", "task {of} had been dropped."},
		"inspection.remark.twice":           {"同一任务还有另一份检查 {of}，两份都保留。", "{of} is of the same task; both stand."},
		"inspection.remark.file_shared":     {"有文件同时出现在检查 {of} 里，请核对是不是同一张照片重复使用。", "a file of it stands in inspection {of}, too; look whether one photo was used twice."},
		"inspection.remark.far_away":        {"手机定位距清单所列位置 {of} km。", "the telephone was {of} km from where the list has the recipient."},
		"inspection.remark.not_listed":      {"检查上传时现行清单已没有 {of}。", "the list in force had {of} no more when the inspection came."},
		"inspection.remark.unsigned":        {"没有企业人员签名，也没有写明原因。", "nobody of the enterprise signed, and nothing says why."},
		"inspection.remark.clock_off":       {"手机时钟与服务器相差 {of} 秒；时间已注明两种。", "the telephone's clock differs from ours by {of} seconds; both times are given."},
	})
}
