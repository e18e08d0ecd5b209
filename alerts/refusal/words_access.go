package refusal

func init() {
	register(map[string]words{
		"access.unauthenticated":           {"没有登录，或口令、令牌不对；请登录，或核对 Authorization 里的令牌。", "not logged in, or the password or token is wrong; log in, or check the token in Authorization."},
		"access.forbidden":                 {"“{role}”角色不能做这件事（{act}）；请换用有权限的账号。", "the role {role} may not do this ({act}); use an account that may."},
		"access.user_name":                 {"账号名“{user}”不合规：应为 1–40 位小写字母、数字、“_”或“-”，以字母或数字开头。", "{user} cannot be an account's name: use 1 to 40 lower-case letters, digits, _ or -, beginning with a letter or digit."},
		"access.user_reserved":             {"名称“{user}”由系统保留；请换一个。", "the name {user} is the system's own; choose another one."},
		"access.role_unknown":              {"没有“{role}”这个角色；可用 duty、approver、inspector、town、viewer、feeder、admin、neighbour。", "there is no role {role}; use duty, approver, inspector, town, viewer, feeder, admin or neighbour."},
		"access.enterprise_by_credentials": {"企业不在这里开账号；请用 POST /api/v1/recipients/{id}/credentials 为减排对象签发凭据。", "an enterprise gets no account here; issue its credentials with POST /api/v1/recipients/{id}/credentials."},
		"access.town_required":             {"街镇账号必须写明街镇（town）。", "a town's account must name its town."},
		"access.text_wrong":                {"过长或含有控制字符；请用不超过 {limit} 个字的一行文字。", "too long, or has control characters; use one line of at most {limit} characters."},
		"access.recipient_id":              {"“{recipient}”不是减排对象编号（1–40 位字母、数字、“_”或“-”）；请核对清单。", "{recipient} is not a recipient id (1 to 40 letters, digits, _ or -); check the list."},
		"access.user_taken":                {"账号“{user}”已存在；请换一个名称，或为它新增令牌。", "the account {user} exists; choose another name, or add a token to it."},
		"access.name_is_recipient":         {"“{user}”与减排对象 {recipient} 的登录名相同（不分大小写）；请换一个账号名。", "{user} is the login of the recipient {recipient}, whatever the case of its letters; choose another name."},
		"access.name_is_account":           {"减排对象编号“{recipient}”与账号 {user} 同名（不分大小写），不能签发凭据；请在清单里改用别的编号。", "the recipient id {recipient} is the name of the account {user}, whatever the case of its letters, so it gets no credentials; give the recipient another id in the list."},
		"access.not_found":                 {"没有“{user}”这个用户；请核对名称，减排对象须先签发凭据。", "there is no user {user}; check the name, and issue a recipient's credentials first."},
		"access.token_not_found":           {"用户“{user}”没有令牌“{token}”；请核对令牌编号。", "the user {user} has no token {token}; check the token's id."},
		"access.user_disabled":             {"用户“{user}”已停用（{state}）；请先启用。", "the user {user} is {state}; enable it first."},
		"access.credentials_revoked":       {"减排对象“{user}”的凭据已吊销（{state}）；请先重新签发凭据。", "the credentials of {user} are {state}; issue new ones first."},
		"access.is_recipient":              {"“{user}”是减排对象，不是账号；请用 POST /api/v1/recipients/{user}/credentials 重新签发凭据。", "{user} is a recipient, not an account; issue its credentials with POST /api/v1/recipients/{user}/credentials."},
		"access.is_account":                {"“{user}”是账号，不是减排对象；请用 POST /api/v1/accounts/{user}/disable 停用。", "{user} is an account, not a recipient; disable it with POST /api/v1/accounts/{user}/disable."},
		"access.expires_past":              {"到期时间 {expires_at} 已经过了（现在是 {now}）；请给一个将来的时间，不给就长期有效。", "{expires_at} is not to come (it is {now}); give a later time, or none for a token without end."},
		"access.too_many_tokens":           {"用户“{user}”已有 {limit} 个令牌，达到上限；请先吊销不用的。", "the user {user} has {limit} tokens, which is the limit; revoke one that is not used."},
		"access.not_yourself":              {"不能停用自己的账号（{user}）；请由另一位管理员操作。", "nobody disables its own account ({user}); let another administrator do it."},
		"access.sessions_of_others":        {"只能结束自己的登录，不能结束“{user}”的；请用其本人的账号，或停用该账号。", "sessions are ended by their own user alone, and {user} is another one; use that account, or disable it."},
		"access.login_key_there":           {"登录密钥已由另一个节点建立。", "another node has made the login key."},
		"access.secret_shown_once":         {"幂等键“{key}”已用过；口令和令牌只在第一次的应答里出示，不能再看。没有收到就请换一个新的键重新签发或新增令牌。", "the idempotency key {key} was used; a password or token is shown in the first answer alone. If that was lost, use a new key to issue new credentials or to add a token."},
	})
}
