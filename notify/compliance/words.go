package compliance

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"finding.not_found":   {"没有监测发现 {id}；请在监测发现列表里核对编号。", "there is no finding {id}; look its id up in the list of findings."},
		"finding.twice":       {"措施 {measure} 的监测 {ref} 在一次判定里出现了两次；未做任何改动。", "the monitor {ref} of measure {measure} is judged twice at once; nothing was changed."},
		"finding.other_order": {"减排令 {id} 不属于所判定的预警和企业；未做任何改动。", "order {id} is of another warning or recipient than is judged; nothing was changed."},
		"finding.drill":       {"减排令 {id} 属于演练，不作监测判定。", "order {id} is a drill's and is not judged by measurements."},
		"finding.replaced":    {"减排令 {id} 已被新一版取代；请按最新一版判定。", "order {id} was replaced by a newer revision; judge that one."},
		"finding.goes_on":     {"减排令 {id} 还在执行，不能作最终判定。", "order {id} goes on and cannot be judged for good yet."},
		"finding.not_told":    {"{id}：企业还没有被告知，不能判为违反。", "{id}: the enterprise was not told yet, so it is no violation."},
		"finding.advisory":    {"{id}：管控要求不强制，不判为违反。", "{id}: an advisory order does not compel and is not violated."},
		"finding.by_baseline": {"{id}：按基线比例判定的，只有企业说明被驳回后才判为违反。", "{id}: what is held against a baseline is a violation only where an explanation was rejected."},
		"finding.may_explain": {"{id}：企业说明的时限未到，不能判为违反。", "{id}: the time to explain is not over, so it is no violation yet."},
		"finding.explained":   {"{id}：企业已作说明，等待处理，不能判为违反。", "{id}: it was explained and waits for a decision, so it is no violation yet."},

		"finding.explained_already": {"{id} 已有一份说明等待处理；请等处理后再补充。", "an explanation of {id} waits for a decision; wait for it before you add another."},
		"finding.explained_often":   {"{id} 的说明已有 {limit} 份，不再接收；请电话联系值班室。", "{id} was explained {limit} times and no more is taken; call the duty room."},
		"finding.cleared":           {"{id} 已解除，不需要说明（现为{state}）。", "{id} was cleared and needs no explanation (now {state})."},
		"finding.note":              {"请写明情况或附上材料。", "say what happened, or hand in evidence."},
		"finding.decision":          {"“{value}”不是处理意见；请用 accept 或 reject。", "{value} is no decision; use accept or reject."},
		"finding.nothing_waits":     {"{id} 没有等待处理的说明（现为{state}）；请刷新后再看。", "no explanation of {id} waits for a decision (now {state}); reload and look again."},
		"finding.reason":            {"不采纳说明要写理由，企业会看到。", "a rejection has a reason, which the enterprise will see."},
		"finding.hours":             {"{value} 不在这条发现的时段内（{from} 至 {to}）；请选其中的整点。", "{value} is not within the finding ({from} to {to}); choose hours of it."},
		"finding.value":             {"{at} 没有报送过数值 {value}；请从列出的数值中选。", "no value {value} was sent for {at}; choose one that is listed."},
		"finding.hour_runs":         {"{value} 这一小时还没有结束，或不是整点；未做任何改动。", "the hour {value} is not over or not a whole hour; nothing was changed."},

		"finding.no_drill":          {"演练没有监测发现；说明请发到 {subject}。", "a drill has no findings; send explanations to {subject}."},
		"finding.none_here":         {"本节点没有监测数据，不能核查；请改用另一节点。", "this node keeps no readings and judges nothing; use another node."},
		"finding.derive_gone":       {"{at}：减排令现在不再要求这一时段，推算不出。", "{at}: nothing is demanded of that hour any more, so nothing follows."},
		"finding.derive_no_reading": {"{at}：记录的数值 {was} 的原始数据已不在库中。", "{at}: the readings behind the recorded {was} are kept no more."},
		"finding.derive_measured":   {"{at}：数值记录为 {was}，现推算为 {now}。", "{at}: {was} was recorded as measured, and {now} comes out now."},
		"finding.derive_result":     {"{at}：结论记录为“{was}”，现推算为“{now}”。", "{at}: recorded as {was}, and comes out as {now}."},
		"finding.derive_limit":      {"{at}：限值记录为 {was}，现推算为 {now}。", "{at}: the limit was recorded as {was}, and comes out as {now}."},
		"finding.derive_baseline":   {"{at}：基线记录用 {was} 天的数值，现有 {now} 天，或数值不同。", "{at}: the baseline was made of {was} days, and of {now} now, or of other values."},
		"finding.derive_said":       {"{at}：记录时有 {was} 个不同数值，现有 {now} 个，或数值不同。", "{at}: {was} differing values were there when it was recorded, and {now} are now, or others."},

		"finding.verdict_filter": {"不认识的结论“{value}”；可用 {allowed}。", "unknown verdict {value}; use {allowed}."},

		"evidence.not_found":     {"没有材料 {hash}；请核对，或重新上交。", "there is no file {hash}; check it, or hand it in again."},
		"evidence.gone":          {"材料 {hash} 已删除或损坏；请看“文件”一项检查。", "the file {hash} was erased or is damaged; see the check blobs."},
		"evidence.empty":         {"文件是空的；请重新选择。", "the file is empty; choose it again."},
		"evidence.size":          {"文件超过 {limit} MB；请压缩后再交。", "the file has more than {limit} MB; hand in a smaller one."},
		"evidence.none":          {"还没有选文件；请先选好再按“上交”。", "no file is chosen; choose one, then hand it in."},
		"evidence.many":          {"今天已上交 {limit} 份文件，到了一天的上限；请明天再交，或打电话告诉值班室。", "{limit} files were handed in today, as many as a day takes; go on tomorrow, or call the duty room."},
		"evidence.much":          {"今天上交的文件合计将超过 {limit} MB，是一天的上限；请明天再交，或打电话告诉值班室。", "the files of today would have more than {limit} MB, as many as a day takes; go on tomorrow, or call the duty room."},
		"evidence.exchanged":     {"收到的内容与事先给出的校验值 {said} 不同（实为 {is}），没有保存；请从原照片重新上传。", "what came is not what {said} names (it is {is}), and was not kept; send the original again."},
		"evidence.claimed":       {"拍摄时间或位置“{value}”读不出；时间用带时区的 RFC 3339，经纬度用度（WGS-84）且要一并给出。", "{value} is no time or place of a photo; times are RFC 3339 with offset, lon and lat are degrees of WGS-84 and come together."},
		"evidence.preview_size":  {"“{name}”应为 16 到 {limit} 的整数，不能是“{value}”。", "{name} is a whole number from 16 to {limit}, not {value}."},
		"evidence.preview_none":  {"这份材料没有缩略图；请取原文件（不带 size）。", "there is no small picture of this file; take the file itself, without size."},
		"evidence.preview_busy":  {"正在生成别的缩略图；请稍后再试。", "other small pictures are being made; try again in a moment."},
		"evidence.preview_large": {"图片太大，不生成缩略图；请取原文件（不带 size）。", "the picture is too large to be shown small; take the file itself, without size."},
		"evidence.type":          {"不接受这种文件（{type}）；请交照片、PDF、表格、文本或视频。", "a file of that kind ({type}) is not taken; hand in a photo, a PDF, a table, a text or a video."},

		"remark.photo_far":           {"照片的拍摄位置距现场 {metres} 米。", "the photo was taken {metres} m away from the site."},
		"remark.photo_late":          {"照片的拍摄时间与检查时间相差 {minutes} 分钟。", "the photo was taken {minutes} minutes off the time of the inspection."},
		"remark.photo_place_differs": {"照片自带的位置与手机上报的位置相距 {metres} 米。", "the place in the photo is {metres} m away from the one that the device gives."},
		"remark.photo_time_differs":  {"照片自带的时间与手机上报的时间相差 {minutes} 分钟。", "the time in the photo is {minutes} minutes off the one that the device gives."},

		"task.state":     {"不认识的任务状态“{value}”；可用 {allowed}。", "unknown state {value} of a task; use {allowed}."},
		"task.not_found": {"没有任务 {id}；请在任务列表里核对编号。", "there is no task {id}; look its id up in the list of tasks."},
		"task.recipient": {"请写明任务是去哪一家。", "say to whom the task is to go."},
		"task.due":       {"期限 {value} 已过；请填以后的时间。", "the deadline {value} is past; give a later time."},
		"task.step":      {"任务 {id} 现为“{state}”，不能这样改；请刷新后再看。", "task {id} is {state} and cannot be changed so; reload and look again."},
		"task.taken":     {"任务 {id} 已由 {user} 领取；要改派请写明由谁去。", "{user} has taken task {id}; to give it to somebody say to whom."},
		"task.nobody":    {"{value} 不能办理任务；请填值班员或检查员的账号。", "{value} cannot do tasks; give the account of a duty officer or an inspector."},
		"task.cursor":    {"“{value}”不是上一页的 next；请从第一页重新取。", "{value} is no next of a page; begin with the first page again."},
		"task.order":     {"减排令 {id} 不属于 {recipient}，或属于演练；请核对。", "order {id} is not one of {recipient}, or a drill's; check it."},
		"task.assignee":  {"请写明由谁去。", "say who is to go."},
		"task.reason":    {"取消任务要写理由。", "to drop a task takes a reason."},
	})
}
