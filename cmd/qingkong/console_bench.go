package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"qingkong/cmd/internal/app"
)

func newBenchConsole() *cobra.Command {
	var n int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "console",
		Short: "值班台页面、列表接口与实时看板的时延（latency of the desk's pages, list calls and live board）",
		Long: "一次预警 N 条未结减排令时，值班台各页面与列表接口的时延（p95 应小于 50 毫秒），同样字节数的空处理作为原始极限；\n" +
			"以及一家企业签收到 200 个看板全部更新的时间（应小于 1 秒）。超出者另列于标准错误。\n" +
			"Latency of the desk's pages and the list calls with N open orders of one warning (p95 under 50 ms), beside a handler that\n" +
			"answers as many bytes without work; and from an acknowledgement to the last of 200 screens (under 1 s).",
		Example: "  qingkong bench console\n  qingkong bench console --n 20000 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n < 1 {
				return usage("--n must be positive")
			}
			figures, over, err := app.BenchConsole(cmd.Context(), n, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			for _, line := range over {
				fmt.Fprintln(cmd.ErrOrStderr(), "超出（over the bar）：", line)
			}
			return printFigures(cmd, figures, asJSON)
		},
	}
	cmd.Flags().IntVar(&n, "n", 100_000, "对象数，即未结减排令数（recipients, and so open orders）")
	cmd.Flags().BoolVar(&asJSON, "json", false, "输出 JSON（print JSON）")
	return cmd
}
