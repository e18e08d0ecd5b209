package main

import (
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"qingkong/cmd/internal/access"
)

func newAccountCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "account",
		Short:   "账号（accounts）",
		Example: "  qingkong account add zhang --role duty --server http://127.0.0.1:8080 --token-file admin.token",
	}
	cmd.AddCommand(newAccountAdd())
	return cmd
}

func newAccountAdd() *cobra.Command {
	var c call
	members := []member{
		{flag: "role", help: "角色 duty、approver、inspector、town、viewer、feeder、admin（role）"},
		{flag: "name", help: "姓名，不写入公开记录（the person's name; kept out of the record）"},
		{flag: "town", help: "街镇，角色为 town 时必填（town; required for the role town）"},
	}
	cmd := &cobra.Command{
		Use:   "add USER --role ROLE",
		Short: "新建账号，口令和令牌只显示一次（add an account; its secrets are shown once）",
		Long: "新建账号；口令和令牌只显示这一次，请立即转交本人。需要管理员的令牌。\n" +
			"Adds an account. Password and token are shown this once. Needs an administrator's token.",
		Example: "  qingkong account add zhang --role duty --name 张三 --server http://127.0.0.1:8080 --token-file admin.token\n" +
			"  qingkong account add yangliuqing --role town --town 杨柳青镇 --server http://127.0.0.1:8080 --token-file admin.token --json",
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
		Example: "  qingkong token create duty --server http://127.0.0.1:8080 --token-file admin.token",
	}
	cmd.AddCommand(newTokenCreate())
	return cmd
}

func newTokenCreate() *cobra.Command {
	var c call
	members := []member{{flag: "name", help: "令牌的用途，不写人名（what the token is for, never a person）"}}
	cmd := &cobra.Command{
		Use:   "create USER",
		Short: "为账号增加一个令牌，只显示一次（one token more for an account, shown once）",
		Long: "为账号增加一个令牌，原有的仍有效；只显示这一次。需要管理员的令牌。\n" +
			"Gives an account one token more; those it has stay valid. Shown this once. Needs an administrator's token.",
		Example: "  qingkong token create duty --name 值班室脚本 --server http://127.0.0.1:8080 --token-file admin.token --json",
		Args:    oneID("user"),
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

// printIssued shows secrets, once.
func (c *call) printIssued(out io.Writer, answer []byte, err error) error {
	if err != nil {
		return err
	}
	if c.asJSON {
		return printAnswer(out, answer)
	}
	var got access.Issued
	if err := understand(answer, &got); err != nil {
		return err
	}
	fmt.Fprintf(out, "用户 user      %s\n", got.User)
	if got.Password != "" {
		fmt.Fprintf(out, "口令 password  %s\n", got.Password)
	}
	_, err = fmt.Fprintf(out, "令牌 token     %s\n只显示这一次 / shown this once\n", got.Token)
	return err
}
