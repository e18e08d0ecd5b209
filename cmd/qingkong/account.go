package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// exampleAdmin stands in the examples.
const exampleAdmin = " --server http://127.0.0.1:8080 --token-file admin.token"

func newAccountCommand() *cobra.Command {
	return group("account", "账号：新建、查看、停用、启用、换发口令（accounts）",
		"  qingkong account add zhang --role duty"+exampleAdmin+"\n  qingkong account list"+exampleAdmin,
		append(accountActs(), newAccountAdd(), newAccountList(), newAccountShow(), newAccountSessions(),
			newAccountEndSession())...)
}

func newRecipientCommand() *cobra.Command {
	return group("recipient", "减排对象的凭据（credentials of recipients）",
		"  qingkong recipient credentials E0003"+exampleAdmin, recipientActs()...)
}

func newAccountAdd() *cobra.Command {
	return remoteCommand{
		use:   "add USER --role ROLE",
		short: "新建账号，口令和令牌只显示一次（add an account; its secrets are shown once）",
		long: "新建账号；口令和令牌只显示这一次，请立即转交本人。需要管理员的令牌。\n" +
			"Adds an account. Password and token are shown this once. Needs an administrator's token.",
		example: "  qingkong account add zhang --role duty --name 张三" + exampleAdmin + "\n" +
			"  qingkong account add yangliuqing --role town --town 杨柳青镇" + exampleAdmin + " --json",
		what: "user", args: []string{"user"}, needs: []string{"role"},
	}.command(showing(calls.AddAccount, tellIssued))
}

func newTokenCommand() *cobra.Command {
	return group("token", "接口令牌（API tokens）",
		"  qingkong token create duty"+exampleAdmin+"\n  qingkong token revoke duty t2"+exampleAdmin, remoteCommand{
			use:   "create USER",
			short: "为账号增加一个令牌，只显示一次（one token more for an account, shown once）",
			long: "为账号增加一个令牌，原有的仍有效；只显示这一次。给了 --expires-at 的到时即失效，NATS 上的连接随即断开；到期前 14 天起值班台和\n" +
				"/readyz 提醒。需要管理员的令牌。" + timeHelp + "\n" +
				"Gives an account one token more; those it has stay valid. Shown this once. With --expires-at it is refused from then on\n" +
				"and NATS closes what is connected with it; the desk and /readyz say so from 14 days before. Needs an administrator's token.",
			example: "  qingkong token create duty --name 值班室脚本" + exampleAdmin + " --json\n" +
				"  qingkong token create feeder --name 市站接口 --expires-at \"2027-11-30 00:00\"" + exampleAdmin,
			what: "user",
		}.command(showing(calls.AddToken, tellIssued)),
		remoteCommand{
			use:   "revoke USER TOKEN",
			short: "吊销一个令牌（end one token）",
			long: "吊销账号或减排对象的一个令牌；编号见 account show。其余令牌和口令仍有效。需要管理员的令牌。\n" +
				"Ends one token of an account or recipient; account show has its id. Password and other tokens stay valid.\n" +
				"Needs an administrator's token.",
			example: "  qingkong token revoke duty t2" + exampleAdmin,
			check: func(_ *cobra.Command, args []string) error {
				if len(args) != 2 {
					return usage("a user and a token like t2 are wanted, %d arguments were given", len(args))
				}
				return errors.Join(checkID("user", args[0]), checkID("token", args[1]))
			},
		}.command(done(calls.RevokeToken.Call, "cli.token_revoked", "user", "token")))
}

// tellIssued shows secrets, once.
func tellIssued(out io.Writer, got calls.Issued, _ *request) error {
	printSecrets(out, got)
	return say(out, "cli.shown_once", nil)
}

// done prints one line of the catalogue for any answer of a call; names are those of the values in it, which are the
// command's arguments in their order.
func done(of *calls.Call, rule string, names ...string) reporter {
	return reporter{of: of, print: func(out io.Writer, r *request) error {
		args := refusal.Args{}
		for i, name := range names {
			args[name] = r.args[i]
		}
		_, err := fmt.Fprintln(out, plain(bothLanguages(rule, args)))
		return err
	}}
}

func printSecrets(out io.Writer, got calls.Issued) {
	var rows [][]string
	for _, member := range (members{"user", "password", "token", "expires_at"}) {
		if text := (words[calls.Issued]{}).of(got, member); text != "" {
			rows = append(rows, []string{pair("cli.member."+member, nil), text})
		}
	}
	printTable(out, "", rows)
}
