package web

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"allocate.time_limit": {"时限 {value} 不对；应为 0.1 至 {limit} 秒。",
			"the time limit {value} is wrong; give 0.1 to {limit} seconds."},

		"backup.goes_on": {"备份还在写，不会因此中断；写完后出现在 GET /api/v1/backups，用同一个 Idempotency-Key 再问也会得到它。",
			"the backup is still being written and goes on; GET /api/v1/backups lists it when it is whole, and the same Idempotency-Key gives it."},
		"backup.nowhere": {"没有配置备份目录（backup.dir），未做备份；请在配置文件里写上并重启，或在服务器上运行 qingkong backup。",
			"no folder for backups is configured (backup.dir), and none was made; set it in the settings file and restart, or run qingkong backup on the server."},

		// Versions.
		"list.as_of_version": {"as_of 与 version 只能给一个；请去掉其中之一。", "give as_of or version, not both; remove one of them."},
		"list.media":         {"不能接收 {type}；请直接上传 .xlsx 文件（Content-Type 为 application/vnd.openxmlformats-officedocument.spreadsheetml.sheet 或 application/octet-stream），或用 multipart/form-data 的 file 部分上传。", "{type} is not accepted; send the .xlsx file itself (Content-Type application/vnd.openxmlformats-officedocument.spreadsheetml.sheet or application/octet-stream), or as the part file of multipart/form-data."},
		"list.want_severity": {"“{value}”不是问题的严重程度；请用 error 或 warning。", "{value} is no severity; use error or warning."},

		// What the commands about a list say.
		"list.export_format": {"不能导出为“{value}”；请用 format=xlsx。", "{value} is no format of an export; use format=xlsx."},

		"live.one_filter": {"参数 order 与 warning 只能给一个；减排令已属于一次预警，请去掉 warning（{value}）。",
			"give either order or warning; an order belongs to a warning already, so remove warning ({value})."},

		"papers.want_format": {"格式“{value}”不对；可用 {allowed}。", "the format {value} is wrong; use {allowed}."},
		"papers.want_kind": {"“{value}”不是文件种类；可用 plan（操作方案）或 board（公示牌）。",
			"{value} is no kind of paper; use plan or board."},

		"http.method": {"该地址不接受 {method}；可用：{allowed}。", "{method} is not accepted here; use {allowed}."},
		"http.range": {"文件有 {size} 个字节，没有所要的这一段；请去掉 Range 或改正后重取。",
			"the file has {size} bytes and nothing of that range; leave Range out or correct it."},
		"http.token": {"未登录、登录已过期或令牌无效；请重新登录，或在 Authorization: Bearer 后给出有效令牌。",
			"not signed in, the session is over, or the token is not valid; log in again, or give a valid token after Authorization: Bearer."},
		"http.media": {"只接受 application/json；收到的是 {type}。", "only application/json is accepted; {type} was sent."},

		"session.none": {"没有这个登录，或它已经结束；请重新查看列表。",
			"there is no such session of yours, or it has ended; look at the list again."},

		"device.unknown": {"这个浏览器不认得您，没有密钥；请在这里重新登录。",
			"this browser is not known as yours and has no key; log in here again."},

		"http.no_answer": {"在规定时间内没有得到结果，结果未知；请用同一个 Idempotency-Key 重试，相同内容不会重复生效。",
			"there was no answer in time and the outcome is not known; try again with the same Idempotency-Key, the same content takes effect once."},
		"http.key": {"Idempotency-Key 应只有一个，为 1 至 200 个可见 ASCII 字符；请改正后重发。",
			"give one Idempotency-Key of 1 to 200 visible ASCII characters; mend it and send it again."},
		"http.query_unknown": {"没有“{name}”这个参数；请去掉或改用接口说明里的名称。",
			"there is no parameter {name}; remove it or use the name the interface gives."},
		"http.want_query": {"网址中 {name} 之后的“{value}”无法解析；请按 URL 编码规则改正。",
			"what follows {name} in the address, {value}, cannot be read; encode it as a URL asks for."},
		"http.want_once": {"参数 {name} 给了多次（{value}）；只保留一个。",
			"parameter {name} is given more than once ({value}); keep one."},
		"http.want_limit": {"参数 {name} 的值“{value}”不对；应为 1 至 1000 的整数。",
			"the value {value} of parameter {name} is wrong; give a whole number from 1 to 1000."},
		"http.want_revision": {"参数 {name} 的值“{value}”不对；应为看到的修订号，不小于 1 的整数。",
			"the value {value} of parameter {name} is wrong; give the revision that was seen, a whole number of 1 or more."},
		"http.want_yes_no": {"参数 {name} 的值“{value}”不对；应为 true 或 false。",
			"the value {value} of parameter {name} is wrong; give true or false."},
		"http.want_index": {"参数 {name} 的值“{value}”不对；应为不小于 0 的整数。",
			"the value {value} of parameter {name} is wrong; give a whole number of 0 or more."},
		"http.want_time": {"参数 {name} 的值“{value}”不对；应为 YYYY-MM-DD 或 RFC 3339 时间。",
			"the value {value} of parameter {name} is wrong; give YYYY-MM-DD or a time as RFC 3339 has it."},
		"http.no_entry": {"记录只有 {size} 条，没有第 {entry} 条（从 0 起）；请核对序号。",
			"the ledger has {size} entries and no entry {entry} (counted from 0); check the index."},
	})
}
