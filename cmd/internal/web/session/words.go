package session

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"session.wrong": {"账号或口令不对；请核对后重试，忘记口令请找管理员重新签发。",
			"the user or the password is wrong; check both and try again. If the password is lost, ask an administrator for new credentials."},
		"session.throttled": {"输错次数太多，请 {seconds} 秒后再试；正确的口令到时即可登录，账号不会被锁死。",
			"too many wrong tries; try again in {seconds} s. The right password works then, an account is never locked."},
		"session.current_wrong": {"当前口令不对，什么也没有改变；请核对后重试。",
			"is not the current password, and nothing was changed; check it and try again."},
	})
}
