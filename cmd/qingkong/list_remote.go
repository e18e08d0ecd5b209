package main

import (
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

func newListVersions() *cobra.Command {
	return remoteCommand{
		use:   "versions --server URL --token-file FILE",
		short: "清单的各个版本及其状态（the versions of the list and where each stands）",
		example: "  qingkong list versions" + exampleServer + "\n  qingkong list versions" + exampleServer +
			" --as-of 2026-10-31",
	}.listing(calls.ListVersions.Call, func(out io.Writer, l *listing) error {
		rows := [][]string{{"版本 version", "状态 status", "修订 revision", "生效 from", "失效 to", "对象 recipients",
			"错误 errors", "提醒 warnings", "现行自 in force from", "至 until"}}
		for _, item := range l.Items {
			var v calls.Version
			if err := understand(item, &v); err != nil {
				return err
			}
			rows = append(rows, []string{v.ID, listStatus(v.Status), strconv.Itoa(v.Revision), v.EffectiveFrom, v.EffectiveTo,
				strconv.Itoa(v.Recipients), strconv.Itoa(v.Errors), strconv.Itoa(v.Warnings), clockText(v.InForceFrom),
				clockText(v.InForceUntil)})
		}
		printTable(out, "", rows)
		return nil
	})
}

// listStatus is a version's status in both languages.
func listStatus(status reductionlist.Status) string { return named(terms.ListStatus, status) }

func newListChanges() *cobra.Command {
	var l listing
	return remoteCommand{
		use:   "changes VERSION [--against VERSION]",
		short: "服务器上两个版本的不同，及对减排量的影响（what is different between two versions on the server）",
		long: "缺省与其所修订的版本比较，不是修订的与现行版本比较。\n" +
			"Compares with the version that it amends, or else with the one in force, unless --against names another.",
		example: "  qingkong list changes L20261201-3f2a1b" + exampleServer,
		what:    "version",
		flags:   l.add,
		fill: func(r *request) error {
			r.seek(l.Next, min(l.limit, 1000))
			return l.check()
		},
	}.command(showing(calls.DiffList, tellDiff))
}

func tellDiff(w io.Writer, d calls.ListDiff, _ *request) error {
	printChanges(w, d.Head)
	for _, r := range d.Items {
		printChanges(w, r.Changes)
	}
	if d.Next != "" {
		tell(w, "list.say_more", refusal.Args{"cursor": d.Next})
	}
	printEffects(w, d.Effects)
	return say(w, "list.say_diff",
		refusal.Args{"from": d.From, "to": d.To, "added": d.Added, "removed": d.Removed, "changed": d.Changed})
}

func newListScore() *cobra.Command {
	var l listing
	return remoteCommand{
		use:     "score VERSION",
		short:   "清单的评分和待办（how far a list is operable, monitorable and checkable, and what to mend）",
		example: "  qingkong list score L20261201-3f2a1b" + exampleServer,
		what:    "version",
		left:    map[string]string{"recipient": "it is the score of all of them"},
		flags:   l.add,
		fill: func(r *request) error {
			r.query.Set("limit", "1")
			return l.check()
		},
	}.command(showing(calls.ScoreList, func(w io.Writer, s calls.ListScore, r *request) error {
		return tellScore(w, s, r, &l)
	}))
}

// tellScore reads the tasks of a score, too, and tells them behind it.
func tellScore(w io.Writer, s calls.ListScore, r *request, l *listing) error {
	if err := l.read(newRequest(r.call, reporter{of: calls.ListTasks.Call}, r.cmd, r.args...)); err != nil {
		return err
	}
	tell(w, "list.say_score", refusal.Args{"measures": s.Score.Measures,
		"operable": s.Score.Operable, "monitorable": s.Score.Monitorable, "checkable": s.Score.Checkable,
		"all": s.Score.All, "tasks": s.Tasks})
	rows := [][]string{{"对象 recipient", "列 column", "问题 problem", "处理 remedy", "措施 measures"}}
	for _, item := range l.Items {
		var t rules.Task
		if err := understand(item, &t); err != nil {
			return err
		}
		rows = append(rows, []string{t.Recipient, t.Column, t.Message, t.Remedy, strconv.Itoa(len(t.Measures))})
	}
	if len(rows) > 1 {
		printTable(w, "", rows)
	}
	return nil
}

func newListRelist() *cobra.Command {
	look, give := showing(calls.WarningListChanges, tellOffered), showing(calls.Relist, tellRelisted)
	return remoteCommand{
		use:   "relist WARNING [--recipients E0001,E0002 --version VERSION --revision N]",
		short: "预警期间新版清单生效后，按它重下所选对象的减排令（orders by a newer list during a warning）",
		long: "不带 --recipients 列出措施有变的对象；带上则按现行清单给它们重下减排令，其余对象不动，以后变级也依新版。\n" +
			"Without --recipients it lists whom the newer list gives other measures; with them these get what it says, now and at later\n" +
			"levels, and nobody else hears anything.",
		example: "  qingkong list relist W20261216-01" + exampleServer + "\n" +
			"  qingkong list relist W20261216-01" + exampleServer +
			" --recipients E0003,E0004 --version L20261216-3f2a1b --revision 2",
		what:  "warning",
		names: map[string]string{"list_version": "version"},
		fill: func(r *request) error {
			if whom, _ := r.body["recipients"].([]string); len(whom) > 0 {
				r.reporter = give
				return requireFlags(r.cmd, "version", "revision")
			}
			r.query.Set("limit", "1000")
			return nil
		},
	}.command(look, give)
}

func tellRelisted(w io.Writer, d notify.RelistDone, _ *request) error {
	return say(w, "list.say_relisted", refusal.Args{"issued": len(d.Issued),
		"revised": len(d.Revised), "released": len(d.Released), "unchanged": len(d.Unchanged)})
}

// levelsConcerned says for which levels the changes of which measures matter.
func levelsConcerned(measures []notify.MeasureLevels) string {
	var all []string
	for _, m := range measures {
		one := m.ID
		for _, l := range m.Levels {
			one += " " + terms.ShortLevel(l, "zh-CN")
		}
		all = append(all, one)
	}
	return strings.Join(all, "；")
}

// tellOffered lists the recipients to which a newer list gives other measures.
func tellOffered(w io.Writer, o calls.ListChanges, _ *request) error {
	rows := [][]string{{"对象 recipient", "名称 name", "变化 change", "现有减排令 order", "级别 levels", "内容 what changes"}}
	for _, item := range o.Items {
		for i, t := range item.Changes {
			row := []string{"", "", "", "", "", t.Text}
			if i == 0 {
				row = []string{item.Recipient, item.Name, named(terms.ListDue, item.Kind), item.OrderID,
					levelsConcerned(item.Measures), t.Text}
			}
			rows = append(rows, row)
		}
	}
	if o.Total > 0 {
		printTable(w, "", rows)
	}
	return say(w, "list.say_offered",
		refusal.Args{"pinned": o.Pinned, "version": o.List, "count": o.Total, "revision": o.Revision})
}
