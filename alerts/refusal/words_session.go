package refusal

func init() {
	register(map[string]words{
		"session.wrong":         {"账号或口令不对；请核对后重试，忘记口令请找管理员重新签发。", "the user or the password is wrong; check both and try again. If the password is lost, ask an administrator for new credentials."},
		"session.throttled":     {"输错次数太多，请 {seconds} 秒后再试；正确的口令到时即可登录，账号不会被锁死。", "too many wrong tries; try again in {seconds} s. The right password works then, an account is never locked."},
		"session.current_wrong": {"当前口令不对，什么也没有改变；请核对后重试。", "is not the current password, and nothing was changed; check it and try again."},

		"access.passwords_busy":        {"正在核对的口令太多，这一次没有核对；请稍后重试。", "too many passwords are being checked and this one was not; try again in a moment."},
		"access.password_length":       {"口令应为 {least} 至 {most} 个字符；用几个词连成的一句话最好记，不要求大小写和符号。", "use {least} to {most} characters; a few words in a row are easiest to remember, and no mixture of kinds is asked for."},
		"access.password_text":         {"口令含有控制字符或无法识别的字符；请换一个能从键盘输入的。", "has control characters or characters that cannot be read; use one that can be typed."},
		"access.password_name":         {"口令基本上就是自己的账号名或姓名；请换一个别人猜不到的。", "is little more than your own name; use one that others cannot guess."},
		"access.password_common":       {"这是最常见的口令之一，或只是重复、连续的字符；请换一个别人猜不到的。", "is one of the commonest passwords, or merely repeats or counts; use one that others cannot guess."},
		"access.password_same":         {"与当前口令相同；请换一个新的。", "is the current password; choose another one."},
		"access.password_of_recipient": {"减排对象“{user}”的口令由管理员签发，不能自己改；请管理员用 POST /api/v1/recipients/{user}/credentials 重新签发。", "the password of the recipient {user} is issued and not chosen; let an administrator issue a new one with POST /api/v1/recipients/{user}/credentials."},
		"access.password_moved":        {"账号“{user}”的口令刚被管理员重新签发，没有改成；请用新口令登录后再改。", "an administrator has just issued new credentials to {user} and nothing was changed; log in with those and change the password then."},
	})
}
