package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/app"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
)

// wall is the wall clock that serve gives the program: nil, the machine's. Only the tests of this package set it, in a
// process of theirs, for the machine's own clock is not theirs to set.
var wall func() time.Time

// serveFlags override the settings file and the environment.
type serveFlags struct {
	config, node              string
	demo, noSimulate, verbose bool
	demoRecipients            int
}

func newServeCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "运行协调程序（run the coordinator）",
		Long: "运行协调程序：接收预报、提出预警建议、发布预警、下达减排令、记录签收。所用地址在全部可连接后写入 DATA/addresses.json。\n" +
			"数据目录由 init 建立；其中没有记录时（例如磁盘未挂载）拒绝启动，--demo 和外部 NATS 除外。\n" +
			"Runs the coordinator. The addresses in use are written to DATA/addresses.json once all of them accept connections.\n" +
			"init makes the data folder. One without a record, such as that of a disk that is not mounted, is refused, except with\n" +
			"--demo and with an external NATS.",
		Example: "  qingkong serve --demo\n  qingkong serve --config qingkong.yaml --data /var/lib/qingkong\n  qingkong serve --listen 127.0.0.1:0 --nats-listen 127.0.0.1:0",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.settings(cmd)
			if err != nil {
				return err
			}
			return f.serve(cmd, cfg)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.config, "config", "", "配置文件（settings file; see --print-config）")
	fl.String("data", "", "数据目录（folder of the record）")
	fl.String("listen", "", "HTTP 地址（host:port; port 0 takes a free one）")
	fl.String("nats-listen", "", "内置 NATS 地址（host:port of the embedded NATS）")
	fl.String("nats-url", "", "外部 NATS 地址（an external NATS server instead）")
	fl.String("nats-creds", "", "外部 NATS 凭据文件（its credentials file）")
	fl.String("nats-ca", "", "外部 NATS 证书的 CA（PEM file with the authority of its certificate）")
	fl.String("hj212-listen", "", "HJ 212 地址，空为不接，演示除外（host:port for stations of HJ 212; empty serves none, in a demo 127.0.0.1:9212）")
	fl.StringVar(&f.node, "node", "", "节点名，多节点时使用（name of this node among several）")
	fl.BoolVar(&f.demo, "demo", false, "载入西青区清单和演示账号（load Xiqing's list and demo accounts）")
	fl.IntVar(&f.demoRecipients, "demo-recipients", 0, "演示对象总数，不足以示例补齐（recipients of the demo in all）")
	fl.BoolVar(&f.noSimulate, "no-simulate", false, "演示时不模拟企业应答（no simulated enterprises）")
	fl.BoolVar(&f.verbose, "verbose", false, "输出调试日志（log debug lines too）")
	return withPrintConfig(cmd)
}

// settings are the file's, overridden by the environment and then by the flags that were given.
func (f *serveFlags) settings(cmd *cobra.Command) (config.Config, error) {
	cfg, err := config.Load(f.config, os.Environ())
	if err != nil {
		return cfg, err
	}
	for name, key := range map[string]*string{
		"data": &cfg.Data, "listen": &cfg.Listen.HTTP, "nats-listen": &cfg.Listen.NATS, "hj212-listen": &cfg.Listen.HJ212,
		"nats-url": &cfg.NATS.URL, "nats-creds": &cfg.NATS.Creds, "nats-ca": &cfg.NATS.CA,
	} {
		if flag := cmd.Flag(name); flag.Changed {
			*key = flag.Value.String()
		}
	}
	if cmd.Flag("demo-recipients").Changed && !f.demo {
		return cfg, usage("--demo-recipients needs --demo")
	}
	return cfg, cfg.Validate()
}

func (f *serveFlags) serve(cmd *cobra.Command, cfg config.Config) error {
	level := slog.LevelInfo
	if f.verbose {
		level = slog.LevelDebug
	}
	opt := app.Options{Config: cfg, Node: f.node, Version: thisBuild().Version, Clock: wall,
		Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))}
	if f.demo {
		opt.Demo = &demo.Demo{Recipients: f.demoRecipients, NoSimulate: f.noSimulate}
	} else if err := mustHaveRecord(cfg); err != nil {
		return err
	}
	return app.Run(cmd.Context(), opt, func(a *app.App) { greet(cmd.OutOrStdout(), a, cfg, f.demo) })
}

// mustHaveRecord refuses to begin a record by serving it: a folder without one is a new district's, for which there is
// init, or that of a disk that is not mounted. With an external NATS the record may come from there.
func mustHaveRecord(cfg config.Config) error {
	if cfg.NATS.URL != "" {
		return nil
	}
	there, err := folder.HasRecord(cfg.Data)
	if err == nil && !there {
		err = newError("cli.no_record", refusal.Args{"data": cfg.Data})
	}
	return err
}

func greet(w io.Writer, a *app.App, cfg config.Config, isDemo bool) {
	addr := a.Addr()
	web, bus := "http", "nats"
	overHTTP, overNATS := a.Secure()
	if overHTTP {
		web = "https"
	}
	if overNATS {
		bus = "tls"
	}
	fmt.Fprintf(w, "晴空已就绪 / ready\n  控制台 console   %s://%s\n", web, addr.HTTP)
	if addr.NATS != "" {
		fmt.Fprintf(w, "  消息 NATS        %s://%s\n", bus, addr.NATS)
	}
	if addr.HJ212 != "" {
		fmt.Fprintf(w, "  监测 HJ 212      tcp://%s\n", addr.HJ212)
	}
	fmt.Fprintf(w, "  数据目录 data    %s\n", cfg.Data)
	if isDemo {
		fmt.Fprintf(w, "演示模式：在本机打开 %s://%s/login，点一个角色即可进入 / demo: choose a role there, no password needed\n", web, addr.HTTP)
		fmt.Fprintf(w, "其他程序用的账号与口令见 %s/%s / accounts for programs are in that file\n", cfg.Data, folder.DemoCredentials)
		fmt.Fprintln(w, "演示预报取自 2016 年 12 月天津实测，日期移至明天起 / the forecast is Tianjin's measured December 2016, moved to begin tomorrow")
	}
}
