package access

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"access.unauthenticated":           {"没有登录，或口令、令牌不对；请登录，或核对 Authorization 里的令牌。", "not logged in, or the password or token is wrong; log in, or check the token in Authorization."},
		"access.forbidden":                 {"“{role}”角色不能做这件事（{act}）；请换用有权限的账号。", "the role {role} may not do this ({act}); use an account that may."},
		"access.user_name":                 {"账号名“{user}”不合规：应为 1–40 位小写字母、数字、“_”或“-”，以字母或数字开头。", "{user} cannot be an account's name: use 1 to 40 lower-case letters, digits, _ or -, beginning with a letter or digit."},
		"access.user_reserved":             {"名称“{user}”由系统保留；请换一个。", "the name {user} is the system's own; choose another one."},
		"access.role_unknown":              {"没有“{role}”这个角色；可用 duty、approver、inspector、town、viewer、feeder、admin、neighbour。", "there is no role {role}; use duty, approver, inspector, town, viewer, feeder, admin or neighbour."},
		"access.enterprise_by_credentials": {"企业不在这里开账号；请用 POST /api/v1/recipients/{id}/credentials 为减排对象签发凭据。", "an enterprise gets no account here; issue its credentials with POST /api/v1/recipients/{id}/credentials."},
		"access.town_required":             {"街镇账号必须写明街镇（town）。", "a town's account must name its town."},
		"access.recipient_id":              {"“{recipient}”不是减排对象编号（1–40 位字母、数字、“_”或“-”）；请核对清单。", "{recipient} is not a recipient id (1 to 40 letters, digits, _ or -); check the list."},
		"access.user_taken":                {"账号“{user}”已存在；请换一个名称，或为它新增令牌。", "the account {user} exists; choose another name, or add a token to it."},
		"access.name_is_recipient":         {"“{user}”与减排对象 {recipient} 的登录名相同（不分大小写）；请换一个账号名。", "{user} is the login of the recipient {recipient}, whatever the case of its letters; choose another name."},
		"access.name_is_account":           {"减排对象编号“{recipient}”与账号 {user} 同名（不分大小写），不能签发凭据；请在清单里改用别的编号。", "the recipient id {recipient} is the name of the account {user}, whatever the case of its letters, so it gets no credentials; give the recipient another id in the list."},
		"access.not_found":                 {"没有“{user}”这个用户；请核对名称，减排对象须先签发凭据。", "there is no user {user}; check the name, and issue a recipient's credentials first."},
		"access.token_not_found":           {"用户“{user}”没有令牌“{token}”；请核对令牌编号。", "the user {user} has no token {token}; check the token's id."},
		"access.user_disabled":             {"用户“{user}”已停用；请先启用。", "the user {user} is disabled; enable it first."},
		"access.credentials_revoked":       {"减排对象“{user}”的凭据已吊销；请先重新签发凭据。", "the credentials of {user} are revoked; issue new ones first."},
		"access.is_recipient":              {"“{user}”是减排对象，不是账号；请用 POST /api/v1/recipients/{user}/credentials 重新签发凭据。", "{user} is a recipient, not an account; issue its credentials with POST /api/v1/recipients/{user}/credentials."},
		"access.is_account":                {"“{user}”是账号，不是减排对象；请用 POST /api/v1/accounts/{user}/disable 停用。", "{user} is an account, not a recipient; disable it with POST /api/v1/accounts/{user}/disable."},
		"access.expires_past":              {"到期时间 {expires_at} 已经过了（现在是 {now}）；请给一个将来的时间，不给就长期有效。", "{expires_at} is not to come (it is {now}); give a later time, or none for a token without end."},
		"access.too_many_tokens":           {"用户“{user}”已有 {limit} 个令牌，达到上限；请先吊销不用的。", "the user {user} has {limit} tokens, which is the limit; revoke one that is not used."},
		"access.not_yourself":              {"不能停用自己的账号（{user}）；请由另一位管理员操作。", "nobody disables its own account ({user}); let another administrator do it."},
		"access.sessions_of_others":        {"只能结束自己的登录，不能结束“{user}”的；请用其本人的账号，或停用该账号。", "sessions are ended by their own user alone, and {user} is another one; use that account, or disable it."},
		"access.login_key_there":           {"登录密钥已由另一个节点建立。", "another node has made the login key."},
		"access.secret_shown_once":         {"幂等键“{key}”已用过；口令和令牌只在第一次的应答里出示，不能再看。没有收到就请换一个新的键重新签发或新增令牌。", "the idempotency key {key} was used; a password or token is shown in the first answer alone. If that was lost, use a new key to issue new credentials or to add a token."},

		"access.factor_of_recipient": {"减排对象“{user}”不用二次验证。", "the recipient {user} takes no second factor."},
		"access.factor_moved":        {"账号“{user}”的二次验证刚刚改变，什么也没有做；请用现在的验证码重试。", "the second factor of {user} has just changed and nothing was done; try again with a code of the one in force."},
		"access.factor_lost":         {"账号“{user}”的验证密钥已不在保密库中，验证码无法核对；请管理员重置二次验证后重新绑定。", "the secret of the second factor of {user} is no longer in the vault, so that no code can be checked; let an administrator reset it and enrol anew."},
		"access.factor_secret":       {"不是这里给出的密钥；请用刚才显示的那一个，或重新打开本页取一个新的。", "is not a secret as it is handed out here; use the one that was shown, or open the page again for a new one."},
		"access.otp_old_wanted":      {"已有二次验证，更换须填原来那个的验证码；原来的已丢失，请管理员重置。", "there is a second factor already: give a code of it to replace it. If it is lost, let an administrator reset it."},
		"access.otp_form":            {"验证码是 6 位数字；请填验证器上现在显示的那一个。", "a code is six digits; give the one that the authenticator shows now."},
		"access.otp_wrong":           {"验证码不对或已过期；请填验证器上现在显示的那一个。仍不对就核对手机和服务器的时间。", "the code is wrong or its time is over; give the one that is shown now. If that is wrong too, compare the clocks of the authenticator and the server."},
		"access.otp_used":            {"这个验证码已经用过；请等验证器显示下一个（最多 30 秒）。", "this code was used before; wait for the next one, at most 30 seconds."},
		"access.otp_no_factor":       {"这个账号没有二次验证，不用填验证码；要绑定请到“二次验证”页。", "this account has no second factor and takes no code; enrol one on the page Second factor."},
		"access.otp_closed":          {"15 分钟内验证码错了 5 次，这个账号的验证码暂停核对；请 {minutes} 分钟后再试，同时想一想是不是别人在试。", "five codes were wrong within 15 minutes and no code of this account is checked for now; try again in {minutes} min, and ask yourself whether somebody else is trying."},

		"access.how.issued": {"签发口令和令牌", "issued its password and token"},
		"access.how.token":  {"增加令牌", "added a token"},
		"access.how.reset":  {"重置二次验证", "reset its second factor"},
		"access.seen":       {"{at} 管理员 {by} 为 {actor} {how}，因此看得到其口令或令牌：这一步可能是同一人所为", "{by}, an administrator, {how} for {actor} on {at} and so came by its secret: this act may be the administrator's own"},

		"access.seen_by_itself": {"查看个人信息的记录只能由系统写入。", "who read personal data is recorded by the system alone."},

		"access.passwords_busy":        {"正在核对的口令太多，这一次没有核对；请稍后重试。", "too many passwords are being checked and this one was not; try again in a moment."},
		"access.password_length":       {"口令应为 {least} 至 {most} 个字符；用几个词连成的一句话最好记，不要求大小写和符号。", "use {least} to {most} characters; a few words in a row are easiest to remember, and no mixture of kinds is asked for."},
		"access.password_text":         {"口令含有控制字符或无法识别的字符；请换一个能从键盘输入的。", "has control characters or characters that cannot be read; use one that can be typed."},
		"access.password_name":         {"去掉账号、姓名、区、街镇、本程序和角色的词以及年份（换成拼音、数字键的符号或形近的数字也算），只剩 {left} 个字符，至少要 {least} 个；请加上两三个与这些无关的词。", "without words of your name, your district, this program and its roles, and without years (pinyin, shifted digits and look-alikes too), {left} characters remain and at least {least} have to; add two or three words that have nothing to do with these."},
		"access.password_common":       {"这是最常见的口令之一，或只是重复、连续的字符（按住上档键或换大小写也一样）；请换成几个互不相干的词连成的一句话。", "is one of the commonest passwords, or merely repeats or counts, whichever keys are shifted; use a few words in a row that have nothing to do with each other."},
		"access.password_weak":         {"按通行的猜口令次序（常用词、姓名、键盘上相邻的键、日期）很快就会猜到；请再加一两个互不相干的词，只加数字和符号帮助不大。", "is soon found by the usual order of guesses: common words, names, neighbouring keys, dates. Add one or two words that have nothing to do with each other; digits and signs alone help little."},
		"access.password_same":         {"与当前口令相同；请换一个新的。", "is the current password; choose another one."},
		"access.password_of_recipient": {"减排对象“{user}”的口令由管理员签发，不能自己改；请管理员用 POST /api/v1/recipients/{user}/credentials 重新签发。", "the password of the recipient {user} is issued and not chosen; let an administrator issue a new one with POST /api/v1/recipients/{user}/credentials."},
		"access.password_moved":        {"账号“{user}”的口令刚被管理员重新签发，没有改成；请用新口令登录后再改。", "an administrator has just issued new credentials to {user} and nothing was changed; log in with those and change the password then."},
	})
}
