package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
)

// exampleInspection stands in the examples.
const exampleInspection = "I20161217-00001"

func newInspectionCommand() *cobra.Command {
	const enterprise = " --server http://127.0.0.1:8080 --token-file enterprise.token"
	return group("inspection", "现场检查：查看、答复、统计（inspections on site）",
		"  qingkong inspection list"+exampleServer+" --result failed\n  qingkong inspection show "+exampleInspection+exampleServer,
		listOf(remoteCommand{use: "list", short: "列出现场检查（list inspections）",
			long: "列出现场检查，最近的在前；企业只见自己的，街镇只见本街镇的。检查在手机上 /gate/ 里作。\n" +
				"Lists inspections, the latest first; an enterprise its own, a town its own. They are made on a telephone, below /gate/.",
			example: "  qingkong inspection list" + exampleServer + " --result failed --from 2016-12-17"},
			calls.Inspections, inspectionWords,
			members{"id", "at", "recipient_name", "town", "inspector", "with", "result", "disposition", "due"}),
		remoteCommand{use: "show ID", what: "inspection", short: "查看一次现场检查（one inspection）",
			example: "  qingkong inspection show " + exampleInspection + exampleServer}.command(showing(calls.Inspection, showInspection)),
		remoteCommand{use: "answer ID", what: "inspection", short: "以企业身份答复检查（answer an inspection as its enterprise）",
			long: "以企业身份答复检查，--note 和 --evidence 至少给一项，期限见 answer_by。\n" +
				"Needs the enterprise's own token. Says --note, --evidence or both, until answer_by.",
			example: "  qingkong inspection answer " + exampleInspection + enterprise + " --note 2号线当时在停炉降温"}.
			command(showing(calls.AnswerInspection, tellInspection)),
		remoteCommand{use: "statistics", short: "检查统计（sums of inspections）",
			example: "  qingkong inspection statistics" + exampleServer + " --from 2016-12-01"}.
			command(showing(calls.InspectionTotals, tellSums)))
}

// inspectionWords are the members of an inspection that its types do not tell.
var inspectionWords = words[calls.InspectionView]{
	"result":      func(v calls.InspectionView) string { return named(terms.Inspected, v.Result) },
	"disposition": func(v calls.InspectionView) string { return named(terms.Disposition, v.Disposition) },
}

func showInspection(out io.Writer, v calls.InspectionView, r *request) error {
	err := printMembers(out, r.answer, inspectionWords, v, members{"id", "recipient_id", "recipient_name", "town", "order_id", "task_id",
		"inspector", "with", "at", "received_at", "result", "disposition", "due", "note", "follow_up", "answer_by", "corrects",
		"corrected_by"}, "client_id", "warning_id", "started_at", "device_at", "clock_offset_s", "items", "evidence", "position",
		"signature", "reinspect", "remarks", "answers", "erased")
	if err != nil {
		return err
	}
	for _, it := range v.Items {
		value := ""
		if it.Value != nil {
			value = withUnit(it.Value, it.Unit)
		}
		if _, err := fmt.Fprintf(out, "  %s  %s  %s  %s  %s\n", orDash(plain(it.MeasureID)), named(terms.Item, it.Result), plain(it.Expected),
			plain(it.Found), value); err != nil {
			return err
		}
	}
	for _, remark := range v.Remarks {
		if _, err := fmt.Fprintln(out, "  "+pair("inspection.remark."+remark.Rule, map[string]any{"of": remark.Of})); err != nil {
			return err
		}
	}
	return nil
}

// tellInspection says where an inspection stands after an act.
func tellInspection(out io.Writer, v calls.InspectionView, _ *request) error {
	_, err := fmt.Fprintf(out, "%s  %s  %s\n", plain(v.ID), plain(v.RecipientID), named(terms.Inspected, v.Result))
	return err
}

func tellSums(out io.Writer, v calls.InspectionSums, _ *request) error {
	_, err := fmt.Fprintf(out, "%s: %d  %s: %d  %s: %d  %s: %d\n", pair("cli.member.total", nil), v.All.Total,
		bothLanguages("name.inspected.failed", nil), v.All.Failed, bothLanguages("name.inspected.passed", nil), v.All.Passed,
		bothLanguages("name.disposition.case", nil), v.All.Cases)
	return err
}
