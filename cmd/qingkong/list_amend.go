package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

func newListAmend() *cobra.Command {
	var remove, retire, dry bool
	amend, try := showing(calls.AmendList, tellAmended), showing(calls.TryListAmendment, tellListTried)
	cmd := remoteCommand{
		use:   "amend RECIPIENT --reason REASON --effective-from DAY --measure ID --change JSON",
		short: "修订一项措施或一个对象，成为新的草稿（amend one measure or recipient, as a new draft）",
		long: "改一项措施用 --measure 和 --change（--remove 为去掉该措施）；增、改一个对象用 --recipient，停用它用 --retire；换联系人用 --contact。\n" +
			"JSON 写要改的内容，@文件 则从文件读。得到的草稿照样检查、审批、启用；原版本不变。\n" +
			"--dry-run 不作任何改动，只显示数值改变后推算的项、要人确认的项和对减排量的影响。\n" +
			"Changes one measure (--measure with --change, or --remove), adds or changes a recipient (--recipient), takes one out\n" +
			"(--retire), or gives it another contact (--contact). JSON holds what changes, @FILE reads it from a file. The draft is\n" +
			"checked, approved and activated like an import; the version that was amended stays as it is. --dry-run\n" +
			"changes nothing and shows what follows from another quantity, what has to be looked at, and the effect on the reductions.",
		example: "  qingkong list amend E0003" + exampleServer + " --measure M2 --change '{\"complete_within_h\":3}' \\\n" +
			"    --reason 厂区改造 --effective-from 2026-12-01\n" +
			"  qingkong list amend E0003" + exampleServer + " --retire --reason 已搬迁 --effective-from 2026-12-01\n" +
			"  qingkong list amend E0003" + exampleServer +
			" --contact '{\"name\":\"张工\",\"phone\":\"13800000000\"}' --reason 换人",
		what: "recipient", args: []string{"recipient_id"}, needs: []string{"reason"},
		left: map[string]string{"base_revision": "one who has not looked at the version has seen no revision of it"},
		flags: func(f *pflag.FlagSet) {
			f.BoolVar(&remove, "remove", false, "去掉该措施（take the measure out）")
			f.BoolVar(&retire, "retire", false, "停用该对象（take the recipient out）")
			f.BoolVar(&dry, "dry-run", false, dryHelp)
		},
		fill: func(r *request) error {
			if dry {
				r.reporter = try
			}
			if remove {
				r.body["change"] = nil
			}
			if retire {
				r.body["recipient"] = nil
			}
			return nil
		},
	}.command(amend, try)
	cmd.MarkFlagsMutuallyExclusive("change", "remove", "recipient", "retire")
	return cmd
}

func tellAmended(w io.Writer, v calls.Amended, _ *request) error {
	if v.ContactsChanged > 0 {
		tell(w, "list.say_contacts", refusal.Args{"count": v.ContactsChanged})
	}
	if len(v.Changes) == 0 {
		return nil
	}
	printChanges(w, v.Changes)
	printEffects(w, v.Effects)
	tell(w, "list.say_amended",
		refusal.Args{"version": v.ID, "from": v.EffectiveFrom, "revision": v.Revision, "warnings": v.Warnings})
	if len(v.Later) > 0 {
		tell(w, "list.say_later", refusal.Args{"versions": strings.Join(v.Later, ", ")})
	}
	return nil
}

// tellListTried prints what an amendment would change.
func tellListTried(w io.Writer, v calls.ListTried, _ *request) error {
	tellFollowed(w, v.Filled, v.Asked)
	printChanges(w, v.Changes)
	printEffects(w, v.Effects)
	return nil
}

func printChanges(w io.Writer, changes []calls.Change) {
	for _, c := range changes {
		fmt.Fprintln(w, plain(c.Text))
	}
}

func printEffects(w io.Writer, effects []calls.Effect) {
	var lines []string
	for _, e := range effects {
		lines = append(lines, e.Text...)
	}
	if len(lines) == 0 {
		lines = []string{bothLanguages("list.effect.none", nil)}
	}
	for _, line := range lines {
		fmt.Fprintln(w, plain(line))
	}
}
