package main

import (
	"errors"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/settings"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
)

func newListCommand() *cobra.Command {
	return group("list", "减排清单：检查、查看、比较、导出、导入（the reduction list as a workbook）",
		"  qingkong list export 清单.xlsx\n  qingkong list lint 清单.xlsx\n  qingkong list import 清单.xlsx"+exampleServer,
		newListLint(), newListShow(), newListDiff(), newListExport(), newListImport(), newListAmend(),
		newListVersions(), newListChanges(), newListScore(), newListRelist(),
		newListAct(calls.ApproveList, "审批一个草稿，须由导入人以外的人（consent to a draft, by a second person）"),
		newListAct(calls.ActivateList, "启用一个版本，自其生效日期起有效（make a version count）"), newListDiscard(), newListTemplate(),
		newListPapers())
}

// files takes so many names of files.
func files(n int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%d file(s) wanted, %d given", n, len(args))
		}
		return nil
	}
}

// listChecks are the settings that a list is checked by: those of a settings file, or the usual ones without a name.
func listChecks(name string) (rules.Settings, error) {
	if name == "" {
		return settings.UsualList(), nil
	}
	cfg, err := config.Load(name, os.Environ())
	if err == nil {
		err = cfg.Validate()
	}
	return settings.List(cfg.ListChecks), err
}

func readListFile(checks rules.Settings, name string) (*reductionlist.List, []reductionlist.Finding, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	read, err := workbook.Read(f, info.Size())
	if err != nil {
		return nil, nil, err
	}
	return read.List, rules.Judge(read, checks), nil
}

// goodList reads a list that can be used.
func goodList(name string) (*reductionlist.List, error) {
	l, found, err := readListFile(settings.UsualList(), name)
	if err != nil {
		return nil, err
	}
	if n, _ := reductionlist.CountFindings(found); n > 0 {
		return nil, newError("list.say_damaged", refusal.Args{"file": name, "errors": n})
	}
	return l, nil
}

func newListLint() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lint FILE.xlsx",
		Short: "检查一份清单，列出全部问题（check a workbook and list everything wrong）",
		Long: "检查 .xlsx 清单（也接受一张表另存的 .csv，UTF-8 或 GB 18030），列出全部问题：工作表、行、列、规则和处理办法。有错误时返回 1。\n" +
			"Checks a workbook, or one sheet of it as CSV, and lists everything wrong with it. Exits 1 when an error is found.",
		Example: "  qingkong list lint 清单.xlsx\n  qingkong list lint 清单.xlsx --json\n  qingkong list lint 清单.xlsx --errors 标注.xlsx",
		Args:    files(1),
	}
	f := cmd.Flags()
	lang := f.String("lang", "zh-CN", "问题的语言 zh-CN 或 en（language of the findings）")
	settings := f.String("config", "", "按这份配置的 list_checks 检查（check by list_checks of this settings file）")
	marked := f.String("errors", "", "另存标注了问题的工作簿（write the workbook with the cells marked）")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *lang != "zh-CN" && *lang != "en" {
			return usage("--lang is zh-CN or en, not %q", *lang)
		}
		checks, err := listChecks(*settings)
		if err != nil {
			return err
		}
		_, found, err := readListFile(checks, args[0])
		if err != nil {
			return err
		}
		for i := range found {
			found[i] = found[i].In(*lang)
		}
		if *marked != "" {
			err = writeMarked(*marked, args[0], found, *lang)
		}
		if err == nil {
			err = printFindings(cmd.OutOrStdout(), *asJSON, found)
		}
		if n, _ := reductionlist.CountFindings(found); err == nil && n > 0 {
			err = newError("list.say_lint", refusal.Args{"file": args[0], "errors": n})
		}
		return err
	}
	return cmd
}

func writeMarked(name, file string, found []reductionlist.Finding, lang string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return writeNew(name, func(w io.Writer) error { return workbook.WriteErrorBook(w, data, found, lang) })
}

// writeNew writes a file for the user alone: a list may hold telephone numbers. One that is cut off is taken away.
func writeNew(name string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(write(f), f.Close()); err != nil {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

func printFindings(w io.Writer, asJSON bool, found []reductionlist.Finding) error {
	if asJSON {
		if found == nil {
			found = []reductionlist.Finding{}
		}
		return printJSON(w, map[string]any{"findings": found})
	}
	rows := [][]string{{"severity", "sheet", "row", "column", "value", "rule", "problem", "remedy"}}
	for _, f := range found {
		rows = append(rows, []string{f.Severity, f.Sheet, strconv.Itoa(f.Row), f.Column, f.Value, f.Rule, f.Message,
			f.Remedy})
	}
	if len(found) > 0 {
		printTable(w, "", rows)
	}
	n, warnings := reductionlist.CountFindings(found)
	return say(w, "list.say_findings", refusal.Args{"errors": n, "warnings": warnings})
}

func newListDiff() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "diff A.xlsx B.xlsx",
		Short:   "比较两份清单（what is different between two workbooks）",
		Example: "  qingkong list diff 旧.xlsx 新.xlsx",
		Args:    files(2),
	}
	return answering(cmd, func(_ *cobra.Command, args []string) (found listChanges, err error) {
		from, err := goodList(args[0])
		if err != nil {
			return found, err
		}
		to, err := goodList(args[1])
		if err == nil {
			found.Changes = append([]reductionlist.Change{}, reductionlist.Diff(from, to)...)
		}
		return found, err
	}, func(w io.Writer, found listChanges) error {
		if len(found.Changes) == 0 {
			return say(w, "list.say_same", nil)
		}
		rows := [][]string{{"kind", "recipient", "sheet", "key", "column", "old", "new"}}
		for _, c := range found.Changes {
			rows = append(rows, []string{c.Kind, c.Recipient, c.Sheet, c.Key, c.Column, c.Old, c.New})
		}
		printTable(w, "", rows)
		return say(w, "list.say_changes", refusal.Args{"count": len(found.Changes)})
	})
}

type listChanges struct {
	Changes []reductionlist.Change `json:"changes"`
}
