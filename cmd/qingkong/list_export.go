package main

import (
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/reductionlist"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

func newListExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export [--data DIR] FILE.xlsx",
		Short: "导出清单为工作簿，可修改后再导入（write a list as a workbook）",
		Long: "不带 --data 导出内置清单；带 --data 导出该目录中现行的版本（服务停止时），含联系人，--no-contacts 不含。运行中的服务请用\n" +
			"GET /api/v1/list/versions/{id}/export。导出的工作簿再导入，得到同一个版本。\n" +
			"Without --data the embedded list; with it the version in force in that folder, while no server runs there. The workbook\n" +
			"gives the same version when it is imported.",
		Example: "  qingkong list export 清单.xlsx\n  qingkong list export --data ./data 清单.xlsx",
		Args:    files(1),
	}
	data := cmd.Flags().String("data", "", "数据目录（data folder; the embedded list without it）")
	version := cmd.Flags().String("version", "", "清单版本，缺省为现行版本（version; the one in force without it）")
	bare := cmd.Flags().Bool("no-contacts", false, "不含联系人和手机（without contacts）")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		l, err := seeds.List()
		if *data != "" {
			l, err = keptList(*data, *version, !*bare)
		}
		if err != nil {
			return err
		}
		if *bare {
			for _, r := range l.Recipients {
				r.Contact = nil
			}
		}
		if err := writeNew(args[0], func(w io.Writer) error { return workbook.Write(w, l) }); err != nil {
			return err
		}
		return say(cmd.OutOrStdout(), "list.say_exported",
			refusal.Args{"file": args[0], "name": l.Name, "count": len(l.Recipients), "hash": l.Hash()})
	}
	return cmd
}

func newListTemplate() *cobra.Command {
	return &cobra.Command{
		Use:   "template FILE.xlsx",
		Short: "写出空白的清单模板（write an empty workbook to be filled in）",
		Long: "写出空白的清单模板：全部工作表和表头，编码各列已设为文本。填好后用 list lint 检查。\n" +
			"Writes an empty list with all its sheets and headers, in which the columns of codes are text.",
		Example: "  qingkong list template 模板.xlsx",
		Args:    files(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := writeNew(args[0], workbook.WriteTemplate); err != nil {
				return err
			}
			return say(cmd.OutOrStdout(), "list.say_template", refusal.Args{"file": args[0]})
		},
	}
}

// keptList reads a version out of a data folder: the one that is named, the one in force, or the last that can be used.
func keptList(dir, id string, contacts bool) (l *reductionlist.List, err error) {
	f := recordFlags{data: dir}
	release, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	err = journal.ViewDir(dir, registry(), func(tx *bbolt.Tx) error {
		v, err := keptVersion(tx, dir, id)
		if err == nil {
			l, err = service.ReadList(tx, &v, contacts)
		}
		return err
	})
	return l, err
}

func keptVersion(tx *bbolt.Tx, dir, id string) (v reductionlist.Version, err error) {
	if id != "" {
		return reductionlist.GetVersion(tx, id)
	}
	if v, err = reductionlist.Current(tx, time.Now()); refusal.CodeOf(err) != refusal.NotFound {
		return v, err
	}
	all, _, err := reductionlist.ListVersions(tx, "", 1000)
	if err != nil {
		return v, err
	}
	for _, v := range all {
		if v.Errors == 0 && v.Added == v.Count {
			return v, nil
		}
	}
	return v, newError("list.say_no_version", refusal.Args{"dir": dir})
}
