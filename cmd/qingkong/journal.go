package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
)

// errRecordBad ends `journal check` with exit 1 after its report was printed.
var errRecordBad = errors.New("the record does not prove itself: see the problems above, and copy the folder before anything is done to it")

func newJournalCommand() *cobra.Command {
	return group("journal", "记录的导出、检查、重建与分叉处理（export, check, rebuild and reconcile the record）",
		"  qingkong journal check --data ./data\n  qingkong journal export --data ./data > record.jsonl",
		newJournalExport(), newJournalCheck(), newJournalRebuild(), newJournalReconcile(), newJournalExclude())
}

// recordFlags say which record a journal command works on.
type recordFlags struct {
	data, url, creds, ca string
	json                 *bool
	// at the folder before its streams are opened, and copies them aside where the record is lost
	looks bool
}

func (f *recordFlags) add(cmd *cobra.Command, bus bool) {
	cmd.Flags().StringVar(&f.data, "data", "", "数据目录（folder of the record）")
	if bus {
		cmd.Flags().StringVar(&f.url, "nats-url", "", "外部 NATS 地址（external NATS server; without it the folder's own store）")
		cmd.Flags().StringVar(&f.creds, "nats-creds", "", "外部 NATS 凭据文件（credentials file for it）")
		cmd.Flags().StringVar(&f.ca, "nats-ca", "", "外部 NATS 证书的 CA（PEM file with the authority of its certificate）")
		f.json = jsonFlag(cmd)
	}
}

// registry is enough to replay a record: its decisions stand in it, so the settings do not matter.
func registry() *journal.Registry {
	return service.Registry(service.Settings{Alerts: alerts.DefaultSettings()})
}

// withStream runs work with the folder's record and the stream that belongs to it.
func (f *recordFlags) withStream(ctx context.Context, work func(opt journal.Options) error) (err error) {
	store := ""
	if f.url == "" {
		release, err := f.lock()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, release()) }()
		store = filepath.Join(f.data, folder.Streams)
	}
	var before *journal.Inventory
	if f.looks {
		if before, err = journal.Survey(f.data, store); err != nil {
			return err
		}
	}
	js, shut, err := f.streams(ctx, store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	return work(journal.Options{Dir: f.data, Registry: registry(), JS: js, Shared: f.url != "", Inventory: before})
}

// streams opens the streams of the external server, or of a folder; the caller shuts them.
func (f *recordFlags) streams(ctx context.Context, store string) (_ jetstream.JetStream, shut func() error, err error) {
	b, err := bus.Start(bus.Config{StoreDir: store, URL: f.url, CredsFile: f.creds, CAFile: f.ca,
		Logger: slog.New(slog.DiscardHandler), Name: "qingkong-journal"})
	if err != nil {
		return nil, nil, err
	}
	_, js := b.Journal()
	return js, func() error {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return b.Close(stop)
	}, nil
}

// lock makes a folder that holds a record this process's own, before its streams are opened.
func (f *recordFlags) lock() (release func() error, err error) {
	if there, err := folder.HasRecord(f.data); err != nil {
		return nil, err
	} else if there {
		return folder.Lock(f.data)
	}
	return nil, fmt.Errorf("there is no record in %s: name the folder that `qingkong serve --data` used", f.data)
}

func newJournalExport() *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:     "export --data DIR",
		Short:   "按条输出全部记录（every entry as a line of JSON）",
		Example: "  qingkong journal export --data ./data > record.jsonl",
		PreRunE: needs("data"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			release, err := folder.LockToRead(f.data)
			if err != nil {
				return err
			}
			out := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<20)
			err = journal.Export(f.data, out)
			if err == nil {
				err = out.Flush()
			}
			return errors.Join(err, release())
		},
	}
	f.add(cmd, false)
	return cmd
}

func newJournalCheck() *cobra.Command {
	var f recordFlags
	var tmp string
	cmd := &cobra.Command{
		Use:   "check --data DIR",
		Short: "证明记录完整、状态可由重放得到，只看不改（prove the record and the state it leaves; nothing is changed）",
		Long: "核对数据目录，里面什么也不改。停下来的，只读的也行：数据流先复制到 --tmp 再打开，用完删除。程序正在运行的，由它自己边运行边核对，\n" +
			"与夜里的定时核对相同；中断本命令，核对也就停止。\n" +
			"Checks a data folder and changes nothing in it. One of a program that is stopped may be read-only: the streams are\n" +
			"copied below --tmp before they are opened, and the copy is removed. Where a program runs on it, that checks itself\n" +
			"beside its work, as it does at night; to interrupt this command ends the check.",
		Example: "  qingkong journal check --data ./data --json\n  qingkong journal check --data /mnt/backup/data --tmp /var/tmp",
		PreRunE: needs("data"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			look := journal.StoppedOptions{Dir: f.data, Registry: registry(), Tmp: tmp, Copying: func(bytes int64, to string) {
				fmt.Fprintf(cmd.ErrOrStderr(), "copying %d bytes of streams to %s\n", bytes, to)
			}}
			r, err := f.check(cmd.Context(), look)
			if errors.Is(err, folder.ErrInUse) {
				r, err = f.askForCheck(cmd, tmp)
			}
			if err != nil {
				return err
			}
			return printReport(cmd.OutOrStdout(), *f.json, r, r)
		},
	}
	f.add(cmd, true)
	cmd.Flags().StringVar(&tmp, "tmp", "", "副本放在哪个目录之下（folder below which copies are made; default the system's）")
	return cmd
}

// askForCheck has the program that runs on the folder check it. The folder for its scratch file is named by its whole
// path: it has another working directory.
func (f *recordFlags) askForCheck(cmd *cobra.Command, tmp string) (r journal.Report, err error) {
	if tmp != "" {
		if tmp, err = filepath.Abs(tmp); err != nil {
			return r, err
		}
	}
	line := progressLine{w: cmd.ErrOrStderr()}
	return folder.AskForCheck(cmd.Context(), f.data, tmp, func(block, of uint64) {
		line.print("check.progress", refusal.Args{"block": block, "of": of})
	})
}

// check looks at a folder and its own streams, or those of an external server.
func (f *recordFlags) check(ctx context.Context, look journal.StoppedOptions) (r journal.Report, err error) {
	release, err := folder.LockToRead(f.data)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if f.url != "" {
		err = f.withStream(ctx, func(opt journal.Options) error {
			look.JS, look.Shared = opt.JS, true
			r, err = journal.CheckStopped(ctx, look)
			return err
		})
		return r, err
	}
	look.Serve = func(store string) (jetstream.JetStream, func() error, error) { return f.streams(ctx, store) }
	return journal.CheckStopped(ctx, look)
}

func newJournalRebuild() *cobra.Command {
	var f recordFlags
	var from string
	var skip bool
	cmd := &cobra.Command{
		Use:   "rebuild --data DIR [--from stream|db [--skip-unreadable]]",
		Short: "由记录重建状态，旧文件保留（make the state anew from the record; the old file is kept）",
		Long: "由数据目录自身的数据块重建状态；qingkong.db 不在时由数据流重建。旧文件改名保留。\n" +
			"启动被拒绝、又没有备份时用 --from：以数据流（到第一个读不出的块为止）或以 qingkong.db 为准重做另一份，其后确认过的丢失；\n" +
			"--skip-unreadable 把读不出的块之后还读得出的块另存成文件，并逐条列出，由人处理，绝不重放。\n" +
			"Makes the state anew from the folder's own blocks, or from the stream where qingkong.db is gone. Where a start is refused and\n" +
			"there is no backup, --from makes one store from the other and loses what was confirmed beyond it; --skip-unreadable keeps the\n" +
			"readable blocks behind a hole in a file and lists their entries for people to act on.",
		Example: "  qingkong journal rebuild --data ./data\n  qingkong journal rebuild --data ./data --from stream --skip-unreadable",
		PreRunE: needs("data"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from != "" && from != string(journal.FromStream) && from != string(journal.FromDB) || skip &&
				from != string(journal.FromStream) {
				return usage("--from takes stream or db, and --skip-unreadable goes with --from stream")
			}
			f.looks = true
			return f.withStream(cmd.Context(), func(opt journal.Options) error {
				if from != "" {
					r, err := journal.RebuildFrom(cmd.Context(), opt, journal.RebuildSource(from), skip)
					if err != nil {
						return err
					}
					return printRebuilt(cmd.OutOrStdout(), *f.json, r)
				}
				r, err := journal.Rebuild(cmd.Context(), opt)
				if err != nil {
					return err
				}
				return printReport(cmd.OutOrStdout(), *f.json, r, r)
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "以哪一份为准：stream 或 db（which store to take: stream or db）")
	cmd.Flags().BoolVar(&skip, "skip-unreadable", false,
		"跳过读不出的块，其后的另存（end the record before a hole; what is readable behind goes into a file）")
	f.add(cmd, true)
	return cmd
}

// printRebuilt says what a rebuild from one store kept, and lists the entries that nobody can apply any more.
func printRebuilt(w io.Writer, asJSON bool, r journal.RebuildReport) error {
	if asJSON {
		return printReport(w, true, r, r.Report)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, line := range r.Lines {
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	if r.Behind != "" {
		fmt.Fprintf(w, "note: these %d entries lay behind the hole and are not in the record; their blocks are in %s: act on them by hand\n", len(r.Lines), r.Behind)
	}
	if r.Confirmed > r.Blocks {
		fmt.Fprintf(w, "note: blocks %d to %d had been confirmed and are lost\n", r.Blocks+1, r.Confirmed)
	}
	if r.KeptStore != "" {
		fmt.Fprintf(w, "note: nats/ as it was is kept in %s\n", r.KeptStore)
	}
	return printReport(w, false, nil, r.Report)
}

// printReport prints a report in words, or as JSON the whole that it is part of, and fails where the record is not
// proved.
func printReport(w io.Writer, asJSON bool, whole any, r journal.Report) error {
	if asJSON {
		if err := printJSON(w, whole); err != nil {
			return err
		}
	} else {
		for _, p := range r.Problems {
			fmt.Fprintln(w, "problem:", p)
		}
		for _, n := range r.Notes {
			fmt.Fprintln(w, "note:", n)
		}
		fmt.Fprintf(w, "%d blocks, %d entries, root %s, state %s\n", r.Blocks, r.Entries, r.Root, r.StateHash)
	}
	if !r.OK {
		return errRecordBad
	}
	return nil
}

func newJournalReconcile() *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:   "reconcile --data DIR",
		Short: "处理分叉：以数据流为准，本节点的命令重新提交（settle a fork）",
		Long: "数据流与本节点记录在同一块号上不同时使用：以数据流为准，本节点分叉后的块另存，其命令按原顺序重新提交，被拒绝的逐条列出。\n" +
			"The stream's branch stands; this node's blocks from the fork on are kept in a file, their commands are submitted\n" +
			"again in order, and what is refused now is listed.",
		Example: "  qingkong journal reconcile --data ./data --nats-url nats://10.0.0.5:4222 --nats-creds ./journal.json",
		PreRunE: needs("data"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.withStream(cmd.Context(), func(opt journal.Options) error {
				r, err := journal.Reconcile(cmd.Context(), opt)
				if err != nil {
					return err
				}
				return printReconciled(cmd.OutOrStdout(), *f.json, r)
			})
		},
	}
	f.add(cmd, true)
	return cmd
}

func printReconciled(w io.Writer, asJSON bool, r journal.Reconciliation) error {
	if asJSON {
		return printJSON(w, r)
	}
	if r.ForkedAt == 0 {
		fmt.Fprintln(w, "没有分叉，未做改动 / there is no fork; nothing was changed")
		return nil
	}
	fmt.Fprintf(w, "forked at block %d; this node's branch is kept in %s\n", r.ForkedAt, r.Kept)
	for _, c := range r.Commands {
		fmt.Fprintf(w, "%-11s block %d %s by %q at %s %s\n", c.Outcome, c.Block, c.Command, c.Actor, c.At, c.Why)
	}
	return nil
}

func newJournalExclude() *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:     "exclude --node NAME --nats-url URL",
		Short:   "数据流回退后不再等待某节点（do not wait for a node that will not come back）",
		Example: "  qingkong journal exclude --node b --nats-url nats://10.0.0.5:4222 --nats-creds ./journal.json",
		PreRunE: needs("node", "nats-url"),
	}
	f.add(cmd, true)
	node := cmd.Flags().String("node", "", "节点名（name of the node）")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return f.withStream(cmd.Context(), func(opt journal.Options) error {
			return journal.ExcludeNode(cmd.Context(), opt.JS, *node)
		})
	}
	return cmd
}

func printJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(asciiMarks(b.Bytes()))
	return err
}
