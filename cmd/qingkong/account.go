package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"

	"qingkong/cmd/internal/calls"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
)

// exampleAdmin stands in the examples.
const exampleAdmin = " --server http://127.0.0.1:8080 --token-file admin.token"

func newAccountCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account",
		Short: "账号：新建、查看、停用、启用、换发口令（accounts）",
		Example: "  qingkong account add zhang --role duty" + exampleAdmin + "\n" +
			"  qingkong account list" + exampleAdmin,
	}
	cmd.AddCommand(newAccountAdd(), newAccountList(), newAccountShow(), newAccountSessions(), newAccountEndSession())
	for _, a := range userActs {
		if a.group == "account" {
			cmd.AddCommand(a.command())
		}
	}
	return cmd
}

func newRecipientCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "recipient",
		Short:   "减排对象的凭据（credentials of recipients）",
		Example: "  qingkong recipient credentials E0003" + exampleAdmin,
	}
	for _, a := range userActs {
		if a.group == "recipient" {
			cmd.AddCommand(a.command())
		}
	}
	return cmd
}

func newAccountAdd() *cobra.Command {
	var c call
	members := []member{
		{flag: "role", help: "角色 duty、approver、inspector、town、viewer、feeder、admin、neighbour（role）"},
		{flag: "name", help: "姓名，不写入公开记录（the person's name; kept out of the record）"},
		{flag: "town", help: "街镇，角色为 town 时必填（town; required for the role town）"},
	}
	cmd := &cobra.Command{
		Use:   "add USER --role ROLE",
		Short: "新建账号，口令和令牌只显示一次（add an account; its secrets are shown once）",
		Long: "新建账号；口令和令牌只显示这一次，请立即转交本人。需要管理员的令牌。\n" +
			"Adds an account. Password and token are shown this once. Needs an administrator's token.",
		Example: "  qingkong account add zhang --role duty --name 张三" + exampleAdmin + "\n" +
			"  qingkong account add yangliuqing --role town --town 杨柳青镇" + exampleAdmin + " --json",
		Args: oneID("user"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd, "role"); err != nil {
				return err
			}
			in, err := bodyOf(cmd, members)
			if err != nil {
				return err
			}
			in["user"] = args[0]
			answer, err := c.act(cmd.Context(), "/accounts", in)
			return c.printIssued(cmd.OutOrStdout(), answer, err)
		},
	}
	c.add(cmd, true)
	addMembers(cmd, members)
	return cmd
}

func newTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "token",
		Short:   "接口令牌（API tokens）",
		Example: "  qingkong token create duty" + exampleAdmin + "\n  qingkong token revoke duty t2" + exampleAdmin,
	}
	cmd.AddCommand(newTokenCreate(), newTokenRevoke())
	return cmd
}

func newTokenCreate() *cobra.Command {
	var c call
	members := []member{
		{flag: "name", help: "令牌的用途，不写人名（what the token is for, never a person）"},
		{flag: "expires-at", kind: momentKind, help: "到期时间，缺省为长期有效（when it ends; default never）"},
	}
	cmd := &cobra.Command{
		Use:   "create USER",
		Short: "为账号增加一个令牌，只显示一次（one token more for an account, shown once）",
		Long: "为账号增加一个令牌，原有的仍有效；只显示这一次。给了 --expires-at 的到时即失效，NATS 上的连接随即断开；到期前 14 天起值班台和\n" +
			"/readyz 提醒。需要管理员的令牌。" + timeHelp + "\n" +
			"Gives an account one token more; those it has stay valid. Shown this once. With --expires-at it is refused from then on\n" +
			"and NATS closes what is connected with it; the desk and /readyz say so from 14 days before. Needs an administrator's token.",
		Example: "  qingkong token create duty --name 值班室脚本" + exampleAdmin + " --json\n" +
			"  qingkong token create feeder --name 市站接口 --expires-at \"2027-11-30 00:00\"" + exampleAdmin,
		Args: oneID("user"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			in, err := bodyOf(cmd, members)
			if err != nil {
				return err
			}
			answer, err := c.act(cmd.Context(), "/accounts/"+url.PathEscape(args[0])+"/tokens", in)
			return c.printIssued(cmd.OutOrStdout(), answer, err)
		},
	}
	c.add(cmd, true)
	addMembers(cmd, members)
	return cmd
}

func newTokenRevoke() *cobra.Command {
	var c call
	cmd := &cobra.Command{
		Use:   "revoke USER TOKEN",
		Short: "吊销一个令牌（end one token）",
		Long: "吊销账号或减排对象的一个令牌；编号见 account show。其余令牌和口令仍有效。需要管理员的令牌。\n" +
			"Ends one token of an account or recipient; account show has its id. Password and other tokens stay valid.\n" +
			"Needs an administrator's token.",
		Example: "  qingkong token revoke duty t2" + exampleAdmin,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("a user and a token like t2 are wanted, %d arguments were given", len(args))
			}
			return errors.Join(checkID("user", args[0]), checkID("token", args[1]))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			answer, err := c.end(cmd.Context(), "/accounts/"+url.PathEscape(args[0])+"/tokens/"+url.PathEscape(args[1]))
			return c.printDone(cmd.OutOrStdout(), answer, err, "cli.token_revoked", refusal.Args{"user": args[0], "token": args[1]})
		},
	}
	c.add(cmd, false)
	return cmd
}

// printIssued shows secrets, once.
func (c *call) printIssued(out io.Writer, answer []byte, err error) error {
	if err != nil {
		return err
	}
	if c.asJSON {
		return printAnswer(out, answer)
	}
	var got calls.Issued
	if err := understand(answer, &got); err != nil {
		return err
	}
	printSecrets(out, got)
	_, err = fmt.Fprintln(out, bothLanguages("cli.shown_once", nil))
	return err
}

func printSecrets(out io.Writer, got calls.Issued) {
	rows := [][]string{{pair("cli.member.user", nil), got.User}}
	if got.Password != "" {
		rows = append(rows, []string{pair("cli.member.password", nil), got.Password})
	}
	rows = append(rows, []string{pair("cli.member.token", nil), got.Token})
	if got.ExpiresAt != nil {
		rows = append(rows, []string{pair("cli.member.expires_at", nil), clockText(got.ExpiresAt)})
	}
	printTable(out, "", rows)
}

// printDone says that something is done, or prints what the server says of the user then.
func (c *call) printDone(out io.Writer, answer []byte, err error, rule string, args refusal.Args) error {
	if err != nil {
		return err
	}
	if c.asJSON {
		return printAnswer(out, answer)
	}
	_, err = fmt.Fprintln(out, plain(bothLanguages(rule, args)))
	return err
}
