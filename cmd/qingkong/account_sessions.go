package main

import (
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
)

func newAccountSessions() *cobra.Command {
	return remoteCommand{
		use:   "sessions",
		short: "自己的网页登录（one's own logins of browsers）",
		long: "列出令牌所属账号现在在哪些浏览器上登录着。\n" +
			"Lists the browsers on which the account of the token is logged in.",
		example: "  qingkong account sessions --server http://127.0.0.1:8080 --token-file duty.token",
	}.command(showing(calls.OwnSessions, func(out io.Writer, page alerts.Page[calls.Session], _ *request) error {
		rows := [][]string{headOf("session", "begun", "seen", "address", "device", "browser")}
		for _, one := range page.Items {
			rows = append(rows, []string{one.ID, clockText(&one.BegunAt), clockText(&one.SeenAt), orDash(one.Address),
				orDash(one.Device[:min(len(one.Device), 6)]), orDash(plain(one.Browser))})
		}
		printTable(out, "", rows)
		return nil
	}))
}

func newAccountEndSession() *cobra.Command {
	var all bool
	one := done(calls.EndSession.Call, "cli.session_ended")
	everyOne := done(calls.EndSessions.Call, "cli.sessions_ended")
	return remoteCommand{
		use:   "end-session ID | --all",
		short: "结束自己的一个或全部网页登录（end one or all of one's own logins of browsers）",
		long: "结束令牌所属账号的一个网页登录；编号见 account sessions。--all 结束全部，登录过的浏览器也不再认得；令牌不变，记入台账。\n" +
			"Ends one login of the account of the token; account sessions has its id. --all ends all of them and has no browser\n" +
			"known any more; tokens stay. That is recorded.",
		example: "  qingkong account end-session DiVRtSE9i40PE9TK --server http://127.0.0.1:8080 --token-file duty.token\n" +
			"  qingkong account end-session --all --server http://127.0.0.1:8080 --token-file duty.token",
		check: func(_ *cobra.Command, args []string) error {
			switch {
			case all && len(args) == 0:
				return nil
			case all || len(args) != 1:
				return usage("the id of one session or --all is wanted")
			}
			return checkID("session", args[0])
		},
		flags: func(f *pflag.FlagSet) { f.BoolVar(&all, "all", false, "全部（all of them）") },
		fill: func(r *request) error {
			if all {
				r.reporter = everyOne
			}
			return nil
		},
	}.command(one, everyOne)
}
