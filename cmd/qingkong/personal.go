package main

import (
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

func newPersonalCommand() *cobra.Command {
	return group("personal", "个人信息：谁看过、删除（personal data: who read it, erasing it）",
		"  qingkong personal accesses --recipient E0003"+exampleAdmin+"\n"+
			"  qingkong personal erase --recipient E0003 --reason 联系人离职"+exampleAdmin,
		listOf(remoteCommand{
			use:   "accesses",
			short: "谁在何时看过哪些对象的个人信息（who read whose personal data, and when）",
			long: "列出谁在何时、以何种方式看过联系人、电话和异议说明，最近的在前；每分钟记一次，停机时补记。" + needsAdmin + "\n" +
				"Lists who was shown contacts, telephone numbers and what was written about people, when and by which call, the last first.\n" +
				"Needs an administrator's token.",
			example: "  qingkong personal accesses --recipient E0003" + exampleAdmin +
				"\n  qingkong personal accesses --user zhang" + exampleAdmin + " --json",
		}, calls.Accesses, words[calls.Seen]{"reads": readsText}, members{"user", "from", "to", "reads"}),
		remoteCommand{
			use:   "erase --recipient ID|--user USER|--evidence HASH|--ref REF --reason REASON",
			short: "删除个人信息（erase personal data）",
			long: "永久删除一个对象的联系人（各版本清单中的，连同含有它的工作簿）、一个账号的姓名，\n" +
				"一份上交的材料（连同照片的时间和位置），或保密库的一条。不可恢复；台账仍可证明。\n" +
				"理由写入台账，不要写人名。会列出 backup.dir 中哪些定时备份仍含有它、到何时为止；别处的备份和已导出的文件要另行删除。" + needsAdmin + "\n" +
				"Erases for good a recipient's contacts (in all versions of the list, with the workbooks that hold them), an account's name,\n" +
				"a file that was handed in (with when and where its photo was taken), or one entry of the vault. The record still proves itself. The reason stands in the record: name nobody in it. Says which\n" +
				"backups in backup.dir still hold it, and until when; other copies are another matter. Needs an administrator's token.",
			example: "  qingkong personal erase --recipient E0003 --reason 联系人离职" + exampleAdmin,
			needs:   []string{"reason"},
			fill: func(r *request) error {
				maps.DeleteFunc(r.body, func(_ string, said any) bool { return said == "" })
				if len(r.body) != 2 { // one of them, and the reason
					return usage("%s", bothLanguages("personal.one_of", nil))
				}
				return nil
			},
		}.command(showing(calls.Erase, tellErased)))
}

// readsText lists the personal data that one user was shown.
func readsText(s calls.Seen) string {
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
	return strings.Join(reads, "；")
}

// tellErased says how much is erased, and which backups still hold it.
func tellErased(w io.Writer, done calls.Erased, _ *request) error {
	lines := []string{bothLanguages("cli.personal_erased", refusal.Args{"entries": done.Entries})}
	for _, kept := range done.Backups {
		line := bothLanguages("cli.personal_kept", refusal.Args{"file": kept.File})
		if kept.Holds != calls.HoldsIt {
			line = bothLanguages("cli.personal_unknown",
				refusal.Args{"file": kept.File, "why": refusal.Words("cli.kept."+kept.Why, nil)})
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
