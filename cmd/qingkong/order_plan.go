package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/reductionlist"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

// newOrderPlan shows, tries and accepts the operating plan of a plant's order.
func newOrderPlan() *cobra.Command {
	var problem string
	var accept bool
	look, try := showing(calls.PreparedPlan, tellPrepared), showing(calls.WhatIf, tellPlan)
	take := showingAs(calls.AcceptPlan.Call, tellOrder)
	return remoteCommand{
		use:   "plan ID [--problem FILE] [--accept [--reason TEXT] [--reductions JSON] [--reduction-stays IDS]]",
		short: "电厂减排令的运行方案：查看、试算、接受（the operating plan of a plant's order: look, try, accept）",
		long: "不带 --problem 时显示程序按清单和最近的运行数据预备的方案，缺什么就列出什么；--json 的 problem 可以存成文件，改其中的需求再用\n" +
			"--problem 试算（机组和排放系数以清单为准，改了会被拒绝）。每项措施都列出清单的要求和方案是否符合。\n" +
			"--accept 接受方案：由服务器重新计算，修订减排令；达不到清单要求的方案要用 --reason 写明理由。日减排推算不出的措施（清单写的是不超过\n" +
			"多少，或没有平时用量）用 --reductions 给出，或用 --reduction-stays 写明保持不变。\n" +
			"Without --problem it shows the plan that is prepared from the list and the latest figures, or what is missing. The problem in\n" +
			"its --json may be saved, its demands changed, and tried with --problem. Beside each measure stands what the list demands and\n" +
			"whether the plan keeps it. --accept has the server compute it and revise the order; a plan that does not keep the list needs\n" +
			"--reason. Of measures whose daily reduction does not follow (the list says at most how much, or what is usual was not given)\n" +
			"--reductions gives it, or --reduction-stays has the ids of those for which it stays.",
		example: "  qingkong order plan W20161216-01-E0001-1" + exampleServer + "\n" +
			"  qingkong order plan W20161216-01-E0001-1" + exampleServer + " --problem problem.json\n" +
			"  qingkong order plan W20161216-01-E0001-1" + exampleServer + " --accept --reason 供热不能减，区指挥部同意\n" +
			"  qingkong order plan W20161216-01-E0002-1" + exampleServer + " --accept --reduction-stays M01,M02 \\\n" +
			"    --reductions '[{\"measure_id\":\"M03\",\"reduction_t_per_day\":{\"so2\":0.004,\"nox\":0.05}}]'",
		what: "order",
		left: map[string]string{"problem": "--problem names a file that may hold more than it"},
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&problem, "problem", "", "改过需求的方案模型文件（file with the problem, its demands changed）")
			f.BoolVar(&accept, "accept", false, "接受方案并修订减排令（accept the plan and revise the order）")
		},
		fill: func(r *request) (err error) {
			for _, flag := range []string{"reason", "reductions", "reduction-stays"} {
				if r.cmd.Flag(flag).Changed && !accept {
					return usage("%s", bothLanguages("cli.plan_accept_alone", refusal.Args{"flag": flag}))
				}
			}
			if accept {
				r.reporter = take
			} else if problem != "" {
				r.reporter = try
			}
			if problem != "" {
				r.body["problem"], err = readMember(problem, "problem")
			}
			return err
		},
	}.command(look, try, take)
}

// readMember reads a member of an answer from a file, which holds it alone or the whole answer.
func readMember(file, member string) (json.RawMessage, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, newError("cli.plan_file", map[string]any{"file": file, "why": err})
	}
	if inner, ok := whole[member]; ok {
		return inner, nil
	}
	return text, nil
}

func tellPlan(w io.Writer, p *calls.OrderPlan, _ *request) error {
	var steps []struct {
		allocate.WasteStep
		Units []allocate.CoalLoad `json:"units"`
	}
	if len(p.Plan) > 0 {
		if err := json.Unmarshal(p.Plan, &steps); err != nil {
			return wrapError("cli.not_understood", nil, err)
		}
	}
	a := &allocate.Answer{Kind: allocate.KindCoal, StepH: 1}
	for i := range steps {
		s := &steps[i]
		step := allocate.AnswerStep{At: s.At}
		for _, u := range s.Units {
			step.Machines = append(step.Machines, allocate.MachineRun{Name: u.Name, On: u.On, MW: u.MW, HeatGJH: u.HeatGJH})
		}
		for _, f := range s.Furnaces {
			a.Kind = allocate.KindWaste
			step.Machines = append(step.Machines, allocate.MachineRun{Name: f.Name, On: f.On, Tonnes: f.FeedTPH})
			step.DivertTH, step.PitT = &s.DivertTH, &s.PitT
		}
		a.Steps = append(a.Steps, step)
	}
	printOutcome(w, p.Outcome, p.Totals, p.Saved)
	printPlan(w, planTable(a), p.Binding, nil)
	printMarks(w, p.Marks)
	printReductions(w, p.Reductions)
	return nil
}

// printReductions says what measures take away in a day by the list and by a plan, and which of it is asked for.
func printReductions(w io.Writer, all []plant.PlanReduction) {
	if len(all) == 0 {
		return
	}
	tell(w, "cli.plan_reductions", nil)
	for i := range all {
		r, becomes := &all[i], ""
		if r.Reduction != nil {
			becomes = amountsText(*r.Reduction)
		} else {
			becomes = bothLanguages("cli.plan_reduction_asked", nil)
		}
		fmt.Fprintf(w, "  %s %s  %s → %s\n", plain(r.MeasureID), plain(r.Unit), amountsText(r.Listed), becomes)
	}
	if ids := plant.AskedReductions(all); len(ids) > 0 {
		tell(w, "cli.plan_reductions_asked", refusal.Args{"ids": plain(strings.Join(ids, ","))})
	}
}

func amountsText(a reductionlist.Amounts) string {
	var said []string
	for _, p := range a.Parts() {
		if *p.Value != 0 {
			said = append(said, p.Name+" "+strconv.FormatFloat(*p.Value, 'f', -1, 64))
		}
	}
	return orDash(strings.Join(said, " "))
}

// printMarks compares a plan with the demands of its order.
func printMarks(w io.Writer, marks []plant.PlanMarks) {
	if len(marks) == 0 {
		return
	}
	tell(w, "cli.plan_marks", nil)
	for i := range marks {
		m := &marks[i]
		fmt.Fprintf(w, "  %s %s  %s %s\n", plain(m.MeasureID), plain(m.Unit), m.Verdict.Text("zh-CN"), m.Verdict.Text("en"))
		for k := range m.Demands {
			if d := &m.Demands[k]; m.Verdict != plant.NotCompared || k == 0 {
				fmt.Fprintf(w, "    %s: %s\n    %s: %s\n", plain(d.Demand("zh-CN")), plain(d.Does("zh-CN")), plain(d.Demand("en")),
					plain(d.Does("en")))
			}
		}
	}
	if n := len(plant.Broken(marks)); n > 0 {
		tell(w, "cli.plan_marks_broken", refusal.Args{"n": n})
	}
}

// tellPrepared prints the prepared plan, or the data that it lacks.
func tellPrepared(w io.Writer, p calls.PreparedView, r *request) error {
	tell(w, "cli.plan_window",
		refusal.Args{"from": clockText(&p.Window.From), "to": untilText(&p.Window.To)})
	if p.Window.Cut != "" {
		tell(w, "cli.plan_cut."+p.Window.Cut, nil)
	}
	if p.FiguresAt != nil {
		tell(w, "cli.plan_figures", map[string]any{"at": clockText(p.FiguresAt)})
	}
	for i, m := range p.Missing {
		if i == 0 {
			tell(w, "cli.plan_missing", nil)
		}
		mark := ""
		if !m.Required {
			mark = bothLanguages("cli.plan_optional", nil)
		}
		fmt.Fprintf(w, "  %s  %s %s\n", plain(m.Path), plain(m.Message), mark)
	}
	if p.Result == nil {
		return nil
	}
	return tellPlan(w, p.Result, r)
}

// planSummary is the window, the total and the gap of the plan that an order carries.
func planSummary(raw json.RawMessage) string {
	p, err := plant.ParseOperatingPlan(raw)
	if err != nil || p == nil {
		return ""
	}
	t := p.Totals.CoalT
	if t == nil {
		t = p.Totals.FeedT
	}
	total := 0.0
	if t != nil {
		total = *t
	}
	return pair("cli.plan_summary", refusal.Args{"from": clockText(&p.Window.From), "to": untilText(&p.Window.To),
		"total": fmt.Sprintf("%.1f", total), "gap": fmt.Sprintf("%.2g", 100*p.Gap)})
}

// newOrderFigures shows or gives the figures of a plant.
func newOrderFigures() *cobra.Command {
	var file string
	look, give := showing(calls.Figures, tellFigures), showing(calls.GiveFigures, tellFigures)
	return remoteCommand{
		use:   "figures RECIPIENT [--set FILE]",
		short: "电厂的运行数据：查看、给出（the figures of a plant: look, give）",
		long: "机组或焚烧炉的状态、垃圾池存量、供热和发电需求等。值班员可替任何电厂给出，企业只能给自己的；后给的取代先给的。\n" +
			"States of units or furnaces, pit level, demands. A duty officer gives those of any plant, an enterprise its own; they take the\n" +
			"place of those before.",
		example: "  qingkong order figures E0001" + exampleServer + "\n" +
			"  qingkong order figures E0001" + exampleServer + " --set figures.json",
		what:  "recipient",
		whole: "the file of --set has the figures",
		flags: func(f *pflag.FlagSet) { f.StringVar(&file, "set", "", "运行数据文件（file with the figures）") },
		fill: func(r *request) (err error) {
			if file != "" {
				r.reporter = give
				r.file, err = readMember(file, "figures")
			}
			return err
		},
	}.command(look, give)
}

// tellFigures prints figures and when they were given.
func tellFigures(w io.Writer, f calls.PlantFigures, r *request) error {
	if f.GivenAt == nil {
		tell(w, "cli.figures_none", nil)
		return nil
	}
	tell(w, "cli.figures_given", refusal.Args{"at": clockText(f.GivenAt), "by": plain(f.GivenBy),
		"age": fmt.Sprintf("%.1f", *cmp.Or(f.AgeH, new(float64)))})
	if f.Old {
		tell(w, "cli.figures_old", nil)
	}
	var came struct {
		Figures json.RawMessage `json:"figures"`
	}
	if err := understand(r.answer, &came); err != nil {
		return err
	}
	return printAnswer(w, came.Figures)
}
