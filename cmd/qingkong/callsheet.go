package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/reductionlist"
)

func newOrderCall() *cobra.Command {
	return remoteCommand{
		use:   "call ID told|unreachable|oral",
		short: "记录一次电话通知（record a telephone call）",
		long: "told 已告知、unreachable 未接通、oral 口头答复；都不算企业的签收和答复。已告知和口头答复的不再列在电话通知单上。\n" +
			"None of these is the recipient's receipt or answer. Who was told, or answered by word of mouth, leaves the call sheet.",
		example: "  qingkong order call W20161216-01-E0003-1 unreachable" + exampleServer + " --note 两个号码均无人接听",
		check:   orderAnd("an outcome", "told", "unreachable", "oral"),
		args:    []string{"outcome"},
	}.command(showing(calls.RecordCall, tellCalled))
}

// tellCalled says where an order stands after a call.
func tellCalled(out io.Writer, c calls.CallRecorded, _ *request) error {
	to := "cli.call_done"
	if c.ToCall {
		to = "cli.call_again"
	}
	_, err := fmt.Fprintf(out, "%s  %s  %s\n", plain(c.OrderID), callsText(c.Calls), bothLanguages(to, nil))
	return err
}

// callsText is the latest call, and how many reached nobody.
func callsText(c calls.CallCount) string {
	if c.LastAt == nil {
		return ""
	}
	text := named(terms.CallOutcome, c.LastOutcome) + " " + clockText(c.LastAt)
	if c.Unreachable > 0 {
		text += " " + bothLanguages("cli.unreached", refusal.Args{"count": c.Unreachable})
	}
	return text
}

func newWarningCallSheet() *cobra.Command {
	return listAs(remoteCommand{
		use:   "call-sheet ID",
		short: "电话通知单：要打电话的对象（whom to telephone）",
		long: "还没有答复、或还没有签收解除的对象，先按确认时限、再按减排量；街镇只见本街镇的。电话随令牌的权限。\n" +
			"Recipients that have not answered, or not received the end, by deadline and then by what is at stake; a town its own.\n" +
			"Telephone numbers stand in it for who may read them.",
		example: "  qingkong warning call-sheet W20161216-01" + exampleServer + " --town 杨柳青镇",
		what:    "warning",
	}, calls.WarningCallSheet.Call, words[calls.CallRow]{
		"recipient_id":       func(r calls.CallRow) string { return strings.TrimSpace(r.RecipientID + " " + r.RecipientName) },
		"contact":            func(r calls.CallRow) string { return contactText(r.Contact) },
		"state":              func(r calls.CallRow) string { return named(terms.OrderState, r.Waits()) },
		"at_stake_t_per_day": func(r calls.CallRow) string { return reductionlist.Shown(r.AtStake, "t/d") },
		"calls":              func(r calls.CallRow) string { return callsText(r.Calls) },
	}, members{"order_id", "recipient_id", "town", "contact", "state", "acknowledge_by", "at_stake_t_per_day", "calls"})
}

func contactText(c *calls.CallContact) string {
	if c == nil {
		return ""
	}
	return strings.TrimSpace(strings.TrimSpace(c.Name+" "+c.Phone) + " " + strings.TrimSpace(c.BackupName+" "+c.BackupPhone))
}
