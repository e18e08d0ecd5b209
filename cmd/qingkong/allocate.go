package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist/allocate"
)

func newAllocateCommand() *cobra.Command {
	return group("allocate", "电厂降低煤耗、优化垃圾焚烧分配：排放最少的方案（the plan of a coal or waste plant that emits least）",
		"  qingkong allocate coal coal.json\n  qingkong allocate waste waste.json --time-limit 30 --json",
		newAllocateKind(allocate.KindCoal, "燃煤机组的开停、发电和供热（which coal units run, at what power and heat）"),
		newAllocateKind(allocate.KindWaste, "焚烧炉的开停和给料、料位和外运（which furnaces burn how much, the pit and what is diverted）"))
}

// newAllocateKind is one of the two commands. Whatever the result says it exits 0; a problem that is wrong is refused.
func newAllocateKind(kind allocate.Kind, short string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   string(kind) + " FILE.json",
		Short: short,
		Long: "在供热、电力（或料位、蒸汽）和最短运行、停运时间的约束下，求加权排放最少的方案，并证明它最少；做不到时说明哪些要求相互冲突、各差多少。\n" +
			"到 --time-limit 为止没有证明的，给出当时的方案和它最多比最优高多少。\n" +
			"Finds the plan of least weighted emission and proves it; where there is none, says which obligations conflict and\n" +
			"by how much each has to give. At the time limit it ends with the plan so far and the gap that is proved.",
		Example: "  qingkong allocate " + string(kind) + " " + string(kind) + ".json --time-limit 30",
		Args:    oneFile,
	}
	seconds := cmd.Flags().Float64("time-limit", 0, "求解时限，秒；缺省直到证明为止（seconds; without it until the proof）")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("time-limit") && !(*seconds > 0 && *seconds <= 1e6) {
			return usage("--time-limit must be a positive number of seconds")
		}
		text, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		a, err := allocate.Solve(cmd.Context(), kind, text, allocate.Limits{},
			allocate.Options{TimeLimit: time.Duration(*seconds * float64(time.Second))})
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		if *asJSON {
			return printJSON(w, a.Result)
		}
		printOutcome(w, a.Outcome, a.Totals, a.Saved)
		printPlan(w, planTable(a), a.BindingIn("zh-CN"), a.BindingIn("en"))
		return nil
	}
	return cmd
}

// planTable has a line for each step, below a head.
func planTable(a *allocate.Answer) (rows [][]string) {
	coal := a.Kind == allocate.KindCoal
	for i, s := range a.Steps {
		row := []string{s.At.Format("2006-01-02 15:04")}
		head := []string{""}
		for _, m := range s.Machines {
			if coal {
				head = append(head, m.Name+" MW", "GJ/h")
				row = append(row, numberOr(m.On, "%.1f", m.MW), numberOr(m.On, "%.1f", m.HeatGJH))
				continue
			}
			head = append(head, m.Name+" t/h")
			row = append(row, numberOr(m.On, "%.2f", m.Tonnes/a.StepH))
		}
		if !coal {
			head = append(head, bothLanguages("allocate.divert", nil)+" t/h", "料位 pit t")
			row = append(row, fmt.Sprintf("%.2f", *s.DivertTH), fmt.Sprintf("%.0f", *s.PitT))
		}
		if i == 0 {
			rows = append(rows, head)
		}
		rows = append(rows, row)
	}
	return rows
}

func numberOr(on bool, format string, v float64) string {
	if !on {
		return refusal.Text("allocate.off", "zh-CN", nil)
	}
	return fmt.Sprintf(format, v)
}

// printOutcome says how it ended, and the sums.
func printOutcome(w io.Writer, o allocate.Outcome, totals, saved *allocate.Totals) {
	gap := ""
	if o.Gap != nil {
		gap = fmt.Sprintf("%.2g %%", 100**o.Gap)
	}
	tell(w, "allocate."+string(o.Status), refusal.Args{"gap": gap})
	if o.Unreduced {
		fmt.Fprintln(w, "  "+bothLanguages("allocate.unreduced", nil))
	}
	for _, c := range o.Conflicts {
		fmt.Fprintf(w, "  %s\n    %s\n", c.Text("zh-CN"), c.Text("en"))
	}
	if o.Objective != nil {
		fmt.Fprintf(w, "%s: %.4f  %s: %.4f\n", bothLanguages("allocate.objective", nil), *o.Objective,
			bothLanguages("allocate.bound", nil), *o.Bound)
	}
	printTotals(w, "allocate.totals", totals)
	printTotals(w, "allocate.saved", saved)
}

func printTotals(w io.Writer, rule string, t *allocate.Totals) {
	if t == nil {
		return
	}
	var parts []string
	for _, sum := range []struct {
		rule string
		t    *float64
	}{{"allocate.coal", t.CoalT}, {"allocate.feed", t.FeedT}, {"allocate.divert", t.DivertT}} {
		if sum.t != nil {
			parts = append(parts, fmt.Sprintf("%s %.1f t", bothLanguages(sum.rule, nil), *sum.t))
		}
	}
	for _, name := range sortedKeys(t.Kg) {
		parts = append(parts, fmt.Sprintf("%s %.1f kg", name, t.Kg[name]))
	}
	fmt.Fprintf(w, "%s: %s\n", bothLanguages(rule, nil), strings.Join(parts, ", "))
}

// printPlan writes the table of a plan and what limits it, in both languages where both are there.
func printPlan(w io.Writer, rows [][]string, zh, en []string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(w)
	printTable(w, "", rows)
	if len(zh) > 0 {
		fmt.Fprintf(w, "\n%s:\n", bothLanguages("allocate.binding", nil))
	}
	for i, line := range zh {
		fmt.Fprintln(w, "  "+line)
		if i < len(en) {
			fmt.Fprintln(w, "    "+en[i])
		}
	}
}
