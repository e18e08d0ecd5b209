package main

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

func newListVersions() *cobra.Command {
	var c call
	var l listing
	var asOf string
	cmd := &cobra.Command{
		Use:     "versions --server URL --token-file FILE",
		Short:   "清单的各个版本及其状态（the versions of the list and where each stands）",
		Example: "  qingkong list versions" + exampleServer + "\n  qingkong list versions" + exampleServer + " --as-of 2026-10-31",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			if err := l.check(); err != nil {
				return err
			}
			query := url.Values{}
			if asOf != "" {
				query.Set("as_of", asOf)
			}
			if err := l.read(cmd.Context(), &c, "/list/versions", query, nil); err != nil {
				return err
			}
			if c.asJSON {
				return printJSON(cmd.OutOrStdout(), l)
			}
			rows := [][]string{{"版本 version", "状态 status", "修订 revision", "生效 from", "失效 to", "对象 recipients", "错误 errors", "提醒 warnings", "现行自 in force from", "至 until"}}
			for _, item := range l.Items {
				var v versionRow
				if err := understand(item, &v); err != nil {
					return err
				}
				rows = append(rows, []string{v.ID, named(terms.ListStatus, v.Status), strconv.Itoa(v.Revision), v.From, v.To, strconv.Itoa(v.Recipients),
					strconv.Itoa(v.Errors), strconv.Itoa(v.Warnings), clockText(v.InForceFrom), clockText(v.InForceUntil)})
			}
			printTable(cmd.OutOrStdout(), "", rows)
			return nil
		},
	}
	c.add(cmd, false)
	l.add(cmd)
	cmd.Flags().StringVar(&asOf, "as-of", "", "某日或某时生效的版本（the one in force on a day or at a time）")
	return cmd
}

type versionRow struct {
	versionAnswer
	From         string     `json:"effective_from"`
	To           string     `json:"effective_to"`
	Warnings     int        `json:"warnings"`
	InForceFrom  *time.Time `json:"in_force_from"`
	InForceUntil *time.Time `json:"in_force_until"`
}

func newListChanges() *cobra.Command {
	var c call
	var l listing
	var against string
	cmd := &cobra.Command{
		Use:   "changes VERSION [--against VERSION]",
		Short: "服务器上两个版本的不同，及对减排量的影响（what is different between two versions on the server）",
		Long: "缺省与其所修订的版本比较，不是修订的与现行版本比较。\n" +
			"Compares with the version that it amends, or else with the one in force, unless --against names another.",
		Example: "  qingkong list changes L20261201-3f2a1b" + exampleServer,
		Args:    oneID("version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			if err := l.check(); err != nil {
				return err
			}
			query := url.Values{"limit": {strconv.Itoa(min(l.limit, 1000))}}
			for name, value := range map[string]string{"against": against, "cursor": l.Next} {
				if value != "" {
					query.Set(name, value)
				}
			}
			answer, err := c.get(cmd.Context(), "/list/versions/"+url.PathEscape(args[0])+"/diff?"+query.Encode())
			var d struct {
				From    string                           `json:"from"`
				To      string                           `json:"to"`
				Head    []changeText                     `json:"head"`
				Items   []struct{ Changes []changeText } `json:"items"`
				Next    string                           `json:"next"`
				Added   int                              `json:"recipients_added"`
				Removed int                              `json:"recipients_removed"`
				Changed int                              `json:"recipients_changed"`
				Effects []effectText                     `json:"effects"`
			}
			if more, err := c.into(cmd.OutOrStdout(), answer, err, &d); !more {
				return err
			}
			w := cmd.OutOrStdout()
			for _, t := range d.Head {
				fmt.Fprintln(w, plain(t.Text))
			}
			for _, r := range d.Items {
				for _, t := range r.Changes {
					fmt.Fprintln(w, plain(t.Text))
				}
			}
			if d.Next != "" {
				fmt.Fprintln(w, bothLanguages("list.say_more", refusal.Args{"cursor": d.Next}))
			}
			printEffects(w, d.Effects)
			_, err = fmt.Fprintln(w, bothLanguages("list.say_diff", refusal.Args{"from": d.From, "to": d.To, "added": d.Added, "removed": d.Removed, "changed": d.Changed}))
			return err
		},
	}
	c.add(cmd, false)
	l.add(cmd)
	cmd.Flags().StringVar(&against, "against", "", "与哪个版本比较（the version to compare with）")
	return cmd
}

func newListScore() *cobra.Command {
	var c call
	var l listing
	cmd := &cobra.Command{
		Use:     "score VERSION",
		Short:   "清单的评分和待办（how far a list is operable, monitorable and checkable, and what to mend）",
		Example: "  qingkong list score L20261201-3f2a1b" + exampleServer,
		Args:    oneID("version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			if err := l.check(); err != nil {
				return err
			}
			at := "/list/versions/" + url.PathEscape(args[0])
			answer, err := c.get(cmd.Context(), at+"/score?limit=1")
			var s struct {
				Score struct {
					Measures, Operable, Monitorable, Checkable int
					All                                        int `json:"all_three"`
				} `json:"score"`
				Tasks int `json:"tasks"`
			}
			if more, err := c.into(cmd.OutOrStdout(), answer, err, &s); !more {
				return err
			}
			if err := l.read(cmd.Context(), &c, at+"/tasks", nil, nil); err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			_, err = fmt.Fprintln(w, bothLanguages("list.say_score", refusal.Args{"measures": s.Score.Measures, "operable": s.Score.Operable,
				"monitorable": s.Score.Monitorable, "checkable": s.Score.Checkable, "all": s.Score.All, "tasks": s.Tasks}))
			rows := [][]string{{"对象 recipient", "列 column", "问题 problem", "处理 remedy", "措施 measures"}}
			for _, item := range l.Items {
				var t struct {
					Recipient, Column, Message, Remedy string
					Measures                           []string
				}
				if err := understand(item, &t); err != nil {
					return err
				}
				rows = append(rows, []string{t.Recipient, t.Column, t.Message, t.Remedy, strconv.Itoa(len(t.Measures))})
			}
			if len(rows) > 1 {
				printTable(w, "", rows)
			}
			return err
		},
	}
	c.add(cmd, false)
	l.add(cmd)
	return cmd
}

func newListRelist() *cobra.Command {
	var c call
	var recipients []string
	var revision int
	var version string
	cmd := &cobra.Command{
		Use:   "relist WARNING [--recipients E0001,E0002 --version VERSION --revision N]",
		Short: "预警期间新版清单生效后，按它重下所选对象的减排令（orders by a newer list during a warning）",
		Long: "不带 --recipients 列出措施有变的对象；带上则按现行清单给它们重下减排令，其余对象不动，以后变级也依新版。\n" +
			"Without --recipients it lists whom the newer list gives other measures; with them these get what it says, now and at later\n" +
			"levels, and nobody else hears anything.",
		Example: "  qingkong list relist W20261216-01" + exampleServer + "\n" +
			"  qingkong list relist W20261216-01" + exampleServer + " --recipients E0003,E0004 --version L20261216-3f2a1b --revision 2",
		Args: oneID("warning"),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := "/warnings/" + url.PathEscape(args[0]) + "/list-changes"
			if len(recipients) == 0 {
				return c.offered(cmd, at)
			}
			if err := c.check(cmd, "version", "revision"); err != nil {
				return err
			}
			answer, err := c.act(cmd.Context(), at, map[string]any{"revision": revision, "list_version": version, "recipients": recipients})
			var d struct{ Issued, Revised, Released, Unchanged []string }
			if more, err := c.into(cmd.OutOrStdout(), answer, err, &d); !more {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), bothLanguages("list.say_relisted", refusal.Args{"issued": len(d.Issued), "revised": len(d.Revised),
				"released": len(d.Released), "unchanged": len(d.Unchanged)}))
			return err
		},
	}
	c.add(cmd, true)
	cmd.Flags().StringSliceVar(&recipients, "recipients", nil, "按新版重下的对象，逗号分隔（whom to give the newer list's measures）")
	cmd.Flags().StringVar(&version, "version", "", "现行清单版本（the list in force, as it was seen）")
	cmd.Flags().IntVar(&revision, "revision", 0, "看到的预警修订号（the warning's revision that was seen）")
	return cmd
}

// offered lists whom a newer list gives other measures.
func (c *call) offered(cmd *cobra.Command, at string) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	answer, err := c.get(cmd.Context(), at+"?limit=1000")
	var o struct {
		Pinned   string `json:"pinned"`
		Version  string `json:"list_version"`
		Revision int    `json:"revision"`
		Total    int    `json:"total"`
		Items    []struct {
			ID      string `json:"recipient_id"`
			Name    string `json:"name"`
			Kind    string `json:"kind"`
			Order   string `json:"order_id"`
			Changes []changeText
		} `json:"items"`
	}
	if more, err := c.into(cmd.OutOrStdout(), answer, err, &o); !more {
		return err
	}
	rows := [][]string{{"对象 recipient", "名称 name", "变化 change", "现有减排令 order", "内容 what changes"}}
	for _, item := range o.Items {
		for i, t := range append([]changeText{}, item.Changes...) {
			row := []string{"", "", "", "", t.Text}
			if i == 0 {
				row = []string{item.ID, item.Name, named(terms.ListDue, item.Kind), item.Order, t.Text}
			}
			rows = append(rows, row)
		}
	}
	w := cmd.OutOrStdout()
	if o.Total > 0 {
		printTable(w, "", rows)
	}
	_, err = fmt.Fprintln(w, bothLanguages("list.say_offered", refusal.Args{"pinned": o.Pinned, "version": o.Version, "count": o.Total, "revision": o.Revision}))
	return err
}
