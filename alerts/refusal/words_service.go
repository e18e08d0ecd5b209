package refusal

func init() {
	register(map[string]words{
		"input.not_as_subject": {"与主题不符：主题为 {subject}，内容为 {value}；请改为一致后重发。", "differs from the subject: the subject says {subject}, the content {value}; make them agree and send it again."},
		"warning.no_list":      {"{at} 没有生效的应急减排清单，不能发布预警；请先导入并启用清单。", "no reduction list is in force on {at}, so no warning can be declared; import and activate a list first."},
		"http.no_route":        {"没有这个地址：{path}；请查看接口说明 /api/v1/openapi.json。", "there is nothing at {path}; see the interface at /api/v1/openapi.json."},
		"http.method":          {"该地址不接受 {method}；可用：{allowed}。", "{method} is not accepted here; use {allowed}."},
		"http.token":           {"未登录、登录已过期或令牌无效；请重新登录，或在 Authorization: Bearer 后给出有效令牌。", "not signed in, the session is over, or the token is not valid; log in again, or give a valid token after Authorization: Bearer."},
		"http.role":            {"角色“{role}”无权执行此操作；请由有权的人员办理。", "the role {role} may not do this; ask somebody who may."},
		"http.media":           {"只接受 application/json；收到的是 {type}。", "only application/json is accepted; {type} was sent."},
		"http.query":           {"参数 {name} 的值“{value}”不对；{want}。", "the value {value} of parameter {name} is wrong; {want}."},
		"order.drill":          {"该指令不属于此主题（演练与实战分开）；请用 {subject} 作答。", "the order does not belong to this subject (drill and live are apart); answer on {subject}."},
		"recipient.unknown":    {"现行清单中没有编号为 {id} 的对象；请核对编号。", "the list in force has no recipient {id}; check the id."},
		"internal":             {"系统内部错误，结果未知；请稍后重试（相同内容重复提交是安全的）。", "internal error, the outcome is not known; try again in a moment (the same content may safely be sent twice)."},
	})
}
