package main

import (
	"fmt"
	"log/slog"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"qingkong/cmd/internal/app"
)

func newBenchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "测量性能，同一次运行中给出原始极限（measure, with the raw limit in the same run）",
		Example: "  qingkong bench answers\n  qingkong bench answers --n 20000 --json",
	}
	cmd.AddCommand(newBenchAllocate(), newBenchAnswers(), newBenchBackup(), newBenchConsole(), newBenchDispatch(), newBenchList())
	return cmd
}

func newBenchAnswers() *cobra.Command {
	var n int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "answers",
		Short: "签收的吞吐与时延（acknowledgements per second and their latency）",
		Long: "签收减排令，从请求到落盘并答复。answers_nats_1_ratio、answers_nats_256_ratio、answers_http_256_ratio：1、256 个调用方经 NATS、\n" +
			"256 个经 HTTP，与同一进程里答复同样字节的空服务器逐秒交替，十对之比的中位数；1 个调用方另与同样各行的一次提交、一次往返相比。\n" +
			"16、64 个经 NATS 和进程内 256 个与 bbolt 提交的原始极限相比，最后检查记录。\n" +
			"Acknowledgements from the request until they are on disk and answered. The three ratios are medians of ten pairs of slices\n" +
			"of a second, ours and a bare server in this process that answers the same bytes by turns. One caller is also held against\n" +
			"a commit of the same rows and a round trip; 16 and 64 callers, and 256 in process, against raw bbolt commits.",
		Example: "  qingkong bench answers\n  qingkong bench answers --n 20000 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n < 1 {
				return usage("--n must be positive")
			}
			figures, err := app.BenchAnswers(cmd.Context(), n, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			return printFigures(cmd, figures, asJSON)
		},
	}
	cmd.Flags().IntVar(&n, "n", 8000, "与 bbolt 提交相比的几轮里，最大一轮的签收次数（acknowledgements of the largest run beside raw commits）")
	cmd.Flags().BoolVar(&asJSON, "json", false, "输出 JSON（print JSON）")
	return cmd
}

func newBenchDispatch() *cobra.Command {
	var n int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "dispatch",
		Short: "减排令从批准到全部送出的时间（seconds from approval to the last order sent）",
		Long: "一次预警批准后，N 个对象、每个三条措施的减排令全部落盘并送到外部 TCP 订阅者的时间，各步所占，及同样字节的原始极限，最后检查记录。\n" +
			"Time from the approval of a warning until N orders of three measures each are journaled, and received by a subscriber over TCP.",
		Example: "  qingkong bench dispatch\n  qingkong bench dispatch --n 20000 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n < 1 {
				return usage("--n must be positive")
			}
			figures, err := app.BenchDispatch(cmd.Context(), n, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			return printFigures(cmd, figures, asJSON)
		},
	}
	cmd.Flags().IntVar(&n, "n", 100_000, "对象数，即减排令数（recipients, and so orders）")
	cmd.Flags().BoolVar(&asJSON, "json", false, "输出 JSON（print JSON）")
	return cmd
}

func printFigures(cmd *cobra.Command, figures []app.Figure, asJSON bool) error {
	if asJSON {
		return printJSON(cmd.OutOrStdout(), map[string]any{"figures": figures})
	}
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	for _, f := range figures {
		ratio := ""
		if f.Raw > 0 {
			ratio = fmt.Sprintf("%.2f × raw", f.Ratio)
		}
		fmt.Fprintf(t, "%s\t%.1f\t%s\t%s\n", f.Name, f.Value, f.Unit, ratio)
	}
	return t.Flush()
}

func newBenchBackup() *cobra.Command {
	var n int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "运行中备份的时间、大小和对写入的影响（a backup beside writes, and its restore）",
		Long: "N 件减排令送出后，4 个调用方不停签收，其间备份三次，与不备份的同样长时间交替：备份用时、大小，签收时延的 p50、p99，不备份时的作对照；\n" +
			"最后恢复最后一份，并检查记录。\n" +
			"Backups of a record with N orders while 4 callers acknowledge, in turns with the same time without one: seconds, size,\n" +
			"the latency of the callers beside that without a backup; then the restore of the last.",
		Example: "  qingkong bench backup\n  qingkong bench backup --n 20000 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n < 1 {
				return usage("--n must be positive")
			}
			figures, err := app.BenchBackup(cmd.Context(), n, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			return printFigures(cmd, figures, asJSON)
		},
	}
	cmd.Flags().IntVar(&n, "n", 100_000, "对象数，即减排令数（recipients, and so orders）")
	cmd.Flags().BoolVar(&asJSON, "json", false, "输出 JSON（print JSON）")
	return cmd
}
