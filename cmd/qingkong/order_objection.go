package main

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

var objectionDecisions = []string{"accept", "reject", "amend"}

// newOrderObjection is the duty officer's decision on what a recipient objected.
func newOrderObjection() *cobra.Command {
	var c call
	var changes []string
	members := []member{
		{flag: "reason", help: "理由，告知企业，不公开（the reason, for the enterprise alone）"},
		{flag: "expires-at", kind: momentKind, help: "豁免或调整到何时为止，缺省为预警结束（until when; default the end of the warning）"},
	}
	cmd := &cobra.Command{
		Use:   "objection ID accept|reject|amend --reason REASON",
		Short: "处理企业异议（decide on an objection）",
		Long: "accept 同意豁免；reject 驳回，重新限时确认；amend 调整措施，改什么写在 --change：\"措施编号={要改的内容}\"，null 为去掉该措施。" + timeHelp + "\n" +
			"accept exempts the recipient, reject sets a new deadline, amend gives it another order: --change is \"ID=JSON\" with the\n" +
			"members of the measure that change, null takes it out; it may be repeated.",
		Example: "  qingkong order objection W20161216-01-E0003-1 accept" + exampleServer + " --reason 保障民生供热\n" +
			"  qingkong order objection W20161216-01-E0003-1 amend" + exampleServer + " --reason 安全停炉需要时间 \\\n" +
			"    --expires-at \"2016-12-18 08:00\" --change 'M1={\"complete_within_h\":12}'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("an order and a decision are wanted, %d arguments were given", len(args))
			}
			if !slices.Contains(objectionDecisions, args[1]) {
				return usage("%q is no decision; use accept, reject or amend", args[1])
			}
			return checkID("order", args[0])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd, "reason"); err != nil {
				return err
			}
			in, err := bodyOf(cmd, members)
			if err != nil {
				return err
			}
			in["decision"] = args[1]
			if len(changes) > 0 {
				if in["measures"], err = readChanges(changes); err != nil {
					return err
				}
			}
			answer, err := c.act(cmd.Context(), "/orders/"+url.PathEscape(args[0])+"/objection", in)
			if err != nil {
				return err
			}
			return c.printOrder(cmd.OutOrStdout(), answer)
		},
	}
	c.add(cmd, true)
	addMembers(cmd, members)
	cmd.Flags().StringArrayVar(&changes, "change", nil, "一项措施的调整，如 'M1={\"complete_within_h\":12}'，可多次（a measure's change, may be repeated）")
	return cmd
}

// readChanges reads "ID=JSON" of each change.
func readChanges(changes []string) ([]map[string]any, error) {
	var out []map[string]any
	for _, text := range changes {
		id, change, ok := strings.Cut(text, "=")
		if !ok || id == "" || !json.Valid([]byte(change)) {
			return nil, usage("--change %q is not like M1={\"complete_within_h\":12}", text)
		}
		out = append(out, map[string]any{"id": id, "change": json.RawMessage(change)})
	}
	return out, nil
}
