package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/simulate"
)

const enterprisesHelp = `模拟企业：--accounts 里的每个企业各用一条 NATS 连接接收减排令（含演练），签收后在 --soonest 与 --latest 之间确认或提出异议。
--accounts 是 recipient credentials ID --json 的输出，一个接一个写入同一文件。--never 是无人理会的减排令的比例，
--object 是提出异议的比例。同一 --seed 对同一减排令总是同样的做法。--for 或 --orders 之后结束，报出处理了多少、时延多少。
Simulated enterprises: each of --accounts hears its orders (drills too) on a NATS connection of its own, answers that it
received them, and acknowledges or objects between --soonest and --latest. --accounts is what recipient credentials ID
--json prints, one after another in a file. --never is the share of orders that nobody looks at, --object of those that are
objected to; one --seed always does the same with the same order. It ends after --for or --orders, and tells what it did.`

func newSimulateEnterprises() *cobra.Command {
	e := simulate.Enterprises{Note: "模拟企业提出的异议 / an objection of a simulated enterprise"}
	var accounts string
	var tlsFirst bool
	var t trust
	cmd := &cobra.Command{
		Use:   "enterprises --nats-url URL --accounts FILE",
		Short: "应答减排令的企业（enterprises that answer orders）",
		Long:  enterprisesHelp,
		Example: `  qingkong recipient credentials E0005 --json --server http://127.0.0.1:8080 --token-file admin.token >> accounts.json
  qingkong simulate enterprises --nats-url nats://127.0.0.1:4222 --accounts accounts.json --never 0.04 --object 0.05
  qingkong simulate enterprises --nats-url nats://127.0.0.1:4222 --accounts accounts.json --orders 200 --for 5m --json`,
	}
	fl := cmd.Flags()
	fl.StringVar(&e.URL, "nats-url", "", "NATS 地址，多个用逗号分开（NATS address, several separated by commas）")
	fl.StringVar(&accounts, "accounts", "", "企业账号文件，见上（file of their accounts, as above）")
	fl.DurationVar(&e.Soonest, "soonest", 2*time.Second, "最早多久后确认（after an order, when it is acknowledged at the soonest）")
	fl.DurationVar(&e.Latest, "latest", time.Minute, "最晚多久后确认（and at the latest）")
	fl.Float64Var(&e.Never, "never", 0, "无人理会的比例，0 到 1（share of orders that nobody looks at, 0 to 1）")
	fl.Float64Var(&e.Object, "object", 0, "提出异议的比例，0 到 1（share of orders that are objected to, 0 to 1）")
	fl.Uint64Var(&e.Seed, "seed", 1, "随机数种子（seed）")
	fl.DurationVar(&e.For, "for", 0, "运行多久，缺省直到中断（how long to run; until interrupted without it）")
	fl.IntVar(&e.Orders, "orders", 0, "处理多少条减排令后结束（end after so many orders）")
	fl.BoolVar(&tlsFirst, "tls-first", false, "一连上就开始 TLS（begin with TLS at once, for a server with nats.handshake_first）")
	t.flags(cmd)
	return answering(cmd, func(cmd *cobra.Command, _ []string) (r simulate.EnterprisesReport, err error) {
		if err := requireFlags(cmd, "nats-url", "accounts"); err != nil {
			return r, err
		}
		if err := t.check(); err != nil {
			return r, err
		}
		text, err := os.ReadFile(accounts)
		if err != nil {
			return r, err
		}
		if e.Who, err = simulate.ReadEnterprises(text); err != nil {
			return r, wrapError("cli.enterprise_accounts", refusal.Args{"file": accounts}, err)
		}
		if e.Options = t.natsOptions(); tlsFirst {
			e.Options = append(e.Options, nats.TLSHandshakeFirst())
		}
		if err := e.Check(); err != nil {
			return r, usage("%v", err)
		}
		r = e.Run(cmd.Context())
		if r.Connected == 0 && !errors.Is(cmd.Context().Err(), context.Canceled) {
			return r, wrapError("cli.enterprises_alone", refusal.Args{"url": e.URL}, errors.New(r.FirstErr))
		}
		return r, nil
	}, printEnterprises)
}

func printEnterprises(w io.Writer, r simulate.EnterprisesReport) error {
	rule := "cli.enterprises"
	if r.FirstErr != "" {
		rule = "cli.enterprises_trouble"
	}
	_, err := fmt.Fprintln(w, bothLanguages(rule, refusal.Args{"n": r.Connected, "of": r.Enterprises, "orders": r.Orders,
		"received": r.Received, "acknowledged": r.Acknowledged, "objected": r.Objected, "silent": r.Silent, "refused": r.Refused,
		"unanswered": r.Unanswered, "p50": r.P50.Round(time.Microsecond).String(), "p99": r.P99.Round(time.Microsecond).String(),
		"why": r.FirstErr}))
	return err
}
