package main

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/cmd/internal/calls"
)

// newOrderObjection is the duty officer's decision on an objection.
func newOrderObjection() *cobra.Command {
	var changes []string
	return remoteCommand{
		use:   "objection ID accept|reject|amend --reason REASON",
		short: "处理企业异议（decide on an objection）",
		long: "accept 同意豁免；reject 驳回，重新限时确认；amend 调整措施，改什么写在 --change：\"措施编号={要改的内容}\"，null 为去掉该措施。" + timeHelp + "\n" +
			"accept exempts the recipient, reject sets a new deadline, amend gives it another order: --change is \"ID=JSON\" with the\n" +
			"members of the measure that change, null takes it out; it may be repeated.",
		example: "  qingkong order objection W20161216-01-E0003-1 accept" + exampleServer + " --reason 保障民生供热\n" +
			"  qingkong order objection W20161216-01-E0003-1 amend" + exampleServer + " --reason 安全停炉需要时间 \\\n" +
			"    --expires-at \"2016-12-18 08:00\" --change 'M1={\"complete_within_h\":12}'",
		check: orderAnd("a decision", "accept", "reject", "amend"),
		args:  []string{"decision"},
		needs: []string{"reason"},
		left:  map[string]string{"measures": "--change says one, in a form of its own"},
		flags: func(f *pflag.FlagSet) {
			f.StringArrayVar(&changes, "change", nil,
				"一项措施的调整，如 'M1={\"complete_within_h\":12}'，可多次（a measure's change, may be repeated）")
		},
		fill: func(r *request) (err error) {
			if len(changes) > 0 {
				r.body["measures"], err = readChanges(changes)
			}
			return err
		},
	}.command(showingAs(calls.DecideObjection.Call, tellOrder))
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
