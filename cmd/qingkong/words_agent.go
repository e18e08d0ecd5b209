package main

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"cli.see_help": {"用法见 {command} --help", "see {command} --help"},

		"agent.password_unreadable": {"读不到口令文件 {file}（{why}）；请检查 --password-file 的路径和权限。", "the password file {file} cannot be read ({why}); check the path and permissions of --password-file."},
		"agent.password_empty":      {"口令文件 {file} 是空的；请写入管理员签发的口令或令牌，一行即可。", "the password file {file} is empty; write the password or a token that the administrator issued, on one line."},
		"agent.login_refused":       {"{recipient} 的口令或令牌被拒绝：可能不对、已被换发或收回、令牌已过期，或者是自己在网页上选的口令（只用于网页）。请核对编号和口令文件，写入管理员签发的口令或令牌。", "the login of {recipient} was refused: the password or token may be mistyped, ended or expired, or it is a password that its owner chose, which serves in the browser alone. Check the id and the password file, and put the password or a token into it that an administrator issued."},
		"agent.unreachable":         {"连不上 {url}（{why}）；请检查 --nats-url、网络，以及晴空是否在运行。", "{url} cannot be reached ({why}); check --nats-url, the network, and that qingkong is running."},
		"agent.connected":           {"已连接 {url}，以 {recipient} 接收减排令", "connected to {url}, receiving orders as {recipient}"},
		"agent.disconnected":        {"连接断开（{why}），正在重连", "the connection was lost ({why}), reconnecting"},
		"agent.trouble":             {"连接出错：{why}", "the connection reports: {why}"},
		"agent.pull_refused":        {"补取减排令被拒绝：{why}；请联系管理员", "asking for open orders was refused: {why}; tell the administrator"},
		"agent.unreadable":          {"收到读不懂的内容（{why}），未签收；请联系管理员", "a message could not be read ({why}) and was not answered; tell the administrator"},

		"agent.folder_unusable":   {"数据目录 {dir} 不能使用（{why}）；请检查 --data 的路径、权限和磁盘空间。", "the data folder {dir} cannot be used ({why}); check the path of --data, its permissions and the space on disk."},
		"agent.folder_busy":       {"数据目录 {dir} 正被另一个企业端使用；请先停止它，或用 --data 另指定目录。", "the data folder {dir} is in use by another agent; stop that one first, or give another folder with --data."},
		"agent.folder_of_another": {"数据目录 {dir} 属于 {owner}，不是 {recipient} 的；请用 --data 另指定目录。", "the data folder {dir} belongs to {owner}, not to {recipient}; give another folder with --data."},
		"agent.nothing_kept":      {"未指定 --data：收到的减排令不存盘，重启后会再次显示", "no --data: orders are not kept, and are shown again after a restart"},
		"agent.kept":              {"数据目录 {dir}：已存减排令事件 {events} 条，待发签收与确认 {answers} 条，待运行命令 {runs} 条", "data folder {dir}: {events} order events kept, {answers} answers to be sent, {runs} commands to be run"},
		"agent.runs_waiting":      {"有 {count} 条减排令尚待运行命令；请加 --run 启动", "{count} orders still wait for their command; start with --run"},
		"agent.damaged":           {"文件 {file} 已损坏或不完整（{why}），未采用", "the file {file} is damaged or incomplete ({why}) and was left out"},
		"agent.not_kept":          {"减排令 {id} 不能存盘（{why}），未签收，待再次收到；请检查数据目录", "order {id} could not be kept ({why}), is not answered and will come again; check the data folder"},
		"agent.progress_not_kept": {"减排令 {id} 的处理结果不能存盘（{why}），重启后可能重做；请检查数据目录", "what became of order {id} could not be kept ({why}) and may be done again after a restart; check the data folder"},
		"agent.offline":           {"连不上 {url}（{why}），继续重试；已存的减排令照常处理", "{url} cannot be reached ({why}), trying on; what was kept is dealt with meanwhile"},
		"agent.run_done":          {"{event} {id} 的命令已成功", "the command for {event} {id} succeeded"},
		"agent.run_failed":        {"{event} {id} 的命令失败（{why}），{pause} 后重试：{said}", "the command for {event} {id} failed ({why}), again in {pause}: {said}"},
		"agent.run_tried":         {"失败 {count} 次，待重试", "failed {count} times, to be tried again"},
		"agent.list_empty":        {"{dir} 中没有减排令", "{dir} holds no orders"},
		"agent.state.waiting":     {"待办", "waiting"},
		"agent.state.refused":     {"被拒绝", "refused"},

		"agent.order":          {"{drill}{event} {level} {id} {title}{window}：措施 {count} 项：{measures}", "{drill}{event} {level} {id} {title}{window}: {count} measures: {measures}"},
		"agent.order_by":       {"{drill}{event} {level} {id} {title}{window}：措施 {count} 项：{measures}（请于 {by} 前确认）", "{drill}{event} {level} {id} {title}{window}: {count} measures: {measures} (acknowledge by {by})"},
		"agent.order_released": {"{drill}{event} {level} {id} {title}：措施停止执行", "{drill}{event} {level} {id} {title}: its measures end"},
		"agent.window":         {"，自 {from} 起至 {to} 止", ", from {from} to {to}"},
		"agent.window_open":    {"，自 {from} 起，结束时间另行通知", ", from {from} until further notice"},
		"agent.release":        {"{drill}{event} {level} {id} {title}：{text}{why}", "{drill}{event} {level} {id} {title}: {text}{why}"},
		"agent.release_why":    {"（原因：{reason}）", " (reason: {reason})"},
		"agent.answered":       {"已{action} {id}", "{action} sent for {id}"},
		"agent.answer_refused": {"{id} 的{action}被拒绝：{why}", "{action} of {id} was refused: {why}"},
		"agent.drill":          {"【演练】", "[DRILL] "},
	})
}
