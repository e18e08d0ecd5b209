package main

import (
	"net/url"

	"qingkong/cmd/internal/calls"

	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

func newAccountSessions() *cobra.Command {
	var c call
	cmd := &cobra.Command{
		Use:   "sessions",
		Short: "自己的网页登录（one's own logins of browsers）",
		Long: "列出令牌所属账号现在在哪些浏览器上登录着。\n" +
			"Lists the browsers on which the account of the token is logged in.",
		Example: "  qingkong account sessions --server http://127.0.0.1:8080 --token-file duty.token",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			answer, err := c.get(cmd.Context(), "/sessions")
			var page alerts.Page[calls.Session]
			if more, err := c.into(cmd.OutOrStdout(), answer, err, &page); !more {
				return err
			}
			rows := [][]string{headOf("session", "begun", "seen", "address", "device", "browser")}
			for _, one := range page.Items {
				rows = append(rows, []string{one.ID, clockText(&one.BegunAt), clockText(&one.SeenAt), orDash(one.Address), orDash(one.Device[:min(len(one.Device), 6)]), orDash(plain(one.Browser))})
			}
			printTable(cmd.OutOrStdout(), "", rows)
			return nil
		},
	}
	c.add(cmd, false)
	return cmd
}

func newAccountEndSession() *cobra.Command {
	var c call
	var all bool
	cmd := &cobra.Command{
		Use:   "end-session ID | --all",
		Short: "结束自己的一个或全部网页登录（end one or all of one's own logins of browsers）",
		Long: "结束令牌所属账号的一个网页登录；编号见 account sessions。--all 结束全部，登录过的浏览器也不再认得；令牌不变，记入台账。\n" +
			"Ends one login of the account of the token; account sessions has its id. --all ends all of them and has no browser\n" +
			"known any more; tokens stay. That is recorded.",
		Example: "  qingkong account end-session DiVRtSE9i40PE9TK --server http://127.0.0.1:8080 --token-file duty.token\n" +
			"  qingkong account end-session --all --server http://127.0.0.1:8080 --token-file duty.token",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case all && len(args) == 0:
				return nil
			case all || len(args) != 1:
				return usage("the id of one session or --all is wanted")
			}
			return checkID("session", args[0])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			path, rule := "/sessions", "cli.sessions_ended"
			if !all {
				path, rule = path+"/"+url.PathEscape(args[0]), "cli.session_ended"
			}
			answer, err := c.end(cmd.Context(), path)
			return c.printDone(cmd.OutOrStdout(), answer, err, rule, refusal.Args{})
		},
	}
	c.add(cmd, false)
	cmd.Flags().BoolVar(&all, "all", false, "全部（all of them）")
	return cmd
}
