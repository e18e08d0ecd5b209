package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/alerts/feed"
	"qingkong/cmd/internal/settings"
)

func newEvaluateCommand() *cobra.Command {
	var workRequirement bool
	cmd := &cobra.Command{
		Use:   "evaluate FILE.csv",
		Short: "按分级标准评估一个 CSV 并说明理由（what the criteria say of a CSV, and why）",
		Long: "把逐日或逐时 CSV 当作一次预报，按分级标准评估，逐条说明理由。不给 --criteria 时用首日有效的一版。\n" +
			"表头和数值认哪些写法见 README“文件的写法”；读法上的说明列在最后。\n" +
			"Reads a daily or hourly CSV as one forecast and says which level it meets, clause by clause. Without --criteria\n" +
			"the version valid on the first day applies.",
		Example: "  qingkong evaluate tianjin-2016-12\n  qingkong evaluate emc.csv --criteria national-2024 --json",
		Args:    oneFile,
	}
	criteria, folder := criteriaFlag(cmd), criteriaFolderFlag(cmd)
	cmd.Flags().BoolVar(&workRequirement, "work-requirement", false,
		"加上预警以下的管控要求一档（add the tier below the warning levels）")
	return answering(cmd, func(_ *cobra.Command, args []string) (e evaluation, err error) {
		air, err := readAir(args[0])
		if err != nil {
			return e, err
		}
		set, err := chooseCriteria(*criteria, *folder, workRequirement)
		if err != nil {
			return e, err
		}
		e.by, e.Notes = set.CriteriaOn(air.First()), air.Notes
		e.Evaluation = alerts.Evaluate(air.Series(), e.by, set.Evaluating())
		return e, nil
	}, func(w io.Writer, e evaluation) error {
		if err := printEvaluation(w, e.by, e.Evaluation); err != nil {
			return err
		}
		return printNotes(w, e.Notes)
	})
}

func criteriaFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("criteria", "", "分级标准名称，缺省按日期（name of the criteria; by date without it）")
}

func criteriaFolderFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("criteria-folder", "", "另有分级标准文件的目录（folder of further criteria files）")
}

// chooseCriteria are the default settings with the criteria of that name, or those valid on each day.
func chooseCriteria(name, folder string, workRequirement bool) (alerts.Settings, error) {
	set := alerts.DefaultSettings()
	sets, err := settings.Criteria(folder)
	if err != nil {
		return set, err
	}
	if name == "" {
		name = alerts.ByDate
	}
	return set.Choose(alerts.CriteriaChoice{Use: name, Tianjin2023: alerts.CriteriaNational2024,
		WorkRequirement: workRequirement}, sets)
}

// evaluation is the result of evaluate, as it is printed as JSON.
type evaluation struct {
	alerts.Evaluation
	Notes []alerts.Note `json:"notes,omitempty"`
	by    alerts.Criteria
}

// printNotes tells how a file was read, a line each.
func printNotes(w io.Writer, notes []alerts.Note) error {
	for _, n := range notes {
		if _, err := fmt.Fprintf(w, "提示 note: %s: %s / %s\n", n.Path, n.In("zh-CN").Message, n.In("en").Message); err != nil {
			return err
		}
	}
	return nil
}

// readAir reads a daily or hourly CSV as a forecast, in any of the encodings that come up, or an embedded episode by
// its name.
func readAir(name string) (alerts.Air, error) {
	in, err := openEpisode(name)
	if err != nil {
		return alerts.Air{}, err
	}
	defer func() { _ = in.Close() }()
	text, err := io.ReadAll(in)
	if err == nil {
		text, err = feed.DecodeText(text)
	}
	var air alerts.Air
	if err == nil {
		air, err = alerts.ReadCSV(bytes.NewReader(text))
	}
	if err != nil {
		return air, fmt.Errorf("%s: %w", name, err)
	}
	return air, nil
}

// printEvaluation tells what was found, line by line, in Chinese and English.
func printEvaluation(w io.Writer, c alerts.Criteria, ev alerts.Evaluation) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s（%s）\n", c.Name, c.Title, c.Document)
	fmt.Fprintf(&b, "级别 level: %s\n", levelName(ev.Level))
	for _, ep := range ev.Episodes {
		fmt.Fprintf(&b, "\n过程 episode: %s … %s  %s\n", alerts.StartText(ep.From), alerts.EndText(ep.To), levelName(ep.Level))
		tellClauses(&b, ep.Clauses)
	}
	if len(ev.Episodes) == 0 {
		fmt.Fprintln(&b, "\n没有达到任何级别 / no level is met")
		tellClauses(&b, ev.Clauses)
	}
	for _, t := range ev.Tips {
		fmt.Fprintf(&b, "健康提示 health tip: %s … %s  AQI ≤ %d  %s\n", alerts.StartText(t.From), alerts.EndText(t.To), t.AQIMax,
			bothLanguages("why."+t.Reason, nil))
	}
	fmt.Fprintln(&b, "\n逐日 days:")
	for _, d := range ev.Days {
		fmt.Fprintln(&b, "  "+dayLine(d))
	}
	for _, r := range alerts.Remarks(ev.Windows) {
		fmt.Fprintf(&b, "逐时 hours: %s … %s  %s\n", alerts.StartText(r.From), alerts.EndText(r.To),
			bothLanguages("why."+r.Reason, nil))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// dayLine tells of a day its index, the one that counts where that is another, whether it counts, and why.
func dayLine(d alerts.DayVerdict) string {
	index, mark := "  -", "不计 -"
	switch {
	case d.AQI != nil && d.CountedAQI != nil:
		index = fmt.Sprintf("%3d→%d", *d.AQI, *d.CountedAQI)
	case d.AQI != nil:
		index = fmt.Sprintf("%3d", *d.AQI)
	}
	if d.Counted {
		mark = "计入 +"
	}
	line := fmt.Sprintf("%s  %s  %s  %s", d.Date, index, mark, strings.Join(d.Primary, ";"))
	if d.Why != "" {
		line += "  " + d.Reason("zh-CN") + " / " + d.Reason("en")
	}
	return strings.TrimRight(line, " ")
}

func tellClauses(b *strings.Builder, clauses []alerts.ClauseTrace) {
	en := alerts.ExplainClauses(clauses, "en")
	for i, line := range alerts.ExplainClauses(clauses, "zh-CN") {
		fmt.Fprintf(b, "  %s\n    %s\n", line, en[i])
	}
}

func newCriteriaCommand() *cobra.Command {
	check := &cobra.Command{
		Use:     "check FILE.json",
		Short:   "检查一份分级标准文件，指出错在哪里（what is wrong in a criteria file）",
		Example: "  qingkong criteria check my-criteria.json",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			c, err := alerts.ParseCriteria(text)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: 正确 / correct: %s %s\n", args[0], c.Name, c.Title)
			return err
		},
	}
	list := &cobra.Command{
		Use:     "list",
		Short:   "列出可用的分级标准及其条款（the criteria there are, with their clauses）",
		Example: "  qingkong criteria list --json",
	}
	folder := criteriaFolderFlag(list)
	answering(list, func(*cobra.Command, []string) (map[string][]alerts.Criteria, error) {
		sets, err := settings.Criteria(*folder)
		return map[string][]alerts.Criteria{"criteria": sets}, err
	}, func(w io.Writer, there map[string][]alerts.Criteria) error {
		for _, c := range there["criteria"] {
			mark := ""
			if c.Unseen {
				mark = "  未见原文 unseen"
			}
			fmt.Fprintf(w, "%s  %s … %s  %s（%s）%s\n", c.Name, orDash(string(c.ValidFrom)), orDash(string(c.ValidTo)), c.Title,
				c.Document, mark)
			for _, l := range c.Levels {
				for _, cl := range l.AnyOf {
					fmt.Fprintf(w, "    %s: %s\n", levelName(l.Level), cl.Name())
				}
			}
		}
		return nil
	})
	return group("criteria", "检查、列出分级标准（check or list criteria）",
		"  qingkong criteria list\n  qingkong criteria check my-criteria.json", check, list)
}

// levelName is a level in both languages.
func levelName(level alerts.Level) string {
	return alerts.LevelName(level, "zh-CN") + " / " + alerts.LevelName(level, "en")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
