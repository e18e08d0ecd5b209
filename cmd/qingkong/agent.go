package main

import (
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
)

func newAgentCommand() *cobra.Command {
	var o agentOptions
	var passwordFile string
	var list bool
	cmd := &cobra.Command{
		Use:   "agent --nats-url URL --recipient ID --password-file FILE [--data DIR] [--run COMMAND [-- ARG...]]",
		Short: "企业端：接收减排令并签收（an enterprise's side: receives orders and answers）",
		Long:  agentHelp,
		Example: `  qingkong agent --nats-url nats://127.0.0.1:4222 --recipient E0001 --password-file e0001.secret --data e0001
  qingkong agent --nats-url nats://127.0.0.1:4222 --recipient E0001 --password-file e0001.secret --data e0001 --auto-acknowledge --run /opt/plant/on-order -- --site 1
  qingkong agent --nats-url tls://qk.example.gov.cn:4222 --ca ca.pem --recipient E0001 --password-file e0001.secret --data e0001
  qingkong agent --list --data e0001 --json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && (cmd.ArgsLenAtDash() != 0 || o.command.name == "") {
				return usage("unknown argument %q; the arguments of --run stand after --", args[0])
			}
			o.command.args = args
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.lang != "zh-CN" && o.lang != "en" {
				return usage("--lang %q: use zh-CN or en", o.lang)
			}
			if list {
				if err := requireFlags(cmd, "data"); err != nil {
					return err
				}
				return listAgent(o.dir, o.lang, o.json, cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			if err := o.check(cmd); err != nil {
				return err
			}
			var err error
			if o.password, err = readPassword(passwordFile); err != nil {
				return err
			}
			return newAgent(o, cmd.OutOrStdout(), cmd.ErrOrStderr()).run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&passwordFile, "password-file", "", "存放口令或令牌的文件（file that holds the password or a token）")
	f.BoolVar(&list, "list", false, "列出 --data 中保存的减排令后退出（list what --data holds, and end）")
	o.flags(cmd)
	return cmd
}

const agentHelp = `企业端：连接晴空的 NATS，接收本企业的减排令（含演练），逐条显示并自动签收。断线后一直重连，重连后及每小时补取未收到的减排令。
--data DIR    每条减排令先原样存盘再签收；重启后不重复显示，断网期间的签收与确认留待恢复后按序发送。一个目录同时只供一个企业端使用。
              签收、确认送达后在后台索取回执（台账条目及其证明），核对无误才存在减排令旁边；台账密钥首次见到时记入 ledger.key。
--run COMMAND 每条减排令运行一次该命令（不经 shell），标准输入为减排令 JSON，环境变量 QINGKONG_ORDER_ID、QINGKONG_ORDER_EVENT、
              QINGKONG_ORDER_LEVEL、QINGKONG_ORDER_DRILL（true 为演练）、QINGKONG_RECIPIENT；失败则隔 1 分钟起、逐次加倍至 30 分钟重试，直至成功。
--auto-acknowledge 收到后自动确认；与 --run 同用时，命令成功后才确认。
--ca FILE     服务器用 TLS 时签发其证书的 CA；地址写成 tls://主机:端口，写明 --ca 的从不用明文连接。

Connects as one recipient, prints every order (drills too) and answers that it was received. It reconnects for ever, and
asks for what it missed after each reconnect and every hour.
--data DIR: each order is on disk, as it came, before it is answered; after a restart none is shown again, and answers that
  could not be sent wait there, to be sent in their order once the connection is back. One agent at a time may use a folder.
  Once answers were taken it asks in the background for receipts (what was recorded, with its proof), and keeps beside the
  order those that prove themselves; the ledger's key is known from the first on, in ledger.key.
--run COMMAND: run once for each order event (no shell), with the order's JSON on standard input and the variables named
  above; after a failure again, after 1 minute doubling to 30, until it succeeds. One command runs at a time; those of one
  warning run in the order of receipt, and a failing one does not hold back another warning's. A command that was cut
  short by the agent's end or a power failure runs again: it must bear that.
--auto-acknowledge: acknowledges as well; together with --run only after the command has succeeded.
--ca FILE: the authority of the server's certificate, where it has TLS. Write the address as tls://host:port; with --ca nothing
  is ever sent without TLS.`

func (o *agentOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.url, "nats-url", "", "NATS 地址，多个用逗号分开（NATS address, several separated by commas）")
	o.trust.flags(cmd)
	f.BoolVar(&o.tlsFirst, "tls-first", false,
		"一连上就开始 TLS（begin with TLS at once, for a server with nats.handshake_first）")
	f.StringVar(&o.recipient, "recipient", "", "减排对象编号，即登录名（recipient id, also the user name）")
	f.StringVar(&o.dir, "data", "", "保存减排令与待发签收的目录（folder that keeps the orders and the answers to be sent）")
	f.StringVar(&o.command.name, "run", "",
		"每条减排令运行的命令，参数写在 -- 之后（command to run for each order; its arguments stand after --）")
	f.DurationVar(&o.command.timeout, "run-timeout", 10*time.Minute, "命令超过此时长即终止（a command that takes longer is killed）")
	f.BoolVar(&o.acknowledge, "auto-acknowledge", false,
		"收到后自动确认；有 --run 时在命令成功之后（acknowledge each order as well; with --run after the command succeeded）")
	f.BoolVar(&o.json, "json", false,
		"每个事件输出一行 JSON；--list 时输出一个 JSON（print each event as a line of JSON; with --list one document）")
	f.StringVar(&o.lang, "lang", "zh-CN", "显示语言 zh-CN 或 en（language of the lines: zh-CN or en）")

	// Nobody needs other values than these but a test, which cannot wait that long.
	f.DurationVar(&o.command.retryFirst, "run-retry-first", time.Minute, "")
	f.DurationVar(&o.command.retryMax, "run-retry-max", 30*time.Minute, "")
	f.DurationVar(&o.pullEvery, "pull-every", time.Hour, "")
	f.DurationVar(&o.receipts.after, "receipts-after", time.Minute, "")
	f.DurationVar(&o.receipts.retryFirst, "receipts-retry-first", time.Minute, "")
	f.DurationVar(&o.receipts.retryMax, "receipts-retry-max", 30*time.Minute, "")
	for _, name := range []string{"run-retry-first", "run-retry-max", "pull-every", "receipts-after",
		"receipts-retry-first", "receipts-retry-max"} {
		f.Lookup(name).Hidden = true
	}
}

// check refuses a command line that an agent cannot serve with.
func (o *agentOptions) check(cmd *cobra.Command) error {
	if err := requireFlags(cmd, "nats-url", "recipient", "password-file"); err != nil {
		return err
	}
	if !recipientID.MatchString(o.recipient) {
		return usage("--recipient %q: an id has 1 to 40 letters, digits, _ or -", o.recipient)
	}
	if o.command.name != "" && o.dir == "" {
		return usage("--run needs --data: what was run is kept there, so that nothing runs twice")
	}
	if err := o.trust.check(); err != nil {
		return err
	}
	if _, err := o.trust.config(); err != nil {
		return err
	}
	if o.command.timeout <= 0 || o.command.retryFirst <= 0 || o.command.retryMax < o.command.retryFirst ||
		o.pullEvery <= 0 || o.receipts.after <= 0 || o.receipts.retryFirst <= 0 || o.receipts.retryMax < o.receipts.retryFirst {
		return usage("a time must be longer than 0, such as --run-timeout 10m")
	}
	return nil
}

// recipientID are the ids that may stand in a subject.
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
