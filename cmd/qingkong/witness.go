package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/certs"
	"qingkong/cmd/internal/door"
	"qingkong/cmd/internal/front"
	"qingkong/cmd/internal/witness"
)

const witnessHelp = `见证：替别人的台账作证。日志（如某区的晴空）每次送来检查点和一致性证明，见证者核对它确由上次签过的那棵树接续而来，才签名；
改过、删过、分成两套的台账得不到签名。协议是 C2SP tlog-witness，别人的日志和见证者也能用。
--logs FILE   要见证的日志，每行 log 加一个公钥（vkey），# 开头为注释；改了文件一秒内生效，收到 SIGHUP 立即重读。
--data DIR    密钥 witness.key（PEM，权限 0600，首次启动时建立）、公钥 witness.vkey 和签过什么 witness.db。只能整个目录一起备份；
              密钥配上旧的 witness.db，可能为两套历史作证，所以恢复时须取最新的一份，取不回的另立新密钥。
--print-key   打印公钥后退出，把它交给各日志；还没有密钥时先建立（需要 --name）。
网页 / 上是名称、公钥和各日志签到多少条，/refused 是拒签的、对日志不利的请求。送来和签出的内容都是公开的，不用 TLS 也伪造不了。

Cosigns the checkpoints of others' logs: each has to go on from the one cosigned last, or it is refused. The protocol is
C2SP tlog-witness, so that others' logs and witnesses serve too. --logs names the logs, a line "log VKEY" each; a change
is read within a second, or at SIGHUP. --data holds the key (witness.key: PEM, mode 0600, made at the first start), the
public key (witness.vkey) and what was cosigned (witness.db); key and memory are one: with an older witness.db two histories
might be vouched for. --print-key prints the public key for the logs, and makes the key where there is none yet. The page /
shows name, key and sizes, /refused the requests that speak against a log. What comes and goes is public and signed, and
cannot be forged without TLS either.`

// witnessFlags are those of the command.
type witnessFlags struct {
	witness.Options
	listen, cert, key string
	printKey, json    bool
}

// witnessSays is what the command prints of its witness.
type witnessSays struct {
	Name    string `json:"name,omitempty"`
	VKey    string `json:"vkey"`
	Address string `json:"address,omitempty"`
}

func newWitnessCommand() *cobra.Command {
	var f witnessFlags
	cmd := &cobra.Command{
		Use:   "witness --name NAME --data DIR --logs FILE",
		Short: "见证：为台账的检查点签名作证（a witness: cosigns the checkpoints of ledgers）",
		Long:  witnessHelp,
		Example: `  qingkong witness --name tj.example.gov.cn/witness --data /var/lib/witness --print-key
  qingkong witness --name tj.example.gov.cn/witness --data /var/lib/witness --logs logs.txt
  qingkong witness --name tj.example.gov.cn/witness --data /var/lib/witness --logs logs.txt --listen :8090 \
    --tls-cert cert.pem --tls-key key.pem`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.printKey {
				return f.print(cmd)
			}
			if err := requireFlags(cmd, "name", "data", "logs"); err != nil {
				return err
			}
			if (f.cert == "") != (f.key == "") {
				return usage("--tls-cert and --tls-key go together")
			}
			return f.serve(cmd)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.Name, "name", "",
		"见证者的名称，写成不带 https:// 的网址，定了不改（the witness's name: an address without https://, for good）")
	fl.StringVar(&f.Dir, "data", "", "密钥和签过什么的目录（folder of the key and of what was cosigned）")
	fl.StringVar(&f.Logs, "logs", "", "要见证的日志，每行 log 加公钥（file of the logs: lines \"log VKEY\"）")
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8090", "HTTP 地址（host:port; port 0 takes a free one）")
	fl.StringVar(&f.cert, "tls-cert", "", "TLS 证书，PEM 文件，更新后自动换用（PEM file with the certificate; a renewed one is served）")
	fl.StringVar(&f.key, "tls-key", "", "它的私钥（its key）")
	fl.BoolVar(&f.printKey, "print-key", false, "打印公钥后退出（print the public key, and end）")
	fl.BoolVar(&f.json, "json", false, "以 JSON 打印公钥和地址（print key and address as JSON）")
	return cmd
}

// print prints the verifier key, beside a running witness too.
func (f *witnessFlags) print(cmd *cobra.Command) error {
	if err := requireFlags(cmd, "data"); err != nil {
		return err
	}
	vkey, err := witness.VKey(f.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := requireFlags(cmd, "name"); err != nil {
			return err
		}
		vkey, err = witness.Begin(f.Dir, f.Name)
	}
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(cmd.OutOrStdout(), witnessSays{VKey: vkey})
	}
	_, err = io.WriteString(cmd.OutOrStdout(), vkey+"\n")
	return err
}

// What a witness lets in. The logs of a whole city are a few dozen, each with a connection or two.
const (
	witnessConnections = 1024
	witnessPerAddress  = 64
	witnessStopsWithin = 5 * time.Second
)

// secure is the TLS of the flags, nil for none.
func (f *witnessFlags) secure() (*tls.Config, error) {
	if f.cert == "" {
		return nil, nil
	}
	keeper, err := certs.Open(certs.Files{Setting: "--tls", Cert: f.cert, Key: f.key}, certs.Options{Log: f.Log})
	var wrong *refusal.Error
	if errors.As(err, &wrong) {
		for i, field := range wrong.Fields { // settings have a dot where flags have a dash
			wrong.Fields[i].Path = strings.ReplaceAll(field.Path, ".", "-")
		}
	}
	if err != nil {
		return nil, err
	}
	return keeper.Config("http/1.1"), nil
}

func (f *witnessFlags) serve(cmd *cobra.Command) (err error) {
	f.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	secure, err := f.secure()
	if err != nil {
		return err
	}
	w, err := witness.Open(f.Options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	server, err := front.Listen(front.Options{Addr: f.listen, Handler: w.Handler(), Ending: func() {},
		TLS: secure, Log: f.Log,
		Door: door.Options{PerAddress: witnessPerAddress, InAll: witnessConnections, Pace: door.Usual, Log: f.Log}})
	if err != nil {
		return err
	}
	address := "http://" + server.Addr()
	if secure != nil {
		address = "https://" + server.Addr()
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run() }()
	if err := f.greet(cmd.OutOrStdout(), witnessSays{Name: f.Name, VKey: w.VKey(), Address: address}); err != nil {
		return errors.Join(err, stopFront(server))
	}
	return witnessUntil(cmd.Context(), w, server, ended)
}

// witnessUntil lets the witness serve until it is told to end, or cannot.
func witnessUntil(ctx context.Context, w *witness.Witness, server *front.Front, ended <-chan error) error {
	hang := make(chan os.Signal, 1)
	signal.Notify(hang, syscall.SIGHUP)
	defer signal.Stop(hang)
	for {
		select {
		case <-hang:
			w.Reload()
		case err := <-ended:
			return err
		case <-ctx.Done():
			return stopFront(server)
		}
	}
}

func stopFront(server *front.Front) error {
	ctx, cancel := context.WithTimeout(context.Background(), witnessStopsWithin)
	defer cancel()
	return server.Stop(ctx)
}

func (f *witnessFlags) greet(out io.Writer, says witnessSays) error {
	if f.json {
		return printJSON(out, says)
	}
	return say(out, "cli.witness_ready", refusal.Args{"name": says.Name, "url": says.Address, "vkey": says.VKey})
}
