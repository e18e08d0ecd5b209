package watch

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"watch.starting": {"系统正在启动；请稍候，超过几分钟仍如此请看日志。",
			"the system is starting; wait a little, and look into the log when it takes longer than some minutes."},
		"watch.not_asked": {"还没有检查过；请稍候。", "was not looked at yet; wait a little."},
		"watch.no_answer": {"{limit} 内没有应答；请看日志，一直如此请联系技术人员重启程序。",
			"gives no answer within {limit}; look into the log, and have the program restarted when this lasts."},
		"watch.panicked": {"检查本身出错（{what}）；请把日志交给技术人员。",
			"the check itself failed ({what}); hand the log to whoever maintains the program."},

		"watch.name.writer":   {"写入记录", "writing the record"},
		"watch.name.follower": {"数据流跟随", "following of the stream"},
		"watch.name.nats":     {"NATS 连接", "NATS connections"},
		"watch.name.leader":   {"送达与定时器的值守", "delivery and timers"},
		"watch.name.clock":    {"时钟", "clock"},
		"watch.name.disk":     {"磁盘空间", "disk space"},
		"watch.name.vault":    {"保密库", "vault"},
		"watch.name.record":   {"记录完整性", "soundness of the record"},
		"watch.name.outbox":   {"消息发出", "messages going out"},
		"watch.name.auditor":  {"减排令巡检", "audit of the orders"},
		"watch.name.backup":   {"备份", "backup"},
		"watch.name.tls":      {"TLS 证书", "TLS certificates"},
		"watch.name.logins":   {"登录失败", "failed logins"},

		"watch.name.credentials": {"令牌有效期", "ends of tokens"},
		"watch.name.start":       {"启动", "start"},

		"watch.state.ok":       {"正常", "ok"},
		"watch.state.degraded": {"受限", "degraded"},
		"watch.state.failed":   {"故障", "failed"},

		"watch.status.degraded":  {"系统有异常，操作仍可记录", "Something is wrong; acts are still recorded"},
		"watch.status.not_ready": {"系统现在不能记录任何操作", "Nothing can be recorded at present"},
		"watch.name.blobs":       {"记录引用的文件", "files that the record names"},
		"watch.name.local":       {"本节点的运行数据", "data of this node alone"},
		"watch.name.telemetry":   {"监测数据", "what stations send"},
	})
}
