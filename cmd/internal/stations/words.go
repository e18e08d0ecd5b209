package stations

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"stations.lost.frames": {"监测站发来的原始报文（读数可由其他节点或设备补传恢复）",
			"what stations sent, byte for byte (other nodes have it, and devices send it again where they are asked)"},
		"stations.lost.rows": {"监测读数（会由保存的原始报文重新生成）", "readings (they are made anew of the raw frames that are kept)"},

		"stations.not_kept": {"现在存不下监测数据，没有保存；请稍后重发，并请管理员看检查 telemetry。",
			"what stations send cannot be kept now, and this was not; send it again later, and have an administrator look at the check telemetry."},
		"stations.no_rows": {"监测读数现在读不出，请稍后再试；原因见检查 telemetry。",
			"readings cannot be read now; try again later. The check telemetry says why."},
		"stations.remaking": {"程序刚启动，正在由保存的原始报文重新生成监测读数（已完成 {share}%）；请稍后再试。报文照常保存和应答。",
			"the program has just started and makes readings again of the raw frames that it keeps ({share}% are done); try again later. What stations send is kept and confirmed all the same."},
		"stations.behind": {"监测读数还没有包括收到的全部报文（落后 {for}），赶上之前不据此判定；原因见检查 telemetry。",
			"readings do not include all that came yet (they are {for} behind), and nothing is judged by them until they do. The check telemetry says why."},
		"stations.follows": {"本节点还没有收全各节点接收的监测数据，收全之前不据此判定；原因见检查 telemetry。",
			"this node does not have all that stations sent to any node yet, and nothing is judged by it until it does. The check telemetry says why."},
		"stations.range": {"一次最多查 32 天的分钟和实时数据、400 天的小时和日数据；请缩短时间范围。",
			"at most 32 days of minutes and samples, and 400 of hours and days, are read at once; ask for less."},

		"stations.share": {"今天上报的数据已超过一个来源的份额（telemetry.share_mb_a_day），这条没有保存；请稍后再发，并检查设备或程序是否失控。",
			"more came today than the share of one source (telemetry.share_mb_a_day), and this was not kept; send it again later, and see whether a device or program runs wild."},
		"stations.passes":       {"这段时间的过车超过 {limit} 条；请缩短时间。", "more than {limit} vehicles went through in that time; choose a shorter one."},
		"stations.no_frame":     {"消息里没有 HJ 212 报文。", "there is no frame of HJ 212 in the message."},
		"stations.one_frame":    {"一条消息只能是一帧 HJ 212 报文；请逐帧发送。", "a message is one frame of HJ 212; send each by itself."},
		"stations.bad_frame":    {"不是合格的 HJ 212 报文：{why}", "it is no good frame of HJ 212: {why}"},
		"stations.no_mn":        {"报文没有设备编号（MN）。", "the frame has no MN."},
		"stations.unregistered": {"设备编号 {mn} 没有登记；请在值班台登记监测站，或改正编号。", "no station has the MN {mn}; register it at the desk, or mend the MN."},
		"stations.retired":      {"监测站 {mn} 已停用；请先恢复使用。", "station {mn} is retired; take it back into use first."},
		"stations.no_frames":    {"{mn} 登记为不发 HJ 212 报文（没有系统编码 ST）；请改登记，或以 JSON 上报。", "{mn} is registered as one that sends no frames (it has no ST); change that, or send readings as JSON."},
		"stations.password":     {"监测站 {mn} 的密码（PW）不对；请核对设备与登记。", "the password (PW) of station {mn} is another; compare device and register."},
		"stations.register":     {"现在读不出监测站 {mn} 的登记、密码或密钥，没有保存；请稍后重发，并请管理员看日志。", "what the register says of station {mn}, its password or key cannot be read now, and this was not kept; send it again later, and have an administrator look at the log."},
		"stations.guesses":      {"监测站 {mn} 的密码（PW）错得太多，暂不核对；请核对设备与登记，一分钟后再发。", "too many wrong passwords (PW) came for station {mn}, and none is compared now; compare device and register, and send it again in a minute."},
		"stations.other_mn":     {"报文的设备编号是 {mn}，主题是 {subject} 的；请发到它自己的主题。", "the frame is of {mn} and the subject of {subject}; send it to its own."},
	})
}
