package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

func newListShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show FILE.xlsx",
		Short:   "查看一份清单或其中一个对象（a list, or one recipient of it）",
		Example: "  qingkong list show 清单.xlsx\n  qingkong list show 清单.xlsx --recipient E0001",
		Args:    files(1),
	}
	recipient := cmd.Flags().String("recipient", "", "对象编号（id of one recipient）")
	return answering(cmd, func(_ *cobra.Command, args []string) (any, error) {
		l, err := goodList(args[0])
		if err != nil || *recipient == "" {
			return l, err
		}
		return l.Find(*recipient)
	}, func(w io.Writer, shown any) error {
		if l, whole := shown.(*reductionlist.List); whole {
			showList(w, l)
		} else {
			showRecipient(w, shown.(*reductionlist.Recipient))
		}
		return nil
	})
}

func showList(w io.Writer, l *reductionlist.List) {
	fmt.Fprintf(w, "%s  %s  %s – %s  %s\n%s\n\n", plain(l.Name), l.Region, l.EffectiveFrom, l.EffectiveTo,
		plain(l.CompiledBy), l.Hash())
	rows := [][]string{{"编号 id", "类型 type", "名称 name", "街镇 town", "绩效 grade", "类别 category", "措施 measures"}}
	for _, r := range l.Recipients {
		rows = append(rows, []string{r.ID, r.Type.Label(), r.Name, r.Town, r.Grade.Label(), r.Category.Label(),
			fmt.Sprint(len(r.Measures))})
	}
	printTable(w, "", rows)
}

func showRecipient(w io.Writer, r *reductionlist.Recipient) {
	rows := [][]string{{"编号 id", r.ID}, {"名称 name", r.Name}, {"类型 type", r.Type.Label()}, {"街镇 town", r.Town},
		{"地址 address", r.Address},
		{"绩效分级 grade", r.Grade.Label()}, {"管控类别 category", r.Category.Label()}, {"统一社会信用代码 USCC", r.USCC},
		{"站点 station", r.StationMN}}
	for _, l := range r.Lines {
		rows = append(rows, []string{"生产线 line " + l.ID, l.Name + " " + l.Capacity})
	}
	for _, k := range sortedKeys(r.Extra) {
		rows = append(rows, []string{k, r.Extra[k]})
	}
	printTable(w, "", rows)
	for _, level := range alerts.Levels() {
		rows := [][]string{}
		for _, m := range reductionlist.MeasuresAt(r, level) {
			amount := ""
			if m.Quantity != nil {
				amount = fmt.Sprintf("%s %v %s", m.Quantity.Kind, m.Quantity.Value, m.Quantity.Unit)
			}
			rows = append(rows, []string{m.ID, m.Unit, m.Action.Label(), amount, m.Text, strings.Join(m.Evidence, "；")})
		}
		if len(rows) > 0 {
			fmt.Fprintf(w, "\n%s\n", levelText(level))
			printTable(w, "  ", rows)
		}
	}
}
