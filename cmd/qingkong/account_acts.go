package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"qingkong/cmd/internal/calls"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// userAct is a command that acts on one user, of whom nothing more is said.
type userAct struct {
	group, name, what  string
	short, long        string
	method, path, rest string // of the call; the user stands between path and rest
	done               string // rule of what is said then; empty: the new secrets are shown
}

const needsAdmin = "需要管理员的令牌。"

var userActs = []userAct{
	{"account", "credentials", "user", "换发口令和令牌，只显示一次（new password and token, shown once）",
		"换发账号的口令和令牌；原有的口令和全部令牌即刻失效，已建立的连接断开。" + needsAdmin + "\n" +
			"Gives an account a new password and token. The old password and all its tokens end at once, and what is connected\n" +
			"with them is cut off. Needs an administrator's token.",
		http.MethodPost, "/accounts/", "/credentials", ""},
	{"account", "disable", "user", "停用账号（end an account's logins）",
		"停用账号或减排对象的登录，连接即刻断开；口令和令牌保留，启用后仍有效。不能停用自己。" + needsAdmin + "\n" +
			"Ends the logins of an account or recipient and cuts off its connections. Its secrets stay and are good again once it\n" +
			"is enabled. Nobody disables itself. Needs an administrator's token.",
		http.MethodPost, "/accounts/", "/disable", "cli.user_disabled"},
	{"account", "enable", "user", "启用已停用的账号（let a disabled account in again）",
		"启用后，原有的口令和令牌仍有效。" + needsAdmin + "\nThe secrets it had are good again. Needs an administrator's token.",
		http.MethodPost, "/accounts/", "/enable", "cli.user_enabled"},
	{"account", "reset-factor", "user", "重置账号的二次验证（reset an account's second factor）",
		"验证器丢失时用：账号随即没有二次验证，本人用口令重新绑定。此后 30 天该账号在双人审批中的操作都会注明。" + needsAdmin + "\n" +
			"For a lost authenticator: the account has no second factor then, and its owner enrols another with the password. For\n" +
			"30 days its acts in the two-person rule say so. Needs an administrator's token.",
		http.MethodDelete, "/accounts/", "/factor", "cli.factor_reset"},
	{"recipient", "credentials", "recipient", "签发或换发凭据，只显示一次（issue or renew credentials, shown once）",
		"签发减排对象登录 NATS、接口和页面的口令和令牌；原有的即刻失效，已建立的连接断开。" + needsAdmin + "\n" +
			"Issues a recipient's password and token for NATS, the API and the portal. The old ones end at once, and what is\n" +
			"connected with them is cut off. Needs an administrator's token.",
		http.MethodPost, "/recipients/", "/credentials", ""},
	{"recipient", "revoke", "recipient", "吊销凭据（revoke credentials）",
		"吊销减排对象的口令和全部令牌，连接即刻断开；重新签发前不能登录。" + needsAdmin + "\n" +
			"Ends a recipient's password and all its tokens and cuts off its connections. It cannot log in until new ones are\n" +
			"issued. Needs an administrator's token.",
		http.MethodDelete, "/recipients/", "/credentials", "cli.credentials_revoked"},
}

func (a userAct) command() *cobra.Command {
	var c call
	example := map[string]string{"user": "zhang", "recipient": "E0003"}[a.what]
	cmd := &cobra.Command{
		Use:     a.name + " " + map[string]string{"user": "USER", "recipient": "ID"}[a.what],
		Short:   a.short,
		Long:    a.long,
		Example: "  qingkong " + a.group + " " + a.name + " " + example + exampleAdmin,
		Args:    oneID(a.what),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			path := a.path + url.PathEscape(args[0]) + a.rest
			var answer []byte
			var err error
			if a.method == http.MethodDelete {
				answer, err = c.end(cmd.Context(), path)
			} else {
				answer, err = c.act(cmd.Context(), path, struct{}{})
			}
			if a.done == "" {
				return c.printIssued(cmd.OutOrStdout(), answer, err)
			}
			return c.printDone(cmd.OutOrStdout(), answer, err, a.done, refusal.Args{"user": args[0]})
		},
	}
	c.add(cmd, a.method == http.MethodPost)
	return cmd
}

var accountHead = headOf("user", "role", "name", "town", "password_at", "tokens", "disabled")

func accountRow(item json.RawMessage) ([]string, error) {
	var u calls.User
	err := understand(item, &u)
	ids := make([]string, len(u.Tokens))
	for i, t := range u.Tokens {
		ids[i] = t.ID
	}
	return []string{u.User, named(terms.Role, u.Role), orDash(u.Name), orDash(u.Town), passwordText(&u), orDash(strings.Join(ids, "、")), yesNo(u.Disabled)}, err
}

// passwordText is when the password was issued, or that there is none.
func passwordText(u *calls.User) string {
	if u.PasswordAt == nil {
		return bothLanguages("cli.none_issued", nil)
	}
	return clockText(u.PasswordAt)
}

func newAccountList() *cobra.Command {
	var c call
	var l listing
	cmd := &cobra.Command{
		Use:   "list",
		Short: "列出账号（list accounts）",
		Long: "列出账号，按用户名排序；--role enterprise 列出已签发凭据的减排对象。" + needsAdmin + "\n" +
			"Lists the accounts; with --role enterprise the recipients that were issued credentials. Needs an administrator's token.",
		Example: "  qingkong account list" + exampleAdmin + "\n  qingkong account list" + exampleAdmin + " --role enterprise --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.listed(cmd, &l, "/accounts", queryOf(cmd, "role"), nil, accountHead, accountRow)
		},
	}
	c.add(cmd, false)
	l.add(cmd)
	cmd.Flags().String("role", "", "只列这一角色（only this role: "+strings.Join(namesOf(terms.Rule(terms.Role, "")), ", ")+"）")
	return cmd
}

func newAccountShow() *cobra.Command {
	return shown{
		use: "show USER", what: "user", path: "/accounts", print: showAccount,
		short: "查看一个账号及其令牌编号（one account and the ids of its tokens）",
		long: "查看一个账号，或已签发凭据的减排对象；不显示口令和令牌本身。" + needsAdmin + "\n" +
			"Shows an account, or a recipient that was issued credentials; never a secret. Needs an administrator's token.",
		example: "  qingkong account show zhang" + exampleAdmin + "\n  qingkong account show E0003" + exampleAdmin,
	}.command()
}

func showAccount(out io.Writer, answer []byte) error {
	var u calls.User
	if err := understand(answer, &u); err != nil {
		return err
	}
	tokens := make([]string, len(u.Tokens))
	for i, t := range u.Tokens {
		tokens[i] = strings.TrimSpace(t.ID + "  " + clockText(&t.At) + "  " + plain(t.Name))
		if t.ExpiresAt != nil {
			tokens[i] += "  " + bothLanguages("cli.token_until", refusal.Args{"at": clockText(t.ExpiresAt)})
		}
	}
	return printFacts(out, answer, []fact{
		{"user", u.User},
		{"role", named(terms.Role, u.Role)},
		{"name", u.Name},
		{"town", u.Town},
		{"recipient", u.Recipient},
		{"mns", strings.Join(u.MNs, "、")},
		{"disabled", yesNo(u.Disabled)},
		{"password_at", passwordText(&u)},
		{"tokens", strings.Join(tokens, "\n")},
		{"factor_at", factorText(u.FactorAt)},
		{"factor_reset", sightText(u.Reset)},
		{"secret_seen", sightText(u.SecretSeen)},
		{"added_at", clockText(&u.AddedAt)},
		{"added_by", u.AddedBy},
	})
}
