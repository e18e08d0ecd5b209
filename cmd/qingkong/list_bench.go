package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"qingkong/cmd/internal/app"
)

func newBenchList() *cobra.Command {
	var n int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "清单的导入、比较与查询（import, comparison and search of the list）",
		Long: "N 个对象的工作簿连同全部检查的导入，同一次运行中给出 excelize 流式读取相同各行的时间与内存；两个版本的比较、某日的对象、一页检索。\n" +
			"Import of a workbook of N recipients with all checks, beside excelize's streaming reader over the same rows; comparison\n" +
			"of two versions, a recipient as of a day, a page of search results.",
		Example: "  qingkong bench list\n  qingkong bench list --n 10000 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n < 1 {
				return usage("--n must be positive")
			}
			figures, err := app.BenchList(cmd.Context(), n, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), map[string]any{"figures": figures})
			}
			var rows [][]string
			for _, f := range figures {
				ratio := ""
				if f.Raw > 0 {
					ratio = fmt.Sprintf("%.2f × raw (%.1f)", f.Ratio, f.Raw)
				}
				rows = append(rows, []string{f.Name, fmt.Sprintf("%.1f", f.Value), f.Unit, ratio})
			}
			printTable(cmd.OutOrStdout(), "", rows)
			return nil
		},
	}
	cmd.Flags().IntVar(&n, "n", 10_000, "对象数（recipients）")
	cmd.Flags().BoolVar(&asJSON, "json", false, "输出 JSON（print JSON）")
	return cmd
}
