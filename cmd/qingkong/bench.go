package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"qingkong/cmd/internal/bench"
)

func newBenchCommand() *cobra.Command {
	commands := []*cobra.Command{newBenchAllocate()}
	for _, m := range benchCommands {
		commands = append(commands, m.command())
	}
	return group("bench", "测量性能，同一次运行中给出原始极限（measure, with the raw limit in the same run）",
		"  qingkong bench answers\n  qingkong bench answers --n 20000 --json",
		commands...)
}

type benchResults struct {
	Results []bench.Result `json:"figures"`
}

// benchCommand is a subcommand of bench. Its flag --n says how often, or with how many of something, it measures.
type benchCommand struct {
	use, short, long, example string

	n     int // of the flag, when it is not given
	nHelp string

	run   func(cmd *cobra.Command, n int) ([]bench.Result, error)
	print func(w io.Writer, results []bench.Result) error // for people
}

func (m benchCommand) command() *cobra.Command {
	cmd := &cobra.Command{Use: m.use, Short: m.short, Long: m.long, Example: m.example}
	n := cmd.Flags().Int("n", m.n, m.nHelp)
	return answering(cmd, func(cmd *cobra.Command, _ []string) (benchResults, error) {
		if *n < 1 {
			return benchResults{}, usage("--n must be positive")
		}
		results, err := m.run(cmd, *n)
		return benchResults{results}, err
	}, func(w io.Writer, r benchResults) error { return m.print(w, r.Results) })
}

// alone is a measurement that prints nothing beside its results.
func alone(measure func(context.Context, int) ([]bench.Result, error)) func(*cobra.Command, int) ([]bench.Result, error) {
	return func(cmd *cobra.Command, n int) ([]bench.Result, error) { return measure(cmd.Context(), n) }
}

// benchCommands are the subcommands of bench without flags of their own.
var benchCommands = []benchCommand{
	{
		use: "answers", short: "签收的吞吐与时延（acknowledgements per second and their latency）",
		long: "签收减排令，从请求到落盘并答复。answers_nats_1_ratio、answers_nats_256_ratio、answers_http_256_ratio：1、256 个调用方经 NATS、\n" +
			"256 个经 HTTP，与同一进程里答复同样字节的空服务器逐秒交替，十对之比的中位数；1 个调用方另与同样各行的一次提交、一次往返相比。\n" +
			"16、64 个经 NATS 和进程内 256 个与 bbolt 提交的原始极限相比，最后检查记录。\n" +
			"Acknowledgements from the request until they are on disk and answered. The three ratios are medians of ten pairs of slices\n" +
			"of a second, ours and a bare server in this process that answers the same bytes by turns. One caller is also held against\n" +
			"a commit of the same rows and a round trip; 16 and 64 callers, and 256 in process, against raw bbolt commits.",
		example: "  qingkong bench answers\n  qingkong bench answers --n 20000 --json",
		n:       8000, nHelp: "与 bbolt 提交相比的几轮里，最大一轮的签收次数（acknowledgements of the largest run beside raw commits）",
		run:   alone(bench.Answers),
		print: printResults,
	},
	{
		use: "dispatch", short: "减排令从批准到全部送出的时间（seconds from approval to the last order sent）",
		long: "一次预警批准后，N 个对象、每个三条措施的减排令全部落盘并送到外部 TCP 订阅者的时间，各步所占，及同样字节的原始极限，最后检查记录。\n" +
			"Time from the approval of a warning until N orders of three measures each are journaled, and received by a subscriber over TCP.",
		example: "  qingkong bench dispatch\n  qingkong bench dispatch --n 20000 --json",
		n:       100_000, nHelp: "对象数，即减排令数（recipients, and so orders）",
		run:   alone(bench.Dispatch),
		print: printResults,
	},
	{
		use: "backup", short: "运行中备份的时间、大小和对写入的影响（a backup beside writes, and its restore）",
		long: "N 件减排令送出后，4 个调用方不停签收，其间备份三次，与不备份的同样长时间交替：备份用时、大小，签收时延的 p50、p99，不备份时的作对照；\n" +
			"最后恢复最后一份，并检查记录。\n" +
			"Backups of a record with N orders while 4 callers acknowledge, in turns with the same time without one: seconds, size,\n" +
			"the latency of the callers beside that without a backup; then the restore of the last.",
		example: "  qingkong bench backup\n  qingkong bench backup --n 20000 --json",
		n:       100_000, nHelp: "对象数，即减排令数（recipients, and so orders）",
		run:   alone(bench.Backup),
		print: printResults,
	},
	{
		use: "console", short: "值班台页面、列表接口与实时看板的时延（latency of the desk's pages, list calls and live board）",
		long: "一次预警 N 条未结减排令时，值班台各页面与列表接口的时延（p95 应小于 50 毫秒），同样字节数的空处理作为原始极限；\n" +
			"以及一家企业签收到 200 个看板全部更新的时间（应小于 1 秒）。超出者另列于标准错误。\n" +
			"Latency of the desk's pages and the list calls with N open orders of one warning (p95 under 50 ms), beside a handler that\n" +
			"answers as many bytes without work; and from an acknowledgement to the last of 200 screens (under 1 s).",
		example: "  qingkong bench console\n  qingkong bench console --n 20000 --json",
		n:       100_000, nHelp: "对象数，即未结减排令数（recipients, and so open orders）",
		run: func(cmd *cobra.Command, n int) ([]bench.Result, error) {
			results, over, err := bench.Console(cmd.Context(), n)
			if err != nil {
				return nil, err
			}
			for _, line := range over {
				fmt.Fprintln(cmd.ErrOrStderr(), "超出（over the bar）：", line)
			}
			return results, nil
		},
		print: printResults,
	},
	{
		use: "hj212", short: "HJ 212 监测站的解码、接收与读数（frames of HJ 212 decoded, taken and read）",
		long: "解码每核每秒多少 MB（连同 CRC 和各字段），旁边是只算 CRC 和只复制；N 个站点在另一个进程里同时上报，整个程序每秒确认多少帧（先落盘再答\n" +
			"9014），旁边是同样字节按同样批次各 fsync 一次的写文件；一半站点补传 200×N 帧时另一半照常上报的时延；内存；一个点位一年小时数据的读取；\n" +
			"每个读数占多少字节。\n" +
			"MB of frames that a core decodes, beside their CRC alone and a copy; frames a second of N stations in a process of\n" +
			"their own that the whole program confirms, durable first, beside fsynced writes of the same bytes in the same\n" +
			"batches; half of the stations catch up with 200 N frames while the others report; memory; a year of a point's hours;\n" +
			"bytes of a reading.",
		example: "  qingkong bench hj212\n  qingkong bench hj212 --n 500 --json",
		n:       2000, nHelp: "站点数（stations）",
		run: func(cmd *cobra.Command, n int) ([]bench.Result, error) {
			return bench.HJ212(cmd.Context(), n, loadApart)
		},
		print: printResults,
	},
	{
		use: "compliance", short: "按实测数据判定减排令的时间（orders held against what is measured）",
		long: "N 件减排令、每件十个判定条件（八个浓度限值、两个按 90 天基线），执行三天以后：第一遍（连同算基线），每个监测都有新的一小时的一遍，旁边是只读\n" +
			"同样的小时数据；没有新数据的一遍；台账每小时增加多少块。最后检查记录。\n" +
			"Passes over N orders of ten criteria each (eight limits of a stack, two of a baseline of 90 days) three days after their\n" +
			"deadline: the first one, one with a new hour of every monitor beside the reading of the same series alone, one in which\n" +
			"nothing moved; blocks of the record an hour. The record is proved at the end.",
		example: "  qingkong bench compliance\n  qingkong bench compliance --n 300 --json",
		n:       1500, nHelp: "减排令数（orders）",
		run:   alone(bench.Compliance),
		print: printResults,
	},
	{
		use: "ledger", short: "存证台账的追加、证明与核验（entries of the ledger appended, proved and verified）",
		long: "每条一次提交，有无台账各行两种情形交替：同步（fsync）和写入次数、时延；N 条的台账中随机证明一条的时间，旁边是在同一文件中随机读同样多行；\n" +
			"10 万条连续的、10 万条散布的条目连同证明的核验，旁边是对同样字节只算 SHA-256。再有 1,500 个对象、持续五天的预警之后，一件减排令的证据包\n" +
			"有多大，经 HTTP 每秒取多少片散列，旁边是只写同样字节的处理程序。\n" +
			"Commits of one entry with and without the ledger's rows, by turns: syncs, writes and latency; the proof of a random entry\n" +
			"in a ledger of N, beside as many random rows read of the same file; 100,000 entries verified with their proof, one behind\n" +
			"the other and scattered, beside SHA-256 over the same bytes. Then, after a warning of five days with 1,500 recipients, how\n" +
			"large the bundle of one order is, and how many tiles a second come over HTTP, beside a handler of the same bytes.",
		example: "  qingkong bench ledger\n  qingkong bench ledger --n 1000000 --json",
		n:       10_000_000, nHelp: "台账条数，至少 40 万（entries of the ledger, 400,000 at least）",
		run: alone(bench.Ledger),
		print: func(w io.Writer, results []bench.Result) error {
			var rows [][]string
			for _, f := range results {
				ratio := ""
				if f.Raw > 0 {
					ratio = fmt.Sprintf("%.2f × raw (%.4g)", f.Ratio, f.Raw)
				}
				rows = append(rows, []string{f.Name, fmt.Sprintf("%.4g", f.Value), f.Unit, ratio})
			}
			printTable(w, "", rows)
			return nil
		},
	},
	{
		use: "list", short: "清单的导入、比较与查询（import, comparison and search of the list）",
		long: "N 个对象的工作簿连同全部检查的导入，同一次运行中给出 excelize 流式读取相同各行的时间与内存；两个版本的比较、某日的对象、一页检索。\n" +
			"Import of a workbook of N recipients with all checks, beside excelize's streaming reader over the same rows; comparison\n" +
			"of two versions, a recipient as of a day, a page of search results.",
		example: "  qingkong bench list\n  qingkong bench list --n 10000 --json",
		n:       10_000, nHelp: "对象数（recipients）",
		run: alone(bench.List),
		print: func(w io.Writer, results []bench.Result) error {
			var rows [][]string
			for _, f := range results {
				ratio := ""
				if f.Raw > 0 {
					ratio = fmt.Sprintf("%.2f × raw (%.1f)", f.Ratio, f.Raw)
				}
				rows = append(rows, []string{f.Name, fmt.Sprintf("%.1f", f.Value), f.Unit, ratio})
			}
			printTable(w, "", rows)
			return nil
		},
	},
}

func newBenchAllocate() *cobra.Command {
	var coal, waste string
	cmd := benchCommand{
		use: "allocate", short: "电厂与垃圾焚烧方案的求解时间，同时给出 CBC 的（time and gap of the optimisers beside CBC's）",
		long: "对 4 台×96 时段、3 台×60 时段、12 台×168 时段、8 台×90 时段各求解 N 次，取中位数；同一次运行中让 CBC（coinor-cbc）解同一问题，各限 30 秒。\n" +
			"给出 --coal、--waste 时只测这些文件。没有安装 CBC 时不给对照。\n" +
			"Solves plants of four sizes N times each, the median counts, beside CBC on the same problems in the same run, 30 s\n" +
			"each at most; or the problems of --coal and --waste alone. Without CBC its values are missing.",
		example: "  qingkong bench allocate\n  qingkong bench allocate --coal coal.json --waste waste.json --json",
		n:       5, nHelp: "每个问题的求解次数（how often each problem is solved）",
		run: func(cmd *cobra.Command, n int) ([]bench.Result, error) {
			var problems []bench.Problem
			for _, p := range []bench.Problem{{Name: coal, Kind: "coal"}, {Name: waste, Kind: "waste"}} {
				if p.Name == "" {
					continue
				}
				text, err := os.ReadFile(p.Name)
				if err != nil {
					return nil, err
				}
				p.Text = text
				problems = append(problems, p)
			}
			return bench.Allocate(cmd.Context(), n, problems)
		},
		print: printBesideCBC,
	}.command()
	cmd.Flags().StringVar(&coal, "coal", "", "只测这个煤电问题（a coal problem to be measured）")
	cmd.Flags().StringVar(&waste, "waste", "", "只测这个垃圾焚烧问题（a waste problem to be measured）")
	return cmd
}

func printResults(w io.Writer, results []bench.Result) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, f := range results {
		ratio := ""
		if f.Raw > 0 {
			ratio = fmt.Sprintf("%.2f × raw", f.Ratio)
		}
		fmt.Fprintf(t, "%s\t%.1f\t%s\t%s\n", f.Name, f.Value, f.Unit, ratio)
	}
	return t.Flush()
}

func printBesideCBC(w io.Writer, results []bench.Result) error {
	rows := [][]string{{"", "晴空 ours", "CBC", "CBC ÷ 晴空"}}
	for _, f := range results {
		row := []string{f.Name, fmt.Sprintf("%.3g %s", f.Value, f.Unit), "-", ""}
		if f.Raw > 0 {
			row[2] = fmt.Sprintf("%.3g %s", f.Raw, f.Unit)
		}
		if f.Raw > 0 && f.Unit == "ms" {
			row[3] = fmt.Sprintf("%.0f ×", f.Raw/f.Value)
		}
		rows = append(rows, row)
	}
	printTable(w, "", rows)
	return nil
}
