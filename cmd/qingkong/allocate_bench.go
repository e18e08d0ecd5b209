package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"qingkong/cmd/internal/app"
)

func newBenchAllocate() *cobra.Command {
	var n int
	var coal, waste string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "allocate",
		Short: "电厂与垃圾焚烧方案的求解时间，同时给出 CBC 的（time and gap of the optimisers beside CBC's）",
		Long: "对 4 台×96 时段、3 台×60 时段、12 台×168 时段、8 台×90 时段各求解 N 次，取中位数；同一次运行中让 CBC（coinor-cbc）解同一问题，各限 30 秒。\n" +
			"给出 --coal、--waste 时只测这些文件。没有安装 CBC 时不给对照。\n" +
			"Solves plants of four sizes N times each, the median counts, beside CBC on the same problems in the same run, 30 s\n" +
			"each at most; or the problems of --coal and --waste alone. Without CBC its values are missing.",
		Example: "  qingkong bench allocate\n  qingkong bench allocate --coal coal.json --waste waste.json --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n < 1 {
				return usage("--n must be positive")
			}
			var problems []app.AllocateProblem
			for _, p := range []app.AllocateProblem{{Name: coal, Kind: "coal"}, {Name: waste, Kind: "waste"}} {
				if p.Name == "" {
					continue
				}
				text, err := os.ReadFile(p.Name)
				if err != nil {
					return err
				}
				p.Text = text
				problems = append(problems, p)
			}
			figures, err := app.BenchAllocate(cmd.Context(), n, problems)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), map[string]any{"figures": figures})
			}
			rows := [][]string{{"", "晴空 ours", "CBC", "CBC ÷ 晴空"}}
			for _, f := range figures {
				row := []string{f.Name, fmt.Sprintf("%.3g %s", f.Value, f.Unit), "-", ""}
				if f.Raw > 0 {
					row[2] = fmt.Sprintf("%.3g %s", f.Raw, f.Unit)
				}
				if f.Raw > 0 && f.Unit == "ms" {
					row[3] = fmt.Sprintf("%.0f ×", f.Raw/f.Value)
				}
				rows = append(rows, row)
			}
			printTable(cmd.OutOrStdout(), "", rows)
			return nil
		},
	}
	cmd.Flags().IntVar(&n, "n", 5, "每个问题的求解次数（how often each problem is solved）")
	cmd.Flags().StringVar(&coal, "coal", "", "只测这个煤电问题（a coal problem to be measured）")
	cmd.Flags().StringVar(&waste, "waste", "", "只测这个垃圾焚烧问题（a waste problem to be measured）")
	cmd.Flags().BoolVar(&asJSON, "json", false, "输出 JSON（print JSON）")
	return cmd
}
