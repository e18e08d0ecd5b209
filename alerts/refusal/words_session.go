package refusal

func init() {
	register(map[string]words{
		"session.wrong":         {"账号或口令不对；请核对后重试，忘记口令请找管理员重新签发。", "the user or the password is wrong; check both and try again. If the password is lost, ask an administrator for new credentials."},
		"session.throttled":     {"输错次数太多，请 {seconds} 秒后再试；正确的口令到时即可登录，账号不会被锁死。", "too many wrong tries; try again in {seconds} s. The right password works then, an account is never locked."},
		"session.none":          {"没有这个登录，或它已经结束；请重新查看列表。", "there is no such session of yours, or it has ended; look at the list again."},
		"session.current_wrong": {"当前口令不对，什么也没有改变；请核对后重试。", "is not the current password, and nothing was changed; check it and try again."},

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
