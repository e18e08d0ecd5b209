package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/notify"
	"qingkong/reductionlist"
)

func newOrderCommand() *cobra.Command {
	return group("order", "查看减排令、企业答复、处理异议（read orders; answer them as an enterprise; decide on objections）",
		"  qingkong order list"+exampleServer+" --state overdue\n"+
			"  qingkong order answer W20161216-01-E0003-1 acknowledge --server http://127.0.0.1:8080 --token-file enterprise.token",
		newOrderList(), newOrderShow(), newOrderAnswer(), newOrderObjection(), newOrderCall(), newOrderReceipts(), newOrderPlan(), newOrderFigures())
}

// orderWords print the members of an order that need more than their types.
var orderWords = words[*notify.View]{
	"recipient_name": func(o *notify.View) string { return strings.TrimSpace(o.RecipientName) },
	"ends_at":        func(o *notify.View) string { return untilText(o.EndsAt) },
	"state":          func(o *notify.View) string { return named(terms.OrderState, o.State) },
	"contact":        func(o *notify.View) string { return strings.TrimSpace(o.Contact.Name + " " + o.Contact.Phone) },
	"plan":           func(o *notify.View) string { return planSummary(o.Plan) },
	"release":        func(o *notify.View) string { return releaseText(o.Release) },
	"objection":      func(o *notify.View) string { return objectionText(o.Objection) },
}

func newOrderList() *cobra.Command {
	say := maps.Clone(orderWords)
	say["recipient_id"] = orderWords["recipient_name"]
	return listAs(remoteCommand{
		use:   "list",
		short: "列出减排令（list orders）",
		long: "列出令牌有权查看的减排令：企业只见自己的，街镇只见本辖区的。\n" +
			"Lists the orders that the token's owner may see: an enterprise its own, a town its own.",
		example: "  qingkong order list" + exampleServer + " --warning W20161216-01 --state overdue\n" +
			"  qingkong order list" + exampleServer + " --town 杨柳青镇 --q 钢 --limit 500 --json",
	}, calls.Orders.Call, say,
		members{"id", "recipient_id", "town", "level", "delivery", "answer", "execution", "state", "acknowledge_by"})
}

func newOrderShow() *cobra.Command {
	return remoteCommand{use: "show ID", what: "order", short: "查看一条减排令（one order）",
		example: "  qingkong order show W20161216-01-E0003-1" + exampleServer}.command(showingAs(calls.Order.Call, showOrder))
}

func showOrder(out io.Writer, o *notify.View, r *request) error {
	say := maps.Clone(orderWords)
	if o.EndsAt == nil {
		say["ends_at"] = func(*notify.View) string { return pair("cli.no_end", nil) }
	}
	if o.Late {
		late := strings.TrimSpace(clockText(o.AcknowledgedAt) + " " + pair("cli.late", nil))
		say["acknowledged_at"] = func(*notify.View) string { return late }
	}
	told := members{"id", "warning_id", "revision", "supersedes", "drill", "recipient_id", "recipient_name", "town",
		"sector", "grade", "level", "title", "text", "legal_basis", "document_no", "issued_at", "effective_from", "ends_at",
		"acknowledge_by", "acknowledged_at", "contact", "delivery", "answer", "execution", "verdict", "state", "plan",
		"list_version", "list_hash"}
	if o.Release != nil {
		told = append(told, "release")
	}
	if o.Objection != nil {
		told = append(told, "objection")
	}
	if err := printMembers(out, r.answer, say, o, told, "measures", "late"); err != nil {
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

// releaseText says how an order was ended, in lines.
func releaseText(r *notify.ReleaseView) string {
	lines := []string{named(terms.Release, r.Kind) + " " + clockText(&r.At), r.Title, r.Text}
	if r.Reason != "" {
		lines = append(lines, refusal.Text("cli.because", "zh-CN", refusal.Args{"reason": r.Reason}))
	}
	return strings.Join(lines, "\n")
}

// objectionText is a recipient's objection and the decision on it, in lines.
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

// orderAnd takes the id of an order and one of these words.
func orderAnd(what string, words ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 2 {
			return usage("an order and %s are wanted, %d arguments were given", what, len(args))
		}
		if !slices.Contains(words, args[1]) {
			_, noun, _ := strings.Cut(what, " ")
			last := len(words) - 1
			return usage("%q is no %s; use %s or %s", args[1], noun, strings.Join(words[:last], ", "), words[last])
		}
		return checkID("order", args[0])
	}
}

func newOrderAnswer() *cobra.Command {
	var measures []string
	return remoteCommand{
		use:   "answer ID receive|read|acknowledge|object|start|report|complete",
		short: "以企业身份答复减排令（answer an order as its enterprise）",
		long: "签收、已读、确认、异议、开始、报告或完成。--measure 写成 \"编号=数值 单位\"，可多次给出。\n" +
			"Needs the enterprise's own token. --measure is \"ID=VALUE UNIT\" and may be repeated, like --evidence.",
		example: "  qingkong order answer W20161216-01-E0003-1 acknowledge --server http://127.0.0.1:8080 --token-file enterprise.token\n" +
			"  qingkong order answer W20161216-01-E0003-1 report --server http://127.0.0.1:8080 --token-file enterprise.token \\\n" +
			"    --note 已压减 --measure \"M1=280 t/d\"",
		check: orderAnd("an action", "receive", "read", "acknowledge", "object", "start", "report", "complete"),
		left:  map[string]string{"action": "the path says it", "measures": "--measure says one, in a form of its own"},
		flags: func(f *pflag.FlagSet) {
			f.StringArrayVar(&measures, "measure", nil, "一项措施的数值，如 \"M1=280 t/d\"，可多次（the value of a measure, may be repeated）")
		},
		fill: func(r *request) (err error) {
			r.of = calls.Answers[notify.Action(r.args[1])].Call
			if len(measures) > 0 {
				r.body["measures"], err = readMeasures(measures)
			}
			return err
		},
	}.command(showingAs(calls.Answers[notify.Receive].Call, tellOrder))
}

// readMeasures reads arguments like "M1=280 t/d".
func readMeasures(given []string) ([]map[string]any, error) {
	said := make([]map[string]any, len(given))
	for i, arg := range given {
		id, rest, _ := strings.Cut(arg, "=")
		value, unit, _ := strings.Cut(strings.TrimSpace(rest), " ")
		v, err := strconv.ParseFloat(value, 64)
		if id = strings.TrimSpace(id); id == "" || err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, usage(`--measure %q is not of the form "ID=VALUE UNIT", like "M1=280 t/d"`, arg)
		}
		said[i] = map[string]any{"id": id, "value": v}
		if unit = strings.TrimSpace(unit); unit != "" {
			said[i]["unit"] = unit
		}
	}
	return said, nil
}

// tellOrder says where an order stands after an answer.
func tellOrder(out io.Writer, o *notify.View, _ *request) error {
	_, err := fmt.Fprintf(out, "%s  %s  %s  %s  %s\n", plain(o.ID), named(terms.OrderState, o.Delivery),
		named(terms.OrderState, o.Answer),
		named(terms.OrderState, o.Execution), named(terms.OrderState, o.State))
	return err
}
