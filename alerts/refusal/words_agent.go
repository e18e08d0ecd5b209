package refusal

func init() {
	register(map[string]words{
		"cli.see_help": {"用法见 {command} --help", "see {command} --help"},

		"agent.password_unreadable": {"读不到口令文件 {file}（{why}）；请检查 --password-file 的路径和权限。", "the password file {file} cannot be read ({why}); check the path and permissions of --password-file."},
		"agent.password_empty":      {"口令文件 {file} 是空的；请写入管理员发放的口令，一行即可。", "the password file {file} is empty; write the password that the administrator issued, on one line."},
		"agent.login_refused":       {"{recipient} 的口令被拒绝；请核对编号和口令文件，或请管理员重新发放。", "the password of {recipient} was refused; check the id and the password file, or have the administrator issue a new one."},
		"agent.unreachable":         {"连不上 {url}（{why}）；请检查 --nats-url、网络，以及晴空是否在运行。", "{url} cannot be reached ({why}); check --nats-url, the network, and that qingkong is running."},
		"agent.connected":           {"已连接 {url}，以 {recipient} 接收减排令", "connected to {url}, receiving orders as {recipient}"},
		"agent.disconnected":        {"连接断开（{why}），正在重连", "the connection was lost ({why}), reconnecting"},
		"agent.trouble":             {"连接出错：{why}", "the connection reports: {why}"},
		"agent.pull_refused":        {"补取减排令被拒绝：{why}；请联系管理员", "asking for open orders was refused: {why}; tell the administrator"},
		"agent.unreadable":          {"收到读不懂的内容（{why}），未回执；请联系管理员", "a message could not be read ({why}) and was not answered; tell the administrator"},

		"agent.order":          {"{drill}{event} {level} {id} {title}：措施 {count} 项：{measures}", "{drill}{event} {level} {id} {title}: {count} measures: {measures}"},
		"agent.order_by":       {"{drill}{event} {level} {id} {title}：措施 {count} 项：{measures}（请于 {by} 前确认）", "{drill}{event} {level} {id} {title}: {count} measures: {measures} (acknowledge by {by})"},
		"agent.order_released": {"{drill}{event} {level} {id} {title}：措施停止执行", "{drill}{event} {level} {id} {title}: its measures end"},
		"agent.answered":       {"已{action} {id}", "{action} sent for {id}"},
		"agent.answer_refused": {"{id} 的{action}被拒绝：{why}", "{action} of {id} was refused: {why}"},
		"agent.drill":          {"【演练】", "[DRILL] "},

		"agent.event.issued":       {"下达", "issued"},
		"agent.event.revised":      {"变更", "revised"},
		"agent.event.released":     {"解除", "released"},
		"agent.action.receive":     {"回执", "receipt"},
		"agent.action.acknowledge": {"确认", "acknowledgement"},
		"agent.level.advisory":     {"管控要求", "advisory"},
		"agent.level.yellow":       {"黄色(Ⅲ级)", "yellow"},
		"agent.level.orange":       {"橙色(Ⅱ级)", "orange"},
		"agent.level.red":          {"红色(Ⅰ级)", "red"},
	})
}
