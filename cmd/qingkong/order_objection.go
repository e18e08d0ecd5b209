package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// newOrderObjection is the duty officer's decision on an objection.
func newOrderObjection() *cobra.Command {
	var changes []string
	var dry bool
	decide, try := showingAs(calls.DecideObjection.Call, tellOrder), showing(calls.TryObjection, tellObjectionTried)
	return remoteCommand{
		use:   "objection ID accept|reject|amend --reason REASON",
		short: "处理企业异议（decide on an objection）",
		long: "accept 同意豁免；reject 驳回，重新限时确认；amend 调整措施，改什么写在 --change：\"措施编号={要改的内容}\"，null 为去掉该措施。" +
			"--dry-run 不作任何改动，只显示调整后的措施（数值改变后推算的项、要人确认的项）和新减排令原文。" + timeHelp + "\n" +
			"accept exempts the recipient, reject sets a new deadline, amend gives it another order: --change is \"ID=JSON\" with the\n" +
			"members of the measure that change, null takes it out; it may be repeated. --dry-run changes nothing and shows the measures\n" +
			"as they would stand (what follows from another quantity, and what has to be looked at) and the new order's text.",
		example: "  qingkong order objection W20161216-01-E0003-1 accept" + exampleServer + " --reason 保障民生供热\n" +
			"  qingkong order objection W20161216-01-E0003-1 amend" + exampleServer + " --reason 安全停炉需要时间 \\\n" +
			"    --expires-at \"2016-12-18 08:00\" --change 'M1={\"complete_within_h\":12}'\n" +
			"  qingkong order objection W20161216-01-E0001-1 amend" + exampleServer + " --reason 供热不能减 --dry-run \\\n" +
			"    --change 'M05={\"quantity\":{\"value\":100},\"text\":\"5#机组日耗煤量减少100吨\"}'",
		check: orderAnd("a decision", "accept", "reject", "amend"),
		args:  []string{"decision"},
		needs: []string{"reason"},
		left:  map[string]string{"measures": "--change says one, in a form of its own"},
		flags: func(f *pflag.FlagSet) {
			f.StringArrayVar(&changes, "change", nil,
				"一项措施的调整，如 'M1={\"complete_within_h\":12}'，可多次（a measure's change, may be repeated）")
			f.BoolVar(&dry, "dry-run", false, dryHelp)
		},
		fill: func(r *request) (err error) {
			if dry {
				r.reporter = try
			}
			if len(changes) > 0 {
				r.body["measures"], err = readChanges(changes)
			}
			return err
		},
	}.command(decide, try)
}

const dryHelp = "试算，不作任何改动（show what it would make, and change nothing）"

// tellObjectionTried prints the measures that an amendment changes, as they would stand, and the new order's text.
func tellObjectionTried(w io.Writer, v calls.ObjectionTried, _ *request) error {
	for _, m := range v.Measures {
		if m.Measure == nil {
			fmt.Fprintf(w, "%s  %s\n", plain(m.ID), bothLanguages("cli.tried_gone", nil))
		} else if len(m.Change) > 0 && string(m.Change) != "null" {
			fmt.Fprintf(w, "%s  %s\n", plain(m.ID), plain(string(m.Change)))
			tellFollowed(w, m.Filled, m.Asked)
		}
	}
	for line := range strings.Lines(v.Title + "\n" + v.Text) {
		fmt.Fprintln(w, plain(strings.TrimSuffix(line, "\n")))
	}
	return nil
}

// tellFollowed says what was filled in, and what a person has to look at.
func tellFollowed(w io.Writer, filled, asked []string) {
	if len(filled) > 0 {
		tell(w, "cli.tried_filled", refusal.Args{"members": strings.Join(filled, ", ")})
	}
	if len(asked) > 0 {
		tell(w, "cli.tried_asked", refusal.Args{"members": strings.Join(asked, ", ")})
	}
}

// readChanges reads "ID=JSON" of each change.
func readChanges(changes []string) (out []calls.MeasureAmends, err error) {
	for _, text := range changes {
		id, change, ok := strings.Cut(text, "=")
		if !ok || id == "" || !json.Valid([]byte(change)) {
			return nil, usage("--change %q is not like M1={\"complete_within_h\":12}", text)
		}
		out = append(out, calls.MeasureAmends{ID: id, Change: json.RawMessage(change)})
	}
	return out, nil
}
