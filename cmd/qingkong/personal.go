package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"qingkong/cmd/internal/calls"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
)

func newPersonalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "personal",
		Short: "个人信息：谁看过、删除（personal data: who read it, erasing it）",
		Example: "  qingkong personal accesses --recipient E0003" + exampleAdmin + "\n" +
			"  qingkong personal erase --recipient E0003 --reason 联系人离职" + exampleAdmin,
	}
	cmd.AddCommand(newPersonalAccesses(), newPersonalErase())
	return cmd
}

func newPersonalAccesses() *cobra.Command {
	var c call
	var l listing
	var recipient, user string
	cmd := &cobra.Command{
		Use:   "accesses",
		Short: "谁在何时看过哪些对象的个人信息（who read whose personal data, and when）",
		Long: "列出谁在何时、以何种方式看过联系人、电话和异议说明，最近的在前；每分钟记一次，停机时补记。" + needsAdmin + "\n" +
			"Lists who was shown contacts, telephone numbers and what was written about people, when and by which call, the last first.\n" +
			"Needs an administrator's token.",
		Example: "  qingkong personal accesses --recipient E0003" + exampleAdmin + "\n  qingkong personal accesses --user zhang" + exampleAdmin + " --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			if err := l.check(); err != nil {
				return err
			}
			query := url.Values{}
			for name, value := range map[string]string{"recipient": recipient, "user": user} {
				if value != "" {
					query.Set(name, value)
				}
			}
			if err := l.read(cmd.Context(), &c, "/personal-data/accesses", query, nil); err != nil {
				return err
			}
			return printList(cmd.OutOrStdout(), c.asJSON, &l, headOf("user", "from", "to", "reads"), seenRow)
		},
	}
	c.add(cmd, false)
	l.add(cmd)
	cmd.Flags().StringVar(&recipient, "recipient", "", "只看涉及这个对象的（only reads of this recipient's data）")
	cmd.Flags().StringVar(&user, "user", "", "只看这个账号的（only reads by this user）")
	return cmd
}

func seenRow(item json.RawMessage) ([]string, error) {
	var s calls.Seen
	err := understand(item, &s)
	reads := make([]string, len(s.Reads))
	for i, r := range s.Reads {
		whose := strings.Join(r.Recipients, "、")
		if r.Unnamed > 0 {
			whose += " +" + strconv.Itoa(r.Unnamed)
		}
		if r.List != "" {
			whose = r.List
		}
		reads[i] = fmt.Sprintf("%s ×%d %s %s", r.Kind, r.Count, r.Call, whose)
	}
	return []string{s.User, clockText(&s.From), clockText(&s.To), strings.Join(reads, "；")}, err
}

func newPersonalErase() *cobra.Command {
	var c call
	var in calls.Erasure
	cmd := &cobra.Command{
		Use:   "erase --recipient ID|--user USER|--ref REF --reason REASON",
		Short: "删除个人信息（erase personal data）",
		Long: "永久删除一个对象的联系人（各版本清单中的，连同含有它的工作簿）、一个账号的姓名，或保密库的一条。不可恢复；台账仍可证明。\n" +
			"理由写入台账，不要写人名。会列出 backup.dir 中哪些定时备份仍含有它、到何时为止；别处的备份和已导出的文件要另行删除。" + needsAdmin + "\n" +
			"Erases for good a recipient's contacts (in all versions of the list, with the workbooks that hold them), an account's name,\n" +
			"or one entry of the vault. The record still proves itself. The reason stands in the record: name nobody in it. Says which\n" +
			"backups in backup.dir still hold it, and until when; other copies are another matter. Needs an administrator's token.",
		Example: "  qingkong personal erase --recipient E0003 --reason 联系人离职" + exampleAdmin,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(cmd, "reason"); err != nil {
				return err
			}
			given := 0
			for _, one := range []string{in.RecipientID, in.User, in.Ref} {
				if one != "" {
					given++
				}
			}
			if given != 1 {
				return usage("%s", bothLanguages("personal.one_of", nil))
			}
			answer, err := c.act(cmd.Context(), "/personal-data/erasures", in)
			if err != nil {
				return err
			}
			if c.asJSON {
				return printAnswer(cmd.OutOrStdout(), answer)
			}
			var done calls.Erased
			if err := understand(answer, &done); err != nil {
				return err
			}
			return printErased(cmd.OutOrStdout(), done)
		},
	}
	c.add(cmd, true)
	cmd.Flags().StringVar(&in.RecipientID, "recipient", "", "对象编号：它的联系人（id of a recipient: its contacts）")
	cmd.Flags().StringVar(&in.User, "user", "", "账号：它的姓名（an account: its name）")
	cmd.Flags().StringVar(&in.Ref, "ref", "", "保密库条目，如台账所写（an entry of the vault, as the record names it）")
	cmd.Flags().StringVar(&in.Reason, "reason", "", "理由，写入台账，不写人名（the reason, for the record; name nobody）")
	return cmd
}

// printErased says what is erased, and where it is still kept.
func printErased(w io.Writer, done calls.Erased) error {
	lines := []string{bothLanguages("cli.personal_erased", refusal.Args{"entries": done.Entries})}
	for _, kept := range done.Backups {
		line := bothLanguages("cli.personal_kept", refusal.Args{"file": kept.File})
		if kept.Holds != calls.HoldsIt {
			line = bothLanguages("cli.personal_unknown", refusal.Args{"file": kept.File, "why": refusal.Words("cli.kept."+kept.Why, nil)})
		}
		switch {
		case kept.Until != nil:
			line += "; " + bothLanguages("cli.personal_until", refusal.Args{"at": clockText(kept.Until)})
		case kept.Holds == calls.HoldsIt:
			line += "; " + bothLanguages("cli.personal_for_good", nil)
		}
		lines = append(lines, line)
	}
	_, err := fmt.Fprintln(w, strings.Join(append(lines, bothLanguages("cli.personal_copies", nil)), "\n"))
	return err
}
