package main

import (
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
)

func newAgentCommand() *cobra.Command {
	var o agentOptions
	var passwordFile string
	cmd := &cobra.Command{
		Use:   "agent --nats-url URL --recipient ID --password-file FILE",
		Short: "企业端：接收减排令并回执（an enterprise's side: receives orders and answers）",
		Long: `企业端：连接晴空的 NATS，接收本企业的减排令（含演练），逐条显示并自动回执；
加 --auto-acknowledge 时同时确认。断线后一直重连，重连后补取未收到的减排令。

Connects as one recipient, prints every order (drills too) and answers that it was received; with
--auto-acknowledge it acknowledges as well. It reconnects for ever and then asks for what it missed.`,
		Example: `  qingkong agent --nats-url nats://127.0.0.1:4222 --recipient E0001 --password-file e0001.secret
  qingkong agent --nats-url nats://127.0.0.1:4222 --recipient E0001 --password-file e0001.secret --auto-acknowledge --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := requireFlags(cmd, "nats-url", "recipient", "password-file"); err != nil {
				return err
			}
			if !recipientID.MatchString(o.recipient) {
				return usage("--recipient %q: an id has 1 to 40 letters, digits, _ or -", o.recipient)
			}
			if o.lang != "zh-CN" && o.lang != "en" {
				return usage("--lang %q: use zh-CN or en", o.lang)
			}
			var err error
			if o.password, err = readPassword(passwordFile); err != nil {
				return err
			}
			return newAgent(o, cmd.OutOrStdout(), cmd.ErrOrStderr()).run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.url, "nats-url", "", "NATS 地址，多个用逗号分开（NATS address, several separated by commas）")
	f.StringVar(&o.recipient, "recipient", "", "减排对象编号，即登录名（recipient id, also the user name）")
	f.StringVar(&passwordFile, "password-file", "", "存放口令的文件（file that holds the password）")
	f.BoolVar(&o.acknowledge, "auto-acknowledge", false, "收到后自动确认（acknowledge each order as well）")
	f.BoolVar(&o.json, "json", false, "每个事件输出一行 JSON（print each event as a line of JSON）")
	f.StringVar(&o.lang, "lang", "zh-CN", "显示语言 zh-CN 或 en（language of the lines: zh-CN or en）")
	return cmd
}

// What may stand in a subject of its own.
var recipientID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

func readPassword(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", refusal.New(refusal.Invalid, "agent.password_unreadable", refusal.Args{"file": file, "why": err.Error()})
	}
	password := strings.TrimSpace(string(text))
	if password == "" {
		return "", refusal.New(refusal.Invalid, "agent.password_empty", refusal.Args{"file": file})
	}
	return password, nil
}
