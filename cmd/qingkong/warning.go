package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

func newWarningCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "warning",
		Short: "发布、审批、调整、解除、查看预警（declare, approve, change, end and read warnings）",
		Example: "  qingkong warning declare --server http://127.0.0.1:8080 --token-file duty.token --level yellow --trigger city_order\n" +
			"  qingkong warning list --server http://127.0.0.1:8080 --token-file duty.token",
	}
	cmd.AddCommand(newWarningDeclare(), newWarningList(), newWarningShow())
	for _, a := range warningActs {
		cmd.AddCommand(a.command())
	}
	return cmd
}

// exampleServer stands in the examples.
const exampleServer = " --server http://127.0.0.1:8080 --token-file duty.token"

// member is a flag that becomes a member of the body when it is given.
type member struct {
	flag string
	name string // of the member; empty: as the flag
	kind memberKind
	help string
}

type memberKind int

const (
	textKind memberKind = iota
	momentKind
	yesKind
)

var (
	levelMember    = member{flag: "level", help: "级别 advisory、yellow、orange、red（level）"}
	triggerMember  = member{flag: "trigger", help: "触发方式 own_forecast、city_order、regional_linkage、work_requirement（what it rests on）"}
	startsMember   = member{flag: "starts-at", kind: momentKind, help: "开始时间，缺省为现在（from when; default now）"}
	confirmMember  = member{flag: "confirm", help: "开始日期 YYYY-MM-DD 再写一遍；开始时间超出 start_limits 时须填（the date of the start once more, where that is beyond start_limits）"}
	endsMember     = member{flag: "ends-at", kind: momentKind, help: "结束时间（until when）"}
	documentMember = member{flag: "document-no", help: "文号（number of the document）"}
	issuedMember   = member{flag: "issued-by", help: "发布单位（who issued it）"}
	receivedMember = member{flag: "received-at", kind: momentKind, help: "收到时间（when it was received）"}
	reasonMember   = member{flag: "reason", help: "理由，将公开（the reason, which is public）"}
	noticeMember   = member{flag: "notice-text", help: "公告全文，将公开（the public notice）"}
	proposalMember = member{flag: "proposal", name: "proposal_id", help: "所采纳建议的编号（id of the proposal that it accepts）"}
)

func addMembers(cmd *cobra.Command, members []member) {
	for _, m := range members {
		if m.kind == yesKind {
			cmd.Flags().Bool(m.flag, false, m.help)
		} else {
			cmd.Flags().String(m.flag, "", m.help)
		}
	}
}

// bodyOf is what the flags say that were given.
func bodyOf(cmd *cobra.Command, members []member) (map[string]any, error) {
	in := map[string]any{}
	for _, m := range members {
		flag := cmd.Flag(m.flag)
		if !flag.Changed {
			continue
		}
		name := m.name
		if name == "" {
			name = strings.ReplaceAll(m.flag, "-", "_")
		}
		switch given := flag.Value.String(); m.kind {
		case momentKind:
			at, err := readMoment(m.flag, given)
			if err != nil {
				return nil, err
			}
			in[name] = at.Format(time.RFC3339)
		case yesKind:
			in[name] = given == "true"
		default:
			in[name] = given
		}
	}
	return in, nil
}

func newWarningDeclare() *cobra.Command {
	var c call
	members := []member{levelMember, triggerMember, startsMember, confirmMember, endsMember, documentMember, issuedMember, receivedMember,
		{flag: "region", help: "六位行政区划代码，缺省为本区（six-digit region; default the district's own）"},
		reasonMember, noticeMember, proposalMember,
		{flag: "drill", kind: yesKind, help: "演练（for a drill）"},
		{flag: "activates", help: "所确认的已上报预警的编号（id of the reported warning that this order confirms）"},
		otpMember,
	}
	cmd := &cobra.Command{
		Use:   "declare --level LEVEL --trigger TRIGGER",
		Short: "发布预警（declare a warning）",
		Long: "发布预警；按级别的审批规则，结果为待审批、待生效或生效中。不给 --ends-at 即另行通知。" + timeHelp + "\n" +
			"Declares a warning: pending_approval, scheduled or active as the approval rule of its level says. Without --ends-at it\nholds until further notice.",
		Example: "  qingkong warning declare" + exampleServer + " \\\n" +
			"    --level orange --trigger city_order --starts-at \"2016-12-16 20:00\" --document-no 津重污染指〔2016〕1号 \\\n" +
			"    --issued-by 市重污染天气应急指挥部 --notice-text \"$(cat notice.txt)\"",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(cmd, "level", "trigger"); err != nil {
				return err
			}
			in, err := bodyOf(cmd, members)
			if err != nil {
				return err
			}
			answer, err := c.act(cmd.Context(), "/warnings", in)
			return c.printWarning(cmd.OutOrStdout(), answer, err)
		},
	}
	c.add(cmd, true)
	addMembers(cmd, members)
	return cmd
}

// warningAct is a command that acts on a warning that is there.
type warningAct struct {
	name, short, long string
	example           string // its flags
	members           []member
	required          []string
}

var warningActs = []warningAct{
	{name: "approve", short: "批准待审批的发布、升级或改期（approve a pending start, raise or other start）",
		long: "也用于事后确认应急审批。\nAlso confirms, afterwards, what was approved in an emergency.", members: []member{otpMember}},
	{name: "reject", short: "驳回待审批的发布、升级或改期（reject a pending start, raise or other start）",
		example: "--reason 依据不足", members: []member{reasonMember}, required: []string{"reason"}},
	{name: "revise", short: "变更起止时间、文号或公告；被驳回的可改后重报（change the terms; enter a rejected one again）",
		long: "没有给出的各项保持不变；取消结束时间用 --no-end。开始时间只有待生效的预警能改，需两人审批的级别须经批准；级别只有被驳回的能改。\n" +
			"What is not given stays as it was; --no-end takes the end away. A scheduled one takes another start, which waits for approval\n" +
			"where its level needs two persons; only one that was rejected takes another level, and is declared anew.",
		example: "--ends-at \"2016-12-22 00:00\" --reason 延长",
		members: []member{levelMember, startsMember, confirmMember, endsMember, {flag: "no-end", kind: yesKind, help: "取消结束时间，改为另行通知（until further notice）"},
			documentMember, issuedMember, receivedMember, noticeMember, reasonMember, proposalMember, otpMember}},
	{name: "adjust", short: "升级或降级（change the level）",
		long:    "升至需两人审批的级别时，原级别继续有效，等待批准。没有给出的各项保持不变。\nA raise to a level that needs two persons waits while the old level goes on. What is not given stays as it was.",
		example: "--level red --trigger city_order --document-no 津重污染指〔2016〕2号 --reason 市级升级",
		members: []member{levelMember, reasonMember, startsMember, confirmMember, triggerMember, documentMember, issuedMember, receivedMember,
			endsMember, proposalMember, otpMember},
		required: []string{"level"}},
	{name: "lift", short: "解除预警（end an active warning）",
		long:    "不给 --ends-at 即刻解除；给出将来的时间则到时解除。\nEnds it now, or at --ends-at when that is to come.",
		example: "--reason 空气质量好转", members: []member{reasonMember, endsMember, proposalMember}},
	{name: "cancel", short: "撤销预警（make a warning void）", example: "--reason 误发", members: []member{reasonMember}},
	{name: "emergency-approve", short: "紧急情况下经电话授权代行审批（approve on authority given by telephone）",
		long: "值班员在联系不上审批人时，按授权人 24 小时内的电话指示先行批准；审批人须限期用 approve 确认。\n" +
			"The duty officer approves on the word of whoever has the authority, given by telephone in the last 24 hours, when no\n" +
			"approver can be reached. An approver then has to confirm it with approve.",
		example: "--authority 副总指挥 --called-at \"2016-12-16 19:40\" --reason 联系不上审批人",
		members: []member{
			{flag: "authority", help: "授权人的单位和职务（office and function of whoever gave the word）"},
			{flag: "called-at", kind: momentKind, help: "通话时间（when the call was）"}, reasonMember, otpMember,
		},
		required: []string{"authority", "called-at", "reason"}},
}

const revisionHelp = "不给 --revision 时，先读取预警，按读到的当前版次操作；给出时，预警若已变动则被拒绝（stale_revision）。\n" +
	"Without --revision the warning is read first and its current revision is acted on. With it, the act is refused when the\n" +
	"warning has moved (stale_revision): give the one you have seen."

// server is for the act's example, with the token of the role that may do it.
func (a warningAct) server() string {
	if a.name == "approve" || a.name == "reject" {
		return strings.Replace(exampleServer, "duty", "approver", 1)
	}
	return exampleServer
}

func (a warningAct) command() *cobra.Command {
	var c call
	var revision int
	long := revisionHelp
	if a.long != "" {
		long = a.long + "\n" + long
	}
	if slices.ContainsFunc(a.members, func(m member) bool { return m.kind == momentKind }) {
		long += "\n" + timeHelp
	}
	if slices.ContainsFunc(a.members, func(m member) bool { return m.flag == otpMember.flag }) {
		long += "\n" + otpHelp
	}
	cmd := &cobra.Command{
		Use:     a.name + " ID",
		Short:   a.short,
		Long:    a.short + "\n\n" + long,
		Example: strings.TrimRight("  qingkong warning "+a.name+" W20161216-01"+a.server()+" --revision 1 "+a.example, " "),
		Args:    oneID("warning"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd, a.required...); err != nil {
				return err
			}
			in, err := bodyOf(cmd, a.members)
			if err != nil {
				return err
			}
			path := "/warnings/" + url.PathEscape(args[0])
			if !cmd.Flags().Changed("revision") {
				if revision, err = c.revision(cmd.Context(), path); err != nil {
					return err
				}
			} else if revision < 1 {
				return usage("--revision is 1 or more, not %d", revision)
			}
			in["revision"] = revision
			answer, err := c.act(cmd.Context(), path+"/"+a.name, in)
			return c.printWarning(cmd.OutOrStdout(), answer, err)
		},
	}
	c.add(cmd, true)
	cmd.Flags().IntVar(&revision, "revision", 0, "您看到的版次（the revision you have seen; default the current one）")
	addMembers(cmd, a.members)
	return cmd
}

func (c *call) revision(ctx context.Context, path string) (int, error) {
	answer, err := c.get(ctx, path)
	if err != nil {
		return 0, err
	}
	var w alerts.Warning
	return w.Revision, understand(answer, &w)
}

// printWarning says what an act has made of a warning.
func (c *call) printWarning(out io.Writer, answer []byte, err error) error {
	if err != nil {
		return err
	}
	if c.asJSON {
		return printAnswer(out, answer)
	}
	var w alerts.Warning
	if err := understand(answer, &w); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s  %s  %s  %s\n", plain(w.ID), pair("cli.revision", refusal.Args{"revision": w.Revision}),
		levelText(w.Level), named(terms.WarningState, w.State))
	if p := pendingText(&w); p != "" && err == nil {
		_, err = fmt.Fprintf(out, "%s: %s\n", pair("cli.member.pending", nil), plain(p))
	}
	if e := emergencyText(answer); e != "" && err == nil {
		_, err = fmt.Fprintf(out, "%s: %s\n", pair("cli.member.emergency", nil), plain(e))
	}
	for _, h := range w.History {
		if s := seenText(h.Actor, h.SecretSeen); s != "" && err == nil {
			_, err = fmt.Fprintf(out, "%s: %s\n", named(terms.WarningEvent, h.Event), plain(s))
		}
	}
	return err
}

func pendingText(w *alerts.Warning) string {
	if w.Pending == nil {
		return ""
	}
	return fmt.Sprintf("%s %s（%s）", named(terms.Pending, w.Pending.Kind), levelText(w.Pending.Level), w.Pending.By)
}

// emergencyText is an approval by telephone, if there was one, and whether it was confirmed.
func emergencyText(answer []byte) string {
	var w struct {
		Emergency *struct {
			Authority   string     `json:"authority"`
			CalledAt    *time.Time `json:"called_at"`
			Reason      string     `json:"reason"`
			By          string     `json:"by"`
			ConfirmBy   *time.Time `json:"confirm_by"`
			ConfirmedBy string     `json:"confirmed_by"`
		} `json:"emergency"`
	}
	if json.Unmarshal(answer, &w) != nil || w.Emergency == nil {
		return ""
	}
	e := w.Emergency
	done := bothLanguages("cli.confirm_by", refusal.Args{"by": clockText(e.ConfirmBy)})
	if e.ConfirmedBy != "" {
		done = pair("cli.confirmed", nil) + "（" + e.ConfirmedBy + "）"
	}
	return fmt.Sprintf("%s %s（%s：%s）%s", e.Authority, clockText(e.CalledAt), e.By, e.Reason, done)
}

// outlookText says when a warning is likely to be lifted, as far as it is known until when, and how many of its days met nothing.
func outlookText(answer []byte) string {
	var w struct {
		Outlook *alerts.Outlook `json:"outlook"`
	}
	if json.Unmarshal(answer, &w) != nil || w.Outlook == nil {
		return ""
	}
	o := w.Outlook
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

func newWarningList() *cobra.Command {
	var c call
	var l listing
	var state string
	states := namesOf(terms.Rule(terms.WarningState, ""))
	cmd := &cobra.Command{
		Use:   "list",
		Short: "列出预警，最近的在前（list warnings, the latest first）",
		Example: "  qingkong warning list" + exampleServer + "\n" +
			"  qingkong warning list" + exampleServer + " --state active --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var keep func(json.RawMessage) (bool, error)
			if state != "" {
				if !slices.Contains(states, state) {
					return usage("--state is one of %s, not %q", strings.Join(states, ", "), state)
				}
				keep = func(item json.RawMessage) (bool, error) {
					var w alerts.Warning
					err := understand(item, &w)
					return string(w.State) == state, err
				}
			}
			return c.listed(cmd, &l, "/warnings", nil, keep, warningHead, warningRow)
		},
	}
	c.add(cmd, false)
	l.add(cmd)
	cmd.Flags().StringVar(&state, "state", "", "只列这一状态（only those in this state: "+strings.Join(states, ", ")+"）")
	return cmd
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

var warningHead = headOf("id", "revision", "level", "state", "starts_at", "ends_at", "issued_by", "pending")

func warningRow(item json.RawMessage) ([]string, error) {
	var w alerts.Warning
	err := understand(item, &w)
	return []string{w.ID, fmt.Sprint(w.Revision), levelText(w.Level), named(terms.WarningState, w.State), clockText(&w.StartsAt),
		orDash(untilText(w.EndsAt)), orDash(w.IssuedBy), orDash(pendingText(&w))}, err
}

func newWarningShow() *cobra.Command {
	return shown{use: "show ID", what: "warning", path: "/warnings", print: showWarning, short: "查看一个预警及其经过（one warning and its history）",
		example: "  qingkong warning show W20161216-01" + exampleServer}.command()
}

func showWarning(out io.Writer, answer []byte) error {
	var w alerts.Warning
	if err := understand(answer, &w); err != nil {
		return err
	}
	end := untilText(w.EndsAt)
	if w.EndsAt == nil {
		end = pair("cli.no_end", nil)
	}
	proposal := ""
	if w.ProposalID != nil {
		proposal = *w.ProposalID
	}
	err := printFacts(out, answer, []fact{
		{"id", w.ID},
		{"revision", fmt.Sprint(w.Revision)},
		{"drill", yesNo(w.Drill)},
		{"level", levelText(w.Level)},
		{"previous_level", levelText(w.PreviousLevel)},
		{"level_since", clockText(&w.LevelSince)},
		{"stages", stagesText(&w)},
		{"overrides", overridesText(&w)},
		{"state", named(terms.WarningState, w.State)},
		{"pending", pendingText(&w)},
		{"outlook", outlookText(answer)},
		{"emergency", emergencyText(answer)},
		{"trigger", named(terms.Trigger, w.Trigger)},
		{"region", w.Region},
		{"starts_at", clockText(&w.StartsAt)},
		{"ends_at", end},
		{"document_no", w.DocumentNo},
		{"issued_by", w.IssuedBy},
		{"received_at", clockText(w.ReceivedAt)},
		{"reason", w.Reason},
		{"notice_text", w.NoticeText},
		{"proposal_id", proposal},
		{"declared_by", w.DeclaredBy},
		{"declared_at", clockText(&w.DeclaredAt)},
		{"approved_by", w.ApprovedBy},
		{"list_version", w.ListVersion},
		{"list_hash", w.ListHash},
	}, "history")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\n"+pair("cli.member.history", nil))
	rows := make([][]string, len(w.History))
	for i, revision := range w.Revisions() {
		h := w.History[i]
		rows[i] = []string{fmt.Sprint(revision), h.At.In(alerts.Shanghai()).Format(time.DateTime), h.Actor, named(terms.WarningEvent, h.Event), h.Reason}
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
		texts = append(texts, pair("cli.override", refusal.Args{"proposal": o.ProposalID, "proposed": levelText(o.Level), "ordered": levelText(o.Ordered)}))
	}
	return strings.Join(texts, "；")
}
