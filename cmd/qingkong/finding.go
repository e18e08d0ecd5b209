package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance"
)

// exampleFinding stands in the examples.
const exampleFinding = "W20161216-01-E0003-F001"

func newFindingCommand() *cobra.Command {
	const enterprise = " --server http://127.0.0.1:8080 --token-file enterprise.token"
	return group("finding", "监测发现：查看、说明、处理、推算（findings of monitoring）",
		"  qingkong finding list"+exampleServer+" --verdict suspected\n  qingkong finding explain "+exampleFinding+enterprise+" --note 检修后试车",
		newFindingList(),
		remoteCommand{use: "show ID", what: "finding", short: "查看一条监测发现（one finding）",
			long: "查看一条监测发现，及其依据的小时、限值和基线。\n" +
				"Shows a finding with the hours, limits and baselines that it rests on.",
			example: "  qingkong finding show " + exampleFinding + exampleServer}.command(showing(calls.Finding, tellFinding)),
		remoteCommand{use: "explain ID", what: "finding", short: "以企业身份说明情况（explain a finding as its enterprise）",
			long: "以企业身份说明情况，--note 和 --evidence 至少给一项；处理之前不能再补充。\n" +
				"Needs the enterprise's own token. Says --note, --evidence or both; another one waits until this one is decided on.",
			example: "  qingkong finding explain " + exampleFinding + enterprise + " --note 2号线21时至22时检修后试车"}.
			command(showing(calls.ExplainFinding, tellFound)),
		remoteCommand{use: "decide ID accept|reject", short: "处理企业的说明（decide on an explanation）",
			long: "accept 采纳：所列整点（缺省为全部）不再计入，结论重新推算；reject 不采纳，须写 --reason，企业会看到。\n" +
				"accept takes the hours out, all unless told, and the verdict is worked out again; reject says why in --reason, which the\n" +
				"enterprise reads.",
			example: "  qingkong finding decide " + exampleFinding + " reject" + exampleServer + " --reason 与用电曲线不符",
			check:   orderAnd("a decision", "accept", "reject"), args: []string{"decision"}}.
			command(showing(calls.DecideFinding, tellFound)),
		remoteCommand{use: "value ID --at TIME --value VALUE --reason REASON", what: "finding",
			short: "认定同一小时的几个数值之一（take one of several values of an hour）",
			long: "同一小时报送过不同数值时，缺省按对企业不利的判；这里认定其中一个。" + timeHelp + "\n" +
				"Where several values were said of an hour the worse one for the plant is judged, unless this takes another.",
			example: "  qingkong finding value " + exampleFinding + exampleServer + " --at \"2016-12-17 21:00\" --value 31.5 --reason 重发的为校准后数据",
			needs:   []string{"at", "value", "reason"}}.command(showing(calls.ChooseValue, tellFound)),
		remoteCommand{use: "derive ID", what: "finding", short: "由留存数据重新推算（work a finding out again）",
			long: "由留存的数据重新推算各小时，与记录对照；有差别时逐条列出，退出码仍为 0。\n" +
				"Works its hours out again from the readings that are kept, and lists what differs from the record.",
			example: "  qingkong finding derive " + exampleFinding + exampleServer}.command(showing(calls.DeriveFinding, tellDerived)))
}

// findingWords are the members of a finding that its types do not tell.
var findingWords = words[calls.FindingView]{
	"verdict":      func(f calls.FindingView) string { return named(terms.OrderState, f.Verdict.String()) },
	"worst":        func(f calls.FindingView) string { return named(terms.OrderState, f.Worst.String()) },
	"measured":     func(f calls.FindingView) string { return withUnit(f.Measured, f.Unit) },
	"limit":        func(f calls.FindingView) string { return withUnit(f.Limit, f.Unit) },
	"why":          func(f calls.FindingView) string { return whyText(string(f.Why)) },
	"baseline":     baselineText,
	"hours":        func(f calls.FindingView) string { return hoursText(f.Hours) },
	"explanations": explanationsText,
}

func newFindingList() *cobra.Command {
	return listOf(remoteCommand{
		use: "list", short: "列出监测发现（list findings）",
		long: "列出监测发现，最近的预警在前；企业只见自己的，街镇只见本街镇的。\n" +
			"Lists findings, those of the latest warning first; an enterprise its own, a town its own.",
		example: "  qingkong finding list" + exampleServer + " --verdict suspected --open true\n" +
			"  qingkong finding list" + exampleServer + " --waiting true --json",
	}, calls.Findings, findingWords, members{"id", "recipient_name", "measure_id", "verdict", "measured", "limit", "last", "cleared", "waits"})
}

func tellFinding(out io.Writer, f calls.FindingView, r *request) error {
	return printMembers(out, r.answer, findingWords, f, members{"id", "recipient_id", "recipient_name", "town", "order_id", "measure_id",
		"source", "ref", "factor", "criterion", "verdict", "worst", "cleared", "asks", "waits", "advisory", "from", "last", "failed",
		"measured", "limit", "why", "baseline", "explain_by", "hours", "explanations"},
		"warning_id", "kind", "unit", "hour", "revision", "weekdays", "opened_at", "changed_at", "told_at")
}

// tellFound says where a finding stands after an act.
func tellFound(out io.Writer, f calls.FindingView, _ *request) error {
	state := "cli.finding_open"
	switch {
	case f.Cleared:
		state = "cli.finding_cleared"
	case f.Waits:
		state = "cli.finding_waits"
	case f.Asks:
		state = "cli.finding_asks"
	}
	_, err := fmt.Fprintf(out, "%s  %s  %s\n", plain(f.ID), named(terms.OrderState, f.Verdict.String()), bothLanguages(state, nil))
	return err
}

func tellDerived(out io.Writer, d calls.Derived, _ *request) error {
	for _, note := range d.Notes {
		if _, err := fmt.Fprintln(out, plain(note)); err != nil {
			return err
		}
	}
	rule := "cli.derived_same"
	if !d.Same {
		rule = "cli.derived_differs"
	}
	return say(out, rule, refusal.Args{"id": d.ID, "count": len(d.Notes)})
}

func withUnit(x *float64, unit string) string {
	if x == nil {
		return ""
	}
	return strings.TrimSpace(numberText(x) + " " + unit)
}

func whyText(why string) string {
	if why == "" {
		return ""
	}
	return bothLanguages("judge.why."+why, nil)
}

func baselineText(f calls.FindingView) string {
	if f.Baseline == nil {
		return ""
	}
	b := f.Baseline
	return fmt.Sprintf("%s（%s–%s）n=%d", numberText(&b.Median), numberText(&b.Low), numberText(&b.High), b.N)
}

// hoursText is a line for each hour.
func hoursText(hours []compliance.FoundHour) string {
	var lines []string
	for i := range hours {
		h := &hours[i]
		line := clockText(&h.At) + "  " + bothLanguages("judge.result."+h.Result.String(), nil)
		if h.Measured != nil {
			line += "  " + numberText(h.Measured)
		}
		if h.Limit != nil {
			line += " / " + numberText(h.Limit)
		}
		if h.Why != "" {
			line += "  " + whyText(string(h.Why))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// explanationsText is a line for each explanation, and one for its decision.
func explanationsText(f calls.FindingView) string {
	var lines []string
	for i := range f.Explanations {
		e := &f.Explanations[i]
		lines = append(lines, strings.TrimSpace(clockText(&e.At)+"  "+plain(e.Note)+"  "+strings.Join(e.Evidence, "、")))
		if e.Decision != "" {
			lines = append(lines, strings.TrimSpace(decidedText(e.DecidedAt)+"  "+bothLanguages("cli.decided."+string(e.Decision), nil)+"  "+plain(e.Reason)))
		}
	}
	return strings.Join(lines, "\n")
}

func decidedText(at *time.Time) string {
	if at == nil {
		return ""
	}
	return clockText(at)
}
