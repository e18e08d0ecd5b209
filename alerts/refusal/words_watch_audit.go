package refusal

// What the auditor finds: orders without a next step, what is due and not done, and that it could not look.
func init() {
	register(map[string]words{
		"audit.unsent":       {"指令 {id}（{since} 下达）未签收，却没有待发的消息：请电话通知该对象", "order {id}, issued {since}, was not received and no message of it is to be sent: call the recipient"},
		"audit.sent_late":    {"指令 {id}（{since} 下达）未签收，下一次发送迟至 {due}，晚于 orders.repeat_max：请电话通知该对象；若刚调小过该设置，到时自行恢复", "order {id}, issued {since}, was not received and goes out again at {due} only, later than orders.repeat_max: call the recipient; where that setting was just made smaller, this ends by itself"},
		"audit.no_deadline":  {"指令 {id} 应于 {since} 前确认，却没有到期检查：请届时查看是否已确认并催办", "order {id} is to be acknowledged by {since} and nothing will look whether it was: look then, and press for it"},
		"audit.not_overdue":  {"指令 {id} 应于 {since} 前确认，至今未确认，却未计入逾期：请催办", "order {id} was to be acknowledged by {since}, was not, and is not counted overdue: press for it"},
		"audit.not_released": {"指令 {id} 的预警已于 {since} 结束，指令却仍有效，不会自行解除：请电话告知该对象", "the warning of order {id} ended at {since}, the order still binds and nothing will release it: call the recipient"},
		"audit.no_plan":      {"预警 {id} 自 {since} 起的减排令没有全部生成，也不会继续生成：请对照清单查出未收到的对象，逐个通知", "the orders of warning {id} since {since} are not all made and nothing will make them: find who has none by the list, and call them"},
		"audit.no_stage":     {"预警 {id} 的下一级别应于 {since} 生效，却不会生成减排令：请届时调整级别", "the next level of warning {id} takes effect at {since} and nothing will order it: change the level then"},

		"audit.found":      {"自动核对发现 {count} 件事不会自行完成：{first}。补办之后，请停下程序运行 qingkong journal check；有出入则运行 qingkong journal rebuild。", "the audit found {count} things that will not happen by themselves: {first}. When that is dealt with, stop the program and run qingkong journal check, and qingkong journal rebuild where it finds a difference."},
		"audit.late":       {"自动核对发现 {count} 件事到期超过 {minutes} 分钟仍未办：{first}。发送或定时可能已经停了：请看 /readyz 其他各项和日志；仍不恢复请重启程序，其间电话通知各对象。", "the audit found {count} things that fell due more than {minutes} minutes ago and are not done: {first}. Sending or timers may have stopped: see the other checks of /readyz and the log; where it does not recover, start the program again, and call the recipients meanwhile."},
		"audit.both":       {"{first}{next}", "{first} {next}"},
		"audit.list":       {"{first}；{next}", "{first}; {next}"},
		"audit.more":       {"{first}；等等", "{first}; and so on"},
		"audit.at_least":   {"至少 {count}", "at least {count}"},
		"audit.never":      {"启动以来没有过", "never since the start"},
		"audit.outbox_due": {"消息 {id} 应于 {since} 由通道 {channel} 发出", "message {id} was to go out by channel {channel} at {since}"},
		"audit.timer_due":  {"定时任务 {id} 应于 {since} 执行", "timer {id} was to run at {since}"},
		"audit.failed":     {"自动核对没有做完（{why}），有没有停滞的减排令无从得知：请看日志并重启程序；仍是如此，请停下程序运行 qingkong journal check。", "the audit could not be completed ({why}), so that nobody knows whether an order is stuck: see the log and start the program again; where that does not help, stop it and run qingkong journal check."},
		"audit.stale":      {"自动核对已超过 {minutes} 分钟没有完成（上次：{at}），有没有停滞的减排令无从得知：请看日志并重启程序。", "the audit has not been completed for more than {minutes} minutes (last: {at}), so that nobody knows whether an order is stuck: see the log and start the program again."},
	})
}
