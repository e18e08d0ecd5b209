package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
)

// exampleTask stands in the examples.
const exampleTask = "T20161217-00001"

func newTaskCommand() *cobra.Command {
	return group("task", "任务：查看、安排、指派、领取、办结（tasks of inspectors and the duty desk）",
		"  qingkong task list"+exampleServer+" --state open\n  qingkong task take "+exampleTask+exampleServer,
		newTaskList(),
		remoteCommand{use: "show ID", what: "task", short: "查看一项任务（one task）",
			example: "  qingkong task show " + exampleTask + exampleServer}.command(showing(calls.OneTask, showTask)),
		remoteCommand{use: "add RECIPIENT --due TIME", short: "指派一项任务（make a task）", what: "recipient",
			args: []string{"recipient_id"}, needs: []string{"due"}, names: map[string]string{"order_id": "order"},
			long: "到一家减排对象现场核查；--order 写明核查它的哪一份减排令。" + timeHelp +
				"\nMakes a task: to go to a recipient; --order says which of its orders is looked at.",
			example: "  qingkong task add E0003" + exampleServer + " --due \"2016-12-18 12:00\" --note 群众反映夜间有烟\n" +
				"  qingkong task add E0001" + exampleServer + " --due \"2016-12-18 12:00\" --order W20161216-01-E0001-1"}.
			command(showing(calls.AddTask, tellTask)),
		newTaskStep("take", compliance.TaskTaken, "领取或改派一项任务（take a task, or give it to somebody）",
			"缺省由自己领取，别人已领取的不能再领；--assignee 改派给他人。抽签安排的由值班员写 --reason 改派，检查员只能申明回避。\n"+
				"You take it, unless somebody else has it; --assignee gives it to somebody. What was drawn by lot the duty desk gives to\n"+
				"another for a --reason; its inspector may only recuse himself."),
		newTaskStep("done", compliance.TaskDone, "办结一项任务（a task is done）",
			"--reason 写办理结果。\n--reason says what came of it.", "assignee", "with", "day"),
		newTaskStep("drop", compliance.TaskDropped, "取消一项任务（drop a task）",
			"须写 --reason。\nTo drop one takes a --reason.", "assignee", "with", "day"),
		remoteCommand{use: "draw --day DAY --due TIME", short: "安排检查：按紧要程度和随机（draw visits by rank and by lot）",
			needs: []string{"day", "due"}, names: map[string]string{"warning_id": "warning"},
			long: "从减排令在执行、还没有任务的企业中安排：--ranked 家按紧要程度，--random 家随机；种子由程序产生并记入台账。" + timeHelp +
				"\nOf those whose orders are in force and who have no task: --ranked by rank, --random by lot, whose seed is recorded.",
			example: "  qingkong task draw" + exampleServer + " --day 2016-12-18 --due \"2016-12-18 18:00\" --ranked 5 --random 3"}.
			command(showing(calls.DrawVisits, tellDraw)),
		remoteCommand{use: "recuse ID", what: "task", short: "申明回避该企业（recuse somebody from a task's recipient）",
			long: "申明回避：不再被派去该企业，须写 --reason；--end 撤回。值班员可用 --user 办理他人的。\n" +
				"You do no tasks there any more, for a --reason; --end takes that back. The duty desk says of another with --user.",
			example: "  qingkong task recuse " + exampleTask + exampleServer + " --reason 亲属在该企业任职"}.
			command(showing(calls.RecuseTask, tellTask)),
		listOf(remoteCommand{use: "draws", short: "历次安排检查（draws of visits）",
			long:    "列出历次安排及随机种子，据此可以重算。\nLists draws with their seeds, from which each can be worked out again.",
			example: "  qingkong task draws" + exampleServer}, calls.Draws, drawWords,
			members{"id", "day", "at", "by", "ranked", "random", "pool", "seed"}))
}

// drawWords are the members of a draw that its types do not tell.
var drawWords = words[*inspect.Draw]{
	"ranked": func(d *inspect.Draw) string { return strconv.Itoa(len(d.Ranked)) },
	"random": func(d *inspect.Draw) string { return strconv.Itoa(len(d.Random)) },
}

// tellDraw says who is visited, and by which lot.
func tellDraw(out io.Writer, d *inspect.Draw, _ *request) error {
	_, err := fmt.Fprintf(out, "%s  %s: %s; %s: %s (%s)\n", plain(d.ID), pair("cli.member.ranked", nil), plain(strings.Join(d.Ranked, " ")),
		pair("cli.member.random", nil), plain(strings.Join(d.Random, " ")), plain(d.Seed))
	return err
}

func newTaskStep(name string, to compliance.TaskState, short, long string, unsaid ...string) *cobra.Command {
	left := map[string]string{"state": "the command says it"}
	for _, member := range unsaid {
		left[member] = "nothing to say of it here"
	}
	d := remoteCommand{use: name + " ID", what: "task", short: short, long: long, left: left,
		example: "  qingkong task " + name + " " + exampleTask + exampleServer,
		fill:    func(r *request) error { r.body["state"] = to; return nil }}
	if name == "drop" {
		d.use, d.needs = name+" ID --reason REASON", []string{"reason"}
		d.example += " --reason 重复"
	}
	return d.command(showing(calls.ChangeTask, tellTask))
}

// taskWords are the members of a task that its types do not tell.
var taskWords = words[calls.TaskView]{
	"state":  func(t calls.TaskView) string { return named(terms.TaskState, t.State) },
	"origin": func(t calls.TaskView) string { return bothLanguages("name.task_origin."+string(t.Origin), nil) },
	"rank":   rankText,
}

// rankText is a task's score, and what it is made of.
func rankText(t calls.TaskView) string {
	r := t.Rank
	if r == nil {
		return ""
	}
	text := fmt.Sprintf("%.3f = %g × %.3f t/d × %.2f + %g × %.2f", r.Score, r.Weights.Saving, r.AtStake, r.Failing, r.Weights.NoData, r.NoData)
	if r.Distance != nil {
		text += fmt.Sprintf(" + %g × %g/(%[2]g+%.1f km)", r.Weights.Nearby, r.Weights.Halfway, *r.Distance)
	}
	return text
}

func newTaskList() *cobra.Command {
	return listOf(remoteCommand{
		use: "list", short: "列出任务（list tasks）",
		long: "列出任务，按列明的权重排序，最要紧的在前；已办结和已取消的按时间排序。街镇只见本街镇的。\n" +
			"Lists tasks by stated weights, the most pressing first; done and dropped ones the latest first. A town sees its own.",
		example: "  qingkong task list" + exampleServer + " --state open --day 2016-12-18\n" +
			"  qingkong task list" + exampleServer + " --assignee inspector --json",
	}, calls.Tasks, taskWords, members{"id", "recipient_name", "town", "origin", "state", "assignee", "due", "rank"})
}

func showTask(out io.Writer, t calls.TaskView, r *request) error {
	return printMembers(out, r.answer, taskWords, t, members{"id", "recipient_id", "recipient_name", "town", "origin", "finding_id",
		"order_id", "state", "assignee", "with", "day", "due", "note", "reason", "rank", "opened_at", "opened_by", "changed_at", "changed_by"},
		"warning_id", "about", "desk")
}

// tellTask says where a task stands after an act.
func tellTask(out io.Writer, t calls.TaskView, _ *request) error {
	_, err := fmt.Fprintf(out, "%s  %s  %s  %s\n", plain(t.ID), plain(t.Recipient), named(terms.TaskState, t.State), orDash(plain(t.Assignee)))
	return err
}
