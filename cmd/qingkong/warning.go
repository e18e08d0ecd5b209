package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
)

func newWarningCommand() *cobra.Command {
	return group("warning", "发布、审批、调整、解除、查看预警（declare, approve, change, end and read warnings）",
		"  qingkong warning declare"+exampleServer+" --level yellow --trigger city_order\n"+
			"  qingkong warning list"+exampleServer,
		append(warningActs(), newWarningDeclare(), newWarningList(), newWarningShow(), newWarningCallSheet(), newWarningReceipts())...)
}

// exampleServer stands in the examples.
const exampleServer = " --server http://127.0.0.1:8080 --token-file duty.token"

func newWarningDeclare() *cobra.Command {
	return remoteCommand{
		use:   "declare --level LEVEL --trigger TRIGGER",
		short: "发布预警（declare a warning）",
		long: "发布预警；按级别的审批规则，结果为待审批、待生效或生效中。不给 --ends-at 即另行通知。" + timeHelp + "\n" +
			"Declares a warning: pending_approval, scheduled or active as the approval rule of its level says. Without --ends-at it\nholds until further notice.",
		example: "  qingkong warning declare" + exampleServer + " \\\n" +
			"    --level orange --trigger city_order --starts-at \"2016-12-16 20:00\" --document-no 津重污染指〔2016〕1号 \\\n" +
			"    --issued-by 市重污染天气应急指挥部 --notice-text \"$(cat notice.txt)\"",
		needs: []string{"level", "trigger"},
	}.command(showing(calls.Declare, tellWarning))
}

// warningActs are the commands that act on a warning that is there. Their examples are flags alone.
func warningActs() []*cobra.Command {
	return []*cobra.Command{
		warningAct(calls.Approve, remoteCommand{short: "批准待审批的发布、升级或改期（approve a pending start, raise or other start）",
			long: "也用于事后确认紧急批准。\nAlso confirms, afterwards, what was approved in an emergency."}),
		warningAct(calls.RejectWarning, remoteCommand{short: "驳回待审批的发布、升级或改期（reject a pending start, raise or other start）",
			example: "--reason 依据不足", needs: []string{"reason"}}),
		warningAct(calls.Revise, remoteCommand{short: "变更起止时间、文号或公告；被驳回的可改后重报（change the terms; enter a rejected one again）",
			long: "没有给出的各项保持不变；取消结束时间用 --no-end。开始时间只有待生效的预警能改，需两人审批的级别须经批准；级别只有被驳回的能改。\n" +
				"What is not given stays as it was; --no-end takes the end away. A scheduled one takes another start, which waits for approval\n" +
				"where its level needs two persons; only one that was rejected takes another level, and is declared anew.",
			example: "--ends-at \"2016-12-22 00:00\" --reason 延长"}),
		warningAct(calls.Adjust, remoteCommand{short: "升级或降级（change the level）",
			long:    "升至需两人审批的级别时，原级别继续有效，等待批准。没有给出的各项保持不变。\nA raise to a level that needs two persons waits while the old level goes on. What is not given stays as it was.",
			example: "--level red --trigger city_order --document-no 津重污染指〔2016〕2号 --reason 市级升级", needs: []string{"level"}}),
		warningAct(calls.LiftWarning, remoteCommand{short: "解除预警（end an active warning）",
			long:    "不给 --ends-at 即刻解除；给出将来的时间则到时解除。\nEnds it now, or at --ends-at when that is to come.",
			example: "--reason 空气质量好转"}),
		warningAct(calls.CancelWarning, remoteCommand{short: "撤销预警（make a warning void）", example: "--reason 误发"}),
		warningAct(calls.EmergencyApprove, remoteCommand{short: "紧急情况下经电话授权代行审批（approve on authority given by telephone）",
			long: "值班员在联系不上审批人时，按授权人 24 小时内的电话指示先行批准；审批人须限期用 approve 确认。\n" +
				"The duty officer approves on the word of whoever has the authority, given by telephone in the last 24 hours, when no\n" +
				"approver can be reached. An approver then has to confirm it with approve.",
			example: "--authority 副总指挥 --called-at \"2016-12-16 19:40\" --reason 联系不上审批人",
			needs:   []string{"authority", "called-at", "reason"}}),
	}
}

const revisionHelp = "不给 --revision 时，先读取预警，按读到的当前版次操作；给出时，预警若已变动则被拒绝（stale_revision）。\n" +
	"Without --revision the warning is read first and its current revision is acted on. With it, the act is refused when the\n" +
	"warning has moved (stale_revision): give the one you have seen."

func warningAct[In any](of calls.Of[In, *alerts.Warning], d remoteCommand) *cobra.Command {
	name, server := path.Base(of.Pattern), exampleServer
	if of.Act == calls.ActWarningsApprove || of.Act == calls.ActWarningsReject {
		server = exampleApprover
	}
	long := strings.TrimLeft(d.long+"\n"+revisionHelp, "\n")
	if slices.ContainsFunc(of.Members(), func(m calls.Param) bool { return m.Kind == calls.MomentParam }) {
		long += "\n" + timeHelp
	}
	if slices.ContainsFunc(of.Members(), func(m calls.Param) bool { return m.Name == "otp" }) {
		long += "\n" + otpHelp
	}
	d.use, d.what, d.long = name+" ID", "warning", d.short+"\n\n"+long
	d.example = strings.TrimRight("  qingkong warning "+name+" W20161216-01"+server+" --revision 1 "+d.example, " ")
	d.fill = onRevision
	return d.command(showing(of, tellWarning))
}

// onRevision has an act that names no revision act on the current one.
func onRevision(r *request) error {
	if seen, given := r.body["revision"].(int); given && seen < 1 {
		return usage("--revision is 1 or more, not %d", seen)
	} else if given {
		return nil
	}
	w, err := fetch[alerts.Warning](r, calls.Warning.Call, r.args[0])
	r.body["revision"] = w.Revision
	return err
}

// tellWarning prints the state of a warning after an act.
func tellWarning(out io.Writer, w *alerts.Warning, _ *request) error {
	revision := pair("cli.revision", refusal.Args{"revision": w.Revision})
	lines := []string{fmt.Sprintf("%s  %s  %s  %s", plain(w.ID), revision, levelText(w.Level),
		named(terms.WarningState, w.State))}
	if p := pendingText(w); p != "" {
		lines = append(lines, pair("cli.member.pending", nil)+": "+plain(p))
	}
	if e := emergencyText(w); e != "" {
		lines = append(lines, pair("cli.member.emergency", nil)+": "+plain(e))
	}
	for _, h := range w.History {
		if s := seenText(h.Actor, h.SecretSeen); s != "" {
			lines = append(lines, named(terms.WarningEvent, h.Event)+": "+plain(s))
		}
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

func pendingText(w *alerts.Warning) string {
	if w.Pending == nil {
		return ""
	}
	return fmt.Sprintf("%s %s（%s）", named(terms.Pending, w.Pending.Kind), levelText(w.Pending.Level), w.Pending.By)
}

// emergencyText is an approval by telephone, if there was one, and whether it was confirmed.
func emergencyText(w *alerts.Warning) string {
	e := w.Emergency
	if e == nil {
		return ""
	}
	done := bothLanguages("cli.confirm_by", refusal.Args{"by": clockText(&e.ConfirmBy)})
	if e.ConfirmedBy != "" {
		done = pair("cli.confirmed", nil) + "（" + e.ConfirmedBy + "）"
	}
	return fmt.Sprintf("%s %s（%s：%s）%s", e.Authority, clockText(&e.CalledAt), e.By, e.Reason, done)
}

// outlookText says when a warning is likely to be lifted, as far as it is known until when, and how many of its days
// met nothing.
func outlookText(o *alerts.Outlook) string {
	if o == nil {
		return ""
	}
	var lines []string
	if o.From != nil {
		lines = append(lines, bothLanguages("cli.outlook_from", refusal.Args{"from": clockText(o.From)}))
	} else if o.KnownUntil.IsZero() {
		lines = append(lines, bothLanguages("explain.nothing_known", nil))
	} else {
		lines = append(lines, bothLanguages("cli.outlook_none", refusal.Args{"known": untilText(&o.KnownUntil)}))
	}
	if o.IdleDays > 0 {
		lines = append(lines, bothLanguages("explain.idle", refusal.Args{"n": o.IdleDays}))
	}
	return strings.Join(lines, "\n")
}

// warningWords print the members of a warning that need more than their types.
var warningWords = words[*alerts.Warning]{
	"ends_at":   func(w *alerts.Warning) string { return untilText(w.EndsAt) },
	"pending":   pendingText,
	"stages":    stagesText,
	"overrides": overridesText,
	"emergency": emergencyText,
}

func newWarningList() *cobra.Command {
	var state string
	states := namesOf(terms.Rule(terms.WarningState, ""))
	return listOf(remoteCommand{
		use:   "list",
		short: "列出预警，最近的在前（list warnings, the latest first）",
		example: "  qingkong warning list" + exampleServer + "\n" +
			"  qingkong warning list" + exampleServer + " --state active --json",
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&state, "state", "", "只列这一状态（only those in this state: "+strings.Join(states, ", ")+"）")
		},
		fill: func(r *request) error {
			if state == "" {
				return nil
			}
			if !slices.Contains(states, state) {
				return usage("--state is one of %s, not %q", strings.Join(states, ", "), state)
			}
			r.keep = func(item json.RawMessage) (bool, error) {
				var w alerts.Warning
				err := understand(item, &w)
				return string(w.State) == state, err
			}
			return nil
		},
	}, calls.Warnings, warningWords,
		members{"id", "revision", "level", "state", "starts_at", "ends_at", "issued_by", "pending"})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func newWarningShow() *cobra.Command {
	return remoteCommand{use: "show ID", what: "warning", short: "查看一个预警及其经过（one warning and its history）",
		example: "  qingkong warning show W20161216-01" + exampleServer}.command(showing(calls.Warning, showWarning))
}

func showWarning(out io.Writer, look calls.WarningLook, r *request) error {
	w := cmp.Or(look.Warning, &alerts.Warning{})
	say := maps.Clone(warningWords)
	say["outlook"] = func(*alerts.Warning) string { return outlookText(look.Outlook) }
	if w.EndsAt == nil {
		say["ends_at"] = func(*alerts.Warning) string { return pair("cli.no_end", nil) }
	}
	err := printMembers(out, r.answer, say, w, members{"id", "revision", "drill", "level", "previous_level",
		"level_since", "stages", "overrides", "state", "pending", "outlook", "emergency", "trigger", "region", "starts_at",
		"ends_at", "document_no", "issued_by", "received_at", "reason", "notice_text", "proposal_id", "declared_by",
		"declared_at", "approved_by", "list_version", "list_hash"}, "history")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\n"+pair("cli.member.history", nil))
	rows := make([][]string, len(w.History))
	for i, revision := range w.Revisions() {
		h := w.History[i]
		rows[i] = []string{fmt.Sprint(revision), h.At.In(alerts.Shanghai()).Format(time.DateTime), h.Actor,
			named(terms.WarningEvent, h.Event), h.Reason}
		if s := seenText(h.Actor, h.SecretSeen); s != "" {
			rows[i] = append(rows[i], s)
		}
	}
	printTable(out, "  ", rows)
	return nil
}

// stagesText is the course of a warning that has more than one level.
func stagesText(w *alerts.Warning) string {
	if len(w.Stages) < 2 {
		return ""
	}
	var stages []string
	for _, s := range w.Stages {
		stages = append(stages, levelText(s.Level)+" "+clockText(&s.From))
	}
	return strings.Join(stages, "；")
}

func overridesText(w *alerts.Warning) string {
	var texts []string
	for _, o := range w.Overrides {
		texts = append(texts, pair("cli.override",
			refusal.Args{"proposal": o.ProposalID, "proposed": levelText(o.Level), "ordered": levelText(o.Ordered)}))
	}
	return strings.Join(texts, "；")
}
