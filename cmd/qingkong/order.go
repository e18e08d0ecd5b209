package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/notify"
	"qingkong/reductionlist"
)

func newOrderCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "order",
		Short: "查看减排令、企业答复、处理异议（read orders; answer them as an enterprise; decide on objections）",
		Example: "  qingkong order list" + exampleServer + " --state overdue\n" +
			"  qingkong order answer W20161216-01-E0003-1 acknowledge --server http://127.0.0.1:8080 --token-file enterprise.token",
	}
	cmd.AddCommand(newOrderList(), newOrderShow(), newOrderAnswer(), newOrderObjection(), newOrderPlan(), newOrderFigures())
	return cmd
}

func newOrderList() *cobra.Command {
	var c call
	var l listing
	names := []string{"warning", "recipient", "state", "town", "q"}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "列出减排令（list orders）",
		Long: "列出令牌有权查看的减排令：企业只见自己的，街镇只见本辖区的。\n" +
			"Lists the orders that the token's owner may see: an enterprise its own, a town its own.",
		Example: "  qingkong order list" + exampleServer + " --warning W20161216-01 --state overdue\n" +
			"  qingkong order list" + exampleServer + " --town 杨柳青镇 --q 钢 --limit 500 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.listed(cmd, &l, "/orders", queryOf(cmd, names...), nil, orderHead, orderRow)
		},
	}
	c.add(cmd, false)
	l.add(cmd)
	for i, help := range []string{"预警编号（id of a warning）", "对象编号（id of a recipient）",
		"送达、答复、执行、核查或减排令状态之一，如 overdue、superseded（a value of delivery, answer, execution, verdict or state）",
		"街镇（town）", "对象编号或名称的一部分（part of a recipient's id or name）"} {
		cmd.Flags().String(names[i], "", help)
	}
	return cmd
}

var orderHead = headOf("id", "recipient_id", "town", "level", "delivery", "answer", "execution", "state", "acknowledge_by")

func orderRow(item json.RawMessage) ([]string, error) {
	var o notify.View
	err := understand(item, &o)
	return []string{o.ID, strings.TrimSpace(o.RecipientName), orDash(o.Town), levelText(string(o.Level)), named(terms.OrderState, o.Delivery), named(terms.OrderState, o.Answer),
		named(terms.OrderState, o.Execution), named(terms.OrderState, o.State), orDash(clockText(&o.AcknowledgeBy))}, err
}

func newOrderShow() *cobra.Command {
	return shown{use: "show ID", what: "order", path: "/orders", print: showOrder, short: "查看一条减排令（one order）",
		example: "  qingkong order show W20161216-01-E0003-1" + exampleServer}.command()
}

func showOrder(out io.Writer, answer []byte) error {
	var o notify.View
	if err := understand(answer, &o); err != nil {
		return err
	}
	supersedes, end := "", untilText(o.EndsAt)
	if o.Supersedes != nil {
		supersedes = *o.Supersedes
	}
	if o.EndsAt == nil {
		end = pair("cli.no_end", nil)
	}
	acknowledged := clockText(o.AcknowledgedAt)
	if o.Late {
		acknowledged = strings.TrimSpace(acknowledged + " " + pair("cli.late", nil))
	}
	facts := []fact{
		{"id", o.ID},
		{"warning_id", o.WarningID},
		{"revision", fmt.Sprint(o.Revision)},
		{"supersedes", supersedes},
		{"drill", yesNo(o.Drill)},
		{"recipient_id", o.RecipientID},
		{"recipient_name", o.RecipientName},
		{"town", o.Town},
		{"sector", o.Sector},
		{"grade", o.Grade},
		{"level", levelText(string(o.Level))},
		{"title", o.Title},
		{"text", o.Text},
		{"legal_basis", o.LegalBasis},
		{"document_no", o.DocumentNo},
		{"issued_at", clockText(&o.IssuedAt)},
		{"effective_from", clockText(&o.EffectiveFrom)},
		{"ends_at", end},
		{"acknowledge_by", clockText(&o.AcknowledgeBy)},
		{"acknowledged_at", acknowledged},
		{"contact", strings.TrimSpace(o.Contact.Name + " " + o.Contact.Phone)},
		{"delivery", named(terms.OrderState, o.Delivery)},
		{"answer", named(terms.OrderState, o.Answer)},
		{"execution", named(terms.OrderState, o.Execution)},
		{"verdict", named(terms.OrderState, o.Verdict)},
		{"state", named(terms.OrderState, o.State)},
		{"plan", planSummary(o.Plan)},
		{"list_version", o.ListVersion},
		{"list_hash", o.ListHash},
	}
	if o.Release != nil {
		facts = append(facts, fact{"release", releaseText(o.Release)})
	}
	if o.Objection != nil {
		facts = append(facts, fact{"objection", objectionText(o.Objection)})
	}
	if err := printFacts(out, answer, facts, "measures", "late"); err != nil {
		return err
	}
	fmt.Fprintln(out, "\n"+pair("cli.member.measures", nil))
	rows := make([][]string, len(o.Measures))
	for i, m := range o.Measures {
		within := ""
		if m.CompleteWithinH > 0 {
			within = pair("cli.within", refusal.Args{"hours": reductionlist.Shown(m.CompleteWithinH, "h")})
		}
		what := m.Text
		if !strings.HasPrefix(what, m.Unit) {
			what = m.Unit + " " + what
		}
		rows[i] = []string{m.ID, what, within, m.Responsible, strings.Join(m.Evidence, "、")}
	}
	printTable(out, "  ", rows)
	return nil
}

// releaseText says what ended an order, in lines.
func releaseText(r *notify.ReleaseView) string {
	lines := []string{named(terms.Release, r.Kind) + " " + clockText(&r.At), r.Title, r.Text}
	if r.Reason != "" {
		lines = append(lines, refusal.Text("cli.because", "zh-CN", refusal.Args{"reason": r.Reason}))
	}
	return strings.Join(lines, "\n")
}

// objectionText says why a recipient objected, and what became of that, in lines.
func objectionText(v *notify.ObjectionView) string {
	lines := []string{strings.TrimSpace(clockText(&v.At) + " " + v.Note)}
	if v.Decision == "" {
		return lines[0] + "\n" + pair("cli.undecided", nil)
	}
	decided := named(terms.Decision, v.Decision) + " " + clockText(v.DecidedAt)
	if v.ExpiresAt != nil {
		decided += " " + refusal.Text("cli.granted_until", "zh-CN", refusal.Args{"until": untilText(v.ExpiresAt)})
	}
	lines = append(lines, decided)
	if v.Reason != "" {
		lines = append(lines, refusal.Text("cli.because", "zh-CN", refusal.Args{"reason": v.Reason}))
	}
	return strings.Join(lines, "\n")
}

// orderActions are what an enterprise may do with its order.
var orderActions = []notify.Action{notify.Receive, notify.ReadIt, notify.Acknowledge, notify.Object, notify.Start, notify.Report, notify.Complete}

func newOrderAnswer() *cobra.Command {
	var c call
	var note string
	var measures, evidence []string
	cmd := &cobra.Command{
		Use:   "answer ID receive|read|acknowledge|object|start|report|complete",
		Short: "以企业身份答复减排令（answer an order as its enterprise）",
		Long: "签收、已读、确认、异议、开始、报告或完成。--measure 写成 \"编号=数值 单位\"，可多次给出。\n" +
			"Needs the enterprise's own token. --measure is \"ID=VALUE UNIT\" and may be repeated, like --evidence.",
		Example: "  qingkong order answer W20161216-01-E0003-1 acknowledge --server http://127.0.0.1:8080 --token-file enterprise.token\n" +
			"  qingkong order answer W20161216-01-E0003-1 report --server http://127.0.0.1:8080 --token-file enterprise.token \\\n" +
			"    --note 已压减 --measure \"M1=280 t/d\"",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("an order and an action are wanted, %d arguments were given", len(args))
			}
			if !slices.Contains(orderActions, notify.Action(args[1])) {
				return usage("%q is no action; use receive, read, acknowledge, object, start, report or complete", args[1])
			}
			return checkID("order", args[0])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			in := map[string]any{}
			if note != "" {
				in["note"] = note
			}
			if len(evidence) > 0 {
				in["evidence"] = evidence
			}
			if len(measures) > 0 {
				said, err := readMeasures(measures)
				if err != nil {
					return err
				}
				in["measures"] = said
			}
			answer, err := c.act(cmd.Context(), "/orders/"+url.PathEscape(args[0])+"/"+args[1], in)
			if err != nil {
				return err
			}
			return c.printOrder(cmd.OutOrStdout(), answer)
		},
	}
	c.add(cmd, true)
	cmd.Flags().StringVar(&note, "note", "", "说明（a note）")
	cmd.Flags().StringArrayVar(&measures, "measure", nil, "一项措施的数值，如 \"M1=280 t/d\"，可多次（the value of a measure, may be repeated）")
	cmd.Flags().StringArrayVar(&evidence, "evidence", nil, "证据编号 sha256:…，可多次（name of a piece of evidence, may be repeated）")
	return cmd
}

// measureAnswer is what is said of one measure.
type measureAnswer struct {
	ID    string  `json:"id"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
}

// readMeasures reads arguments like "M1=280 t/d".
func readMeasures(given []string) ([]measureAnswer, error) {
	said := make([]measureAnswer, len(given))
	for i, arg := range given {
		id, rest, _ := strings.Cut(arg, "=")
		value, unit, _ := strings.Cut(strings.TrimSpace(rest), " ")
		v, err := strconv.ParseFloat(value, 64)
		if id = strings.TrimSpace(id); id == "" || err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, usage(`--measure %q is not of the form "ID=VALUE UNIT", like "M1=280 t/d"`, arg)
		}
		said[i] = measureAnswer{ID: id, Value: v, Unit: strings.TrimSpace(unit)}
	}
	return said, nil
}

// printOrder says where an order stands after an answer.
func (c *call) printOrder(out io.Writer, answer []byte) error {
	if c.asJSON {
		return printAnswer(out, answer)
	}
	var o notify.View
	if err := understand(answer, &o); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s  %s  %s  %s  %s\n", plain(o.ID), named(terms.OrderState, o.Delivery), named(terms.OrderState, o.Answer),
		named(terms.OrderState, o.Execution), named(terms.OrderState, o.State))
	return err
}
