package main

import (
	"io"
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

const needsAdmin = "需要管理员的令牌。"

// actsOn makes the commands of a group that take one argument: id in their usage, what in refusals.
func actsOn(group, id, what, example string) func(name, short, long string, t reporter) *cobra.Command {
	return func(name, short, long string, t reporter) *cobra.Command {
		return remoteCommand{use: name + " " + id, short: short, long: long, what: what,
			example: "  qingkong " + group + " " + name + " " + example + exampleAdmin}.command(t)
	}
}

// accountActs are the commands that act on an account and take its name alone.
func accountActs() []*cobra.Command {
	act := actsOn("account", "USER", "user", "zhang")
	return []*cobra.Command{
		remoteCommand{
			use:   "phone USER",
			short: "登记账号本人的电话（where to call the person of an account）",
			long: "登记账号本人的电话，值班员请求审批时据此联系；--phone \"\" 即删去。减排对象的电话在减排清单里修改。" + needsAdmin + "\n" +
				"Says where to call the person of an account, which an officer sees who waits for an approval; --phone \"\" takes the\n" +
				"number away. That of a recipient stands in the list. Needs an administrator's token.",
			example: "  qingkong account phone zhang --phone 13800000000" + exampleAdmin,
			what:    "user", needs: []string{"phone"},
		}.command(done(calls.SetPhone.Call, "cli.phone_set", "user")),
		act("credentials", "换发口令和令牌，只显示一次（new password and token, shown once）",
			"换发账号的口令和令牌；原有的口令和全部令牌即刻失效，已建立的连接断开。"+needsAdmin+"\n"+
				"Gives an account a new password and token. The old password and all its tokens end at once, and what is connected\n"+
				"with them is cut off. Needs an administrator's token.", showing(calls.RenewAccount, tellIssued)),
		act("disable", "停用账号（end an account's logins）",
			"停用账号或减排对象的登录，连接即刻断开；口令和令牌保留，启用后仍有效。不能停用自己。"+needsAdmin+"\n"+
				"Ends the logins of an account or recipient and cuts off its connections. Its secrets stay and are good again once it\n"+
				"is enabled. Nobody disables itself. Needs an administrator's token.",
			done(calls.DisableAccount.Call, "cli.user_disabled", "user")),
		act("enable", "启用已停用的账号（let a disabled account in again）",
			"启用后，原有的口令和令牌仍有效。"+needsAdmin+"\nThe secrets it had are good again. Needs an administrator's token.",
			done(calls.EnableAccount.Call, "cli.user_enabled", "user")),
		act("reset-factor", "重置账号的二次验证（reset an account's second factor）",
			"验证器丢失时用：账号随即没有二次验证，本人用口令重新绑定。此后 30 天该账号在双人审批中的操作都会注明。"+needsAdmin+"\n"+
				"For a lost authenticator: the account has no second factor then, and its owner enrols another with the password. For\n"+
				"30 days its acts in the two-person rule say so. Needs an administrator's token.",
			done(calls.ResetFactor.Call, "cli.factor_reset", "user")),
	}
}

// recipientActs are those on the credentials of a recipient.
func recipientActs() []*cobra.Command {
	act := actsOn("recipient", "ID", "recipient", "E0003")
	return []*cobra.Command{
		act("credentials", "签发或换发凭据，只显示一次（issue or renew credentials, shown once）",
			"签发减排对象登录 NATS、接口和页面的口令和令牌；原有的即刻失效，已建立的连接断开。"+needsAdmin+"\n"+
				"Issues a recipient's password and token for NATS, the API and the portal. The old ones end at once, and what is\n"+
				"connected with them is cut off. Needs an administrator's token.", showing(calls.IssueCredentials, tellIssued)),
		act("revoke", "吊销凭据（revoke credentials）",
			"吊销减排对象的口令和全部令牌，连接即刻断开；重新签发前不能登录。"+needsAdmin+"\n"+
				"Ends a recipient's password and all its tokens and cuts off its connections. It cannot log in until new ones are\n"+
				"issued. Needs an administrator's token.",
			done(calls.RevokeCredentials.Call, "cli.credentials_revoked", "user")),
	}
}

// accountWords are the members of an account that its types do not tell.
var accountWords = words[*calls.User]{
	"password_at": passwordText,
	"factor_at":   func(u *calls.User) string { return factorText(u.FactorAt) },
	"tokens":      tokensText,
}

// passwordText is when the password was issued, or that there is none.
func passwordText(u *calls.User) string {
	if u.PasswordAt == nil {
		return bothLanguages("cli.none_issued", nil)
	}
	return clockText(u.PasswordAt)
}

// tokensText is a line for each token.
func tokensText(u *calls.User) string {
	tokens := make([]string, len(u.Tokens))
	for i, t := range u.Tokens {
		tokens[i] = strings.TrimSpace(t.ID + "  " + clockText(&t.At) + "  " + plain(t.Name))
		if t.ExpiresAt != nil {
			tokens[i] += "  " + bothLanguages("cli.token_until", refusal.Args{"at": clockText(t.ExpiresAt)})
		}
	}
	return strings.Join(tokens, "\n")
}

func newAccountList() *cobra.Command {
	say := maps.Clone(accountWords)
	say["tokens"] = func(u *calls.User) string {
		ids := make([]string, len(u.Tokens))
		for i, t := range u.Tokens {
			ids[i] = t.ID
		}
		return strings.Join(ids, "、")
	}
	return listOf(remoteCommand{
		use:   "list",
		short: "列出账号（list accounts）",
		long: "列出账号，按用户名排序；--role enterprise 列出已签发凭据的减排对象。" + needsAdmin + "\n" +
			"Lists the accounts; with --role enterprise the recipients that were issued credentials. Needs an administrator's token.",
		example: "  qingkong account list" + exampleAdmin + "\n  qingkong account list" + exampleAdmin +
			" --role enterprise --json",
	}, calls.Accounts, say, members{"user", "role", "name", "town", "password_at", "tokens", "disabled"})
}

func newAccountShow() *cobra.Command {
	return remoteCommand{
		use: "show USER", what: "user",
		short: "查看一个账号及其令牌编号（one account and the ids of its tokens）",
		long: "查看一个账号，或已签发凭据的减排对象；不显示口令和令牌本身。" + needsAdmin + "\n" +
			"Shows an account, or a recipient that was issued credentials; never a secret. Needs an administrator's token.",
		example: "  qingkong account show zhang" + exampleAdmin + "\n  qingkong account show E0003" + exampleAdmin,
	}.command(showing(calls.Account, func(out io.Writer, u *calls.User, r *request) error {
		return printMembers(out, r.answer, accountWords, u, members{"user", "role", "name", "town", "recipient", "mns",
			"disabled", "password_at", "tokens", "factor_at", "factor_reset", "secret_seen", "added_at", "added_by"})
	}))
}
