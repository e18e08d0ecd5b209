package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
)

// amendAnswer is what this command looks at of the server's answer.
type amendAnswer struct {
	versionAnswer
	EffectiveFrom string       `json:"effective_from"`
	Warnings      int          `json:"warnings"`
	Changes       []changeText `json:"changes"`
	Effects       []effectText `json:"effects"`
	Later         []string     `json:"later"`
	Contacts      int          `json:"contacts_changed"`
}

type changeText struct {
	Text string `json:"text"`
}

type effectText struct {
	Text []string `json:"text"`
}

func newListAmend() *cobra.Command {
	var c call
	var recipientChange, contact string
	var remove, retire bool
	members := []member{
		{flag: "measure", name: "measure_id", help: "措施编号（the measure's id）"},
		{flag: "level", help: "该措施有几行时指明级别（level of the row, where the measure has several）"},
		{flag: "reason", help: "修订原因，记入版本（why; recorded with the version）"},
		{flag: "effective-from", help: "从哪一天起生效，如 2026-12-01（first day, like 2026-12-01）"},
		{flag: "base", help: "修订哪个版本，缺省为那天的现行版本（the version to amend; default the one in force that day）"},
	}
	var change string
	cmd := &cobra.Command{
		Use:   "amend RECIPIENT --reason REASON --effective-from DAY --measure ID --change JSON",
		Short: "修订一项措施或一个对象，成为新的草稿（amend one measure or recipient, as a new draft）",
		Long: "改一项措施用 --measure 和 --change（--remove 为去掉该措施）；增、改一个对象用 --recipient，停用它用 --retire；换联系人用 --contact。\n" +
			"JSON 写要改的内容，@文件 则从文件读。得到的草稿照样检查、审批、启用；原版本不变。\n" +
			"Changes one measure (--measure with --change, or --remove), adds or changes a recipient (--recipient), takes one out\n" +
			"(--retire), or gives it another contact (--contact). JSON holds what changes, @FILE reads it from a file. The draft is\n" +
			"checked, approved and activated like an import; the version that was amended stays as it is.",
		Example: "  qingkong list amend E0003" + exampleServer + " --measure M2 --change '{\"complete_within_h\":3}' \\\n" +
			"    --reason 厂区改造 --effective-from 2026-12-01\n" +
			"  qingkong list amend E0003" + exampleServer + " --retire --reason 已搬迁 --effective-from 2026-12-01\n" +
			"  qingkong list amend E0003" + exampleServer + " --contact '{\"name\":\"张工\",\"phone\":\"13800000000\"}' --reason 换人",
		Args: oneID("recipient"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd, "reason"); err != nil {
				return err
			}
			in, err := bodyOf(cmd, members)
			if err != nil {
				return err
			}
			in["recipient_id"] = args[0]
			for _, m := range []struct{ flag, key, text string }{{"change", "change", change}, {"recipient", "recipient", recipientChange}, {"contact", "contact", contact}} {
				if !cmd.Flags().Changed(m.flag) {
					continue
				}
				if in[m.key], err = readJSON(m.flag, m.text); err != nil {
					return err
				}
			}
			if remove {
				in["change"] = nil
			}
			if retire {
				in["recipient"] = nil
			}
			answer, err := c.act(cmd.Context(), "/list/amendments", in)
			if err != nil {
				return err
			}
			if c.asJSON {
				return printAnswer(cmd.OutOrStdout(), answer)
			}
			var v amendAnswer
			if err := understand(answer, &v); err != nil {
				return err
			}
			return v.print(cmd.OutOrStdout())
		},
	}
	c.add(cmd, true)
	addMembers(cmd, members)
	cmd.Flags().StringVar(&change, "change", "", "措施要改的内容，JSON 或 @文件（what changes of the measure, JSON or @FILE）")
	cmd.Flags().BoolVar(&remove, "remove", false, "去掉该措施（take the measure out）")
	cmd.Flags().StringVar(&recipientChange, "recipient", "", "对象要改的内容或新对象，JSON 或 @文件（what changes of the recipient, or a new one）")
	cmd.Flags().BoolVar(&retire, "retire", false, "停用该对象（take the recipient out）")
	cmd.Flags().StringVar(&contact, "contact", "", "新的联系人，JSON 或 @文件（another contact, JSON or @FILE）")
	cmd.MarkFlagsMutuallyExclusive("change", "remove", "recipient", "retire")
	return cmd
}

// readJSON reads JSON that a flag gives or names the file of.
func readJSON(flag, text string) (json.RawMessage, error) {
	if name, ok := strings.CutPrefix(text, "@"); ok {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		text = string(data)
	}
	if !json.Valid([]byte(text)) {
		return nil, usage("--%s %q is no JSON; write it like '{\"complete_within_h\":3}', or @FILE", flag, text)
	}
	return json.RawMessage(text), nil
}

func (v *amendAnswer) print(w io.Writer) error {
	say := func(rule string, args refusal.Args) error {
		_, err := fmt.Fprintln(w, bothLanguages(rule, args))
		return err
	}
	if v.Contacts > 0 {
		if err := say("list.say_contacts", refusal.Args{"count": v.Contacts}); err != nil {
			return err
		}
	}
	if len(v.Changes) == 0 {
		return nil
	}
	for _, c := range v.Changes {
		if _, err := fmt.Fprintln(w, plain(c.Text)); err != nil {
			return err
		}
	}
	printEffects(w, v.Effects)
	err := say("list.say_amended", refusal.Args{"version": v.ID, "from": v.EffectiveFrom, "revision": v.Revision, "warnings": v.Warnings})
	if len(v.Later) > 0 {
		err = errors.Join(err, say("list.say_later", refusal.Args{"versions": strings.Join(v.Later, ", ")}))
	}
	return err
}

func printEffects(w io.Writer, effects []effectText) {
	some := false
	for _, e := range effects {
		for _, text := range e.Text {
			some = true
			fmt.Fprintln(w, plain(text))
		}
	}
	if !some {
		fmt.Fprintln(w, bothLanguages("list.effect.none", nil))
	}
}
