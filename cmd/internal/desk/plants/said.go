package plants

import (
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/reductionlist/plant"
)

// saidOf says in a line for each unit or furnace what a plan decides of it: how long and when it stands still, and what it
// makes or burns on the average while it runs.
func saidOf(q *frame.Request, p *plant.OperatingPlan) (lines []string) {
	if len(p.Steps) == 0 {
		return nil
	}
	step := time.Duration(p.StepH * float64(time.Hour))
	for i, u := range p.Units {
		var off []span
		var sum float64
		running := 0
		for _, s := range p.Steps {
			m := s.Units[i]
			switch n := len(off); {
			case m.On:
				running++
				sum += m.MW
				if p.Kind == plant.Waste {
					sum += m.T / p.StepH
				}
			case n > 0 && off[n-1].to.Equal(s.At):
				off[n-1].to = s.At.Add(step)
			default:
				off = append(off, span{s.At, s.At.Add(step)})
			}
		}
		still := time.Duration(len(p.Steps)-running) * step
		args := []any{"name", u.Name, "time", lasting(q, still), "spans", spansText(q, off)}
		if running > 0 {
			args = append(args, "amount", tonnes(sum/float64(running))+" "+unitOf(p.Kind))
		}
		switch {
		case running == 0:
			lines = append(lines, q.T("plan.said.stopped", args...))
		case still == 0:
			lines = append(lines, q.T("plan.said.runs", args...))
		default:
			lines = append(lines, q.T("plan.said.partly", args...))
		}
	}
	if d := p.Totals.DivertT; d != nil && *d > 0 {
		lines = append(lines, q.T("plan.said.divert", "amount", tonnes(*d)))
	}
	return lines
}

type span struct{ from, to time.Time }

func unitOf(k plant.Kind) string {
	if k == plant.Waste {
		return "t/h"
	}
	return "MW"
}

// lasting is a time in days and hours.
func lasting(q *frame.Request, d time.Duration) string {
	hours := frame.ShortNumber((d % (24 * time.Hour)).Hours())
	switch days := int(d / (24 * time.Hour)); {
	case days == 0:
		return q.T("plan.said.hours", "hours", hours)
	case d%(24*time.Hour) == 0:
		return q.T("plan.said.days", "days", days)
	default:
		return q.T("plan.said.days", "days", days) + " " + q.T("plan.said.hours", "hours", hours)
	}
}

// spansText names the first few times.
func spansText(q *frame.Request, all []span) string {
	const most = 3
	var out []string
	for _, s := range all[:min(len(all), most)] {
		out = append(out, shortClock(s.from)+" – "+shortClock(s.to))
	}
	text := strings.Join(out, "、")
	if len(all) > most {
		text = q.T("plan.said.more", "spans", text, "count", len(all))
	}
	return text
}

func shortClock(t time.Time) string { return t.In(alerts.Shanghai()).Format("01-02 15:04") }
