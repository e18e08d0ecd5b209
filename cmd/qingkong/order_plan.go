package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

// newOrderPlan shows, tries and accepts the operating plan of a plant's order.
func newOrderPlan() *cobra.Command {
	var c call
	var problem, reason string
	var accept bool
	cmd := &cobra.Command{
		Use:   "plan ID [--problem FILE] [--accept [--reason TEXT]]",
		Short: "电厂减排令的运行方案：查看、试算、接受（the operating plan of a plant's order: look, try, accept）",
		Long: "不带 --problem 时显示程序按清单和最近的运行数据预备的方案，缺什么就列出什么；--json 的 problem 可以存成文件，改其中的需求再用\n" +
			"--problem 试算（机组和排放系数以清单为准，改了会被拒绝）。每项措施都列出清单的要求和方案是否符合。\n" +
			"--accept 接受方案：由服务器重新计算，修订减排令；达不到清单要求的方案要用 --reason 写明理由。\n" +
			"Without --problem it shows the plan that is prepared from the list and the latest figures, or what is missing. The problem in\n" +
			"its --json may be saved, its demands changed, and tried with --problem. Beside each measure stands what the list demands and\n" +
			"whether the plan keeps it. --accept has the server compute it and revise the order; a plan that does not keep the list needs\n" +
			"--reason.",
		Example: "  qingkong order plan W20161216-01-E0001-1" + exampleServer + "\n" +
			"  qingkong order plan W20161216-01-E0001-1" + exampleServer + " --problem problem.json\n" +
			"  qingkong order plan W20161216-01-E0001-1" + exampleServer + " --accept --reason 供热不能减，区指挥部同意",
		Args: oneID("order"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			if reason != "" && !accept {
				return usage("%s", bothLanguages("cli.plan_reason_alone", nil))
			}
			path := "/orders/" + url.PathEscape(args[0]) + "/plan"
			in := map[string]any{}
			if reason != "" {
				in["reason"] = reason
			}
			if problem != "" {
				text, err := readMember(problem, "problem")
				if err != nil {
					return err
				}
				in["problem"] = text
			}
			var answer []byte
			var err error
			switch {
			case accept:
				answer, err = c.act(cmd.Context(), path+"/accept", in)
			case problem != "":
				answer, err = c.act(cmd.Context(), path, in)
			default:
				answer, err = c.get(cmd.Context(), path)
			}
			switch {
			case err != nil:
				return err
			case c.asJSON:
				return printAnswer(cmd.OutOrStdout(), answer)
			case accept:
				return c.printOrder(cmd.OutOrStdout(), answer)
			case problem != "":
				return printRemotePlan(cmd.OutOrStdout(), answer)
			}
			return printPrepared(cmd.OutOrStdout(), answer)
		},
	}
	c.add(cmd, true)
	cmd.Flags().StringVar(&problem, "problem", "", "改过需求的方案模型文件（file with the problem, its demands changed）")
	cmd.Flags().StringVar(&reason, "reason", "", "接受达不到清单要求的方案的理由（why a plan is accepted that does not keep the list）")
	cmd.Flags().BoolVar(&accept, "accept", false, "接受方案并修订减排令（accept the plan and revise the order）")
	return cmd
}

// readMember reads what is a member of an answer: the file holds it alone, or the whole answer.
func readMember(file, member string) (json.RawMessage, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, errors.New(bothLanguages("cli.plan_file", map[string]any{"file": file, "why": err}))
	}
	if inner, ok := whole[member]; ok {
		return inner, nil
	}
	return text, nil
}

// remotePlan is an answer of the optimiser as the interface gives it.
type remotePlan struct {
	allocate.Outcome
	Plan []struct {
		At       time.Time              `json:"at"`
		Units    []allocate.CoalLoad    `json:"units"`
		Furnaces []allocate.FurnaceFeed `json:"furnaces"`
		DivertTH float64                `json:"divert_t_h"`
		PitT     float64                `json:"pit_t"`
	} `json:"plan"`
	Totals  *allocate.Totals `json:"totals"`
	Saved   *allocate.Totals `json:"saved"`
	Binding []string         `json:"binding"`

	Marks       []plant.PlanMarks `json:"marks"`
	NeedsReason bool              `json:"needs_reason"`
}

func printRemotePlan(w io.Writer, answer []byte) error {
	var r remotePlan
	if err := understand(answer, &r); err != nil {
		return err
	}
	r.print(w)
	return nil
}

func (r *remotePlan) print(w io.Writer) {
	a := &allocate.Answer{Kind: allocate.KindCoal, StepH: 1}
	for i := range r.Plan {
		s := &r.Plan[i]
		step := allocate.AnswerStep{At: s.At}
		for _, u := range s.Units {
			step.Machines = append(step.Machines, allocate.Running{Name: u.Name, On: u.On, MW: u.MW, HeatGJH: u.HeatGJH})
		}
		for _, f := range s.Furnaces {
			a.Kind = allocate.KindWaste
			step.Machines = append(step.Machines, allocate.Running{Name: f.Name, On: f.On, Tonnes: f.FeedTPH})
			step.DivertTH, step.PitT = &s.DivertTH, &s.PitT
		}
		a.Steps = append(a.Steps, step)
	}
	printOutcome(w, r.Outcome, r.Totals, r.Saved)
	printPlan(w, planTable(a), r.Binding, nil)
	printMarks(w, r.Marks)
}

// printMarks shows how a plan stands to what its order demands.
func printMarks(w io.Writer, marks []plant.PlanMarks) {
	if len(marks) == 0 {
		return
	}
	fmt.Fprintln(w, bothLanguages("cli.plan_marks", nil))
	for i := range marks {
		m := &marks[i]
		fmt.Fprintf(w, "  %s %s  %s %s\n", plain(m.MeasureID), plain(m.Unit), m.Verdict.Text("zh-CN"), m.Verdict.Text("en"))
		for k := range m.Demands {
			if d := &m.Demands[k]; m.Verdict != plant.NotCompared || k == 0 {
				fmt.Fprintf(w, "    %s: %s\n    %s: %s\n", plain(d.Demand("zh-CN")), plain(d.Does("zh-CN")), plain(d.Demand("en")), plain(d.Does("en")))
			}
		}
	}
	if n := len(plant.Broken(marks)); n > 0 {
		fmt.Fprintln(w, bothLanguages("cli.plan_marks_broken", refusal.Args{"n": n}))
	}
}

// printPrepared shows the plan that was prepared, and what is missing for it.
func printPrepared(w io.Writer, answer []byte) error {
	var p struct {
		Missing []struct {
			Path     string `json:"path"`
			Message  string `json:"message"`
			Required bool   `json:"required"`
		} `json:"missing"`
		Result    *remotePlan `json:"result"`
		FiguresAt *time.Time  `json:"figures_at"`
		Window    struct {
			From *time.Time `json:"from"`
			To   *time.Time `json:"to"`
			Cut  string     `json:"cut"`
		} `json:"window"`
	}
	if err := understand(answer, &p); err != nil {
		return err
	}
	fmt.Fprintln(w, bothLanguages("cli.plan_window", map[string]any{"from": clockText(p.Window.From), "to": untilText(p.Window.To)}))
	if p.Window.Cut != "" {
		fmt.Fprintln(w, bothLanguages("cli.plan_cut."+p.Window.Cut, nil))
	}
	if p.FiguresAt != nil {
		fmt.Fprintln(w, bothLanguages("cli.plan_figures", map[string]any{"at": clockText(p.FiguresAt)}))
	}
	for i, m := range p.Missing {
		if i == 0 {
			fmt.Fprintln(w, bothLanguages("cli.plan_missing", nil))
		}
		mark := ""
		if !m.Required {
			mark = bothLanguages("cli.plan_optional", nil)
		}
		fmt.Fprintf(w, "  %s  %s %s\n", plain(m.Path), plain(m.Message), mark)
	}
	if p.Result != nil {
		p.Result.print(w)
	}
	return nil
}

// planSummary says of the plan that an order carries what it is for and how good it is.
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
	var c call
	var file string
	cmd := &cobra.Command{
		Use:   "figures RECIPIENT [--set FILE]",
		Short: "电厂的运行数据：查看、给出（the figures of a plant: look, give）",
		Long: "机组或焚烧炉的状态、垃圾池存量、供热和发电需求等。值班员可替任何电厂给出，企业只能给自己的；后给的取代先给的。\n" +
			"States of units or furnaces, pit level, demands. A duty officer gives those of any plant, an enterprise its own; they take the\n" +
			"place of those before.",
		Example: "  qingkong order figures E0001" + exampleServer + "\n" +
			"  qingkong order figures E0001" + exampleServer + " --set figures.json",
		Args: oneID("recipient"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			path := "/recipients/" + url.PathEscape(args[0]) + "/figures"
			var answer []byte
			var err error
			if file == "" {
				answer, err = c.get(cmd.Context(), path)
			} else {
				var text json.RawMessage
				if text, err = readMember(file, "figures"); err == nil {
					answer, err = c.send(cmd.Context(), http.MethodPut, path, "", text)
				}
			}
			if err != nil {
				return err
			}
			if c.asJSON {
				return printAnswer(cmd.OutOrStdout(), answer)
			}
			return printPlantFigures(cmd.OutOrStdout(), answer)
		},
	}
	c.add(cmd, false)
	cmd.Flags().StringVar(&file, "set", "", "运行数据文件（file with the figures）")
	return cmd
}

// printPlantFigures says when figures were given, and what they are.
func printPlantFigures(w io.Writer, answer []byte) error {
	var f struct {
		Figures json.RawMessage `json:"figures"`
		GivenAt *time.Time      `json:"given_at"`
		GivenBy string          `json:"given_by"`
		AgeH    *float64        `json:"age_h"`
		Old     bool            `json:"old"`
	}
	if err := understand(answer, &f); err != nil {
		return err
	}
	if f.GivenAt == nil {
		fmt.Fprintln(w, bothLanguages("cli.figures_none", nil))
		return nil
	}
	fmt.Fprintln(w, bothLanguages("cli.figures_given", map[string]any{"at": clockText(f.GivenAt), "by": plain(f.GivenBy), "age": fmt.Sprintf("%.1f", *f.AgeH)}))
	if f.Old {
		fmt.Fprintln(w, bothLanguages("cli.figures_old", nil))
	}
	return printAnswer(w, f.Figures)
}
